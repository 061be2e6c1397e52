"""What a trained model says about an image, and what it looks at."""

from dataclasses import dataclass

import torch
from PIL import Image

from ..data.augment import normalize
from ..data.decode import decode
from ..data.split import DataError
from ..reference.maps import occlusion_map
from .look import Look, look
from .run import load_run


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


@dataclass(frozen=True)
class Explanation:
    """What a model says about one image, and where it looks; all on the CPU.

    Attributes:
        image: (C, H, W) uint8, as the model saw it.
        shares: each class's probability, by name, the likeliest first.
        seen: the `Look`, of a batch of one.
        falls: by how much a class falls where the image is covered, (rows, cols), for the two likeliest classes.
    """

    image: torch.Tensor
    shares: dict[str, float]
    seen: Look
    falls: dict[str, torch.Tensor]


def explain(image_path, run_folder):
    """Ask a trained model about one image file.

    The image is made upright, resized until its shorter side fits and cut to the middle, as the images of a folder are.

    Args:
        image_path: of any file that Pillow reads.
        run_folder: of a run that `vitcourse train` has saved.

    Returns:
        `Explanation`.

    Raises:
        TrainingError, DataError: with a sentence for the user.
    """
    run = load_run(run_folder)
    image = read_image(image_path, run.model_config["img_size"])
    seen = look(run.model, image, run.mean, run.std)
    probabilities = seen.logits[0].softmax(dim=0)
    order = probabilities.argsort(descending=True).tolist()
    shares = {run.classes[k]: probabilities[k].item() for k in order}
    falls = {run.classes[k]: occlusion(run.model, image, torch.tensor([k]), run.mean, run.std)[0] for k in order[:2]}
    return Explanation(image[0], shares, seen, falls)


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
