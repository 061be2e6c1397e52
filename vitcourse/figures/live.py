"""A curve that grows in the notebook while a model trains."""

import io
import time


def figure_png(figure, dpi=90):
    """Return a figure as PNG bytes and close it, so that no notebook shows it a second time."""
    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    plt.close(figure)
    return buffer.getvalue()


class LiveCurve:
    """Draws losses and accuracy after each epoch, in place: `fit(..., on_epoch=LiveCurve())`.

    The picture is an ordinary notebook output that is replaced, not a widget, so it also stands in a notebook that
    was executed without a browser, and on a page made of it. Outside a notebook it only keeps the last picture in
    `png`.

    Args:
        seconds: the shortest time between two drawings; the last epoch is always drawn.
    """

    def __init__(self, seconds=1.0):
        self.seconds, self.png = seconds, None
        self._handle, self._drawn_at = None, -float("inf")

    def __call__(self, history):
        """Draw the history, unless the last drawing is younger than `seconds`."""
        last = len(history) >= history.epochs
        if last or time.monotonic() - self._drawn_at >= self.seconds:
            self.draw(history)

    def draw(self, history):
        """Draw the history now."""
        from .plots.recipe import plot_history
        from .style import style_context

        with style_context():
            figure = plot_history(history.train_loss, history.test_loss, history.test_accuracy, history.epochs)
            self.png = figure_png(figure)
        self._show()
        self._drawn_at = time.monotonic()

    def _show(self):
        if not _in_notebook():
            return
        from IPython.display import Image, display

        image = Image(data=self.png, format="png", alt="Losses and test accuracy by epoch")
        if self._handle is None:
            self._handle = display(image, display_id=True)
        else:
            self._handle.update(image)


def _in_notebook():
    """Return whether code runs in a notebook's kernel: only there can an output be replaced."""
    import sys

    if "IPython" not in sys.modules:
        return False
    shell = sys.modules["IPython"].get_ipython()
    return shell is not None and hasattr(shell, "kernel")
