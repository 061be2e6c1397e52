"""CIFAR-10 through torchvision, with every way that a download fails answered in a sentence."""

import errno
import socket
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError

import torch
from torch.nn import functional as F

from .split import DataError, ImageData, Split, colour_statistics
from .subset import balanced_subset

SILENCE = 30  # seconds without a byte after which a server counts as not there


def load_cifar10(root, img_size=None, train_size=None, test_size=None, seed=0):
    """Load CIFAR-10 (Krizhevsky 2009): 50,000 training and 10,000 test images of 32×32 in ten classes.

    Downloads 170 MB into `root` when cifar-10-batches-py/ is not there whole; otherwise the network is not used.

    Args:
        root: the folder that holds, or will hold, cifar-10-batches-py/.
        img_size, train_size, test_size, seed: as in `load_data`.

    Returns:
        ImageData on the CPU.

    Raises:
        DataError: no network, a wrong or torn download, a full disk, a folder that cannot be written.
    """
    from torchvision.datasets import CIFAR10

    root = Path(root).expanduser()
    with _explained(root), _impatient():
        # download=True looks first whether the data is there.
        halves = [CIFAR10(str(root), train=train, download=True) for train in (True, False)]
    classes = tuple(halves[0].classes)
    train, test = (
        _to_split(half, size, img_size, seed) for half, size in zip(halves, (train_size, test_size), strict=True)
    )
    return ImageData("cifar10", train, test, classes, *colour_statistics(train.images))


def _to_split(dataset, size, img_size, seed):
    targets = torch.tensor(dataset.targets, dtype=torch.int64)
    chosen = balanced_subset(targets, size, seed)
    images = torch.from_numpy(dataset.data)[chosen].permute(0, 3, 1, 2).contiguous()  # (N, 3, 32, 32)
    if img_size is not None:
        wanted = (img_size, img_size) if isinstance(img_size, int) else tuple(img_size)
        if wanted != tuple(images.shape[-2:]):
            parts = (F.interpolate(part, wanted, mode="bilinear", antialias=True) for part in images.split(1000))
            images = torch.cat(list(parts))
    return Split(images, targets[chosen])


@contextmanager
def _explained(root):
    """Turn whatever torchvision raises into a DataError that says why and what to do."""
    by_hand = f"or bring the folder cifar-10-batches-py from another machine and put it into {root}"
    try:
        yield
    except HTTPError as error:
        raise DataError(
            f"CIFAR-10 cannot be downloaded: its server answered {error.code} ({error.reason}). Try again later, "
            f'{by_hand}. The data "shapes" needs no download.'
        ) from error
    except (URLError, TimeoutError, ConnectionError) as error:
        raise DataError(
            f"CIFAR-10 cannot be downloaded: there is no way to its server ({getattr(error, 'reason', error)}). "
            f'Check the network, {by_hand}. The data "shapes" needs no download.'
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            why, advice = "the disk is full", "Free about 400 MB"
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            why, advice = f"the folder {root} cannot be written or read", "Change its permissions"
        elif error.errno in (errno.ENOTDIR, errno.EEXIST):
            why, advice = f"{root} is not a folder", "Remove that file"
        else:
            why, advice = str(error) or type(error).__name__, "Try again"
        raise DataError(
            f"CIFAR-10 cannot be loaded: {why}. {advice}, or choose another folder by the argument root or the "
            "environment variable VITCOURSE_DATA."
        ) from error
    except Exception as error:  # a wrong hash is a RuntimeError; a torn archive or file raises many kinds
        raise DataError(
            f"CIFAR-10 in {root} is torn or not the published file ({error or type(error).__name__}). Delete "
            f"cifar-10-python.tar.gz and cifar-10-batches-py there and try again, {by_hand}."
        ) from error


@contextmanager
def _impatient():
    """Give up on a silent server: torchvision itself would wait for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SILENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
