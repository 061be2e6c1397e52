"""Lab 05: what the checker feeds to warmup_cosine, and the mistakes that it knows."""

import torch

from ..base import Exercise, Mistake


def draw(d):
    warmup = 4 + d.index
    total = warmup + d.integer(9, 14)
    return dict(total_steps=total, warmup_steps=warmup, peak_lr=d.uniform(0.4, 0.9), final_lr=d.uniform(0.05, 0.2))


def probe(answer, see, total_steps, warmup_steps, peak_lr, final_lr):
    def rate(step, total=total_steps, warmup=warmup_steps):
        return answer(step, total, warmup, peak_lr, final_lr)

    falling = total_steps - warmup_steps
    see("the rate at step 0", rate(0))
    see("the rate in the middle of the warmup", rate(warmup_steps // 2))
    see("the rate at the warmup's last step", rate(warmup_steps - 1))
    see("the rate at the first step after the warmup", rate(warmup_steps))
    see("the rate after a third of the fall", rate(warmup_steps + falling // 3))
    see("the rate at the last step", rate(total_steps - 1))
    see("the rate at every step", [rate(step) for step in range(total_steps)])
    see("the rate with final_lr left out", answer(total_steps - 2, total_steps, warmup_steps, peak_lr))
    see("the rate at step 0 without a warmup", rate(0, warmup=0))
    see("the rates without a warmup", [rate(step, warmup=0) for step in range(total_steps)])
    see("the rate when the whole run is warmup", rate(total_steps - 1, warmup=total_steps))


def picture(answer):
    """The learning rate of every step of a short run."""
    return torch.tensor([answer(step, 60, 12, 1.0, 0.1) for step in range(60)])


EXERCISE = Exercise(
    id="warmup_cosine",
    draw=draw,
    probe=probe,
    picture=picture,
    mistakes=(
        Mistake(
            "starts-at-zero",
            ("(step + 1) / warmup_steps", "step / warmup_steps"),
            "The rate is zero at step 0: that step changes nothing, and the peak comes one step late.",
            "Step 0 is the first of w steps, and it gets one w-th of the peak.",
        ),
        Mistake(
            "peak-one-step-late",
            ("(step + 1) / warmup_steps", "(step + 1) / (warmup_steps + 1)"),
            "The warmup rises too slowly: its last step, w - 1, must reach the peak.",
            "Put w - 1 into your formula: does it give peak_lr?",
        ),
        Mistake(
            "warmup-from-final",
            (
                "return peak_lr * (step + 1) / warmup_steps",
                "return final_lr + (peak_lr - final_lr) * (step + 1) / warmup_steps",
            ),
            "The warmup rises from final_lr; it rises from zero.",
            "final_lr has a part in the fall only.",
        ),
        Mistake(
            "no-warmup",
            ("if step < warmup_steps:", "if False:"),
            "There is no warmup: the first steps follow the cosine too.",
            "The steps before warmup_steps need a branch of their own.",
        ),
        Mistake(
            "warmup-one-step-long",
            ("if step < warmup_steps:", "if step <= warmup_steps:"),
            "The warmup runs one step too long and shoots over the peak.",
            "The warmup's steps are 0 to w - 1.",
        ),
        Mistake(
            "no-half",
            ("0.5 * (peak_lr - final_lr)", "(peak_lr - final_lr)"),
            "The fall begins at twice the height: 1 + cos runs from 2 down to 0.",
            "A factor brings 1 + cos to the range from 1 to 0.",
        ),
        Mistake(
            "above-the-peak",
            ("0.5 * (peak_lr - final_lr)", "0.5 * peak_lr"),
            "The fall begins above the peak: final_lr is added, but the cosine still spans all of peak_lr.",
            "The cosine spans the way from the peak to final_lr, no more.",
        ),
        Mistake(
            "falls-to-zero",
            ("final_lr + 0.5 * (peak_lr - final_lr)", "0.5 * peak_lr"),
            "The rate falls to zero, whatever final_lr is.",
            "Where must the formula be when the cosine is at its lowest?",
        ),
        Mistake(
            "linear-fall",
            (
                "0.5 * (peak_lr - final_lr) * (1 + math.cos(math.pi * progress))",
                "(peak_lr - final_lr) * (1 - progress)",
            ),
            "The rate falls along a straight line; it should follow half a cosine.",
            "Half a cosine is slow at both ends and steep in the middle.",
        ),
        Mistake(
            "whole-cosine",
            ("math.cos(math.pi * progress)", "math.cos(2 * math.pi * progress)"),
            "The rate falls and rises again: the cosine runs through a whole period, not through half of one.",
            "Half a period is pi.",
        ),
        Mistake(
            "quarter-cosine",
            (
                "0.5 * (peak_lr - final_lr) * (1 + math.cos(math.pi * progress))",
                "(peak_lr - final_lr) * math.cos(math.pi / 2 * progress)",
            ),
            "This is a quarter of a cosine, steep at the end; half of one is flat at both ends.",
            "Half a period of a cosine goes from 1 to -1. Shift and scale that.",
        ),
        Mistake(
            "rises",
            ("1 + math.cos", "1 - math.cos"),
            "The rate drops to final_lr after the warmup and then rises.",
            "cos(0) is 1. At the start of the fall the whole height must be there.",
        ),
        Mistake(
            "progress-from-step-zero",
            ("(step - warmup_steps) / max(1, total_steps - warmup_steps)", "step / total_steps"),
            "The rate jumps down when the warmup ends: the fall's progress is counted from step 0.",
            "At step w the progress must be 0.",
        ),
        Mistake(
            "never-arrives",
            ("max(1, total_steps - warmup_steps)", "total_steps"),
            "The fall is too slow: it has only total_steps - warmup_steps steps to run through.",
            "At step total_steps the progress must be 1.",
        ),
        Mistake(
            "one-step-early",
            ("max(1, total_steps - warmup_steps)", "max(1, total_steps - warmup_steps - 1)"),
            "The rate is at final_lr one step too early; it gets there at step total_steps, where the run is over.",
            "How many steps lie between step w and step total_steps?",
        ),
    ),
    hints=(
        "Two branches. In the first, step 0 gets one w-th of the peak and step w - 1 all of it. In the second, a progress "
        "that runs from 0 to 1 goes into a cosine.",
        "progress = 0 at step w and 1 at step total_steps. cos(pi * progress) runs from 1 to -1: shift and scale it so "
        "that it runs from peak_lr to final_lr. Beware of a division by zero when the whole run is warmup.",
        "if step < warmup_steps: return peak_lr * (step + 1) / warmup_steps; else progress = (step - warmup_steps) / "
        "max(1, total_steps - warmup_steps) and final_lr + 0.5 * (peak_lr - final_lr) * (1 + math.cos(math.pi * progress)).",
    ),
)
