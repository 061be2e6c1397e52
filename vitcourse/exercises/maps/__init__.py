"""The checks of lab 06, a module for each exercise."""
