"""What several exercises of lab 01 share."""

# Every axis has another size, so that no two can be confused; the second case has other sizes again.
CASES = [
    dict(B=2, C=5, rows=2, cols=3, P=3),  # 6 x 9 pixels
    dict(B=3, C=2, rows=4, cols=1, P=5),  # 20 x 5 pixels
]


def draw_images(d):
    case = CASES[d.index]
    return d.normal(case["B"], case["C"], case["rows"] * case["P"], case["cols"] * case["P"])
