"""What a training run is made of, and what one reports."""

import json
import math
from dataclasses import asdict, dataclass, field, fields

from ..common.errors import CourseError

PRECISIONS = ("bf16", "fp16", "fp32")


class TrainingError(CourseError):
    """Something about a run that the user can mend; the message says what and how."""


def _option(default, text, low=None, high=math.inf, *, above=None, below=None, choices=None, name=None):
    """A field of `TrainConfig` with all that is known of it: its range, and its option on the command line.

    Args:
        default: its type is the option's; a choice and a precision are texts.
        text: what `--help` says; None for a field without an option.
        low, high: the range, both ends in it.
        above, below: ends that are not in it.
        choices: the values there are.
        name: the option's, when it is not the field's.
    """
    known = dict(text=text, low=low, high=high, above=above, below=below, choices=choices, name=name)
    return field(default=default, metadata=known)


@dataclass(frozen=True)
class TrainConfig:
    """The recipe. The defaults suit a small ViT, a few thousand 32-pixel images and a few minutes.

    Rates are those of AdamW; `warmup` is a share of all steps, after which the rate falls along a "cosine" or in a
    "linear" `schedule`; `optimizer` is "adamw" or "muon". `crop` is the padding in pixels; `rand_augment` the number of
    operations at strength `magnitude` (0 to 30); `mixup` and `cutmix` the alpha of their Beta distribution (0 is off;
    with both on, each batch gets one of the two), and both are off after `mix_until`, a share of all steps; `erasing`
    is a probability per image. With `repeats` above 1 each image stands so many times in its batch, augmented anew, and
    an epoch of the same length sees fewer images. `ema` is the decay of a moving average of the weights, say 0.99 (0 is
    off). `precision` is one of "bf16", "fp16", "fp32", or None for the environment variable VITCOURSE_PRECISION, or
    where it is not set for what the device does best; `compile` is whether torch.compile makes the model faster, which
    takes it a minute first.

    The fields' metadata hold their ranges and their options on the command line, which are made from them.

    Raises:
        TrainingError: for a value outside its range, naming the field.
    """

    epochs: int = _option(10, None, above=0)
    batch_size: int = _option(128, "images per step", above=0)
    peak_lr: float = _option(2e-3, "highest learning rate", 0, name="lr")
    final_lr: float = _option(0.0, None, 0)
    warmup: float = _option(0.15, "share of the steps in which the rate rises", 0, 1)
    weight_decay: float = _option(0.05, "of AdamW, on matrices only", 0)
    betas: tuple[float, float] = (0.9, 0.99)
    max_norm: float = _option(1.0, None, above=0)
    label_smoothing: float = _option(0.0, "share of each target spread over all classes", 0, 1)
    crop: int = _option(0, "shift images by up to so many pixels", 0)
    flip: bool = _option(False, "mirror images at random")
    rand_augment: int = _option(0, "random operations per image", 0)
    magnitude: int = _option(9, None, 0)
    mixup: float = _option(0.0, "alpha of mixup; 0 is off", 0)
    cutmix: float = _option(0.0, "alpha of cutmix; 0 is off", 0)
    erasing: float = _option(0.0, "probability of a random erased box", 0, 1)
    ema: float = _option(0.0, "decay of a moving average of the weights, say 0.99; 0 is off", 0, below=1)
    seed: int = _option(0, None)
    precision: str | None = _option(None, "number format (what the device does best)", choices=(None, *PRECISIONS))
    schedule: str = _option("cosine", "how the rate falls (cosine)", choices=("cosine", "linear"))
    optimizer: str = _option("adamw", "muon is for the matrices in the blocks (adamw)", choices=("adamw", "muon"))
    mix_until: float = _option(1.0, "share of the steps after which mixup and cutmix are off (1)", 0, 1)
    compile: bool = _option(False, "use torch.compile; takes a minute first")
    repeats: int = _option(1, "versions of an image in one batch, each augmented anew (1; DeiT takes 3)", above=0)

    def __post_init__(self):
        for each in fields(self):
            known, value = each.metadata, getattr(self, each.name)
            if known.get("choices"):
                if value not in known["choices"]:
                    choices = ", ".join(str(choice) for choice in known["choices"])
                    raise TrainingError(f"{each.name} must be one of {choices}; got {value!r}.")
            elif known and not _in_range(value, known):
                raise TrainingError(f"{each.name} must be {_range_in_words(known)}, got {value}.")


def _in_range(value, known):
    low, above, below = known["low"], known["above"], known["below"]
    if (low is None or value >= low) and (above is None or value > above):
        return value < below if below is not None else value <= known["high"]
    return False  # a NaN ends here: it compares with nothing


def _range_in_words(known):
    if known["below"] is not None:
        return f"at least {known['low']} and less than {known['below']}"
    if known["high"] < math.inf:
        return f"between {known['low']} and {known['high']}"
    return f"more than {known['above']}" if known["above"] is not None else f"at least {known['low']}"


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
