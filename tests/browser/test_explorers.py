"""Every explorer in a real browser: moved by keys and by mouse, it shows the picture that its plain function draws."""

import base64
import re

import nbformat
import numpy as np
import pytest

from tests.figures.test_widgets_patches import pixels
from vitcourse.figures.live import TrainingDashboard

from .jupyter import NotebookPage, use_dark_theme, wait_until

expect = pytest.importorskip("playwright.sync_api", reason="the browser test needs playwright").expect

# The cells run in the notebook's kernel and here: what the page shows must be what the same call draws here.
CELLS = {
    "setup": """
import torch
from vitcourse.figures.widgets import augmentation_gallery, explore_attention, explore_patches, explore_positions
from vitcourse.reference.vit import ViT
from vitcourse.data import load_data

data = load_data("shapes", train_size=20, test_size=6)
torch.manual_seed(0)
model = ViT(img_size=32, patch_size=8, in_chans=3, num_classes=10, embed_dim=16, depth=2, num_heads=2)
untrained = model.tokens.pos_embed.detach().clone()
for parameter in model.parameters():  # as initialised, all maps would be even
    torch.nn.init.normal_(parameter, std=0.3)
""",
    "patches": "explore_patches(data.test.images, labels=[data.classes[k] for k in data.test.targets])",
    "attention": "explore_attention(model, data.test.images, data, data.test.targets)",
    "positions": "explore_positions(model.tokens.pos_embed, (4, 4), untrained=untrained)",
    "gallery": "augmentation_gallery(data)",
    "dashboard": """
import time
from vitcourse.figures.live import TrainingDashboard
from vitcourse.training.config import History

history, dashboard = History(epochs=3), TrainingDashboard(seconds=0)
for n in range(3):
    history.add(train_loss=2 - n / 2, test_loss=2.1 - n / 2, test_accuracy=n / 3, lr=1e-3, seconds=10.0 * (n + 1))
    dashboard(history)
    time.sleep(0.7)
""",
}
GET_PNG = """async image => {
    const blob = await (await fetch(image.src)).blob();
    return await new Promise(done => {
        const reader = new FileReader();
        reader.onload = () => done(reader.result.split(",")[1]);
        reader.readAsDataURL(blob);
    });
}"""
WATCH = """output => {
    window.seen = new Set();
    const look = () => output.querySelectorAll("img").forEach(image => window.seen.add(image.src));
    new MutationObserver(look).observe(output, {subtree: true, childList: true, attributes: true});
}"""
# The contrast of an element's words with what lies behind them, as WCAG counts it.
CONTRAST = """element => {
    const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
        .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    let behind = element;
    while (behind && (numbers(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0) behind = behind.parentElement;
    const colours = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor];
    const both = colours.map(numbers).map(light);
    return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
}"""


class Shown:
    """An explorer in a cell's output, and the same explorer here."""

    def __init__(self, notebook, key, here):
        self.page, self.output, self.here = notebook.page, notebook.output(key), here
        self.picture = self.output.locator("img")
        self.state = here.state()

    def png(self):
        """The bytes of the picture on the page."""
        return base64.b64decode(self.picture.evaluate(GET_PNG))

    def expect(self, **changed):
        """Wait until the page shows the picture of the state after a change, and its words."""
        self.state = {**self.state, **changed}
        png, words, _ = self.here.render(**self.state)
        problem = f"the page does not show {self.state}"
        wait_until(lambda: same_picture(self.png(), png), 20, problem, self.page.wait_for_timeout)
        expect(self.output.get_by_role("status")).to_have_text(words)

    def slider(self, name):
        """The handle of the slider of this name."""
        label = self.page.get_by_text(name, exact=True)
        return self.output.locator(".widget-hslider").filter(has=label).locator(".noUi-handle")

    def press(self, name, key):
        """Move a slider by the keyboard."""
        handle = self.slider(name)
        handle.focus()
        self.page.keyboard.press(key)

    def click(self, name):
        """Click one of the buttons over the picture, by its name."""
        self.output.locator(f"button[title='{name}']").first.click()


def same_picture(one, other):
    """Whether two PNGs show the same, up to a pixel in a thousand: two processes may round a model's output apart."""
    one, other = pixels(one), pixels(other)
    return one.shape == other.shape and np.mean(np.abs(one - other).max(axis=2) > 8) < 1e-3


@pytest.fixture
def notebook(lab, page):
    """A notebook with a cell for each explorer, opened and with its first cell run."""
    cells = [nbformat.v4.new_code_cell(text.strip(), id=key) for key, text in CELLS.items()]
    made = nbformat.v4.new_notebook(cells=cells)
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, lab.root / "explorers.ipynb")
    notebook = NotebookPage(page, lab, "explorers.ipynb")
    notebook.run("setup")
    return notebook


@pytest.fixture(scope="module")
def names():
    """What the setup cell defines, here."""
    names = {}
    exec(CELLS["setup"], names)
    return names


def test_every_explorer_follows_keys_and_mouse(notebook, names, page, photograph):
    shown = {}
    for key in ("patches", "attention", "positions", "gallery"):
        notebook.run(key)
        shown[key] = Shown(notebook, key, eval(CELLS[key], names))
        shown[key].expect()

    patches = shown["patches"]
    patches.press("image", "ArrowRight")
    patches.expect(image=1)
    patches.press("patch size", "ArrowLeft")
    patches.expect(patch_size=4)
    patches.press("token", "ArrowRight")
    patches.expect(token=1)
    patches.click("row 7, column 3")
    patches.expect(token=7 * 8 + 3)
    photograph(page, "explorer-patches")

    attention = shown["attention"]
    attention.click("row 2, column 1")
    attention.expect(query=1 + 2 * 4 + 1)
    attention.click("layer 1, head 2")
    attention.expect(layer=1, head=2)
    attention.press("head", "ArrowLeft")
    attention.expect(head=1)
    attention.press("layer", "ArrowRight")
    attention.expect(layer=2)
    attention.press("query (0: class token)", "ArrowRight")
    attention.expect(query=11)
    attention.click("class token")
    attention.expect(query=0)
    attention.press("image", "ArrowRight")
    attention.expect(image=1)
    attention.click("row 1, column 2")
    attention.expect(query=7)
    photograph(page, "explorer-attention")

    positions = shown["positions"]
    positions.press("row", "ArrowRight")
    positions.expect(row=2)
    positions.press("column", "End")
    positions.expect(column=3)
    positions.click("row 0, column 1")
    positions.expect(row=0, column=1)

    gallery = shown["gallery"]
    gallery.press("crop, pixels", "ArrowRight")
    gallery.expect(crop=1)
    gallery.output.get_by_label("flip").focus()
    page.keyboard.press("Space")
    gallery.expect(flip=True)
    gallery.press("RandAugment, operations", "End")
    gallery.expect(rand_augment=4)
    gallery.press("its magnitude", "Home")
    gallery.expect(magnitude=0)
    gallery.press("erasing, probability", "End")
    gallery.expect(erasing=1.0)
    gallery.output.get_by_role("button", name="cutmix").focus()
    page.keyboard.press("Enter")
    gallery.expect(mix="cutmix")
    gallery.press("share kept in a mix", "ArrowLeft")
    gallery.expect(keep=0.55)
    gallery.press("luck", "ArrowRight")
    gallery.expect(luck=1)
    drag_to_the_end(page, gallery.output, gallery.slider("its magnitude"))
    gallery.expect(magnitude=30)
    photograph(page, "explorer-gallery")

    output = notebook.cell("dashboard")
    output.evaluate(WATCH)
    notebook.run("dashboard")
    image = notebook.output("dashboard").locator("img")
    expect(image).to_have_count(1)
    assert len(page.evaluate("[...window.seen]")) == 3, "one picture an epoch, each in the place of the last"
    assert same_picture(base64.b64decode(image.evaluate(GET_PNG)), last_dashboard())

    contrast = {"light": words_contrast(patches)}
    use_dark_theme(page)
    contrast["dark"] = words_contrast(patches)
    assert min(contrast.values()) >= 4.5, contrast
    photograph(page, "explorer-gallery-dark")
    for key in ("patches", "attention", "positions"):
        notebook.cell(key).scroll_into_view_if_needed()
        photograph(page, f"explorer-{key}-dark")
    assert page.crashes == []


def drag_to_the_end(page, output, handle):
    """Drag a slider's handle beyond the right end of its track."""
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 150, y, steps=5)
    page.mouse.move(x + 400, y, steps=5)
    page.mouse.up()


def last_dashboard():
    """The picture after the dashboard cell's last epoch, drawn here."""
    names = {}
    exec(re.sub(r"\n    time\.sleep.*", "", CELLS["dashboard"]), names)
    dashboard = TrainingDashboard()
    dashboard.draw(names["history"])
    return dashboard.png


def words_contrast(shown):
    """The least contrast of an explorer's words and labels with the page behind them."""
    texts = [shown.output.get_by_role("status"), *shown.output.locator(".widget-label:visible").all()]
    return min(text.evaluate(CONTRAST) for text in texts)
