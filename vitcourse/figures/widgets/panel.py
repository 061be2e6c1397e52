"""What all explorers share: controls, a picture that follows them, and what stands there without a widget front end."""

import base64
import html

import ipywidgets as widgets

VIEW = "application/vnd.jupyter.widget-view+json"
MOST_SPOTS = 256  # buttons over a picture; each one is a widget of its own, and more take seconds to appear
SAME_PLACE = "1 / 1 / 2 / 2"  # of a grid with one cell: what is in it lies on top of each other
SPOT_STYLE = dict(width="auto", height="auto", margin="0", padding="0", min_width="0")


class Explorer:
    """Controls over a picture that is drawn anew when one of them moves.

    As the last line of a cell it shows itself. Where no widget can run (GitHub, a PDF, a test), the same output holds
    the picture of the first state, with words for those who cannot see it.

    Attributes:
        controls: {name: ipywidgets control}; set their `value` to move them from code.
        picture: the `widgets.Image` that is shown; `png` is its bytes.
        words: what the picture says, in one or two sentences.

    Args:
        controls: {name: control}, in the order in which they stand.
        draw: called with the controls' values by name; returns a `Canvas` and the words.
        alt: what kind of picture it is, for a screen reader.
        lines: lists of names: the controls that stand side by side. None gives each its own place in one row.
    """

    def __init__(self, controls, draw, alt, lines=None):
        self.controls, self.draw, self.alt = controls, draw, alt
        self.words, self._paused = "", False
        self.picture = widgets.Image(format="png")
        self._said = widgets.HTML()
        self._stage = widgets.GridBox([self.picture])
        rows = [widgets.HBox([controls[name] for name in line], layout=_wrapping()) for line in lines or [controls]]
        self.box = widgets.VBox([*rows, self._said, self._stage])
        self.update()
        for control in controls.values():
            control.observe(self._moved, names="value")

    @property
    def png(self):
        """The picture's bytes."""
        return self.picture.value

    def state(self):
        """The controls' values by name."""
        return {name: control.value for name, control in self.controls.items()}

    def render(self, **state):
        """Return (PNG bytes, words, (width, height) in page pixels) of a state, without showing it."""
        canvas, words = self.draw(**{**self.state(), **state})
        return canvas.png(), words, (canvas.width, canvas.height)

    def update(self):
        """Draw the present state."""
        png, self.words, (width, height) = self.render()
        self.picture.layout = widgets.Layout(width=f"{width}px", height=f"{height}px", grid_area=SAME_PLACE)
        self._stage.layout = widgets.Layout(
            grid_template_columns=f"{width}px", grid_template_rows=f"{height}px", overflow="auto"
        )
        self._say(self.words)
        self.picture.value = png

    def set(self, **values):
        """Move several controls and draw once."""
        self._paused = True
        try:
            for name, value in values.items():
                self.controls[name].value = value
        finally:
            self._paused = False
        self._moved(None)

    def cover(self, *overlays):
        """Lay grids of `spots` over the picture, in place of those that were there; None among them is left out."""
        self._stage.children = [self.picture, *(overlay for overlay in overlays if overlay is not None)]

    def _moved(self, _):
        if self._paused:
            return
        try:
            self.update()
        except Exception as error:  # a callback's traceback ends in a log that nobody reads
            self._say(f"This state could not be drawn. {type(error).__name__}: {error}")

    def _say(self, words):
        # role="status": a screen reader reads the words when they change.
        self._said.value = f'<div role="status" style="line-height:1.4">{html.escape(words)}</div>'

    def _repr_mimebundle_(self, include=None, exclude=None):
        data = {
            "text/plain": f"{self.alt}. {self.words}",
            "image/png": base64.b64encode(self.png).decode(),
            VIEW: {"version_major": 2, "version_minor": 0, "model_id": self.box.model_id},
        }
        return data, {"image/png": {"alt": f"{self.alt}. {self.words}"}}


def spots(grid, box, click, name=None):
    """Make buttons that nobody sees, to lie in a grid over a part of a picture: that is how a picture is clicked.

    Args:
        grid: (rows, cols).
        box: (left, top, width, height) in page pixels.
        click: called with (row, col).
        name: called with (row, col), returns a button's name for the mouse and for a screen reader; None says where
            it is.

    Returns:
        a widget for `Explorer.cover`, or None when there would be more than `MOST_SPOTS` buttons.
    """
    rows, cols = grid
    if rows * cols > MOST_SPOTS:
        return None
    left, top, width, height = box
    look, place = widgets.ButtonStyle(button_color="transparent"), widgets.Layout(**SPOT_STYLE)
    buttons = []
    for row in range(rows):
        for col in range(cols):
            tip = name(row, col) if name else f"row {row}, column {col}"
            button = widgets.Button(tooltip=tip, style=look, layout=place)
            button.on_click(lambda _, at=(row, col): click(*at))
            buttons.append(button)
    over = widgets.Layout(
        grid_area=SAME_PLACE,
        margin=f"{top}px 0 0 {left}px",
        width=f"{width}px",
        height=f"{height}px",
        grid_template_columns=f"repeat({cols}, 1fr)",
        grid_template_rows=f"repeat({rows}, 1fr)",
        grid_gap="0",
    )
    return widgets.GridBox(buttons, layout=over)


def slider(name, low, high, value=None):
    """A slider over whole numbers, with its name before it."""
    return widgets.IntSlider(value=low if value is None else value, min=low, max=high, **look(name))


def chooser(name, options, value=None):
    """A slider over a few given values, with its name before it."""
    options = list(options)
    return widgets.SelectionSlider(options=options, value=options[0] if value is None else value, **look(name))


def look(name):
    """What every slider is made with: its name in full, and room for its track beside it."""
    width = f"{210 + 7 * len(name)}px"
    return dict(description=name, style={"description_width": "initial"}, layout=widgets.Layout(width=width))


def _wrapping():
    return widgets.Layout(flex_flow="row wrap")
