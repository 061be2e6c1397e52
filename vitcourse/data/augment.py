"""Augmentation of whole batches, on the device where the images are; every image draws its own luck.

Each function takes an optional `generator`: a torch.Generator on the images' device (a CPU generator serves
too: the numbers are drawn there and moved). Without one, torch's global random state is used. The input is
never changed. mixup and cutmix are the learner's own: vitcourse.reference.recipe.
"""

import math

import torch


def normalize(images_uint8, mean, std):
    """Bring uint8 images to float32 with mean 0 and standard deviation 1 per channel.

    Args:
        images_uint8: (B, C, H, W) uint8.
        mean, std: (C,) in units where 255 is 1, as `ImageData` has them.

    Returns:
        (B, C, H, W) float32 on the images' device.
    """
    mean = torch.as_tensor(mean, dtype=torch.float32, device=images_uint8.device)[:, None, None]
    std = torch.as_tensor(std, dtype=torch.float32, device=images_uint8.device)[:, None, None]
    return (images_uint8.float() / 255 - mean) / std


def random_flip(images, generator=None):
    """Mirror each image left to right with probability one half.

    Shapes: (B, C, H, W) of any dtype -> the same.
    """
    mirrored = _uniform(len(images), images.device, generator) < 0.5
    return torch.where(mirrored[:, None, None, None], images.flip(-1), images)


def random_crop(images, padding, generator=None):
    """Shift each image by up to `padding` pixels: pad all sides, then cut a window of the old size anywhere.

    The border is filled by reflection: no black edge appears, before or after normalising.

    Args:
        images: (B, C, H, W) of any dtype.
        padding: pixels on each side, from 0 to the shorter side minus 1.

    Returns:
        (B, C, H, W) of the same dtype.

    Raises:
        ValueError: when the padding is negative or as large as the image.
    """
    B, C, H, W = images.shape
    if not 0 <= padding < min(H, W):
        raise ValueError(f"padding must be from 0 to {min(H, W) - 1} for images of {H}×{W} pixels, not {padding}")
    if padding == 0:
        return images
    device = images.device
    top, left = (_integers(2 * padding + 1, B, device, generator) for _ in range(2))  # (B,) each
    # The padded image is never made: a row outside is the row that it reflects. Two gathers, one for each axis.
    rows = _reflect(top[:, None] + torch.arange(H, device=device) - padding, H)  # (B, H)
    columns = _reflect(left[:, None] + torch.arange(W, device=device) - padding, W)  # (B, W)
    images = images.gather(2, rows[:, None, :, None].expand(B, C, H, W))
    return images.gather(3, columns[:, None, None, :].expand(B, C, H, W))


def random_erasing(images, probability, generator=None, area=(0.02, 1 / 3), aspect=(0.3, 3.3)):
    """Fill a random rectangle of some images with noise (Zhong et al. 2020; timm's `pixel` mode).

    Args:
        images: (B, C, H, W) floating and normalised: the noise has mean 0 and deviation 1.
        probability: of an image to be erased.
        area: least and largest share of the image.
        aspect: least and largest height over width.

    Returns:
        (B, C, H, W), a new tensor. A rectangle that would be longer than the image is cut to its side.
    """
    B, C, H, W = images.shape
    device = images.device
    chosen = _uniform(B, device, generator) < probability
    pixels = H * W * (area[0] + (area[1] - area[0]) * _uniform(B, device, generator))
    low, high = math.log(aspect[0]), math.log(aspect[1])
    ratio = (low + (high - low) * _uniform(B, device, generator)).exp()
    height = (pixels * ratio).sqrt().round().clamp(1, H)
    width = (pixels / ratio).sqrt().round().clamp(1, W)
    top = (_uniform(B, device, generator) * (H - height + 1)).floor()
    left = (_uniform(B, device, generator) * (W - width + 1)).floor()
    y, x = torch.arange(H, device=device), torch.arange(W, device=device)
    in_rows = (y >= top[:, None]) & (y < (top + height)[:, None])  # (B, H)
    in_columns = (x >= left[:, None]) & (x < (left + width)[:, None])  # (B, W)
    erased = chosen[:, None, None] & in_rows[:, :, None] & in_columns[:, None, :]  # (B, H, W)
    noise = _normal(images.shape, device, generator).to(images.dtype)
    return torch.where(erased[:, None], noise, images)


def random_box(img_size, lam, generator=None):
    """A random box for cutmix that covers the share 1 - lam of the image, whole inside it.

    Each side is sqrt(1 - lam) of the image's, rounded to pixels. (Yun et al. 2019 let the box hang over the
    border; here it does not, so that the area is what lam asks for.)

    Args:
        img_size: the side in pixels, or (height, width).
        lam: the share that stays, 0 to 1.
        generator: on any device.

    Returns:
        (top, left, height, width), ints, as `vitcourse.reference.recipe.cutmix` takes them.
    """
    H, W = (img_size, img_size) if isinstance(img_size, int) else img_size
    side = math.sqrt(1 - lam)
    height, width = round(H * side), round(W * side)
    device = "cpu" if generator is None else generator.device
    place = torch.rand(2, generator=generator, device=device).tolist()
    return int(place[0] * (H - height + 1)), int(place[1] * (W - width + 1)), height, width


# RandAugment's operations, with torchvision's ranges: what magnitude m of 0..30 means, as a share t = m / 30.
GEOMETRIC = ("shear x", "shear y", "translate x", "translate y", "rotate")  # either way
ENHANCING = ("brightness", "saturation", "contrast", "sharpness")  # either way
OPERATIONS = ("identity", *GEOMETRIC, *ENHANCING, "posterize", "solarize", "autocontrast", "equalize")
GREY = 128  # fills what a geometric operation uncovers


def rand_augment(images_uint8, num_ops, magnitude, generator=None):
    """Apply `num_ops` random operations to each image (Cubuk et al. 2020), of the 14 in `OPERATIONS`.

    The operations and their ranges are those of torchvision's RandAugment, which works on one image at a time.
    Here the images that drew the same operation are transformed together.

    Args:
        images_uint8: (B, C, H, W) uint8 with C = 1 or 3.
        num_ops: how many operations, one after the other; 0 changes nothing.
        magnitude: 0 (weak) to 30 (strong). The direction is random where there are two.

    Returns:
        (B, C, H, W) uint8.

    Raises:
        TypeError: the images are not uint8. ValueError: magnitude is not in 0..30.
    """
    if images_uint8.dtype != torch.uint8:
        raise TypeError(f"rand_augment takes uint8 images, before normalize; these are {images_uint8.dtype}")
    if not 0 <= magnitude <= 30:
        raise ValueError(f"magnitude must be from 0 to 30, not {magnitude}")
    images, device = images_uint8, images_uint8.device
    for _ in range(num_ops):
        # Twice the operation, plus one for the other direction; on the CPU, so that grouping waits for no GPU when the
        # generator is the CPU's, too.
        drawn = _integers(2 * len(OPERATIONS), len(images), "cpu", generator)
        result = images.clone()
        for choice, rows in _groups(drawn):
            rows, sign = rows.to(device, non_blocking=True), 1 if choice % 2 == 0 else -1
            result[rows] = _apply(OPERATIONS[choice // 2], images[rows], magnitude / 30, sign)
        images = result
    return images


def _groups(drawn):
    """Return for each choice that was drawn (choice, rows): where it was drawn."""
    return [(choice, (drawn == choice).nonzero()[:, 0]) for choice in drawn.unique().tolist()]


def _apply(operation, images, t, sign):
    """One operation on a batch, at the share t of its full strength."""
    from torchvision.transforms.v2 import functional as V

    H, W = images.shape[-2:]
    if operation == "identity":
        return images
    if operation in GEOMETRIC:
        shear = math.degrees(math.atan(0.3 * t)) * sign
        shift = 150 / 331 * t * sign  # of the side; the paper moved 331-pixel images by up to 150
        return V.affine(
            images,
            angle=30.0 * t * sign if operation == "rotate" else 0.0,
            translate=[
                round(shift * W) if operation == "translate x" else 0,
                round(shift * H) if operation == "translate y" else 0,
            ],
            scale=1.0,
            shear=[shear if operation == "shear x" else 0.0, shear if operation == "shear y" else 0.0],
            interpolation=V.InterpolationMode.BILINEAR,
            fill=[float(GREY)],
        )
    if operation in ENHANCING:
        return getattr(V, f"adjust_{operation}")(images, 1 + 0.9 * t * sign)
    if operation == "posterize":
        return V.posterize(images, 8 - round(4 * t))
    if operation == "solarize":
        return V.solarize(images, 255 * (1 - t))
    return getattr(V, operation)(images)


def _reflect(index, size):
    """Fold indices outside 0 .. size - 1 back inside, the border itself not repeated."""
    index = index.abs()
    return torch.where(index >= size, 2 * (size - 1) - index, index)


def _uniform(n, device, generator):
    return torch.rand(n, generator=generator, device=_home(device, generator)).to(device)


def _normal(shape, device, generator):
    return torch.randn(shape, generator=generator, device=_home(device, generator)).to(device)


def _integers(high, n, device, generator):
    return torch.randint(high, (n,), generator=generator, device=_home(device, generator)).to(device)


def _home(device, generator):
    """A generator draws on its own device only."""
    return device if generator is None else generator.device
