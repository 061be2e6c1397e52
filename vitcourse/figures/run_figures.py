"""Figures of trained models, as files: over test images after training, and for one image."""

from pathlib import Path

import matplotlib

from ..common.files import cannot_write
from ..runs.explain import explain, occlusion
from ..runs.look import look
from ..training.config import TrainingError
from .plots.explain import plot_explanation
from .plots.maps import plot_attention_overlays, plot_occlusion_overlays
from .style import style_context

ATTENTION = "attention.png"
NO_CLASS_TOKEN = "This model has no class token whose attention could be drawn, so the figure shows occlusion alone."


def save_attention_figure(folder, model, data, count=8):
    """Draw the class token's attention over test images, with prediction and truth, into a run's folder.

    For a model without a class token the figure shows occlusion maps.

    Args:
        folder: the run's.
        model: as in `look`.
        data: the `ImageData`.
        count: how many images; fewer when the test split is smaller.

    Returns:
        The file's name.
    """
    chosen = pick_examples(data.test.targets, count)
    images, truths = data.test.images[chosen], data.test.targets[chosen].tolist()
    seen = look(model, images, data.mean, data.std)
    probabilities, said = seen.logits.softmax(dim=1).max(dim=1)
    wrong = [guess != truth for guess, truth in zip(said.tolist(), truths, strict=True)]
    titles = [
        f"{data.classes[guess]} {sure:.0%}\n" + (f"not {data.classes[truth]}" if guess != truth else "right")
        for guess, sure, truth in zip(said.tolist(), probabilities.tolist(), truths, strict=True)
    ]
    if seen.weights:
        plot, maps = plot_attention_overlays, seen.layer(-1)
    else:
        plot, maps = plot_occlusion_overlays, occlusion(model, images, said, data.mean, data.std)
    _save(Path(folder) / ATTENTION, plot, images, maps, titles, wrong)
    return ATTENTION


def pick_examples(targets, count=8):
    """Return the indices of `count` images of classes as different as can be: the first of each class in turn."""
    targets = targets.tolist()
    seen, turns = {}, []
    for index, target in enumerate(targets):
        seen[target] = seen.get(target, 0) + 1
        turns.append((seen[target], target, index))
    return sorted(index for *_, index in sorted(turns)[:count])


def explain_to_file(image_path, run_folder, out=None):
    """Draw what a trained model says about one image file and where it looks, into a PNG file; prints both.

    Args:
        image_path, run_folder: as in `explain`.
        out: the figure's path; None is explain-<name>.png in the working directory.

    Returns:
        The figure's path.

    Raises:
        TrainingError, DataError: with a sentence for the user.
    """
    out = Path(out) if out is not None else Path(f"explain-{Path(image_path).stem}.png")
    if not out.parent.is_dir():
        raise TrainingError(f"There is no folder {out.parent} to write the figure into.")
    if out.exists() and Path(image_path).exists() and Path(image_path).samefile(out):
        raise TrainingError(f"{out} is the image itself: choose another file for the figure.")
    found = explain(image_path, run_folder)
    print("says        " + ", ".join(f"{name} {share:.1%}" for name, share in list(found.shares.items())[:3]))
    if not found.seen.weights:
        print(NO_CLASS_TOKEN)
    try:
        _save(out, _plot_explanation, found)
    except OSError as error:
        raise TrainingError(cannot_write(out.parent, error)) from None
    print(f"written to  {out}")
    return out


def _plot_explanation(found):
    seen, rows = found.seen, {}
    L = len(seen.weights)
    if L:
        layers = {f"layer {i + 1}": seen.layer(i)[0] for i in range(L)} | {"rollout": seen.rollout()[0]}
        heads = {f"head {i + 1}": seen.layer(L - 1, i)[0] for i in range(seen.weights[-1].shape[1])}
        rows = {"each layer,\nmean of the heads": layers, "the last layer,\nhead by head": heads}
    falls = {f"for {name}": fall for name, fall in found.falls.items()}
    return plot_explanation(found.image, found.shares, rows, falls)


def _save(path, plot, *arguments):
    """Draw a figure without a screen and write it as a PNG file."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    with style_context():
        figure = plot(*arguments)
        try:
            figure.savefig(path, format="png")
        finally:
            plt.close(figure)
