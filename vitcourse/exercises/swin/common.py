"""What several exercises of lab 08 share."""

from ..pictures import sample_image

# Every axis has another size, so that no two can be confused; the other cases have other sizes again.
WINDOW_CASES = [
    dict(B=5, rows=2, cols=4, M=3, C=7),  # 6 x 12 tokens
    dict(B=3, rows=4, cols=1, M=5, C=2),  # 20 x 5 tokens
    dict(B=1, rows=1, cols=4, M=1, C=3),  # windows of one token
    dict(B=4, rows=3, cols=1, M=1, C=1),
]


def channels_last(height=12, width=18):
    return sample_image(height, width).permute(1, 2, 0)
