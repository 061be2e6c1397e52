"""Make docs/explorers.png, the README's picture, from a real JupyterLab: `.venv/bin/python -m docs.explorers`.

The attention explorer on a ViT, and a wrong answer under its check. The ViT is trained here, a few minutes on two
cores; `--model FILE` keeps its weights there and takes them from there the next time. Needs Chromium and `dev`.
"""

import argparse
import io
import tempfile
from pathlib import Path

import nbformat
import torch
from PIL import Image
from playwright.sync_api import sync_playwright

from tests.browser.conftest import BROWSER, ROOT
from tests.browser.jupyter import CHROMIUM, Lab, NotebookPage, use_dark_theme
from vitcourse.data import load_data
from vitcourse.reference.vit import ViT
from vitcourse.training.config import TrainConfig
from vitcourse.training.fit import fit

SIZES = dict(img_size=32, patch_size=4, in_chans=3, num_classes=10, embed_dim=64, depth=4, num_heads=4)
HIDDEN = """
import math, torch
from vitcourse import check
from vitcourse.figures.widgets import explore_attention
from vitcourse.reference.vit import ViT
from vitcourse.data import load_data

data = load_data("shapes", train_size=100, test_size=400)
model = ViT(**{sizes})
model.load_state_dict(torch.load({weights!r}))
images, targets = data.test.images, data.test.targets
"""
ANSWER = """
def scaled_dot_product(q, k, v):
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    weights = scores.softmax(dim=-2)
    return weights @ v, weights
"""
CELLS = {
    "explore": "explore_attention(model, images, data, targets)",
    "answer": ANSWER,
    "check": 'check("scaled_dot_product")',
}


def trained(path):
    """The weights' file of a ViT that knows the shapes; trains it when there is no such file."""
    if not path.exists():
        torch.manual_seed(0)
        model = ViT(**SIZES)
        recipe = TrainConfig(epochs=15, batch_size=100, peak_lr=3e-3, flip=True)
        fit(model, load_data("shapes", train_size=6000, test_size=400), recipe, device="cpu")
        torch.save(model.state_dict(), path)
    return path


def screen(weights, image, query, dark=False):
    """A picture of the two cells and what they show, as PNG bytes."""
    cells = {"hidden": HIDDEN.format(sizes=SIZES, weights=str(weights.resolve())), **CELLS}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "vitcourse").symlink_to(ROOT / "vitcourse")
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(text.strip(), id=key) for key, text in cells.items()]
        )
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, root / "picture.ipynb")
        with Lab(root, progress=root / "progress") as lab, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=BROWSER, args=CHROMIUM)
            page = browser.new_page(viewport=dict(width=1180, height=1300), device_scale_factor=1.5)
            page.set_default_timeout(120_000)
            shown = NotebookPage(page, lab, "picture.ipynb")
            if dark:
                use_dark_theme(page)
            for key in cells:
                shown.run(key)
            output = shown.output("explore")
            output.locator("img").wait_for()
            for name, presses in {"image": image, "query (0: class token)": query}.items():
                label = page.get_by_text(name, exact=True)
                handle = output.locator(".widget-hslider").filter(has=label).locator(".noUi-handle")
                handle.focus()
                for _ in range(presses):
                    page.keyboard.press("ArrowRight")
            page.wait_for_timeout(5000)
            page.mouse.move(1, 1)
            page.evaluate("document.activeElement.blur()")
            shown.cell("explore").evaluate("cell => cell.scrollIntoView({block: 'start'})")
            page.wait_for_timeout(1000)
            first = shown.cell("explore").bounding_box()
            facts = shown.output("check").locator("dl").bounding_box()  # below them the card goes on with a picture
            clip = dict(
                x=first["x"], y=first["y"], width=first["width"], height=facts["y"] + facts["height"] - first["y"]
            )
            picture = page.screenshot(clip=dict(clip, height=clip["height"] + 4))
            browser.close()
    return picture


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=Path(tempfile.gettempdir()) / "vitcourse-picture.pt")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "explorers.png")
    parser.add_argument("--image", type=int, default=0)
    parser.add_argument("--query", type=int, default=0)
    parser.add_argument("--dark", action="store_true")
    chosen = parser.parse_args()
    picture = screen(trained(chosen.model), chosen.image, chosen.query, chosen.dark)
    small = Image.open(io.BytesIO(picture)).convert("RGB")
    small.save(chosen.out, optimize=True)
    print(f"{chosen.out}: {small.size[0]} x {small.size[1]} pixels, {chosen.out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
