"""From uint8 images to the batches a model trains on: shuffle, augment, normalise, soft targets."""

import random

import torch

from ..reference.recipe import cutmix, mixup
from . import augment


class Batches:
    """The batches of one epoch, made on the device where the images are.

    Training batches are shuffled and augmented in this order: crop, flip and RandAugment on uint8, normalise,
    erase, then mixup or cutmix, up to the step that `mix_until` says. Targets are smoothed once, before they are mixed.
    Test batches are in order and only normalised. The same split, config and epoch give the same batches, each time you
    loop.

    Args:
        split: a `Split`: images uint8 (N, C, H, W), targets int64 (N,).
        data: the `ImageData` it belongs to, for mean, std and number of classes.
        config: a `TrainConfig`.
        train: whether to shuffle and augment.
        epoch: counts from 0; each epoch has its own order and augmentation.
        mixup, cutmix: the functions of lab 05, the course's or your own.

    Yields:
        images (B, C, H, W) float32 and targets (B, K) float32; the last batch may be smaller.
    """

    def __init__(self, split, data, config, train=True, epoch=0, mixup=mixup, cutmix=cutmix):
        self.split, self.config, self.train, self.epoch = split, config, train, epoch
        self.mixup, self.cutmix = mixup, cutmix
        self.num_classes = data.num_classes
        self.device = split.images.device
        self.mean, self.std = data.mean.to(self.device), data.std.to(self.device)
        self.first, self.saved = 0, None

    def start_at(self, step, saved):
        """Leave out the epoch's first `step` batches: go on from the `state_dict()` taken after them."""
        self.first, self.saved = step, saved

    def state_dict(self):
        """Return the states of all that is drawn from, as they are after the batch that was yielded last."""
        draws = {"device": self.device.type, "state": self.draws.get_state()}
        return {"choices": self.choices.getstate(), "cpu_draws": self.cpu_draws.get_state(), "draws": draws}

    def __len__(self):
        return -(-len(self.split.targets) // self.config.batch_size)

    def __iter__(self):
        if self.train:
            # What decides sizes and order is drawn on the CPU, what fills tensors on the device: nothing in a step
            # has to wait for the GPU to answer.
            seed = self.config.seed * 1_000_003 + self.epoch
            self.choices = random.Random(seed)
            self.cpu_draws = torch.Generator().manual_seed(seed)
            self.draws = torch.Generator(self.device).manual_seed(seed)
            order = torch.randperm(len(self.split.targets), generator=self.cpu_draws).to(self.device)
            order = repeat_images(order, self.config.repeats)
            self._take_over_draws()
        else:
            order = torch.arange(len(self.split.targets), device=self.device)
        first_of_run = self.epoch * len(self)
        mix_until = self.config.mix_until * self.config.epochs * len(self)
        for step, chosen in enumerate(order.split(self.config.batch_size)[self.first :], start=self.first):
            mixed = first_of_run + step < mix_until
            yield self._batch(self.split.images[chosen], self.split.targets[chosen], mixed)

    def _take_over_draws(self):
        if self.saved is None:
            return
        self.choices.setstate(self.saved["choices"])
        self.cpu_draws.set_state(self.saved["cpu_draws"])
        if self.saved["draws"]["device"] == self.device.type:  # another kind of device has other draws anyway
            self.draws.set_state(self.saved["draws"]["state"])

    def _batch(self, images, targets, mixed):
        # (B, K); F.one_hot looks at the values, for which the CPU would wait.
        targets = (targets[:, None] == torch.arange(self.num_classes, device=self.device)).float()
        if not self.train:
            return augment.normalize(images, self.mean, self.std), targets
        config = self.config
        if config.crop:
            images = augment.random_crop(images, config.crop, self.draws)
        if config.flip:
            images = augment.random_flip(images, self.draws)
        if config.rand_augment:
            images = augment.rand_augment(images, config.rand_augment, config.magnitude, self.cpu_draws)
        images = augment.normalize(images, self.mean, self.std)
        if config.erasing:
            images = augment.random_erasing(images, config.erasing, self.draws)
        if config.label_smoothing:
            targets = (1 - config.label_smoothing) * targets + config.label_smoothing / self.num_classes
        return self._mix(images, targets) if mixed else (images, targets)

    def _mix(self, images, targets):
        alphas = [("mixup", self.config.mixup), ("cutmix", self.config.cutmix)]
        alphas = [(name, alpha) for name, alpha in alphas if alpha > 0]
        if not alphas:
            return images, targets
        name, alpha = self.choices.choice(alphas)
        lam = self.choices.betavariate(alpha, alpha)
        perm = torch.randperm(len(images), generator=self.cpu_draws).to(self.device, non_blocking=True)
        if name == "mixup":
            return self.mixup(images, targets, lam, perm)
        box = augment.random_box(images.shape[-2:], lam, self.cpu_draws)
        return self.cutmix(images, targets, box, perm)


def repeat_images(indices, times):
    """Return the order of an epoch with repeated augmentation: each image `times` times in a row, as many in all.

    Batches cut from it hold several versions of an image, augmented each for itself; so an epoch of the same length
    has fewer different images (Hoffer et al. 2020; DeiT repeats each image three times).

    Args:
        indices: (N,) the epoch's shuffled order.
        times: 1 or more.

    Returns:
        (N,) the first ceil(N / times) of the indices, each `times` times; the last one perhaps fewer times.
    """
    fewer = -(-len(indices) // times)
    return indices[:fewer].repeat_interleave(times)[: len(indices)]
