"""Where a trained model looks, as figures: over test images after training, and for any image file."""

from pathlib import Path

import torch
from PIL import Image

from ..reference.maps import occlusion_map
from .attention import look
from .augment import normalize
from .checkpoint import cannot_write, load_run
from .config import TrainingError
from .data.decode import decode
from .data.split import DataError

NO_CLASS_TOKEN = "This model has no class token whose attention could be drawn, so the figure shows occlusion alone."


def pick_examples(targets, count=8):
    """Return the indices of `count` images of classes as different as can be: the first of each class in turn."""
    targets = targets.tolist()
    seen, turns = {}, []
    for index, target in enumerate(targets):
        seen[target] = seen.get(target, 0) + 1
        turns.append((seen[target], target, index))
    return sorted(index for *_, index in sorted(turns)[:count])


def save_attention_figure(path, model, data, count=8):
    """Draw the class token's attention over `count` test images, with prediction and truth, into a PNG file.

    For a model without a class token the figure shows occlusion maps.

    Args:
        path: of the file.
        model: as in `look`.
        data: the `ImageData`.
        count: how many images; fewer when the test split is smaller.
    """
    plt = _pyplot()
    from ..figures.plots.maps import plot_attention_overlays, plot_occlusion_overlays
    from ..figures.style import style_context

    chosen = pick_examples(data.test.targets, count)
    images, truths = data.test.images[chosen], data.test.targets[chosen].tolist()
    seen = look(model, images, data.mean, data.std)
    probabilities, said = seen.logits.softmax(dim=1).max(dim=1)
    wrong = [guess != truth for guess, truth in zip(said.tolist(), truths, strict=True)]
    titles = [
        f"{data.classes[guess]} {sure:.0%}\n" + (f"not {data.classes[truth]}" if guess != truth else "right")
        for guess, sure, truth in zip(said.tolist(), probabilities.tolist(), truths, strict=True)
    ]
    with style_context():
        if seen.weights:
            figure = plot_attention_overlays(images, seen.layer(-1), titles, wrong)
        else:
            falls = occlusion(model, images, said, data.mean, data.std)
            figure = plot_occlusion_overlays(images, falls, titles, wrong)
        figure.savefig(path)
        plt.close(figure)


def occlusion(model, images, classes, mean, std):
    """Return by how much each image's class falls where it is covered: (B, rows, cols), on the CPU.

    The squares' side is an eighth of the image's shorter side, 4 pixels at least, and they overlap by half.

    Args:
        model, images, mean, std: as in `look`.
        classes: (B,) int64.
    """
    device = next(model.parameters()).device
    inputs = normalize(images.to(device), mean.to(device), std.to(device))
    side = max(4, min(images.shape[-2:]) // 8)
    was_training = model.training
    model.eval()
    try:
        falls = occlusion_map(model, inputs, classes.to(device), side, stride=side // 2)
    finally:
        model.train(was_training)
    return falls.float().cpu()


def explain(image_path, run_folder, out=None):
    """Draw what a trained model says about one image file and where it looks, into a PNG file; prints both.

    The image is made upright, resized until its shorter side fits and cut to the middle, as the images of a folder are.

    Args:
        image_path: of any file that Pillow reads.
        run_folder: of a run that `vitcourse train` has saved.
        out: the figure's path; None is explain-<name>.png in the working directory.

    Returns:
        The figure's path.

    Raises:
        TrainingError, DataError: with a sentence for the user.
    """
    out = Path(out) if out is not None else Path(f"explain-{Path(image_path).stem}.png")
    if not out.parent.is_dir():
        raise TrainingError(f"There is no folder {out.parent} to write the figure into.")
    run = load_run(run_folder)
    image = read_image(image_path, run.model_config["img_size"])
    if out.exists() and Path(image_path).samefile(out):
        raise TrainingError(f"{out} is the image itself: choose another file for the figure.")
    seen = look(run.model, image, run.mean, run.std)
    probabilities = seen.logits[0].softmax(dim=0)
    order = probabilities.argsort(descending=True).tolist()
    said = [run.classes[k] for k in order]
    shares = {run.classes[k]: probabilities[k].item() for k in order}
    falls = {
        f"for {run.classes[k]}": occlusion(run.model, image, torch.tensor([k]), run.mean, run.std)[0] for k in order[:2]
    }
    print("says        " + ", ".join(f"{name} {shares[name]:.1%}" for name in said[:3]))
    if not seen.weights:
        print(NO_CLASS_TOKEN)
    _draw(out, image[0], shares, seen, falls)
    print(f"written to  {out}")
    return out


def read_image(path, img_size):
    """Read one image file as a model takes it: (1, 3, H, W) uint8.

    Args:
        path: of the file.
        img_size: side in pixels, or (height, width).

    Raises:
        DataError: when it is no image that can be read.
    """
    H, W = (img_size, img_size) if isinstance(img_size, int) else img_size
    try:
        pixels = decode(path, (H, W))
    except FileNotFoundError:
        raise DataError(f"There is no file {path}.") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder: give an image file.") from None
    except Image.UnidentifiedImageError:
        raise DataError(f"{path} is not an image that Pillow can read.") from None
    except Exception as error:  # Pillow's readers raise many kinds for a broken file
        raise DataError(f"{path} cannot be read as an image ({error}).") from None
    return torch.tensor(pixels).permute(2, 0, 1)[None]


def _draw(out, image, shares, seen, falls):
    plt = _pyplot()
    from ..figures.plots.explain import plot_explanation
    from ..figures.style import style_context

    L = len(seen.weights)
    rows = {}
    if L:
        layers = {f"layer {i + 1}": seen.layer(i)[0] for i in range(L)} | {"rollout": seen.rollout()[0]}
        heads = {f"head {i + 1}": seen.layer(L - 1, i)[0] for i in range(seen.weights[-1].shape[1])}
        rows = {"each layer,\nmean of the heads": layers, "the last layer,\nhead by head": heads}
    with style_context():
        figure = plot_explanation(image, shares, rows, falls)
        try:
            figure.savefig(out, format="png")
        except OSError as error:
            raise TrainingError(cannot_write(out.parent, error)) from None
        finally:
            plt.close(figure)


def _pyplot():
    import matplotlib

    matplotlib.use("Agg")  # writes files, needs no screen
    import matplotlib.pyplot as plt

    return plt
