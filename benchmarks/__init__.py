"""What the course claims about speed and accuracy, measured: `make bench`, or `python -m benchmarks PART`."""
