"""vitcourse: an interactive course on Vision Transformers."""
