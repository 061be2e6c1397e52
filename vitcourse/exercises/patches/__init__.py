"""The checks of lab 01, a module for each exercise."""
