"""Imports go one way through the rooms, no files import in a circle, and `import vitcourse` stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "vitcourse"
# The rooms in their order: a module's room is its longest prefix here, and it imports from rooms above it in this list,
# or from its own.
ROOMS = (
    "vitcourse.common",
    "vitcourse.reference",
    "vitcourse.data",
    "vitcourse.training",
    "vitcourse.runs",
    "vitcourse.figures.style",
    "vitcourse.figures.plots",
    "vitcourse.figures",
    "vitcourse.exercises",
    "vitcourse.workbook",
    "vitcourse",
    "vitcourse.desk",
    "vitcourse.authoring",
    "vitcourse.doctor",
    "vitcourse.cli",
    "vitcourse.__main__",
)
# What a room may not import although it stands above: a plot takes arrays, and a checker knows nothing of training.
KEPT_APART = {
    "vitcourse.figures.style": ROOMS[1:5],
    "vitcourse.figures.plots": ROOMS[1:5],
    "vitcourse.exercises": ROOMS[2:8],
    "vitcourse.workbook": ROOMS[2:5],
}
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
    """The room that a module belongs to; None for a module that has none."""
    pieces = module.split(".")
    if len(pieces) == 1:
        return module
    prefixes = [".".join(pieces[:n]) for n in range(len(pieces), 1, -1)]
    return next((prefix for prefix in prefixes if prefix in ROOMS), None)


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
    """Sentences on imports that go down, to a room kept apart, or round in a circle, and on modules without a room."""
    known = dict(modules(package))
    found, graph = [], {name: set() for name in known}
    for name, path in known.items():
        here = part_of(name)
        if here is None:
            found.append(f"{name} has no room: give it one in {Path(__file__).name}")
            continue
        for line, target in imports(name, path, known):
            if target.split(".")[0] != "vitcourse":
                if here == "vitcourse.reference" and target.split(".")[0] not in {"torch", *sys.stdlib_module_names}:
                    found.append(f"{name}:{line} imports {target}: the reference needs torch only")
                if here == "vitcourse.common" and target.split(".")[0] not in sys.stdlib_module_names:
                    found.append(f"{name}:{line} imports {target}: common needs the standard library only")
                continue
            if target in known and target != name:
                graph[name].add(target)
            there = part_of(target)
            if there is None:
                found.append(f"{name}:{line} imports {target}, which has no room")
            elif ROOMS.index(there) > ROOMS.index(here):
                found.append(f"{name}:{line} imports {target}: {here} may not use {there}, which stands below it")
            elif there in KEPT_APART.get(here, ()):
                found.append(f"{name}:{line} imports {target}: {here} is kept apart from {there}")
            elif here == there == "vitcourse.reference" and not earlier(target, name):
                found.append(f"{name}:{line} imports {target}: a reference module uses earlier labs only")
    return found + [f"a circle of files: {', '.join(circle)}" for circle in circles(graph)]


def circles(graph):
    """Return the circles of a graph {node: nodes}: each as the sorted nodes that reach each other."""
    reached = {node: _reachable(graph, node) for node in graph}
    groups = {frozenset(n for n in reached[node] if node in reached[n]) for node in graph if node in reached[node]}
    return sorted(sorted(group) for group in groups)


def _reachable(graph, start):
    found, todo = set(), list(graph[start])
    while todo:
        node = todo.pop()
        if node not in found:
            found.add(node)
            todo += graph[node]
    return found


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
        ("reference/patches.py", "from vitcourse.exercises import base", "may not use vitcourse.exercises"),
        ("reference/patches.py", "from ..workbook import check", "may not use vitcourse.workbook"),
        ("reference/patches.py", "def f():\n    import vitcourse.data", "may not use vitcourse.data"),
        ("reference/patches.py", "import numpy", "needs torch only"),
        ("reference/patches.py", "from .vit import ViT", "earlier labs only"),
        ("reference/patches.py", "from . import vit", "earlier labs only"),
        ("common/files.py", "import torch", "standard library only"),
        ("data/batches.py", "from ..training.config import TrainConfig", "may not use vitcourse.training"),
        ("training/step.py", "def f():\n    from ..runs import train", "may not use vitcourse.runs"),
        ("runs/explain.py", "def f():\n    from ..figures.plots import maps", "may not use vitcourse.figures.plots"),
        ("exercises/patches.py", "from ..training import fit", "kept apart from vitcourse.training"),
        ("figures/plots/patches.py", "from ..widgets import slide", "may not use vitcourse.figures"),
        ("figures/plots/patches.py", "from ...data import shapes", "kept apart from vitcourse.data"),
        ("workbook/check.py", "from ..training import fit", "kept apart from vitcourse.training"),
        ("workbook/check.py", "import vitcourse", "may not use vitcourse"),
        ("workbook/check.py", "from ..authoring.build import main", "may not use vitcourse.authoring"),
        (
            "training/config.py",
            "from .fit import fit",
            "a circle of files: vitcourse.training.config, ",
        ),
        ("training/config.py", "def f():\n    from .fit import fit", "a circle of files"),
        ("extra/new.py", "import torch", "has no room"),
    ],
)
def test_an_upward_import_is_seen(tmp_path, file, text, words):
    package = tmp_path / "vitcourse"
    for name in ("exercises/base", "reference/vit", "training/fit", "training/config", "runs/train", "authoring/build"):
        path = package / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (package / "__init__.py").write_text("from .reference import vit")
    (package / "training" / "fit.py").write_text("from .config import TrainConfig\nfrom ..reference.vit import ViT\n")
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
