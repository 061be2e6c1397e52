"""Lab 05: what the checker feeds to warmup_cosine, and the mistakes that it knows."""

import torch

from ..base import Exercise, Mistake


def draw(d):
    warmup = 4 + d.index
    total = warmup + (9, 11)[d.integer(0, 2)]  # lengths at which no two mistakes give one rate by chance
    return dict(total_steps=total, warmup_steps=warmup, peak_lr=d.uniform(0.4, 0.9), final_lr=d.uniform(0.05, 0.2))


def probe(answer, see, total_steps, warmup_steps, peak_lr, final_lr):
    def rate(step, total=total_steps, warmup=warmup_steps):
        return answer(step, total, warmup, peak_lr, final_lr)

    falling = total_steps - warmup_steps
    see("the rate in the middle of the warmup", rate(warmup_steps // 2))
    see("the rate at step 0", rate(0))
    see("the rate at the warmup's last step", rate(warmup_steps - 1))
    see("the rate after a quarter of the fall", rate(warmup_steps + falling // 4))
    see("the rate at the first step after the warmup", rate(warmup_steps))
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
        Mistake(
            "whole-progress",
            ("/ max(1,", "// max(1,"),
            "The rate stays at the peak: `//` rounds the progress down to 0, and only `/` divides.",
            "The progress runs through the numbers between 0 and 1.",
        ),
        Mistake(
            "whole-rise",
            ("(step + 1) / warmup_steps", "((step + 1) // warmup_steps)"),
            "The warmup does not rise: `//` rounds each share down to 0.",
            "`/` gives a float, `//` a whole number.",
        ),
        Mistake(
            "fall-one-step-ahead",
            ("(step - warmup_steps) /", "(step + 1 - warmup_steps) /"),
            "The fall is one step ahead: at the first step after the warmup the progress is 0, and the rate is the peak.",
            "Only the rise counts s + 1.",
        ),
        Mistake(
            "sine",
            ("1 + math.cos(", "1 + math.sin("),
            "A sine stands where the cosine belongs: at the start of the fall it is 0, not 1.",
            "cos(0) is 1, sin(0) is 0.",
        ),
        Mistake(
            "minus-one",
            ("(1 + math.cos", "(math.cos"),
            "The 1 is missing: half a cosine runs from 1 to -1, so that the rate falls below zero.",
            "Shift the cosine so that it never is negative, then scale it.",
        ),
        Mistake(
            "no-pi",
            ("math.pi * progress", "progress"),
            "The cosine gets the progress alone: it runs from 0 to 1, and half a period is pi.",
            "Multiply the progress by pi inside the cosine.",
        ),
        Mistake(
            "degrees",
            ("math.pi * progress", "180 * progress"),
            "The angle is given in degrees; math.cos takes radians, and half a period is pi.",
            "math.pi stands for 180 degrees.",
        ),
        Mistake(
            "factor-in-the-fall",
            (
                "final_lr + 0.5 * (peak_lr - final_lr) * (1 + math.cos(math.pi * progress))",
                "0.5 * (1 + math.cos(math.pi * progress))",
            ),
            "The fall is a factor between 1 and 0, not a rate: peak_lr and final_lr have no part in it.",
            "Scale and shift the factor so that it runs from peak_lr to final_lr.",
        ),
        Mistake(
            "factor-in-the-rise",
            ("peak_lr * (step + 1)", "(step + 1)"),
            "The rise is a factor up to 1, not a rate: peak_lr has no part in it.",
            "Step w - 1 gets peak_lr.",
        ),
        Mistake(
            "rise-over-the-run",
            ("(step + 1) / warmup_steps", "(step + 1) / total_steps"),
            "The rise is spread over the whole run; it takes warmup_steps steps.",
            "Step w - 1 gets the whole peak.",
        ),
        Mistake(
            "final-not-added",
            ("final_lr + 0.5 * (", "0.5 * ("),
            "final_lr is not added: the fall begins below the peak and ends at zero.",
            "At the end, where the cosine's part is 0, the rate must be final_lr.",
        ),
        Mistake(
            "exponential-fall",
            (
                "final_lr + 0.5 * (peak_lr - final_lr) * (1 + math.cos(math.pi * progress))",
                "peak_lr * (max(final_lr, 1e-9) / peak_lr) ** progress",
            ),
            "The rate falls exponentially; it should follow half a cosine, which is flat at both ends.",
            "1 + cos runs from 2 to 0 while the progress runs from 0 to 1.",
        ),
        Mistake(
            "squared-rise",
            ("(step + 1) / warmup_steps", "((step + 1) / warmup_steps) ** 2"),
            "The warmup rises along a curve; a straight line is asked for.",
            "Each step adds the same amount.",
        ),
        Mistake(
            "warmup-one-step-short",
            ("if step < warmup_steps:", "if step + 1 < warmup_steps:"),
            "The warmup ends one step early: step w - 1 belongs to the rise.",
            "The warmup's steps are 0 to w - 1.",
        ),
        Mistake(
            "divided-too-early",
            (
                "    if step < warmup_steps:\n",
                "    rise = peak_lr * (step + 1) / warmup_steps\n    if step < warmup_steps:\n",
            ),
            "Without a warmup it divides by zero: warmup_steps may be 0, and then there is nothing to divide.",
            "Compute the rise only inside its branch.",
        ),
    ),
    hints=(
        "Two branches. In the first, step 0 gets one w-th of the peak and step w - 1 all of it. In the second, a progress "
        "that runs from 0 to 1 goes into a cosine.",
        "progress = 0 at step w and 1 at step total_steps. cos(pi * progress) runs from 1 to -1: shift and scale it so "
        "that it runs from peak_lr to final_lr. Beware of a division by zero when the whole run is warmup.",
        "In the first branch peak_lr * (step + 1) / warmup_steps. In the second the progress is (step - warmup_steps) over "
        "what is left of the run, and 0.5 * (1 + math.cos(math.pi * progress)) is the share of the way from final_lr up to "
        "peak_lr.",
    ),
)
