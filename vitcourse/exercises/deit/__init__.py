"""The checks of lab 07, a module for each exercise."""
