"""The benchmarks measure what they say, lose nothing, and do nothing twice. No test reads a clock."""

import json
import sys
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import accuracy, attention, augment, command, machine, part, step
from benchmarks.clock import take_turns
from benchmarks.part import Job, run_jobs
from benchmarks.store import Store
from benchmarks.tried import LastBlockForClassToken, MatrixProducts
from vitcourse.runs.recipes import Recipe
from vitcourse.training.config import TrainConfig

SIZE = dict(embed_dim=64, depth=2, num_heads=2)


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "results")


@pytest.fixture
def tiny_recipe(monkeypatch):
    """A recipe that trains in a blink, under the name of a real one."""
    config = TrainConfig(epochs=3, batch_size=16, flip=True, precision="fp32")
    recipe = Recipe("textbook", config, expected="", cost="", size="nano", patch_size=8)
    monkeypatch.setitem(accuracy.RECIPES, "textbook", recipe)
    return recipe


def record(number=0):
    return dict(settings={}, case={"number": number}, machine={}, moment={}, result={"value": number})


def count_jobs(calls, numbers, stop_at=None, **settings):
    """Jobs that note their number; one of them is where the user presses Ctrl-C."""

    def run(number):
        calls.append(number)
        if number == stop_at:
            raise KeyboardInterrupt
        return {"value": number}

    return [Job(settings, {"number": n}, lambda n=n: run(n)) for n in numbers]


# What is kept.


@pytest.mark.parametrize("broken", [b'{"settings": {}, "ca', b"[1, 2]", b'{"settings": {}}', b"\xff\xfe"])
def test_a_broken_line_is_set_aside_and_the_others_kept(store, broken, capsys):
    store.add("step", record(1))
    with open(store.path("step"), "ab") as file:
        file.write(broken)
    store.add("step", record(2))
    assert [one["case"]["number"] for one in store.read("step")] == [1, 2]
    (aside,) = store.folder.glob("step.jsonl.broken-*")
    assert aside.read_bytes().endswith(broken)
    assert "1 broken line" in capsys.readouterr().out


def test_what_ctrl_c_left_undone_is_all_that_is_done_next(store):
    calls = []
    with pytest.raises(KeyboardInterrupt):
        run_jobs("step", count_jobs(calls, [1, 2, 3], stop_at=2), store, "cpu")
    records = run_jobs("step", count_jobs(calls, [1, 2, 3]), store, "cpu")
    assert calls == [1, 2, 2, 3]
    assert [one["result"]["value"] for one in records] == [1, 2, 3]


def test_other_settings_another_machine_or_fresh_measure_again(store, monkeypatch):
    calls = []
    run_jobs("step", count_jobs(calls, [1], code="a"), store, "cpu")
    run_jobs("step", count_jobs(calls, [1], code="a"), store, "cpu")
    assert calls == [1]
    run_jobs("step", count_jobs(calls, [1], code="b"), store, "cpu")
    run_jobs("step", count_jobs(calls, [1], code="a"), store, "cpu", fresh=True)
    monkeypatch.setattr(machine, "cpu_name", lambda: "another")
    run_jobs("step", count_jobs(calls, [1], code="a"), store, "cpu")
    assert calls == [1, 1, 1, 1]


def test_the_code_hash_sees_every_byte_and_every_file(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "REPO", tmp_path)
    (tmp_path / "code").mkdir()
    hashes = set()
    for name, text in (("a.py", "x = 1"), ("a.py", "x = 2"), ("b.py", ""), ("b.txt", "no code")):
        (tmp_path / "code" / name).write_text(text)
        hashes.add(machine.code_hash("code"))
    assert len(hashes) == 3
    assert machine.code_hash(record) != machine.code_hash(count_jobs)


def test_a_training_run_that_was_stopped_goes_on_and_ends_with_the_same_numbers(tiny_recipe, tmp_path, monkeypatch):
    sizes, device = dict(train_size=40, test_size=20), torch.device("cpu")
    whole = accuracy.train(tiny_recipe, tiny_recipe.config, "shapes", sizes, device, tmp_path / "whole")

    class Stopped(accuracy.CpuClock):
        def epoch(self, done):
            super().epoch(done)
            if done == 2:
                raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(accuracy, "CpuClock", Stopped)
        with pytest.raises(KeyboardInterrupt):
            accuracy.train(tiny_recipe, tiny_recipe.config, "shapes", sizes, device, tmp_path / "cut")
    cut = accuracy.train(tiny_recipe, tiny_recipe.config, "shapes", sizes, device, tmp_path / "cut")
    assert cut["accuracy"] == whole["accuracy"] and cut["test_loss"] == whole["test_loss"]
    assert len(cut["cpu_seconds"]) == 3 and cut["cpu_seconds"] == sorted(cut["cpu_seconds"])


def test_a_field_that_the_recipe_gets_later_does_not_make_a_run_another_one(tiny_recipe, tmp_path):
    options = command.read_options(["--toy", "--results", str(tmp_path), "--recipes", "textbook"])
    options.device = torch.device("cpu")
    (job, _) = accuracy.jobs(options)
    old = json.loads(json.dumps(job.case))
    del old["config"]["schedule"]
    here = machine.machine("cpu")
    kept = [dict(settings=json.loads(json.dumps(job.settings)), case=old, machine=here, moment={}, result={})]
    assert part.find(kept, job, here, accuracy.normalise) is kept[0]
    old["config"]["peak_lr"] *= 2
    assert part.find(kept, job, here, accuracy.normalise) is None


# What is measured.


def test_tasks_take_turns_and_the_first_rounds_do_not_count():
    order = []
    tasks = {name: lambda name=name: order.append(name) for name in "abc"}
    times = take_turns(tasks, repeats=3, warmup=1, calls=2)
    assert {len(xs) for task in times.values() for xs in task.values()} == {3}
    rounds = ["".join(order[i : i + 6]) for i in range(0, len(order), 6)]
    assert sorted(set(rounds)) == ["aabbcc", "ccbbaa"] and len(rounds) == 4


@pytest.mark.parametrize(("name", "library"), [(n, n.replace("-", "_")) for n in step.LIBRARIES])
def test_each_library_s_model_is_the_course_s_configuration(name, library):
    pytest.importorskip(library)
    model, ours = step.MODELS[name](**SIZE), step.course(**SIZE)
    assert model(torch.randn(2, 3, 32, 32)).shape == (2, 10)
    more = sum(p.numel() for p in model.parameters()) - sum(p.numel() for p in ours.parameters())
    # vit-pytorch has norms before and after the patch embedding, and no bias in qkv.
    assert more == (2 * 48 + 2 * 64 - 2 * 3 * 64 if name == "vit-pytorch" else 0)


def test_a_step_moves_every_weight():
    model = step.course(**SIZE)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    images, targets = torch.randn(4, 3, 32, 32), torch.tensor([0, 1, 2, 3])
    step.step(model, step.make_optimizer(model), images, targets, "fp32")
    assert all(not torch.equal(p, before[name]) for name, p in model.named_parameters())


def test_the_shorter_last_block_has_the_same_logits_and_gradients():
    images = torch.randn(3, 3, 32, 32, dtype=torch.float64)
    vit = step.course(**SIZE).double()
    nn.init.normal_(vit.head.weight)
    results = []
    for model in (vit, LastBlockForClassToken(vit)):
        logits = model(images)
        results.append([logits, *torch.autograd.grad(logits.square().sum(), list(vit.parameters()))])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


def test_the_matrix_products_are_those_of_the_blocks_in_one_step():
    vit, images = step.course(**SIZE), torch.randn(4, 3, 32, 32)
    with FlopCounterMode(display=False) as counter:
        vit(images).sum().backward()
    counts = {op.__name__.split(".")[0]: n for op, n in counter.get_flop_counts()["Global"].items()}
    head = 3 * 2 * 4 * 64 * 10  # forward and two gradients
    with FlopCounterMode(display=False) as products:
        MatrixProducts(vit, 4, torch.float32, "cpu")()
    assert products.get_total_flops() == counts["mm"] + counts["addmm"] - head


@pytest.mark.parametrize("fields", augment.VARIANTS.values(), ids=augment.VARIANTS)
def test_all_pipelines_give_the_same_kind_of_batches(fields):
    for name, batches in augment.pipelines(fields, 200).items():
        first, second = (torch.cat([images for images, _ in batches]) for _ in range(2))
        assert first.shape == (200, 3, 32, 32) and first.dtype == torch.float32, name
        assert abs(float(first.mean())) < 0.5 and 0.5 < float(first.std()) < 1.5, name
        if name != augment.OURS:  # whose epochs differ by their number
            assert not torch.equal(first, second), name
        targets = torch.cat([targets for _, targets in batches])
        assert (targets.argmax(1) if targets.ndim == 2 else targets).bincount().tolist() == [20] * 10, name


def test_both_ways_of_attention_compute_the_same_from_the_same_operands():
    tensors = attention.operands((2, 3, 10, 8), "fp32")
    (fused,), (explicit,) = (attention.forward_backward(way, *tensors) for way in attention.WAYS.values())
    assert fused.shape == (2, 10, 3, 3, 8)
    torch.testing.assert_close(fused, explicit, rtol=1e-4, atol=1e-5)


# The command.


def test_a_part_at_a_toy_size_writes_its_figures(tmp_path, tiny_recipe, monkeypatch):
    def absent(**size):
        raise ImportError("No module named 'faraway'")

    monkeypatch.setattr(step, "MODELS", {"vitcourse": step.course, "timm": step.timm, "faraway": absent})
    threads, out = torch.get_num_threads(), tmp_path / "doc" / "benchmarks.md"
    arguments = [*command.PARTS, "--toy", "--results", str(tmp_path), "--out", str(out), "--recipes", "textbook"]
    assert command.main(arguments) == 0
    text = out.read_text()
    assert torch.get_num_threads() == threads
    assert "Not measured on this machine." not in text
    assert "| faraway | absent: No module named 'faraway' |" in text
    for name, module in command.PARTS.items():
        records = Store(tmp_path).read(name)
        assert records and all(one["result"] for one in records), name
        assert "\n".join(module.section(records)) in text, name
    if sys.platform == "linux":
        (kept,) = Store(tmp_path).read("attention")
        scores = 3 * 577 * 577 * 4  # bytes of one set of scores, which only the explicit way keeps
        assert kept["result"]["explicit"]["bytes"] - kept["result"]["fused"]["bytes"] > scores
    out.unlink()
    monkeypatch.setattr(command, "run_jobs", lambda *a, **k: pytest.fail("--render measures nothing"))
    assert command.main([*arguments, "--render"]) == 0
    assert out.read_text() == text


def test_a_part_that_fails_says_why_and_the_others_are_run(tmp_path, monkeypatch, capsys):
    quick = SimpleNamespace(TITLE="Quick", OPTIONS=(), jobs=lambda options: [], section=lambda records: [])
    monkeypatch.setattr(command, "PARTS", {"accuracy": accuracy, "quick": quick})
    arguments = ["--toy", "--results", str(tmp_path), "--data", str(tmp_path / "nowhere")]
    assert command.main(arguments) == 1
    assert "nowhere" in capsys.readouterr().err
    assert "## Quick" in (tmp_path / "benchmarks.md").read_text()


def test_ctrl_c_ends_with_130_and_says_that_all_is_kept(tmp_path, monkeypatch, capsys):
    stopped = SimpleNamespace(TITLE="", OPTIONS=(), jobs=lambda options: count_jobs([], [1], stop_at=1))
    monkeypatch.setattr(command, "PARTS", {"stopped": stopped})
    assert command.main(["--toy", "--results", str(tmp_path)]) == 130
    assert "the same command goes on" in capsys.readouterr().err


def test_an_unknown_part_is_refused_by_name(capsys):
    with pytest.raises(SystemExit) as error:
        command.main(["stepp"])
    assert error.value.code == 2 and "'stepp'" in capsys.readouterr().err
