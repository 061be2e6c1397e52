"""Plots: arrays in, matplotlib Axes out; one module per lab."""
