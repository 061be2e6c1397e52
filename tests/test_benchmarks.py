"""The benchmarks measure what they say, lose nothing, and do nothing twice. No test reads a clock."""

import json
import sys
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import accuracy, augment, command, deit, fused, machine, part, step, swin
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
    tensors = fused.operands((2, 3, 10, 8), "fp32")
    (one,), (other,) = (fused.forward_backward(way, *tensors) for way in fused.WAYS.values())
    assert one.shape == (2, 10, 3, 3, 8)
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_only_the_explicit_way_keeps_scores_for_the_backward_pass(precision):
    """What autograd is given to keep is counted: what a process grows by depends on the CPU's own kernels."""
    (qkv, _), kept = fused.operands((1, 3, 50, 8), precision), {name: [] for name in fused.WAYS}
    for name, way in fused.WAYS.items():
        with torch.autograd.graph.saved_tensors_hooks(lambda x, n=name: kept[n].append(x.shape) or x, lambda x: x):
            way(*qkv.permute(2, 0, 3, 1, 4))
    assert (3, 50, 50) in {tuple(shape[-3:]) for shape in kept["explicit"]}
    assert all(shape.count(50) < 2 for shape in map(tuple, kept["fused"]))


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_a_process_s_growth_is_at_least_what_explicit_attention_must_hold():
    tokens = 577
    grown = fused.peak_on_cpu("explicit", (1, 3, tokens, 64), "fp32", "cpu")
    if grown is None:
        pytest.skip("/proc is locked down here")
    scores = 3 * tokens**2 * 4  # bytes; the backward pass has the weights and their gradient at the same time
    assert 2 * scores < grown < 20 * scores


def test_the_deit_budget_pays_for_the_teacher(monkeypatch):
    costs = {"ViT": 1.0, "DistilledViT": 2.0, "ConvTeacher": 3.0}
    monkeypatch.setattr(deit, "step_cost", lambda make, data, objective=None: costs[type(make()).__name__])
    deit.step_counts.cache_clear()
    counts = deit.step_counts("shapes", 20, 10, 100, 10)
    deit.step_counts.cache_clear()
    assert counts == {
        name: 100 if name == deit.ALONE else 70 // costs[deit.STUDENTS[name][0].__name__] for name in deit.STUDENTS
    }


def test_the_teacher_s_guesses_stand_only_where_no_label_is():
    data = deit.load("shapes", 40, 10)
    whole, some = deit.subset(data, 0.25, seed=1)
    assert len(some.train) == 10 and torch.equal(whole.train.images[:10], some.train.images)
    assert not torch.equal(whole.train.images, data.train.images)

    class Says7(nn.Module):
        weight = nn.Parameter(torch.zeros(1))

        def forward(self, images):
            return nn.functional.one_hot(torch.full((len(images),), 7), 10).float()

    targets = deit.with_guesses(whole, some, Says7()).train.targets
    assert targets[10:].tolist() == [7] * 30 and torch.equal(targets[:10], some.train.targets)


def test_swin_s_models_need_the_same_operations_and_one_never_shifts():
    sizes = dict(img_size=(32, 32), in_chans=3, num_classes=10)
    counts = [swin.count_operations(build, **sizes) for build in swin.MODELS.values()]
    assert max(counts) < 1.05 * min(counts)
    shifted = {
        name: [b.attn_mask is not None for b in build(**sizes).modules() if isinstance(b, swin.SwinBlock)]
        for name, build in swin.MODELS.items()
    }
    assert any(shifted["Swin"]) and not any(shifted["Swin, never shifted"])


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
    assert "| faraway | absent: No module named 'faraway' |" in text
    for name, module in command.PARTS.items():
        records = Store(tmp_path).read(name)
        assert records and all(one["result"] for one in records), name
        assert "\n".join(module.section(records)) in text, name
    out.unlink()
    monkeypatch.setattr(command, "run_jobs", lambda *a, **k: pytest.fail("--render measures nothing"))
    assert command.main([*arguments, "--render"]) == 0
    assert out.read_text() == text


def test_a_part_that_fails_says_why_and_the_others_are_run(tmp_path, monkeypatch, capsys):
    quick = SimpleNamespace(TITLE="Quick", OPTIONS=(), jobs=lambda o: count_jobs([], [1]), section=lambda records: [])
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
