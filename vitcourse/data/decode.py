"""Image files to RGB tensors of one size, on several threads."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from PIL import Image, ImageOps

FILES_PER_TASK = 100
ORIENTATION = 0x0112  # the EXIF tag; 5 to 8 lie on their side


def decode_files(paths, size, description="reading"):
    """Decode image files to RGB; Pillow lets go of Python's lock while it decodes, so threads help.

    Args:
        paths: N file names.
        size: (H, W).
        description: for the progress bar, which is shown after 2 seconds.

    Returns:
        images (N, 3, H, W) uint8, zeros where a file failed; and a list of (index, reason) of those files.
    """
    from tqdm.auto import tqdm

    images = np.zeros((len(paths), 3, *size), dtype=np.uint8)
    failures = []

    def decode_some(start):
        failed = []
        for i in range(start, min(start + FILES_PER_TASK, len(paths))):
            try:
                images[i] = decode(paths[i], size).transpose(2, 0, 1)
            except Exception as error:  # Pillow's readers raise many kinds for a broken file
                failed.append((i, _reason(error)))
        return failed

    starts = range(0, len(paths), FILES_PER_TASK)
    with (
        ThreadPoolExecutor(_threads()) as pool,
        tqdm(total=len(paths), desc=description, unit="image", delay=2, leave=False, disable=None) as bar,
    ):
        for start, failed in zip(starts, pool.map(decode_some, starts), strict=True):
            failures += failed
            bar.update(min(FILES_PER_TASK, len(paths) - start))
    return torch.from_numpy(images), failures


def decode(path, size):
    """One file as (H, W, 3) uint8: upright, RGB, resized until its shorter side fits, its middle cut out."""
    H, W = size
    with Image.open(path) as image:
        image.draft(None, (2 * max(size), 2 * max(size)))  # a large JPEG is decoded at a fraction of its size
        upright = ImageOps.exif_transpose(image)
        rgb = to_rgb(upright)
    if rgb.size != (W, H):
        rgb = ImageOps.fit(rgb, (W, H), method=Image.Resampling.BICUBIC)
    return np.asarray(rgb)


def to_rgb(image):
    """Any Pillow image as RGB: transparent parts on white, 16 bits to 8, a palette's colours looked up."""
    if image.mode.startswith(("I", "F")):  # one channel of 16 or 32 bits
        values = np.asarray(image, dtype=np.float64)
        if image.mode.startswith("I;16") or values.max() > 255:
            values = values / 257  # 65535 becomes 255
        elif image.mode == "F" and values.max() <= 1:
            values = values * 255
        image = Image.fromarray(values.round().clip(0, 255).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def read_sizes(paths):
    """The set of (H, W) over all files, as they are when upright; None stands for files that cannot be opened."""

    def sizes_of(start):
        return {_size(path) for path in paths[start : start + FILES_PER_TASK]}

    with ThreadPoolExecutor(_threads()) as pool:
        return set().union(*pool.map(sizes_of, range(0, len(paths), FILES_PER_TASK)))


def _size(path):
    try:
        with Image.open(path) as image:  # reads the header only
            width, height = image.size
            on_its_side = image.getexif().get(ORIENTATION, 1) in (5, 6, 7, 8)
    except Exception:
        return None
    return (width, height) if on_its_side else (height, width)


def _reason(error):
    if isinstance(error, Image.UnidentifiedImageError):
        return "not an image"
    return str(error) or type(error).__name__


def _threads():
    return min(16, os.cpu_count() or 2)
