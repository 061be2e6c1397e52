"""What every data source hands over: images, targets and, where they are known, masks."""

from dataclasses import dataclass, replace

import torch

from ..common.errors import CourseError


class DataError(CourseError):
    """Data that was asked for cannot be had; the message says why and what to do."""


class DataWarning(UserWarning):
    """A part of the data was left out or changed; the message names the file or class."""


@dataclass(frozen=True)
class Split:
    """One half of a data set.

    Attributes:
        images: (N, C, H, W) uint8.
        targets: (N,) int64, indices into the data set's classes.
        masks: (N, H, W) bool, true on the object; None where nobody knows.
    """

    images: torch.Tensor
    targets: torch.Tensor
    masks: torch.Tensor | None = None

    def __len__(self):
        return len(self.targets)

    def to(self, device):
        """The same split with its tensors on `device`."""
        masks = None if self.masks is None else self.masks.to(device)
        return Split(self.images.to(device), self.targets.to(device), masks)


@dataclass(frozen=True)
class ImageData:
    """A data set: two splits, the names of the classes, and the colours' mean and spread.

    Attributes:
        name: "shapes", "cifar10" or the folder's path.
        train, test: Split.
        classes: K names; a target indexes them.
        mean, std: (C,) float32 over the training images' pixels, in units where 255 is 1.
    """

    name: str
    train: Split
    test: Split
    classes: tuple[str, ...]
    mean: torch.Tensor
    std: torch.Tensor

    @property
    def img_size(self):
        """(H, W) in pixels."""
        return tuple(self.train.images.shape[-2:])

    @property
    def in_chans(self):
        return self.train.images.shape[1]

    @property
    def num_classes(self):
        return len(self.classes)

    def to(self, device):
        """The same data with every tensor on `device`."""
        moved = {name: getattr(self, name).to(device) for name in ("train", "test", "mean", "std")}
        return replace(self, **moved)


def colour_statistics(images):
    """Mean and standard deviation of each channel over all pixels: (N, C, H, W) uint8 -> (C,), (C,) in 0..1.

    Counts how often each of the 256 values occurs: exact, and no float copy of the images.
    """
    values = torch.arange(256, dtype=torch.float64) / 255
    counts = torch.stack([torch.bincount(images[:, c].flatten(), minlength=256) for c in range(images.shape[1])])
    shares = counts.cpu().double() / counts.cpu().sum(dim=1, keepdim=True)  # (C, 256)
    mean = shares @ values
    std = (shares @ values**2 - mean**2).clamp(min=0).sqrt().clamp(min=1e-3)  # one flat colour must not divide by 0
    return mean.float(), std.float()
