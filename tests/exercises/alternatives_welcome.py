"""Other right answers for lab 00."""


def by_loop(height, width, patch_size):
    count = 1
    for _top in range(0, height, patch_size):
        for _left in range(0, width, patch_size):
            count += 1
    return count


def by_area(height, width, patch_size):
    return 1 + height * width // patch_size**2


def by_rounding(height, width, patch_size):
    return int((height / patch_size) * (width / patch_size)) + 1


ALTERNATIVES = {"count_tokens": [by_loop, by_area, by_rounding]}
