"""Make a run notebook's outputs fit to be kept: small pictures, no widgets, nothing of the machine that ran them."""

import base64
import html
import io
import re
import struct
import zlib

import numpy as np
from nbformat.v4 import new_output
from PIL import Image

WIDGET = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
LIMIT = 1_000_000  # bytes of a notebook's file: above this GitHub stops to show it, and a clone grows slow
PHOTOGRAPH = 4000  # colours; of a plot or a map with its bar matplotlib makes up to 3,000, most at the edges of letters
# What tells of the machine or of where its packages came from; a reader can do nothing with it.
MACHINE = re.compile(r"(?:/root/|/tmp/|/home/\w+|/Users/\w+|site-packages|pypi\.|anaconda\.|index-url)")


def clean(notebook):
    """Replace widgets by what they show and shrink the pictures, in place; `metadata.widgets` goes."""
    state = notebook.metadata.pop("widgets", {}).get(STATE, {}).get("state", {})
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.metadata.pop("execution", None)  # time stamps
        outputs = []
        for output in cell.outputs:
            view = output.get("data", {}).get(WIDGET)
            if view and "image/png" in output.data:  # an explorer brings its own picture, with words for it
                del output.data[WIDGET]
                view = None
            outputs += widget_outputs(view["model_id"], state) if view else [output]
        for output in outputs:
            data = output.get("data", {})
            if "image/png" in data:
                data["image/png"] = shrink(data["image/png"])
        cell.outputs = outputs


def widget_outputs(model_id, state):
    """What a widget shows at the end of the run, as plain outputs: its pictures and captured output, else its words."""
    shown, words = [], []
    _walk(model_id, state, shown, words, set())
    if not shown:
        text = " ".join(words) or "A widget: run this cell to see and use it."
        shown.append(new_output("display_data", data={"text/plain": text}))
    return shown


def _walk(model_id, state, shown, words, seen):
    model = state.get(model_id)
    if model is None or model_id in seen:
        return
    seen.add(model_id)
    values = model["state"]
    if model["model_name"] == "OutputModel":
        for output in values.get("outputs", []):
            view = output.get("data", {}).get(WIDGET)
            if view:
                _walk(view["model_id"], state, shown, words, seen)
            else:
                fields = {key: value for key, value in output.items() if key != "output_type"}
                shown.append(new_output(output["output_type"], **fields))
    elif model["model_name"] == "ImageModel" and values.get("format") == "png":
        picture = next((buffer["data"] for buffer in model.get("buffers", []) if buffer["path"] == ["value"]), None)
        if picture:
            data = {"image/png": picture, "text/plain": "<a widget's picture>"}
            shown.append(new_output("display_data", data=data))
    elif model["model_name"] in ("HTMLModel", "LabelModel"):
        text = html.unescape(re.sub(r"<[^>]*>", " ", str(values.get("value", ""))))
        words.append(" ".join(text.split()))
    for child in values.get("children", []):
        _walk(str(child).removeprefix("IPY_MODEL_"), state, shown, words, seen)


def shrink(encoded, rounded=False):
    """A base64 PNG on white paper, packed tighter and without metadata, or the same text when that is not smaller.

    No colour changes: a palette of 256 would shift those of maps, colour bars and photographs, which have thousands,
    so only a picture that has no more of them gets one.

    Args:
        encoded: the PNG.
        rounded: whether a picture of many colours is rounded, see `round_photographs`.
    """
    raw = base64.b64decode(encoded)
    image = Image.open(io.BytesIO(raw)).convert("RGBA")
    paper = Image.new("RGBA", image.size, "white")
    paper.alpha_composite(image)
    flat = paper.convert("RGB")
    if rounded and flat.getcolors(PHOTOGRAPH) is None:
        flat = flat.point([round(round(value * 63 / 255) * 255 / 63) for value in range(256)] * 3)
    if flat.getcolors(256) is not None:
        packed = [_pillow_png(flat.quantize(256, dither=Image.Dither.NONE))]
    else:
        packed = [_pillow_png(flat), *(_filtered_png(np.asarray(flat), kind) for kind in (0, 2))]
    small = min(packed, key=len)
    return base64.b64encode(small).decode() if len(small) < len(raw) else encoded


def round_photographs(notebook):
    """Save bytes in a notebook that is too big, in place: round its pictures of more than `PHOTOGRAPH` colours.

    Red, green and blue take 64 levels each, so that none moves by more than 2 of 255, which nobody sees. The noise of
    a photograph is most of its bytes, and half of it lies below that. A plot, a map or a colour bar has fewer colours
    and stays exact.
    """
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                data["image/png"] = shrink(data["image/png"], rounded=True)


def _pillow_png(image):
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def _filtered_png(pixels, kind):
    """A PNG of (H, W, 3) bytes with one filter for all rows: 0 none, 2 the difference from the row above.

    Pillow chooses a filter for each row, by a guess that suits photographs. Drawings take about a tenth less without,
    and what repeats from row to row, such as enlarged pixels, with the second.
    """
    rows = pixels if kind == 0 else np.diff(pixels, axis=0, prepend=np.zeros_like(pixels[:1]))
    height, width, _ = pixels.shape
    lines = np.insert(rows.reshape(height, -1), 0, kind, axis=1).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # eight bits a channel, RGB
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b"")]
    written = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)


def output_problems(notebook, root):
    """Sentences on outputs that must not be kept: errors, widgets, and paths or hosts of the machine."""
    problems = []
    if "widgets" in notebook.metadata:
        problems.append("its metadata holds widget state")
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                problems.append(f"cell {cell.id} shows an error: {output.ename}: {output.evalue}")
            for text in _texts(output):
                for line in text.splitlines():
                    if MACHINE.search(line) or str(root) in line:
                        problems.append(f"cell {cell.id} shows something of the machine that ran it: {line[:160]}")
                        break
    return problems


def size_problems(notebook, text):
    """One sentence when a notebook's file is too big, naming its biggest cells."""
    size = len(text.encode())
    if size < LIMIT:
        return []
    sizes = {cell.id: len(str(cell.get("outputs", ""))) for cell in notebook.cells}
    biggest = sorted(sizes, key=sizes.get, reverse=True)[:3]
    cells = ", ".join(f"{key} ({sizes[key] / 1000:.0f} kB)" for key in biggest)
    return [f"it has {size / 1e6:.2f} MB, and {LIMIT / 1e6:.0f} MB is the limit; its biggest cells: {cells}"]


def _texts(output):
    """The parts of an output that a reader sees as text."""
    if output.output_type == "stream":
        return [_joined(output.text)]
    if output.output_type == "error":
        return []
    return [_joined(value) for kind, value in output.data.items() if kind.startswith("text/") or kind == WIDGET]


def _joined(text):
    return "".join(text) if isinstance(text, list) else str(text)
