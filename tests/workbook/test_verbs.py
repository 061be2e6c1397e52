"""The learner's verbs, as a notebook uses them."""

import inspect
import json
import textwrap

import pytest
import torch

from tests.exercises.alternatives_vit import BlockOfTheOlderExercise, ViTOfTheOlderExercise
from vitcourse import check, hint, mine, progress, solution
from vitcourse.exercises import get_exercise
from vitcourse.reference import attention, patches, vit
from vitcourse.reference.maps import catch_attention
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
    assert "FAIL" in out and "column by column" in out and "images (7, 5, 12, 8), patch_size 4" in out


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
    first = "x = x + self.attn"
    marked = solution_source("Block").replace(first, f"self.marker = 'mine'\n        {first}")
    notebook('MultiHeadAttention = mine("MultiHeadAttention")\nfrom vitcourse.reference.vit import Mlp')
    notebook(marked)
    notebook('check("Block")')
    capsys.readouterr()
    ViT = mine("ViT")
    assert "with your Block" in capsys.readouterr().out
    model = ViT(img_size=8, patch_size=4, in_chans=3, num_classes=5, embed_dim=8, depth=2, num_heads=2)
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


def of_an_older_exercise(exercise_id, **fields):
    """Make the record say that what is kept passed another version of the exercise."""
    store.update(exercise_id, exercise="older", kept_for="older", **fields)


def source_with_weights(name):
    """What labs 04 asked for before: a Block, or a ViT, that hands attention's weights on when asked."""
    answer = {"Block": BlockOfTheOlderExercise, "ViT": ViTOfTheOlderExercise}[name]
    forward = textwrap.indent(textwrap.dedent(inspect.getsource(answer.forward)), "    ")
    source = solution_source(name)
    return source[: source.index("    def forward")] + forward


def test_a_kept_answer_of_the_older_contract_that_still_passes_goes_on_to_count(notebook, capsys):
    notebook("from vitcourse.reference.vit import MultiHeadAttention, Mlp, Block, PatchEmbed, TokenPrep, init_weights")
    notebook("from vitcourse.reference.attention import scaled_dot_product")
    for name in ("MultiHeadAttention", "Block", "ViT"):
        notebook(solution_source(name) if name == "MultiHeadAttention" else source_with_weights(name))
        notebook(f'check("{name}")')
        of_an_older_exercise(name)
    capsys.readouterr()
    progress()
    said = capsys.readouterr().out
    assert "3 of " in said and "older" not in said
    ViT = mine("ViT")
    assert "ViT: yours, with your Block, MultiHeadAttention." in capsys.readouterr().out
    model = ViT(img_size=8, patch_size=4, in_chans=3, num_classes=5, embed_dim=8, depth=3, num_heads=2)
    images = torch.randn(4, 3, 8, 8)
    assert model(images).shape == (4, 5)
    logits, weights = model(images, need_weights=True)
    with catch_attention(model) as caught:
        torch.testing.assert_close(model(images), logits)
    torch.testing.assert_close(caught, weights)
    assert type(model.blocks[0].attn) is not attention.MultiHeadAttention


OLDER_BLOCK = source_with_weights("Block").replace("need_weights=False", "need_weights=True")  # gives a pair unasked


def test_a_kept_answer_that_its_exercise_has_left_behind_is_said_to_be_older_and_stays(notebook, own_home, capsys):
    notebook("from vitcourse.reference.vit import MultiHeadAttention, Mlp")
    notebook(solution_source("Block") + '\ncheck("Block")')
    path = own_home / "answers" / "Block.py"
    path.write_text(OLDER_BLOCK)
    of_an_older_exercise("Block", kept=store.hash_of(OLDER_BLOCK))
    capsys.readouterr()
    said = f"belongs to an older version of the exercise and does not pass this one; it stays in {path}"
    assert mine("Block") is vit.Block
    assert capsys.readouterr().out == f"Block: the reference (yours {said}).\n"
    progress()
    assert capsys.readouterr().out.endswith(f"Your Block {said}.\n")
    notebook(source_with_weights("Block").replace("return (x, weights)", "return (weights, x)") + '\ncheck("Block")')
    assert "is set aside in" in capsys.readouterr().out
    assert (own_home / "answers" / "Block.older-1.py").read_text() == OLDER_BLOCK
    assert mine("Block") is not vit.Block and "Block: yours" in capsys.readouterr().out
    progress()
    assert "older" not in capsys.readouterr().out
    notebook(solution_source("Block") + '\ncheck("Block")')  # another answer to the same exercise takes its place
    assert sorted(file.name for file in path.parent.iterdir()) == ["Block.older-1.py", "Block.py"]
    assert "older" not in capsys.readouterr().out


def test_an_older_answer_is_never_overwritten(own_home):
    store.keep("Block", "first")
    assert store.keep("Block", "second", set_aside=True) and store.keep("Block", "third", set_aside=True)
    texts = {file.name: file.read_text() for file in (own_home / "answers").iterdir()}
    assert texts == {"Block.py": "third", "Block.older-1.py": "first", "Block.older-2.py": "second"}
    assert not store.keep("ViT", "text", set_aside=True)  # what cannot be moved is not written over


def test_an_answer_without_a_record_is_not_called_older(own_home, capsys):
    store.keep("Block", OLDER_BLOCK)
    assert mine("Block") is vit.Block
    assert "older" not in capsys.readouterr().out


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
    with catch_attention(model) as weights:
        logits = model(torch.zeros(1, 3, 8, 8))
    assert logits.shape == (1, 5) and [tuple(w.shape) for w in weights] == 2 * [(1, 2, 5, 5)]
