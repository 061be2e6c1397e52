"""The checks of lab 08, a module for each exercise."""
