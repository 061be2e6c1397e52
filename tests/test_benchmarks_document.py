"""docs/benchmarks.md says what the results say: each figure and each verdict follows from the records alone."""

import copy

import pytest

from benchmarks import accuracy, augment, checkpoint, claims, deit, explorers, fused, shapes, step, swin
from benchmarks.document import group, number, quartiles, render, table

HERE = dict(
    cpu="Some CPU", cores=2, memory="8 GB", gpu="none", device="cpu", torch="2.9", python="3.11", system="Linux"
)
MOMENT = dict(date="2026-01-02T03:04:05", commit="abc1234", threads=2, load=0.5, load_after=3.25, seconds=1.0)


def record(result, case=None, settings=None, machine=HERE, **moment):
    return dict(settings=settings or {}, case=case or {}, machine=machine, moment=MOMENT | moment, result=result)


def times(wall, cpu=None):
    return {"wall": [wall] * 3, "cpu": [cpu or wall] * 3}


def cells(lines, start):
    """The cells of the table's row that begins with `start`."""
    (row,) = [line for line in lines if line.startswith(f"| {start} |")]
    return [cell.strip() for cell in row.strip("|").split("|")]


def step_record(ours, timm, torchvision):
    result = {"vitcourse": {"parameters": 1000}, "timm": {"parameters": 1000}, "torchvision": {"parameters": 2000}}
    for name, seconds in (("vitcourse", ours), ("timm", timm), ("torchvision", torchvision)):
        result[name] |= times(9 * seconds, seconds)  # the wall clock is that of a busy machine
    result |= {step.SHORTER: {"parameters": 1000} | times(0.8 * ours), step.PRODUCTS: times(0.5 * timm)}
    result["transformers"] = {"absent": "No module named 'transformers'"}
    versions = {"timm": "1.0", "torchvision": "0.2", "transformers": None, "vit-pytorch": None}
    settings = dict(batch_size=8, embed_dim=64, depth=2, num_heads=1, repeats=3, versions=versions)
    return record(result, dict(precision="fp32"), settings)


def test_step_ratios_and_the_fastest_library():
    lines = step.section([step_record(ours=0.7, timm=1.0, torchvision=1.4)])
    assert cells(lines, "timm 1.0") == [
        "timm 1.0", "1,000", "9.00", "1.00", "1.43 (1.43 to 1.43)", "1.43 (1.43 to 1.43)"
    ]  # fmt: skip
    assert cells(lines, "transformers")[1] == "absent: No module named 'transformers'"
    text = "\n".join(lines)
    assert "the fastest, timm, our step takes 0.70 of its time" in text and "**reached**" in text
    assert "alone take 0.50" in text and "comes to 0.56" in text


@pytest.mark.parametrize(("ours", "verdict"), [(0.74, "**reached**"), (0.76, "**not reached**")])
def test_step_verdict_is_against_the_fastest_and_not_the_slowest(ours, verdict):
    text = "\n".join(step.section([step_record(ours=ours, timm=1.0, torchvision=50.0)]))
    assert verdict in text


def augment_records(pil):
    result = {augment.OURS: times(1e-4), augment.PIL: times(pil), augment.TENSORS: times(5e-4)}
    settings = dict(images=64, repeats=3, batch_size=128, torchvision="0.2")
    slow = {name: times(1e-3) for name in result}
    return [
        record(slow, dict(variant="both", crop=4, rand_augment=2), settings),
        record(result, dict(variant="plain", crop=4), settings),
    ]


@pytest.mark.parametrize(("pil", "factor", "verdict"), [(7.1e-4, "7.1", "**reached**"), (6.9e-4, "6.9", "**not rea")])
def test_augmentation_rates_and_the_verdict_on_crop_and_flip(pil, factor, verdict):
    text = "\n".join(augment.section(augment_records(pil)))
    assert f"| plain | {augment.OURS} | 10,000 | 1.00" in text
    assert f"| both | {augment.PIL} | 1,000 | 1.00" in text
    assert f"{factor} times the DataLoader's" in text and verdict in text


def run(recipe, seed, curve, cpu=10.0):
    result = dict(accuracy=curve, test_loss=curve, parameters=500, precision="fp32", images=90, test_images=40)
    result |= dict(wall_seconds=[2 * cpu] * len(curve), cpu_seconds=[cpu * (i + 1) for i in range(len(curve))])
    return record(result, dict(recipe=recipe, seed=seed), dict(data="photos", epochs=2))


def test_accuracy_is_the_last_epoch_s_and_gains_are_between_equal_seeds():
    records = [run("quick", 0, [0.2, 0.5], cpu=12), run("textbook", 1, [0.3, 0.4]), run("textbook", 0, [0.6, 0.3])]
    records += [run("quick", 1, [0.4, 0.7], cpu=14), run("quick", 2, [0.1, 0.9], cpu=16)]
    lines = accuracy.section(records)
    (first, second) = (line for line in lines if line.startswith(("| textbook |", "| quick |")))
    assert "35.0 % (30.0 % to 40.0 %)" in first and "| 0, 1 |" in first
    assert "70.0 % (50.0 % to 90.0 %)" in second and "| 0, 1, 2 |" in second
    assert "+25.0 points (+20.0 to +30.0)" in second and "| 28.0 |" in second
    assert cells(lines, "1") == ["1", "45.0 %", "10.0", "23.3 %", "14.0"]
    assert cells(lines, "2") == ["2", "35.0 %", "20.0", "70.0 %", "28.0"]


def test_accuracy_of_recipes_with_no_seed_or_length_in_common():
    lines = accuracy.section([run("textbook", 0, [0.5]), run("standard", 4, [0.1, 0.2])])
    assert "no seed in common" in "\n".join(lines)
    assert cells(lines, "2")[1:3] == ["", ""]


def shape_run(seed, curve, seconds, **moment):
    walls = [seconds * (i + 1) for i in range(len(curve))]
    result = dict(accuracy=curve, seconds=walls, cpu_seconds=[2 * wall for wall in walls])
    return record(result, dict(seed=seed), dict(arguments=[], threads=2), **moment)


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(59, "118 s. Target: 120 s on two cores: **reached**"), (61, "**not r")]
)
def test_shapes_counts_to_the_first_epoch_at_ninety(seconds, verdict):
    lines = shapes.section([shape_run(0, [0.8, 0.91, 0.89], seconds), shape_run(1, [0.9, 0.95, 0.96], 1)])
    assert cells(lines, "0")[1:] == ["2", str(2 * seconds), str(4 * seconds), "89.0 % after 3 epochs"]
    assert cells(lines, "1")[1:4] == ["1", "1", "2"]
    assert verdict in "\n".join(lines)


@pytest.mark.parametrize(("load", "verdict"), [(2.0, "**not reached**"), (2.5, "**not decided**"), (None, "**not r")])
def test_shapes_on_a_busy_machine_proves_nothing_but_speed(load, verdict):
    slow, fast = shape_run(0, [0.9], 130, load=load), shape_run(1, [0.9], 100, load=1.0)
    text = "\n".join(shapes.section([slow, fast]))
    assert verdict in text and ("2 cores of its own for 130 s" in text) == ("decided" in verdict)
    assert "**reached**" in "\n".join(shapes.section([shape_run(0, [0.9], 119, load=50.0)]))


def test_shapes_with_one_run_below_the_goal_is_not_reached():
    lines = shapes.section([shape_run(0, [0.8, 0.95], 1), shape_run(1, [0.8, 0.8999], 1)])
    assert cells(lines, "1")[1] == "not reached" and "**not reached**" in "\n".join(lines)


def test_a_checkpoint_s_share_of_an_epoch_counts_its_steps():
    result = {"step": times(0.5), "checkpoint": times(0.25, 0.1), "bytes": 32_300_000}
    settings = dict(batch_size=100, embed_dim=64, depth=2)
    lines = checkpoint.section([record(result, dict(precision="fp32"), settings)])
    assert cells(lines, "32.3 MB")[1:] == [
        "250",
        "100",
        "0.50 (0.50 to 0.50)",
        "0.20 (0.20 to 0.20)",
        "0.10 %",
    ]  # half of 1 in 500 steps


def test_attention_s_ratio_is_explicit_over_fused():
    result = {"fused": times(0.002) | {"bytes": 2_000_000}, "explicit": times(0.006) | {"bytes": None}}
    lines = fused.section(
        [record(result, dict(tokens=1025, batch_size=4), dict(precision="fp32", threads=2, repeats=3))]
    )
    assert cells(lines, "1,025")[1:] == [
        "4",
        "2.00",
        "6.00",
        "3.00 (3.00 to 3.00)",
        "3.00 (3.00 to 3.00)",
        "2.00",
        "not measured",
    ]


def test_claims_say_what_each_model_reached():
    case = dict(model="linear", images=1000, config={"epochs": 30})
    lines = claims.section([record(dict(accuracy=0.313, seconds=4.0, cpu_seconds=8.0), case, dict(test_size=200))])
    assert cells(lines, "linear")[1:] == ["1,000", "30", "31.3 %", "4.00", "8.00"]


def deit_record(seed, accuracy, steps, paid=True):
    values = dict.fromkeys([deit.TEACHER, *deit.STUDENTS], 0.5) | {deit.ALONE: accuracy}
    counts = dict.fromkeys([deit.TEACHER, *deit.STUDENTS], 150) | {deit.UNLABELLED: steps}
    settings = dict(data="shapes", test_size=90, train_size=3000, steps=1000, teacher_steps=150)
    return record(dict(accuracy=values, steps=counts), dict(share=0.1, seed=seed, paid=paid), settings)


def test_deit_shows_steps_and_accuracy_of_the_seeds_and_what_is_free_apart():
    paid = [deit_record(0, 0.7, 600), deit_record(1, 0.8, 620)]
    lines = deit.section(paid)
    assert cells(lines, deit.ALONE)[1:] == ["150", "75.0 % (70.0 % to 80.0 %)"]
    assert cells(lines, deit.UNLABELLED)[1] == "600 to 620" and "300 images" in "\n".join(lines)
    assert "As many steps for all:" not in lines
    lines = deit.section([*paid, deit_record(0, 0.9, 1000, paid=False)])
    free = lines[lines.index("As many steps for all:") :]
    assert cells(free, deit.ALONE)[2] == "90.0 %"


def test_swin_s_seeds_are_joined_by_model():
    def run(model, seed, accuracy):
        result = dict(parameters=1000, operations=2.5e6, accuracy=accuracy, test_loss=1.0 + seed, cpu_seconds=10 + seed)
        settings = dict(data="shapes", train_size=5000, test_size=2000, epochs=12)
        return record(result, dict(model=model, seed=seed), settings)

    lines = swin.section([run("ViT", 0, 0.4), run("Swin", 0, 0.5), run("ViT", 1, 0.42)])
    assert cells(lines, "ViT")[1:] == ["1,000", "2.5", "0, 1", "41.0 % (40.0 % to 42.0 %)", "1.50", "10.5"]
    assert cells(lines, "Swin")[1:] == ["1,000", "2.5", "0", "50.0 %", "1.00", "10.0"]


def test_an_explorer_s_row_is_in_milliseconds():
    lines = explorers.section([record({"moved": [0.01, 0.5, 0.02]}, dict(vit_b=False), dict(threads=2, repeats=3))])
    assert cells(lines, "moved")[1:] == ["20.0", "500"]


class Part:
    """A part whose section is its values."""

    TITLE = "A part"

    @staticmethod
    def section(records):
        return ["values " + ", ".join(str(one["result"]) for one in records)]


class Everything(Part):
    SHOW_ALL = True


def test_the_document_shows_this_machine_s_newest_settings_and_newest_cases():
    old = record(1, case={"a": 1}, settings={"size": 1})
    elsewhere = record(2, case={"a": 1}, settings={"size": 2}, machine=HERE | {"cpu": "Other"})
    first, second = (record(n, case={"a": n}, settings={"size": 2}) for n in (3, 4))
    again = record(5, case={"a": 3}, settings={"size": 2})
    records = [old, elsewhere, first, second, again]
    before = copy.deepcopy(records)
    text = render({"one": Part, "none": Part}, {"one": records}, HERE)
    assert [line for line in text.splitlines() if line.startswith("values")] == ["values 5, 4"]
    assert text.count("## A part") == 1 and "benchmarks none" not in text  # what has no result has no section
    everything = render({"one": Everything}, {"one": records}, HERE)
    assert [line for line in everything.splitlines() if line.startswith("values")] == ["values 1", "values 5, 4"]
    assert records == before


def test_the_document_names_machine_commit_load_and_what_no_gpu_leaves_open():
    text = render({"one": Part}, {"one": [record(1), record(2, {"a": 2}, load=7.0, commit="def")]}, HERE)
    for said in (
        "Some CPU, 2 cores, 8 GB; no GPU;",
        "torch 2.9",
        "commit abc1234, def",
        "load 0.5 to 7.0",
        "threads 2",
    ):
        assert said in text, said
    assert "## Not measured here" in text
    with_gpu = HERE | {"gpu": "A GPU", "device": "cuda"}
    text = render({"one": Part}, {"one": [record(1, machine=with_gpu)]}, with_gpu)
    assert "A GPU" in text and "Not measured" not in text


def test_a_group_that_is_measured_again_becomes_the_newest():
    a, b, c = record(1, settings={"s": 1}), record(2, settings={"s": 2}), record(3, {"x": 1}, settings={"s": 1})
    assert group([a, b, c]) == [[b], [a, c]]


def test_small_helpers():
    assert table(["a", "b"], [[1, 2]]) == ["| a | b |", "| --- | ---: |", "| 1 | 2 |"]
    assert [number(x) for x in (0.01234, 1.234, 12.34, 123.4, 12345.6)] == ["0.0123", "1.23", "12.3", "123", "12,346"]
    assert quartiles((1, 0.5, 2)) == "1.00 (0.50 to 2.00)"
