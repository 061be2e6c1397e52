"""The dashboard that grows in the notebook while a model trains."""

import io
import time

from ..common.places import in_notebook


def figure_png(figure, dpi=90):
    """Return a figure as PNG bytes and close it, so that no notebook shows it a second time."""
    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    plt.close(figure)
    return buffer.getvalue()


class TrainingDashboard:
    """Draws losses, accuracy, learning rate and the time left after each epoch, in place:
    `fit(..., on_epoch=TrainingDashboard())`.

    The picture is an ordinary notebook output that is replaced, not a widget, so it also stands in a notebook that
    was executed without a browser, and on a page made of it; and a widget could not be used while the kernel trains.
    Outside a notebook it only keeps the last picture in `png`.

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
        from .plots.dashboard import plot_dashboard
        from .style import style_context

        with style_context():
            self.png = figure_png(plot_dashboard(history))
        self._show(history)
        self._drawn_at = time.monotonic()

    def _show(self, history):
        if not in_notebook():
            return
        from IPython.display import Image, display

        image = Image(data=self.png, format="png", alt=dashboard_words(history))
        if self._handle is None:
            self._handle = display(image, display_id=True)
        else:
            self._handle.update(image)


def dashboard_words(history):
    """What the dashboard shows, in words, for those who cannot see it."""
    from .plots.dashboard import time_words

    if not len(history):
        return "No epoch is finished yet."
    return (
        f"Losses, test accuracy and learning rate by epoch; {time_words(history.seconds, history.epochs)}. Last: "
        f"train loss {history.train_loss[-1]:.2f}, test loss {history.test_loss[-1]:.2f}, "
        f"test accuracy {history.test_accuracy[-1]:.1%}."
    )
