"""What the learner wrote is what trains: each piece leaves a mark when it runs."""

import re

import pytest
import torch

import vitcourse
from vitcourse import cli
from vitcourse.authoring.master import read_master
from vitcourse.common.places import REPO
from vitcourse.data import load_data
from vitcourse.data.batches import Batches
from vitcourse.reference import recipe
from vitcourse.runs.run import load_run
from vitcourse.training.config import TrainConfig
from vitcourse.training.fit import fit
from vitcourse.training.pieces import Pieces
from vitcourse.workbook import run_check, store
from vitcourse.workbook.fingerprint import fingerprint
from vitcourse.workbook.mine import load
from vitcourse.workbook.reference_text import solution_source

MODEL = ("PatchEmbed", "TokenPrep", "MultiHeadAttention", "Block", "ViT")
RECIPE = ("parameter_groups", "warmup_cosine", "mixup", "cutmix", "soft_cross_entropy")
TINY = [
    "--data",
    "shapes",
    "--train-size",
    "60",
    "--test-size",
    "20",
    "--epochs",
    "2",
    "--batch-size",
    "20",
    "--device",
]
TINY += ["cpu", "--patch-size", "8", "--embed-dim", "16", "--depth", "1", "--num-heads", "2", "--seed", "3"]
SMALLER = {
    "mixup=0.2": "mixup=0.5, cutmix=0.5",
    "train_size=500": "train_size=200",
    "batch_size=100": "batch_size=10",
    "    losses[name] = trainer": "    torch.marks.append(name)\n    losses[name] = trainer",
}
MIXED = ["--mixup", "0.5", "--cutmix", "0.5"]


def marked(name):
    """The reference's answer, which writes its name to a list of torch's when it runs: right, and still known."""
    text = solution_source(name)
    mark = f'getattr(__import__("torch"), "marks", []).append("{name}")'
    # a class's forward, or the function itself: its body begins after the docstring or the signature
    start = text.index("def forward(") if text.startswith("class ") else text.index("def ")
    body = re.search(r'\):\n((?: +""".*?"""\n)?)', text[start:], flags=re.S)
    at = start + body.end()
    indent = " " * (8 if text.startswith("class ") else 4)
    return f"{text[:at]}{indent}{mark}\n{text[at:]}\n"


@pytest.fixture
def learner(tmp_path, monkeypatch):
    """A learner who solved all of it, and the list of what ran."""
    monkeypatch.setenv("VITCOURSE_HOME", str(tmp_path / "home"))
    for name in (*MODEL, *RECIPE, "train_one_epoch"):
        text = marked(name)
        store.keep(name, text)
        kept = dict(kept=store.hash_of(text), kept_for=fingerprint(name), status="PASS")
        store.update(name, **kept)
    marks = []
    monkeypatch.setattr(torch, "marks", marks, raising=False)
    return marks


def test_the_marked_answers_are_right(learner):
    for name in (*MODEL, *RECIPE, "train_one_epoch"):
        found = load(name)
        assert found.own and run_check(name, found.answer).status == "PASS", name


@pytest.mark.parametrize("name", RECIPE)
def test_fit_is_made_of_the_pieces_it_is_given(name):
    ran = []

    def own(*args, **kwargs):
        ran.append(name)
        return getattr(recipe, name)(*args, **kwargs)

    data = load_data("shapes", train_size=40, test_size=10, img_size=16)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 16 * 16, 10))
    config = TrainConfig(epochs=2, batch_size=5, mixup=0.5, cutmix=0.5, precision="fp32")
    fit(model, data, config, device="cpu", progress=False, pieces=Pieces(**{name: own}))
    assert ran


@pytest.mark.parametrize("name", ["mixup", "cutmix"])
def test_batches_mix_with_the_function_they_are_given(name):
    data = load_data("shapes", train_size=20, test_size=10)
    nothing = {name: lambda images, targets, *_: (images * 0, targets)}
    images, _ = next(iter(Batches(data.train, data, TrainConfig(**{name: 1.0}), **nothing)))
    assert not images.any()


def test_lab_05_trains_with_what_the_learner_wrote(learner, monkeypatch):
    master = read_master(REPO / "labs" / "05_recipe.md")
    cells = {cell.key: cell.source for cell in master.cells}
    space = {"mine": vitcourse.mine}
    monkeypatch.setenv("MPLBACKEND", "agg")
    for key in ("imports", "assemble", "learn", "fit"):
        learner.clear()
        text = cells[key]
        if key in ("assemble", "learn"):  # the names of exercises that the notebook's own cells define
            space |= {name: vitcourse.mine(name) for name in ("warmup_cosine", "soft_cross_entropy")}
        if key == "fit":  # smaller, with both ways of mixing, and with a mark where the second trainer begins
            space["sizes"] = dict(img_size=32, patch_size=16, num_classes=10, embed_dim=16, depth=1, num_heads=2)
            for old, new in SMALLER.items():
                assert old in text
                text = text.replace(old, new)
        exec(compile(text, key, "exec"), space)
    by_learn, by_fit = learner[: learner.index("fit")], learner[learner.index("fit") :]
    assert set(by_learn) == {*MODEL, *RECIPE, "train_one_epoch", "learn"}
    assert set(by_fit) == {*MODEL, *RECIPE, "fit"}


def test_the_command_trains_the_learners_answers(learner, tmp_path, capsys):
    assert cli.main(["train", *TINY, *MIXED, "--mine", "--out", str(tmp_path / "own")]) == 0
    assert set(learner) == {*MODEL, *RECIPE}
    said = capsys.readouterr().out
    assert all(name in said for name in (*MODEL, *RECIPE))
    learner.clear()
    assert cli.main(["train", *TINY, *MIXED, "--out", str(tmp_path / "course")]) == 0
    assert not learner and "yours " not in capsys.readouterr().out
    # The marked answers compute what the reference does, so the runs end alike, and the saved one is read back.
    own, course = load_run(tmp_path / "own"), load_run(tmp_path / "course")
    assert own.history.train_loss == course.history.train_loss


def test_a_run_of_own_answers_goes_on_with_them(learner, tmp_path, monkeypatch, capsys):
    out, steps = tmp_path / "run", []

    def due(self):
        steps.append(1)
        if len(steps) == 5:
            raise RuntimeError("power cut")
        return False

    with monkeypatch.context() as patch, pytest.raises(RuntimeError, match="power cut"):
        patch.setattr("vitcourse.training.progress.Progress.due", due)
        cli.main(["train", *TINY, *MIXED, "--mine", "--checkpoint-every", "2", "--out", str(out)])
    learner.clear()
    assert cli.main(["train", *TINY, *MIXED, "--out", str(out)]) == 1  # without --mine it is another run
    assert "mine is True there and False here" in capsys.readouterr().err and not learner
    assert cli.main(["train", "--resume", str(out)]) == 0
    assert {"ViT", "Block", "soft_cross_entropy"} <= set(learner)


def test_without_an_answer_and_for_another_model_it_is_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("VITCOURSE_HOME", str(tmp_path / "home"))
    for options, words in (([], "no answer of labs 01 to 05"), (["--model", "deit"], "What you wrote is a ViT")):
        assert cli.main(["train", *TINY, "--mine", *options, "--out", str(tmp_path / "run")]) == 1
        error = capsys.readouterr().err
        assert words in error and len(error.strip().splitlines()) == 1 and not (tmp_path / "run").exists()
