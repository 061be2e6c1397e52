"""What several exercises of lab 08 share."""

from ..pictures import sample_image

# Every axis has another size, so that no two can be confused; the second case has other sizes again.
WINDOW_CASES = [
    dict(B=2, rows=2, cols=3, M=3, C=5),  # 6 x 9 tokens
    dict(B=3, rows=4, cols=1, M=5, C=2),  # 20 x 5 tokens
]


def channels_last(height=12, width=18):
    return sample_image(height, width).permute(1, 2, 0)
