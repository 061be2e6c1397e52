"""The checks of lab 00, a module for each exercise."""
