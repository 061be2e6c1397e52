"""The checks of lab 04, a module for each exercise."""
