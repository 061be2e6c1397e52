"""A fresh process that prints by how many bytes one forward and backward of attention makes it grow."""

import sys
from pathlib import Path

from .fused import WAYS, forward_backward, operands


def main():
    name, precision, *shape = sys.argv[1:]
    B, h, N, d = map(int, shape)
    forward_backward(WAYS[name], *operands((B, h, 8, d), precision))  # what the first call loads is not counted
    full = operands((B, h, N, d), precision)
    Path("/proc/self/clear_refs").write_text("5")  # the largest size begins anew, at the present one
    before = largest_size()
    forward_backward(WAYS[name], *full)
    print(largest_size() - before)


def largest_size():
    """The most bytes of memory that this process has held, as Linux counts them."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
