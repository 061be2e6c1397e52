"""What a run shows while it trains: a bar where somebody looks at it, plain lines everywhere else."""

import os
import sys
import time

from ..common.places import in_notebook

UPDATE_SECONDS = 0.5  # each update asks the device for the loss, which makes the CPU wait for it


def wants_bar():
    """Return whether a moving bar makes sense: in a terminal or a notebook, unless VITCOURSE_PROGRESS=lines."""
    if os.environ.get("VITCOURSE_PROGRESS") == "lines":
        return False
    return sys.stderr.isatty() or in_notebook()


class Progress:
    """A line for each epoch, and between them a bar where `wants_bar()`; silent with `show=False`.

    `done` is how many steps an earlier piece of the run has made.
    """

    def __init__(self, epochs, steps_per_epoch, show=True, done=0):
        self.epochs, self.show = epochs, show
        self.every = -(-epochs // 25)  # long runs print some 25 lines, not hundreds
        self.bar, self.step, self.last_update = None, done, time.perf_counter()
        if show and wants_bar():
            from tqdm.auto import tqdm

            total = epochs * steps_per_epoch
            self.bar = tqdm(total=total, initial=done, unit="step", leave=False, mininterval=UPDATE_SECONDS)

    def due(self):
        """Return whether it is time to look at the loss again."""
        return time.perf_counter() - self.last_update >= UPDATE_SECONDS

    def update(self, step, epoch, loss):
        """Show that `step` steps are done."""
        self.last_update = time.perf_counter()
        if self.bar is not None:
            self.bar.set_postfix_str(f"epoch {epoch + 1}/{self.epochs}, loss {loss:.3f}", refresh=False)
            self.bar.update(step - self.step)
            self.step = step

    def epoch_line(self, history):
        """Print the last finished epoch."""
        done = len(history)
        if self.show and (done % self.every == 0 or done in (1, self.epochs)):
            averaged = f" (averaged weights {history.ema_accuracy[-1]:.1%})" if history.ema_accuracy else ""
            self.say(
                f"epoch {done:>{len(str(self.epochs))}}/{self.epochs}   "
                f"train loss {history.train_loss[-1]:.3f}   test loss {history.test_loss[-1]:.3f}   "
                f"test accuracy {history.test_accuracy[-1]:6.1%}{averaged}   {history.seconds[-1]:.0f} s"
            )

    def say(self, line):
        """Print a line without tearing the bar."""
        if self.bar is not None:
            self.bar.write(line, file=sys.stdout)
        else:
            print(line, flush=True)

    def close(self):
        """Take the bar away."""
        if self.bar is not None:
            self.bar.close()
