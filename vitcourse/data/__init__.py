"""Data for the labs: built-in shapes, CIFAR-10, or a folder of images; all as uint8 tensors on one device."""

import os
from pathlib import Path

import torch

from ..common.places import REPO
from .cifar import load_cifar10
from .folder import load_folder
from .shapes import SHAPE_CLASSES, make_shapes
from .split import DataError, DataWarning, ImageData, Split, colour_statistics

__all__ = ["SHAPE_CLASSES", "DataError", "DataWarning", "ImageData", "Split", "data_root", "load_data", "make_shapes"]

SHAPES_SIZES = (10_000, 2_000)  # train and test images


def load_data(name=None, *, device="cpu", img_size=None, root=None, train_size=None, test_size=None, seed=0):
    """Load a data set by name, or from a folder of images.

    Args:
        name: "shapes" (built in, drawn from `seed`), "cifar10" (downloaded once), or the path of a folder with
            train/<class>/ and test/<class>/. None means cifar10 on a GPU and shapes elsewhere; when cifar10
            cannot be had, None falls back to shapes and prints why. What is asked for by name never falls back.
        device: where the tensors go.
        img_size: the side in pixels, or (height, width). None: 32 for shapes and cifar10; a folder's own size
            when all its images have the same one, else 32.
        root: where downloads live; `data_root()` says which folder None means.
        train_size, test_size: use only so many images, as many of each class as of the others (of cifar10 and of a
            folder a subset drawn from `seed`; of shapes, how many are drawn). None: all of them; for shapes
            10,000 and 2,000.
        seed: of the drawn images, or of the subset.

    Returns:
        ImageData.

    Raises:
        DataError: the data cannot be had; the message says why and what to do.
    """
    subset = dict(img_size=img_size, train_size=train_size, test_size=test_size, seed=seed)
    for size_name in ("train_size", "test_size"):
        size = subset[size_name]
        if size is not None and size < 1:
            raise DataError(f"{size_name} must be at least 1, not {size}.")
    if name is None:
        data = _load_default(device, root, subset)
    elif name == "shapes":
        data = _load_shapes(**subset)
    elif name == "cifar10":
        data = load_cifar10(root or data_root(), **subset)
    elif Path(name).expanduser().is_dir():
        data = load_folder(Path(name).expanduser(), **subset)
    elif Path(name).expanduser().is_file():
        raise DataError(
            f"{name} is a file. Unpack it, and give the folder that holds train/<class>/ and test/<class>/."
        )
    else:
        raise DataError(
            f'There is no data set or folder called "{name}" (looked in {Path.cwd()}). Use "shapes", "cifar10", or '
            "the path of a folder that holds train/<class>/ and test/<class>/."
        )
    return data.to(device)


def data_root():
    """The folder for downloads: the environment's VITCOURSE_DATA, else data/ beside the course."""
    chosen = os.environ.get("VITCOURSE_DATA")
    return Path(chosen).expanduser() if chosen else REPO / "data"


def _load_default(device, root, subset):
    if torch.device(device).type == "cpu":
        return _load_shapes(**subset)
    try:
        return load_cifar10(root or data_root(), **subset)
    except DataError as error:
        print(f"Using the built-in shapes instead of CIFAR-10. {error}")
        return _load_shapes(**subset)


def _load_shapes(img_size, train_size, test_size, seed):
    img_size = 32 if img_size is None else img_size
    # Even seeds draw training images and odd ones test images: no two calls ever share a stream by accident.
    train = make_shapes(train_size or SHAPES_SIZES[0], seed=2 * seed, img_size=img_size)
    test = make_shapes(test_size or SHAPES_SIZES[1], seed=2 * seed + 1, img_size=img_size)
    return ImageData("shapes", train, test, SHAPE_CLASSES, *colour_statistics(train.images))
