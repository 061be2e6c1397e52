"""A folder of the learner's own images: train/<class>/ and test/<class>/."""

import os
import sys
import warnings
from pathlib import Path

import torch

from .decode import decode_files, read_sizes
from .split import DataError, DataWarning, ImageData, Split, colour_statistics
from .subset import balanced_subset

MIXED_SIZE = 32  # the side of images that come in different sizes, or are large
LARGEST_OWN_SIZE = 96  # 50,000 RGB images of this side take 1.4 GB
SYSTEM_FILES = ("thumbs.db", "desktop.ini")


def load_folder(folder, img_size=None, train_size=None, test_size=None, seed=0):
    """Load train/<class>/* and test/<class>/* as RGB images of one size.

    Every file that Pillow reads counts, also in subfolders of a class; hidden files do not. What cannot be used
    is left out with a DataWarning that names it: an unreadable file, an empty class, a class that only one of the two
    halves has. An image of another size is resized until its shorter side fits, and its middle is cut out.

    Args:
        folder: holds train/ and test/.
        img_size: the side in pixels, or (height, width). None: the images' own size when all have the same one
            of at most 96 pixels, else 32.
        train_size, test_size, seed: as in `load_data`; the subset is chosen before any file is opened.

    Returns:
        ImageData on the CPU. `classes` are the training folders' names in sorted order.

    Raises:
        DataError: train/ or test/ is missing, or holds no usable image, or there are fewer than two classes.
    """
    folder = Path(folder)
    train_files, test_files = _list_files(folder, "train"), _list_files(folder, "test")
    classes = _agree_on_classes(folder, train_files, test_files)
    train_paths, train_targets = _choose(train_files, classes, train_size, seed)
    test_paths, test_targets = _choose(test_files, classes, test_size, seed)
    size = _choose_size(train_paths + test_paths, img_size)

    train_images, kept = _decode(folder, train_paths, size, "train")
    lost = set(train_targets.tolist()) - set(train_targets[kept].tolist())
    train = Split(train_images, train_targets[kept])
    test_images, kept = _decode(folder, test_paths, size, "test")
    test = Split(test_images, test_targets[kept])
    if lost:
        train, test, classes = _without(lost, folder, train, test, classes)
    return ImageData(str(folder), train, test, classes, *colour_statistics(train.images))


def warn(message):
    """Show a DataWarning at the line outside this package that asked for the data."""
    package = str(Path(__file__).parent)
    depth, frame = 1, sys._getframe(0)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(package):
        depth, frame = depth + 1, frame.f_back
    warnings.warn(message, DataWarning, stacklevel=depth)


def _list_files(folder, half):
    """{class: [paths]} of one half, both sorted; classes without files have an empty list."""
    place = folder / half
    layout = f"Put the images into {folder}/train/<class>/ and {folder}/test/<class>/."
    if not place.is_dir():
        there = sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
        found = f"it holds {', '.join(there[:8])}{', …' if len(there) > 8 else ''}" if there else "it holds no folder"
        raise DataError(f"{folder} has no folder {half}/ ({found}). {layout}")
    files = {entry.name: _files_under(entry) for entry in sorted(place.iterdir()) if _is_class(entry)}
    if not any(files.values()):
        raise DataError(f"There is no image in the class folders of {place}. {layout}")
    return files


def _is_class(entry):
    return entry.is_dir() and not entry.name.startswith(".") and entry.name != "__MACOSX"


def _files_under(folder):
    paths = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        visible = (name for name in names if not name.startswith(".") and name.lower() not in SYSTEM_FILES)
        paths += [os.path.join(place, name) for name in sorted(visible)]
    return paths


def _agree_on_classes(folder, train_files, test_files):
    """The classes with training images; warn of empty ones and of those that only one half has."""
    for half, files in (("train", train_files), ("test", test_files)):
        empty = [name for name, paths in files.items() if not paths]
        if empty:
            warn(f"{folder}/{half} has a class without images: {_names(empty)}.")
    classes = tuple(name for name, paths in train_files.items() if paths)
    unseen = [name for name, paths in test_files.items() if paths and name not in classes]
    if unseen:
        warn(f"{folder}/test has a class without training images: {_names(unseen)}. Its test images are left out.")
    untested = [name for name in classes if name not in test_files]
    if untested:
        warn(f"{folder}/train has a class without test images: {_names(untested)}. It is trained but not tested.")
    if len(classes) < 2:
        raise DataError(f"{folder}/train has one class only ({classes[0]}). A classifier needs two or more.")
    if len(unseen) == sum(bool(paths) for paths in test_files.values()):
        raise DataError(
            f"No class of {folder}/test is a class of {folder}/train. The folders in both must have the same names: "
            f"train has {_names(classes)}; test has {_names(unseen)}."
        )
    return classes


def _choose(files, classes, size, seed):
    """(paths, targets) of the images that are used."""
    paths = [path for name in classes for path in files.get(name, ())]
    targets = torch.tensor([label for label, name in enumerate(classes) for _ in files.get(name, ())])
    chosen = balanced_subset(targets, size, seed)
    return [paths[i] for i in chosen.tolist()], targets[chosen]


def _choose_size(paths, img_size):
    """(H, W) of the loaded images; says so when files have to be resized for it."""
    if img_size is not None:
        return (img_size, img_size) if isinstance(img_size, int) else tuple(img_size)
    sizes = read_sizes(paths) - {None}
    if len(sizes) == 1:
        (own,) = sizes
        if max(own) <= LARGEST_OWN_SIZE:
            return own
        found = f"The images have {own[0]}×{own[1]} pixels"
    elif sizes:
        found = f"The images have {len(sizes)} different sizes"
    else:
        return (MIXED_SIZE, MIXED_SIZE)  # no file could be opened: decoding will say which and why
    warn(
        f"{found}. They are resized to {MIXED_SIZE}×{MIXED_SIZE}: the shorter side is made to fit, then the middle is "
        "cut out. Choose another size with img_size."
    )
    return (MIXED_SIZE, MIXED_SIZE)


def _decode(folder, paths, size, half):
    """Images (N, 3, H, W) of the readable files, and (N,) their places in paths."""
    images, failures = decode_files(paths, size, f"reading {half}")
    if failures:
        listed = "; ".join(f"{os.path.relpath(paths[i], folder)} ({why})" for i, why in failures[:5])
        more = f"; and {len(failures) - 5} more" if len(failures) > 5 else ""
        what = "A file" if len(failures) == 1 else f"{len(failures)} files"
        verb = "is" if len(failures) == 1 else "are"
        warn(f"{what} in {folder} cannot be read and {verb} left out: {listed}{more}.")
    if len(failures) == len(paths):
        raise DataError(f"None of the {len(paths)} files in {folder / half} is a readable image.")
    bad = {i for i, _ in failures}
    kept = torch.tensor([i for i in range(len(paths)) if i not in bad])
    return images if not bad else images[kept], kept


def _without(lost, folder, train, test, classes):
    """The data without the classes (labels in a set) of which no training image could be read."""
    names = [classes[label] for label in sorted(lost)]
    warn(f"{folder}/train has no readable image of the class {_names(names)}. The class is left out.")
    is_left = torch.tensor([label not in lost for label in range(len(classes))])
    if is_left.sum() < 2:
        raise DataError(f"{folder}/train has readable images of one class only. A classifier needs two or more.")
    new_label = is_left.cumsum(0) - 1
    splits = []
    for split in (train, test):
        kept = is_left[split.targets]
        splits.append(Split(split.images[kept], new_label[split.targets[kept]]))
    if len(splits[1]) == 0:
        raise DataError(f"No image in {folder}/test belongs to a class that could be trained.")
    return *splits, tuple(name for name, left in zip(classes, is_left.tolist(), strict=True) if left)


def _names(names):
    return ", ".join(names)
