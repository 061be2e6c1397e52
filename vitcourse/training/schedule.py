"""The learning rate of a run, step by step."""

from .pieces import COURSE


def schedule(config, steps_per_epoch, pieces=COURSE):
    """Return the learning rate as a function of the step: warmup over a share of the run, then the way down."""
    total_steps = config.epochs * steps_per_epoch
    warmup_steps = round(config.warmup * total_steps)
    shape = {"cosine": pieces.warmup_cosine, "linear": warmup_linear}[config.schedule]
    return lambda step: shape(step, total_steps, warmup_steps, config.peak_lr, config.final_lr)


def warmup_linear(step, total_steps, warmup_steps, peak_lr, final_lr=0.0):
    """The learning rate at a step: a straight rise, then a straight line down; arguments as in `warmup_cosine`."""
    if step < warmup_steps:
        return peak_lr * (step + 1) / warmup_steps
    progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)  # 0 .. 1
    return peak_lr + progress * (final_lr - peak_lr)
