"""The checks of lab 03, a module for each exercise."""
