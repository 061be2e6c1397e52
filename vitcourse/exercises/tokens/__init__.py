"""The checks of lab 02, a module for each exercise."""
