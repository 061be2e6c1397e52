"""The checks of lab 05, a module for each exercise."""
