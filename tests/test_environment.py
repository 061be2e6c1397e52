"""environment.yml and pyproject.toml ask for the same packages with the same lower bounds."""

import tomllib

import pytest
import yaml
from packaging.requirements import Requirement

from vitcourse.common.places import REPO

CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}  # the others have one name everywhere
EXTRAS = ("lab", "test")  # what the conda environment holds; the browser comes with `make test`
ONLY_CONDA = {"pip"}


def project_bounds(text):
    """Package -> bound, by conda's names, of pyproject's dependencies, its extras, its build and its Python."""
    project = tomllib.loads(text)
    extras = project["project"]["optional-dependencies"]
    lines = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    lines += [line for extra in EXTRAS for line in extras[extra]]
    wanted = [Requirement(line) for line in lines if not line.startswith("vitcourse[")]
    bounds = {CONDA_NAMES.get(one.name, one.name): str(one.specifier) for one in wanted}
    return bounds | {"python": project["project"]["requires-python"]}


def disagreements(project, environment):
    """Sentences on what differs between the texts of the two files; empty when they agree."""
    conda = yaml.safe_load(environment)
    *packages, last = conda["dependencies"]
    said = []
    if conda["channels"] != ["conda-forge", "nodefaults"]:
        said.append(f"the channels are {conda['channels']}")
    if last != {"pip": ["--editable ."]}:
        said.append(f"the last entry must install the course with pip, and it is {last}")
        packages = [one for one in conda["dependencies"] if isinstance(one, str)]
    there = {Requirement(one).name: str(Requirement(one).specifier) for one in packages}
    wanted = project_bounds(project)
    said += [f"{name} is in pyproject.toml only" for name in wanted.keys() - there.keys()]
    said += [f"{name} is in environment.yml only" for name in there.keys() - wanted.keys() - ONLY_CONDA]
    said += [
        f"{name} is {wanted[name]} in pyproject.toml and {there[name]} in environment.yml"
        for name in wanted.keys() & there.keys()
        if wanted[name] != there[name]
    ]
    return sorted(said)


@pytest.fixture
def texts():
    return (REPO / "pyproject.toml").read_text(), (REPO / "environment.yml").read_text()


def test_the_two_files_agree(texts):
    assert disagreements(*texts) == []


@pytest.mark.parametrize(
    ("which", "old", "new", "words"),
    [
        (0, '"torch>=2.6"', '"torch>=2.7"', "pytorch is >=2.7 in pyproject.toml and >=2.6"),
        (0, '    "nbval>=0.11",\n', "", "nbval is in environment.yml only"),
        (0, 'requires-python = ">=3.11"', 'requires-python = ">=3.12"', "python is >=3.12"),
        (1, "  - tqdm>=4.66\n", "", "tqdm is in pyproject.toml only"),
        (1, "matplotlib-base>=3.8", "matplotlib>=3.8", "matplotlib is in environment.yml only"),
        (1, "jupyterlab>=4.2", "jupyterlab", "jupyterlab is >=4.2"),
        (1, "  - nodefaults\n", "", "channels"),
        (1, "      - --editable .\n", "      - torch\n", "last entry"),
    ],
)
def test_an_edit_of_one_file_is_seen(texts, which, old, new, words):
    edited = list(texts)
    assert old in edited[which]
    edited[which] = edited[which].replace(old, new)
    assert any(words in line for line in disagreements(*edited)), disagreements(*edited)


def test_no_bound_is_a_pin(texts):
    """An upper bound or a pin breaks Colab sooner or later, where the packages are given."""
    assert all(
        bound == "" or (bound.startswith(">=") and "," not in bound) for bound in project_bounds(texts[0]).values()
    )
