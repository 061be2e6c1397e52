"""Plots: arrays in, matplotlib Axes out. A lab's stand under its stem; `explore_…` are the explorers' canvases."""
