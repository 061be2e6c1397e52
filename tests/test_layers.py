"""Imports go down the layers only, and `import vitcourse` stays light. See DESIGN: a house with one direction."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "vitcourse"
# A module's layer is that of its longest prefix here. An import goes to a lower layer, or stays in its own part.
LAYERS = {
    "vitcourse.reference": 0,
    "vitcourse.figures.plots": 0,
    "vitcourse.figures.style": 0,
    "vitcourse.training.data": 0,
    "vitcourse.training.augment": 0,  # tensors in, tensors out, nothing of the course: training and explorers use it
    "vitcourse.exercises": 1,
    "vitcourse.training": 1,
    "vitcourse.figures": 1,
    "vitcourse.workbook": 2,
    "vitcourse": 3,
    "vitcourse.authoring": 3,
    "vitcourse.cli": 4,
    "vitcourse.__main__": 5,
}
# The two parts of one layer that may use each other: plots are drawn in the shared style.
SIDEWAYS = {("vitcourse.figures.plots", "vitcourse.figures.style")}
STEMS = [
    "welcome",
    "patches",
    "tokens",
    "attention",
    "vit",
    "stem",  # of no lab: the second track of the recipes
    "recipe",
    "maps",
    "deit",
    "swin",
    "swin_model",
]  # the labs' order


def part_of(module):
    """The entry of LAYERS that a module belongs to; None for a module that has none."""
    pieces = module.split(".")
    if len(pieces) == 1:
        return module
    prefixes = [".".join(pieces[:n]) for n in range(len(pieces), 1, -1)]
    return next((prefix for prefix in prefixes if prefix in LAYERS), None)


def modules(package):
    """(name, path) of every module of a package's folder."""
    for path in sorted(package.rglob("*.py")):
        pieces = path.relative_to(package.parent).with_suffix("").parts
        yield ".".join(pieces[:-1] if pieces[-1] == "__init__" else pieces), path


def imports(name, path, known):
    """(line, module) of every import in a file, also those inside functions, with relative ones resolved."""
    home = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = home[: len(home) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                whole = f"{origin}.{alias.name}"
                yield node.lineno, whole if whole in known else origin


def violations(package):
    """Sentences on imports that go up or sideways, and on modules without a layer."""
    known = dict(modules(package))
    said = []
    for name, path in known.items():
        here = part_of(name)
        if here is None:
            said.append(f"{name} has no layer: give it one in {Path(__file__).name}")
            continue
        for line, target in imports(name, path, known):
            if target.split(".")[0] != "vitcourse":
                if here == "vitcourse.reference" and target.split(".")[0] not in {"torch", *sys.stdlib_module_names}:
                    said.append(f"{name}:{line} imports {target}: the reference needs torch only")
                continue
            there = part_of(target)
            if there is None:
                said.append(f"{name}:{line} imports {target}, which has no layer")
            elif there != here and LAYERS[there] >= LAYERS[here] and (here, there) not in SIDEWAYS:
                said.append(f"{name}:{line} imports {target}: layer {LAYERS[here]} may not use layer {LAYERS[there]}")
            elif here == there == "vitcourse.reference" and not earlier(target, name):
                said.append(f"{name}:{line} imports {target}: a reference module uses earlier labs only")
    return said


def earlier(target, name):
    """Whether a reference module comes before another in the labs' order."""
    first, second = (module.rsplit(".", 1)[-1] for module in (target, name))
    return first in STEMS and second in STEMS and STEMS.index(first) < STEMS.index(second)


def test_imports_go_down_only():
    assert violations(PACKAGE) == []


def test_every_reference_module_has_its_place_in_the_order():
    stems = {path.stem for path in (PACKAGE / "reference").glob("*.py")} - {"__init__"}
    assert stems and stems <= set(STEMS)


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("reference/patches.py", "from vitcourse.exercises import base", "layer 0 may not use layer 1"),
        ("reference/patches.py", "from ..workbook import check", "layer 0 may not use layer 2"),
        ("reference/patches.py", "def f():\n    import vitcourse.training.data", "layer 0 may not use layer 0"),
        ("reference/patches.py", "import numpy", "needs torch only"),
        ("reference/patches.py", "from .vit import ViT", "earlier labs only"),
        ("reference/patches.py", "from . import vit", "earlier labs only"),
        ("exercises/patches.py", "from ..training import fit", "layer 1 may not use layer 1"),
        ("figures/plots/patches.py", "from ..widgets import slide", "layer 0 may not use layer 1"),
        ("training/data/shapes.py", "from ..fit import fit", "layer 0 may not use layer 1"),
        ("workbook/check.py", "import vitcourse", "layer 2 may not use layer 3"),
        ("workbook/check.py", "from ..authoring.build import main", "layer 2 may not use layer 3"),
        ("extra/new.py", "import torch", "has no layer"),
    ],
)
def test_an_upward_import_is_seen(tmp_path, file, text, words):
    package = tmp_path / "vitcourse"
    for name in ("exercises/base", "reference/vit", "training/fit", "figures/widgets", "authoring/build"):
        path = package / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (package / "__init__.py").write_text("from .reference import vit")
    (package / "training" / "fit.py").write_text("from .data import shapes\nfrom ..reference.vit import ViT\n")
    assert violations(package) == []
    path = package / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    assert [line for line in violations(package) if words in line], violations(package)


def loaded_by(statement):
    """The top-level modules that a fresh Python holds after a statement."""
    command = f"{statement}\nimport sys\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, cwd=PACKAGE.parent)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


HEAVY = {"matplotlib", "torchvision", "ipywidgets"}


def test_import_vitcourse_is_light():
    assert loaded_by("import vitcourse") & HEAVY == set()


def test_the_command_line_starts_without_the_heavy_parts():
    assert loaded_by("import vitcourse.cli; vitcourse.cli.make_parser()") & HEAVY == set()


def test_a_heavy_import_would_be_seen():
    assert "matplotlib" in loaded_by("import matplotlib")
