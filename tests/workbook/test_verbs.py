"""The learner's verbs, as a notebook uses them."""

import json

import pytest

from vitcourse import check, hint, mine, progress, solution
from vitcourse.exercises import get_exercise
from vitcourse.reference import attention, patches, vit
from vitcourse.workbook import report, run_check, store
from vitcourse.workbook.check import Status
from vitcourse.workbook.learner_text import notebook_variables, self_contained, source_of
from vitcourse.workbook.reference_text import learner_source, solution_source
from vitcourse.workbook.verbs import CheckFailed

IMPORTS = "import math, torch\nimport torch.nn.functional as F\nfrom torch import nn\nfrom vitcourse import *\n"
COLUMN_ORDER = solution_source("patchify").replace("permute(0, 2, 4, 1, 3, 5)", "permute(0, 4, 2, 1, 3, 5)")


class Notebook:
    """Cells run in one namespace by IPython, as a kernel does it, so that sources are found as they are there."""

    def __init__(self, shell):
        self.shell = shell
        shell.reset(new_session=False)
        self(IMPORTS)

    def __call__(self, cell):
        self.shell.run_cell(cell).raise_error()

    def __getitem__(self, name):
        return self.shell.user_ns[name]


@pytest.fixture
def notebook():
    from IPython.testing.globalipapp import start_ipython

    shell = start_ipython()
    if shell is None:
        from IPython import get_ipython

        shell = get_ipython()
    return Notebook(shell)


def test_check_finds_the_name_shows_the_result_and_returns_none(notebook, capsys):
    notebook(COLUMN_ORDER)
    notebook('result = check("patchify")')
    out = capsys.readouterr().out
    assert notebook["result"] is None
    assert "FAIL" in out and "column by column" in out and "images (2, 5, 6, 9), patch_size 3" in out


def test_check_without_the_name_or_with_the_reference_is_not_attempted(notebook, capsys):
    notebook('check("patchify")')
    assert "NOT ATTEMPTED" in capsys.readouterr().out
    notebook('patchify = mine("patchify")\ncheck("patchify")')
    assert "is the reference here, not yours" in capsys.readouterr().out


def test_a_misspelt_name_gets_the_near_one(capsys):
    check("pachify", None)
    assert 'Did you mean "patchify"?' in capsys.readouterr().out


def test_strict_raises_for_all_but_pass(monkeypatch):
    def wrong(images, patch_size):
        return images

    check("patchify", wrong)
    for name, value in (("VITCOURSE_STRICT", "1"), ("NBGRADER_EXECUTION", "autograde")):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            check("patchify", patches.patchify)
            with pytest.raises(CheckFailed):
                check("patchify", wrong)
            with pytest.raises(CheckFailed):
                check("patchify", None)
            with pytest.raises(CheckFailed):
                check("no such exercise", wrong)


@pytest.mark.parametrize("name", ["patchify", "PatchEmbed", "MultiHeadAttention"])
def test_a_right_answer_typed_into_a_notebook_is_kept_and_comes_back(notebook, name, capsys):
    if name == "MultiHeadAttention":
        notebook('scaled_dot_product = mine("scaled_dot_product")')
    notebook(solution_source(name) + "\n# marker\n")
    notebook(f'check("{name}")')
    assert "later labs build on it" in capsys.readouterr().out
    assert store.load()[name]["status"] == "PASS"
    assert not list(store.home().glob("*damaged*"))
    kept = store.kept(name)
    assert kept.strip() == solution_source(name).strip()
    answer = mine(name)
    assert "yours" in capsys.readouterr().out
    assert answer is not getattr(patches, name, None) and answer is not getattr(attention, name, None)
    assert run_check(name, answer).status is Status.PASS


def test_helpers_imports_and_constants_are_kept_too(notebook, capsys):
    notebook("import numpy as np\nfrom math import prod\nONE = 1\ndef inner(x):\n    return x * ONE")
    notebook("def helper(x, size):\n    return inner(x).reshape(*size[:2], int(np.prod(size[2:])) * prod([1]))")
    body = solution_source("patchify").replace(
        "return tiles.reshape(B, rows * cols, C * P * P)", "return helper(tiles, (B, rows * cols, C, P, P))"
    )
    notebook(body)
    notebook('check("patchify")')
    assert "later labs build on it" in capsys.readouterr().out
    assert run_check("patchify", mine("patchify")).status is Status.PASS


def test_an_answer_that_reads_a_notebook_variable_is_not_kept_and_says_which(notebook, capsys):
    notebook("zero = torch.zeros(())")
    notebook(solution_source("patchify").replace("C * P * P)  #", "C * P * P) + zero.to(images.dtype)  #"))
    notebook('check("patchify")')
    out = capsys.readouterr().out
    assert "PASS" in out and "reads the notebook's variable `zero`" in out
    assert store.kept("patchify") is None
    assert mine("patchify") is notebook["patchify"], "this kernel still has it"


def test_a_wrong_answer_that_reads_a_notebook_variable_is_told(notebook, capsys):
    notebook("images2 = torch.zeros(2, 5, 6, 9)")
    notebook(solution_source("patchify").replace("images.reshape", "images2.reshape"))
    notebook('check("patchify")')
    sentence = "`patchify` reads the notebook's variable `images2`: use its argument `images`."
    assert sentence in capsys.readouterr().out
    assert notebook_variables(notebook["patchify"]) == ["images2"]


def test_a_wrong_piece_is_named_where_it_is_used(notebook, capsys):
    notebook(solution_source("scaled_dot_product").replace(" / math.sqrt(d)", ""))
    notebook('check("scaled_dot_product")')
    notebook(solution_source("MultiHeadAttention") + '\ncheck("MultiHeadAttention")')
    assert "it uses your scaled_dot_product, which does not pass its own check" in capsys.readouterr().out


def test_mine_builds_a_vit_of_the_learners_pieces(notebook, capsys):
    marked = solution_source("Block").replace("x = x + attended", "self.marker = 'mine'\n        x = x + attended")
    notebook('MultiHeadAttention = mine("MultiHeadAttention")\nfrom vitcourse.reference.vit import Mlp')
    notebook(marked)
    notebook('check("Block")')
    capsys.readouterr()
    ViT = mine("ViT")
    assert "with your Block" in capsys.readouterr().out
    model = ViT(img_size=8, patch_size=4, in_chans=3, num_classes=5, embed_dim=8, depth=2, num_heads=2)
    import torch

    model(torch.zeros(1, 3, 8, 8))
    assert [block.marker for block in model.blocks] == ["mine", "mine"]
    assert mine("scaled_dot_product") is attention.scaled_dot_product


def test_mine_checks_again_when_the_kept_file_was_edited(notebook, own_home, capsys):
    notebook(solution_source("patchify") + '\ncheck("patchify")')
    path = own_home / "answers" / "patchify.py"
    path.write_text(COLUMN_ORDER)
    capsys.readouterr()
    assert mine("patchify") is patches.patchify
    assert "does not pass any more" in capsys.readouterr().out
    path.write_text("def patchify(:")
    assert mine("patchify") is patches.patchify
    path.write_text(solution_source("patchify") + "\n# a remark\n")
    capsys.readouterr()
    assert mine("patchify") is not patches.patchify


def test_mine_checks_again_when_the_exercise_changed(notebook, own_home, monkeypatch):
    notebook(solution_source("patchify") + '\ncheck("patchify")')
    calls = []
    monkeypatch.setattr("vitcourse.workbook.mine.fingerprint", lambda name: "another")
    monkeypatch.setattr("vitcourse.workbook.mine.run_check", lambda *a, **k: calls.append(a) or run_check(*a, **k))
    mine("patchify")
    mine("patchify")
    assert len(calls) == 1


def test_failing_later_does_not_lose_the_version_that_passed(notebook, capsys):
    notebook(solution_source("patchify") + '\ncheck("patchify")')
    notebook(COLUMN_ORDER + '\ncheck("patchify")')
    assert store.load()["patchify"]["status"] == "FAIL"
    capsys.readouterr()
    assert mine("patchify") is not patches.patchify
    assert "patchify: yours" in capsys.readouterr().out


def test_a_blank_cell_does_not_undo_a_pass(notebook):
    notebook(solution_source("patchify") + '\ncheck("patchify")')
    notebook(learner_source("patchify") + '\ncheck("patchify")')
    assert store.load()["patchify"]["status"] == "PASS"


def test_hints_come_in_rungs_and_the_mistakes_own_first(notebook, capsys):
    exercise = get_exercise("patchify")
    hint("patchify")
    assert exercise.hints[0] in capsys.readouterr().out
    notebook(COLUMN_ORDER + '\ncheck("patchify")')
    capsys.readouterr()
    named = next(m for m in exercise.mistakes if m.id == "column-order").hint
    for text in (named, *exercise.hints, exercise.hints[-1]):
        hint("patchify")
        assert text in capsys.readouterr().out
    hint("patchify", 2)
    assert exercise.hints[1] in capsys.readouterr().out
    hint("patchify", 9)
    assert "hints 1 to 3" in capsys.readouterr().out


def test_solution_asks_for_one_try_first(capsys):
    solution("patchify")
    out = capsys.readouterr().out
    assert "Try it once first" in out and "permute" not in out
    check("patchify", lambda *a: None)
    capsys.readouterr()
    solution("patchify")
    assert capsys.readouterr().out.strip() == solution_source("patchify")
    solution("ViT", force=True)
    shown = capsys.readouterr().out.strip()
    assert "# your part 1 of " in shown  # its several parts are marked; the rest is the solution
    assert [line for line in shown.splitlines() if line in solution_source("ViT").splitlines()] == solution_source(
        "ViT"
    ).splitlines()


def test_progress_counts_and_says_what_is_next(notebook, capsys, own_home):
    notebook("def count_tokens(height, width, patch_size):\n    return height * width // patch_size**2 + 1")
    notebook('check("count_tokens")')
    capsys.readouterr()
    progress()
    out = capsys.readouterr().out
    assert "1 of " in out and "Next: patchify in lab 01 Patches." in out and "minutes" in out
    content = json.loads((own_home / "progress.json").read_text())
    content["exercises"]["count_tokens"]["exercise"] = "older"
    (own_home / "progress.json").write_text(json.dumps(content))
    progress()
    assert "CHECK AGAIN" in capsys.readouterr().out


def test_the_card_escapes_what_a_learner_made():
    result = run_check("patchify", lambda *a: "<script>alert(1)</script>")
    assert "<script>" not in report.as_html(result) and "&lt;script&gt;" in report.as_html(result)


def test_sources_are_found_for_functions_classes_decorated_and_nested(notebook):
    notebook("def deco(f):\n    return f\n\n@deco\ndef one(x):\n    return x")
    notebook("class Two:\n    @property\n    def p(self):\n        return 1")
    assert source_of(notebook["one"]).startswith("@deco")
    assert source_of(notebook["Two"]).startswith("class Two:")
    notebook("if True:\n    def one(x):\n        return x + 1")
    assert source_of(notebook["one"]) == "def one(x):\n    return x + 1"
    notebook("%time one(1)\ndef one(x):\n    return x + 2")
    assert source_of(notebook["one"]).endswith("x + 2")
    assert "two_name = one" in self_contained(notebook["one"], "two_name", {})


def test_vit_reference_is_the_real_class_when_nothing_is_kept(capsys):
    assert mine("ViT") is vit.ViT


def test_a_learner_who_solves_everything_gets_a_vit_made_of_their_code_alone(notebook, capsys):
    """Every exercise with a mark of the learner's in it: later labs build on the marked code."""
    import inspect

    import torch

    from vitcourse.exercises import exercise_ids

    notebook("from vitcourse.reference.vit import Mlp, init_weights")
    for name in exercise_ids():
        notebook(solution_source(name).replace('"""', '"""Mine. ', 1))
        notebook(f'check("{name}")')
        assert "later labs build on it" in capsys.readouterr().out, name
        assert mine(name).__doc__.startswith("Mine. "), name
    model = mine("ViT")(img_size=8, patch_size=4, in_chans=3, num_classes=5, embed_dim=8, depth=2, num_heads=2)
    for piece in (model, model.patch_embed, model.tokens, model.blocks[1], model.blocks[1].attn):
        assert type(piece).__doc__.startswith("Mine. ")
        assert inspect.getsource(type(piece).forward).strip().startswith("def forward")
    inner = type(model.blocks[0].attn).forward.__globals__["scaled_dot_product"]
    assert inner.__doc__.startswith("Mine. ")
    logits, weights = model(torch.zeros(1, 3, 8, 8), need_weights=True)
    assert logits.shape == (1, 5) and len(weights) == 2
