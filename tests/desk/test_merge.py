"""Three notebooks become one: what the course changed is new, what the learner wrote is there, and it stays so."""

import copy
import random

import nbformat
import pytest

from vitcourse.desk.merge import NEW_STUB, YOUR_TEXT, YOURS_BELOW, merge
from vitcourse.desk.notebook import source_of

from .notebooks import (
    answer,
    cell,
    check,
    course,
    exercise,
    find,
    ids,
    insert,
    notebook,
    put,
    remove,
    run_all,
    stub,
    text,
)


@pytest.fixture
def three():
    """The base, the learner's, and the course now: all alike."""
    return course(), course(), course()


def merged(base, mine, theirs):
    """The merge, after the rules that hold for each: valid, once is enough, the arguments as they were."""
    before = copy.deepcopy((base, mine, theirs))
    book, notes = merge(base, mine, theirs)
    assert (base, mine, theirs) == before
    nbformat.validate(nbformat.from_dict(book))
    assert len(set(ids(book))) == len(book["cells"])
    assert merge(theirs, book, theirs) == (book, [])  # the next update
    assert merge(base, book, theirs)[0] == book  # an update after one that was cut off before it wrote the base
    return book, notes


def test_nothing_new_changes_nothing(three):
    base, mine, theirs = three
    put(mine, "cut", answer("cut"))
    insert(mine, "cut", cell("0a1b", "scratch = 1"))
    remove(mine, "after-setup")
    run_all(mine)
    assert merged(base, mine, theirs) == (mine, [])


def test_the_course_is_new_where_the_learner_wrote_nothing(three):
    base, mine, theirs = three
    put(theirs, "intro", "# A better lab")
    put(theirs, "join", stub("join", "x, y"))
    remove(theirs, "show")
    insert(theirs, "check-cut", cell("more", "1 + 1"), cell("after-more", "That is two.", "markdown"))
    find(theirs, "setup")["metadata"]["jupyter"] = {"source_hidden": True}
    assert merged(base, mine, theirs) == (theirs, [])


def test_an_answer_stays_and_its_stub_comes_where_it_was_not_begun(three):
    base, mine, theirs = three
    put(mine, "cut", answer("cut"))
    put(theirs, "intro", "# A better lab")
    put(theirs, "join", stub("join", "x, y"))
    book, notes = merged(base, mine, theirs)
    assert text(book, "cut") == answer("cut") and text(book, "join") == stub("join", "x, y")
    assert text(book, "intro") == "# A better lab" and notes == []


def test_the_code_stands_in_a_comment_below_a_stub_that_changed(three):
    base, mine, theirs = three
    run_all(mine)
    put(mine, "cut", answer("cut"))
    put(theirs, "cut", stub("cut", "x, size"))
    book, notes = merged(base, mine, theirs)
    lines = text(book, "cut").splitlines()
    new = stub("cut", "x, size").splitlines()
    assert lines[: len(new)] == new and lines[len(new) : len(new) + 2] == ["", NEW_STUB]
    assert lines[len(new) + 2 :] == [f"# {line}" for line in answer("cut").splitlines()]
    assert len(notes) == 1 and "cut" in notes[0] and "comment" in notes[0]
    compile(text(book, "cut"), "cell", "exec")
    assert find(book, "cut")["outputs"] == [] and find(book, "check-cut")["outputs"] == []  # a PASS of other code
    assert find(book, "check-join")["outputs"] == find(mine, "check-join")["outputs"] != []


def test_a_comment_that_waits_follows_the_next_stub_and_is_not_commented_again(three):
    base, mine, theirs = three
    put(mine, "cut", answer("cut"))
    put(theirs, "cut", stub("cut", "x, size"))
    book, _ = merged(base, mine, theirs)
    third = copy.deepcopy(theirs)
    put(third, "cut", stub("cut", "x, size, step"))
    again, _ = merged(theirs, book, third)
    assert text(again, "cut") == text(book, "cut").replace("x, size", "x, size, step")


def test_new_words_of_a_stub_leave_the_answer_in_force(three):
    base, mine, theirs = three
    put(mine, "cut", answer("cut"))
    put(theirs, "cut", stub("cut", words="return a new tensor").replace("Do cut.", "Do cut.\n\n    Returns: x.\n    "))
    book, notes = merged(base, mine, theirs)
    code = text(book, "cut")
    assert "cut_of_the_learner = x" in code and NEW_STUB not in code and "Returns: x." in code
    assert len(notes) == 1 and "words" in notes[0]
    put(mine, "cut", "def cut(x): return x[0]")  # none of the old words is there to be replaced
    assert text(merged(base, mine, theirs)[0], "cut") == "def cut(x): return x[0]"


@pytest.mark.parametrize("change", ["def cut(x, y):", "def cut(x=0):", "def cut(*x):", "@fast\ndef cut(x):"])
def test_another_signature_is_no_matter_of_words(three, change):
    base, mine, theirs = three
    put(mine, "cut", answer("cut"))
    put(theirs, "cut", stub("cut").replace("def cut(x):", change))
    assert NEW_STUB in text(merged(base, mine, theirs)[0], "cut")


def test_two_edits_of_a_plain_cell_stand_one_below_the_other(three):
    base, mine, theirs = three
    put(mine, "show", "epochs = 30\nshow(epochs)")
    put(theirs, "show", "epochs = 3\nshow(epochs, live=True)")
    put(mine, "intro", "# A lab\nmy remark")
    put(theirs, "intro", "# Lab one")
    book, notes = merged(base, mine, theirs)
    assert text(book, "show") == text(theirs, "show") and text(book, "intro") == "# Lab one"
    assert text(book, "show-yours") == f"{YOURS_BELOW}\n# epochs = 30\n# show(epochs)"
    assert text(book, "intro-yours") == f"{YOUR_TEXT}\n\n# A lab\nmy remark"
    order = ids(book)
    assert order[order.index("show") + 1] == "show-yours" and order[1] == "intro-yours" and len(notes) == 2
    third = copy.deepcopy(theirs)  # and once more: the first remark stays
    put(third, "intro", "# Lab 1")
    put(book, "intro", "# Lab one\nanother remark")
    again, _ = merged(theirs, book, third)
    texts = [source_of(each) for each in again["cells"]]
    assert any("my remark" in each for each in texts) and any("another remark" in each for each in texts)


def test_an_edit_of_one_side_only_stays(three):
    base, mine, theirs = three
    put(mine, "show", "epochs = 30\nshow(epochs)")
    put(theirs, "intro", "# Lab one")
    book, notes = merged(base, mine, theirs)
    assert text(book, "show") == "epochs = 30\nshow(epochs)" and notes == [] and ids(book) == ids(theirs)


def test_a_learners_cells_stand_where_they_stood(three):
    base, mine, theirs = three
    own = [cell(f"own{n}", f"own{n} = 1") for n in range(4)]
    insert(mine, None, own[0])
    insert(mine, "cut", own[1], own[2])
    insert(mine, "progress", own[3])
    remove(theirs, "setup")
    insert(theirs, "cut", cell("new", "new = 1"))
    insert(theirs, None, cell("badge", "A badge", "markdown"))
    order = ids(merged(base, mine, theirs)[0])
    assert order.index("own0") < order.index("intro") and order[-2:] == ["progress", "own3"]
    place = order.index("cut")
    assert order[place : place + 5] == ["cut", "own1", "own2", "new", "check-cut"] and "setup" not in order
    theirs["cells"].reverse()  # also where the course took another order
    order = ids(merged(base, mine, theirs)[0])
    place = order.index("cut")
    assert order[place : place + 3] == ["cut", "own1", "own2"] and order[order.index("progress") + 1] == "own3"
    assert [key for key in order if not key.startswith("own")] == ids(theirs)


def test_a_learners_order_stays_unless_the_course_has_a_new_one(three):
    base, mine, theirs = three
    moved = find(mine, "show")
    mine["cells"].remove(moved)
    mine["cells"].insert(1, moved)
    put(theirs, "intro", "# New")
    insert(theirs, "join", cell("new", "1"))
    order = ids(merged(base, mine, theirs)[0])
    assert order == [*(key for key in ids(mine) if key in order[:8]), "new", "check-join", "progress"]
    assert order[1] == "show"


def test_what_the_learner_deleted_stays_away_until_it_is_new(three):
    base, mine, theirs = three
    for key in ("after-setup", "show", "join"):
        remove(mine, key)
    put(theirs, "show", "show(5)")
    book, notes = merged(base, mine, theirs)
    assert "after-setup" not in ids(book) and "join" not in ids(book)
    order = ids(book)
    assert order[order.index("check-cut") + 1] == "show" and len(notes) == 1 and "back" in notes[0]


def test_code_of_an_exercise_that_is_gone_stays_and_is_graded_no_more(three):
    base, mine, theirs = three
    put(mine, "cut", answer("cut"))
    for key in ("cut", "check-cut", "join", "check-join"):
        remove(theirs, key)
    book, notes = merged(base, mine, theirs)
    assert text(book, "cut") == answer("cut") and find(book, "cut")["metadata"] == {}
    assert {"check-cut", "join", "check-join"}.isdisjoint(ids(book)) and len(notes) == 1


def test_outputs_stay_with_cells_that_say_the_same_and_go_with_the_others(three):
    base, mine, theirs = three
    run_all(mine)
    find(mine, "show")["metadata"]["collapsed"] = True
    put(theirs, "setup", "import math, torch")
    book, _ = merged(base, mine, theirs)
    assert find(book, "setup")["outputs"] == [] and find(book, "setup")["execution_count"] is None
    assert find(book, "show") == find(mine, "show")
    assert book["metadata"]["language_info"]["version"] == "3.12.1"


def test_cut_and_pasted_cells_are_found_by_grade_and_text(three):
    base, mine, theirs = three
    put(mine, "cut", answer("cut"))
    find(mine, "cut")["id"] = "f00d"  # JupyterLab gives a pasted cell a new id
    find(mine, "show")["id"] = "beef"
    put(theirs, "cut", stub("cut", "x, size"))
    put(theirs, "show", "show(5)")
    book, _ = merged(base, mine, theirs)
    assert ids(book) == ids(theirs) and "cut_of_the_learner" in text(book, "cut") and text(book, "show") == "show(5)"


def test_copies_split_cells_and_double_ids_all_stay(three):
    base, mine, theirs = three
    put(mine, "cut", answer("cut"))
    twin = copy.deepcopy(find(mine, "cut"))  # the same id twice, as another program may write it
    twin["source"] = ["def cut(x):\n", "    return 'another try'"]
    copied = copy.deepcopy(twin) | {"id": "c0de", "source": ["def cut(x):\n", "    return 'a copy'"]}
    mine["cells"][4:4] = [twin, copied]
    put(theirs, "cut", stub("cut", "x, size"))
    book, _ = merged(base, mine, theirs)
    texts = "\n".join(source_of(each) for each in book["cells"])
    assert all(words in texts for words in ("cut_of_the_learner", "another try", "a copy"))


def test_an_id_that_the_course_changed_is_the_same_cell(three):
    base, mine, theirs = three
    find(theirs, "after-show")["id"] = "after-new"
    insert(theirs, "show", cell("new", "new()"))
    put(mine, "after-show", "My own words.")
    book, notes = merged(base, mine, theirs)
    assert ids(book) == ids(theirs) and text(book, "after-new") == "My own words." and notes == []


@pytest.mark.parametrize("minor", [4, 5])
def test_a_notebook_without_ids_is_matched(three, minor):
    base, mine, theirs = three
    put(mine, "join", answer("join"))
    insert(mine, "join", cell("x", "mine = 1"))
    for each in mine["cells"]:
        key = each.pop("id")
        if minor == 5:  # Colab
            each["metadata"]["id"] = key
    mine["nbformat_minor"] = 4 if minor == 4 else 0
    put(theirs, "intro", "# New")
    book, _ = merged(base, mine, theirs)
    keys = [key for key in ids(book) if key in ids(theirs)]
    assert keys == ids(theirs) or (minor == 4 and set(ids(theirs)) == set(keys))
    assert text(book, "join") == answer("join") and len(book["cells"]) == len(theirs["cells"]) + 1


def test_an_unknown_base_loses_nothing(three):
    _, mine, theirs = three
    put(mine, "cut", answer("cut"))
    put(mine, "intro", "# An old version of the course")
    insert(mine, "cut", cell("own", "own = 1"))
    put(theirs, "join", stub("join", "x, y"))
    book, _ = merge(None, mine, theirs)
    assert text(book, "cut") == answer("cut") and text(book, "join") == stub("join", "x, y")
    assert "An old version" in text(book, "intro-yours") and "own" in ids(book)
    put(theirs, "cut", stub("cut", "x, size"))
    assert "# def cut(x):" in text(merge(None, mine, theirs)[0], "cut")


def test_a_learner_may_turn_a_cell_into_another_kind(three):
    base, mine, theirs = three
    for key in ("cut", "show"):
        each = find(mine, key)
        each["cell_type"] = "raw"
        del each["outputs"], each["execution_count"]
    put(mine, "cut", answer("cut"))
    put(theirs, "show", "show(5)")
    book, _ = merged(base, mine, theirs)
    assert find(book, "cut")["cell_type"] == "raw" and text(book, "show") == "show(5)"
    put(theirs, "cut", stub("cut", "x, size"))
    book, _ = merged(base, mine, theirs)
    assert find(book, "cut")["cell_type"] == "code" and "cut_of_the_learner" in text(book, "cut")


def of_learner(rng, book):
    """Random edits as a learner makes them; returns the lines that they wrote."""
    lines, number = [], iter(range(1000))

    def line():
        lines.append(f"learner_{next(number)} = {rng.random()}")
        return lines[-1]

    for _ in range(rng.randrange(8)):
        each = rng.choice([*book["cells"], *(each for each in book["cells"] if "def " in source_of(each))])
        key = each["id"]
        kind = rng.choice(["answer", "edit", "prepend", "rewrite", "own", "own", "move", "paste", "split", "double"])
        if kind == "answer" and key in ("cut", "join"):
            if not any(known in source_of(each) for known in lines):
                each["source"] = [f"def {key}(x):\n", f'    """Do {key}."""\n', f"    {line()}"]
        elif kind == "edit":
            each["source"] = [*source_of(each).splitlines(keepends=True), "\n", line()]
        elif kind == "prepend":
            each["source"] = [f"{line()}\n", *source_of(each).splitlines(keepends=True)]
        elif kind == "rewrite":
            if not any(known in source_of(each) for known in lines):
                each["source"] = [line()]
        elif kind == "own":
            insert(book, key, cell(f"{rng.getrandbits(32):08x}", line(), rng.choice(["code", "markdown", "raw"])))
        elif kind == "move":
            book["cells"].remove(each)
            book["cells"].insert(rng.randrange(len(book["cells"]) + 1), each)
        elif kind == "paste":
            each["id"] = f"{rng.getrandbits(32):08x}"
        elif kind == "split":
            first, *rest = source_of(each).splitlines(keepends=True)
            if rest:
                each["source"] = [first]
                insert(book, key, copy.deepcopy(each) | {"id": f"{rng.getrandbits(32):08x}", "source": rest})
        elif kind == "double":
            book["cells"].append(copy.deepcopy(each))
    if rng.random() < 0.3:
        gone = [each for each in book["cells"] if not any(known in source_of(each) for known in lines)]
        for each in rng.sample(gone, min(2, len(gone))):
            book["cells"] = [other for other in book["cells"] if other is not each]
    if rng.random() < 0.5:
        run_all(book)
    return lines


def of_course(rng, book):
    """Random edits as the course's author makes them."""
    for number in range(rng.randrange(6)):
        key = rng.choice([*ids(book), *[key for key in ids(book) if "def " in text(book, key)] * 3])
        kind = rng.choice(["edit", "stub", "words", "new", "remove", "move", "rename", "exercise"])
        if kind == "edit" and key not in ("cut", "join"):
            put(book, key, f"{text(book, key)} # {rng.random()}")
        elif kind == "stub" and "def " in text(book, key):
            put(book, key, stub(key, f"x, y{number}"))
        elif kind == "words" and "def " in text(book, key):
            put(book, key, text(book, key).replace("return it", f"return {number}"))
        elif kind == "new":
            insert(book, key, cell(f"new-{number}-{rng.getrandbits(16)}", f"new_{number}()"))
        elif kind == "remove" and len(book["cells"]) > 2:
            remove(book, key)
        elif kind == "move":
            each = find(book, key)
            book["cells"].remove(each)
            book["cells"].insert(rng.randrange(len(book["cells"]) + 1), each)
        elif kind == "rename":
            find(book, key)["id"] = f"renamed-{number}-{rng.getrandbits(16)}"
        elif kind == "exercise":
            name = f"extra{number}_{rng.getrandbits(16)}"
            insert(book, key, exercise(name), check(name))


@pytest.mark.parametrize("seed", range(300))
def test_no_line_of_the_learner_is_lost_whatever_happens(seed):
    rng = random.Random(seed)
    base, mine = course(), course()
    lines = of_learner(rng, mine)
    for _ in range(3):  # three versions of the course, and the learner goes on in between
        theirs = copy.deepcopy(base)
        of_course(rng, theirs)
        mine, _ = merged(base, mine, theirs)
        there = "\n".join(source_of(each) for each in mine["cells"])
        assert [line for line in lines if line not in there] == []
        base = theirs
        lines += [f"later_{n}_{seed}" for n in range(2)]
        for line in lines[-2:]:
            each = rng.choice(mine["cells"])
            each["source"] = [*source_of(each).splitlines(keepends=True), "\n", line]


@pytest.mark.parametrize("seed", range(100))
def test_a_learner_who_wrote_nothing_has_the_course(seed):
    rng = random.Random(seed)
    base, theirs = course(), course()
    of_course(rng, theirs)
    assert merged(base, copy.deepcopy(base), theirs) == (theirs, [])


def test_the_random_edits_reach_every_rule():
    """Else the tests above could pass by chance: each note and each comment comes up."""
    seen = ""
    for seed in range(1000):
        rng = random.Random(seed)
        base, mine, theirs = course(), course(), course()
        of_learner(rng, mine)
        of_course(rng, theirs)
        book, notes = merge(base, mine, theirs)
        seen += "\n".join([*notes, *(source_of(each) for each in book["cells"])])
    for words in (NEW_STUB, YOURS_BELOW, YOUR_TEXT, "is back", "no exercise", "words of the exercise changed"):
        assert words in seen, words


def test_a_merge_that_drops_would_be_seen():
    mine = notebook(cell("own", "a_line = 1"))
    book, _ = merged(course(), mine, course())
    assert "a_line = 1" in [source_of(each) for each in book["cells"]]
