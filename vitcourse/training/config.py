"""What a training run is made of, and what one reports."""

import json
from dataclasses import asdict, dataclass, field, fields

PRECISIONS = ("bf16", "fp16", "fp32")
CHOICES = {"schedule": ("cosine", "linear"), "optimizer": ("adamw", "muon"), "precision": (None, *PRECISIONS)}


class TrainingError(Exception):
    """Something about a run that the user can mend; the message says what and how."""


@dataclass(frozen=True)
class TrainConfig:
    """The recipe. The defaults suit a small ViT, a few thousand 32-pixel images and a few minutes.

    Rates are those of AdamW; `warmup` is a share of all steps, after which the rate falls along a "cosine" or in a
    "linear" `schedule`; `optimizer` is "adamw" or "muon". `crop` is the padding in pixels; `rand_augment` the number of
    operations at strength `magnitude` (0 to 30); `mixup` and `cutmix` the alpha of their Beta distribution (0 is off;
    with both on, each batch gets one of the two), and both are off after `mix_until`, a share of all steps; `erasing`
    is a probability per image. With `repeats` above 1 each image stands so many times in its batch, augmented anew, and
    an epoch of the same length sees fewer images. `ema` is the decay of a moving average of the weights, say 0.99 (0 is
    off). `precision` is one of "bf16", "fp16", "fp32", or None for what the device does best; `compile` is whether
    torch.compile makes the model faster, which takes it a minute first.

    Raises:
        TrainingError: for a value outside its range, naming the field.
    """

    epochs: int = 10
    batch_size: int = 128
    peak_lr: float = 2e-3
    final_lr: float = 0.0
    warmup: float = 0.15
    weight_decay: float = 0.05
    betas: tuple[float, float] = (0.9, 0.99)
    max_norm: float = 1.0
    label_smoothing: float = 0.0
    crop: int = 0
    flip: bool = False
    rand_augment: int = 0
    magnitude: int = 9
    mixup: float = 0.0
    cutmix: float = 0.0
    erasing: float = 0.0
    ema: float = 0.0
    seed: int = 0
    precision: str | None = None
    schedule: str = "cosine"
    optimizer: str = "adamw"
    mix_until: float = 1.0
    compile: bool = False
    repeats: int = 1

    def __post_init__(self):
        for name in ("epochs", "batch_size", "max_norm", "repeats"):
            if getattr(self, name) <= 0:
                raise TrainingError(f"{name} must be more than 0, got {getattr(self, name)}.")
        for name in ("warmup", "label_smoothing", "erasing", "mix_until"):
            if not 0 <= getattr(self, name) <= 1:
                raise TrainingError(f"{name} must be between 0 and 1, got {getattr(self, name)}.")
        for name in ("peak_lr", "final_lr", "weight_decay", "crop", "rand_augment", "magnitude", "mixup", "cutmix"):
            if not getattr(self, name) >= 0:
                raise TrainingError(f"{name} must not be negative, got {getattr(self, name)}.")
        if not 0 <= self.ema < 1:
            raise TrainingError(f"ema must be at least 0 and less than 1, got {self.ema}.")
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                said = ", ".join(str(choice) for choice in choices)
                raise TrainingError(f"{name} must be one of {said}; got {getattr(self, name)!r}.")


@dataclass
class History:
    """What a run measured, one entry per finished epoch.

    `train_loss` is the mean over the epoch's images as they were augmented, so it is not comparable with `test_loss`
    under mixup or label smoothing. `test_accuracy` is in 0..1. `lr` is the rate of the epoch's last step. `seconds`
    counts from the start of the run to the end of the epoch, evaluation included. `epochs` is how many were asked
    for; `interrupted` says that the user stopped the run. `ema_accuracy` is the test accuracy of the averaged weights,
    and empty without `ema`.
    """

    epochs: int = 0
    train_loss: list[float] = field(default_factory=list)
    test_loss: list[float] = field(default_factory=list)
    test_accuracy: list[float] = field(default_factory=list)
    lr: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    interrupted: bool = False
    ema_accuracy: list[float] = field(default_factory=list)

    def __len__(self):
        return len(self.train_loss)

    def add(self, *, train_loss, test_loss, test_accuracy, lr, seconds, ema_accuracy=None):
        """Add one finished epoch."""
        self.train_loss.append(train_loss)
        self.test_loss.append(test_loss)
        self.test_accuracy.append(test_accuracy)
        self.lr.append(lr)
        self.seconds.append(seconds)
        if ema_accuracy is not None:
            self.ema_accuracy.append(ema_accuracy)

    def to_json(self):
        """Return the history as JSON text; `from_json` is the inverse."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text):
        """Read what `to_json` wrote; fields of a later version are left aside."""
        known = {f.name for f in fields(cls)}
        return cls(**{name: value for name, value in json.loads(text).items() if name in known})
