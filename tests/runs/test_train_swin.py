"""`vitcourse train --model swin`: its sizes suit images and devices, it learns, and a run is read back as it was."""

import json
from dataclasses import replace

import pytest
import torch

from vitcourse import cli
from vitcourse.data import load_data
from vitcourse.data.split import Split
from vitcourse.runs.kinds import KINDS, configure, new_img_size
from vitcourse.runs.run import load_run
from vitcourse.training.config import TrainConfig
from vitcourse.training.fit import fit

SWIN = KINDS["swin"]
CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.fixture(scope="module")
def data():
    return load_data("shapes", train_size=40, test_size=20)


def photographs(data, *sides):
    """Image data of another name with images of other sides."""
    return replace(data, name="photographs", train=replace(data.train, images=torch.zeros(40, 3, *sides).byte()))


@pytest.mark.parametrize(
    ("sides", "cpu", "gpu"),
    [((32, 32), 2, 2), ((224, 224), 14, 4), ((64, 96), 8, 2), ((40, 24), 2, 2), ((31, 37), None, None)],
)
def test_it_takes_more_tokens_than_a_vit(data, sides, cpu, gpu):
    images = photographs(data, *sides)
    assert (SWIN.patch_size(images, CPU), SWIN.patch_size(images, GPU)) == (cpu, gpu)
    if cpu is None:  # they are resized, and then it has one
        near = new_img_size(SWIN, images, CPU, {})
        assert SWIN.patch_size(photographs(data, *near), CPU)


@pytest.mark.parametrize("size", SWIN.sizes)
@pytest.mark.parametrize("sides", [(32, 32), (40, 24)])
def test_every_size_is_built_from_what_json_keeps(data, size, sides):
    config = configure(SWIN, photographs(data, *sides), CPU, size)
    assert json.loads(json.dumps(config)) == config
    with torch.device("meta"):
        model = SWIN.build(**config)
        assert model(torch.empty(2, 3, *sides)).shape == (2, 10)
    words = SWIN.describe(model, config)
    assert f"maps {sides[0] // 2}×{sides[1] // 2} of width {config['embed_dim']}" in words
    assert "+".join(map(str, config["depths"])) + " blocks" in words


def test_it_learns_a_few_images_by_heart(data):
    torch.manual_seed(0)
    split = Split(data.train.images[:20], data.train.targets[:20])
    few = replace(data, train=split, test=split)
    model = SWIN.build(**configure(SWIN, few, CPU))
    history = fit(
        model, few, TrainConfig(epochs=40, batch_size=20, peak_lr=1e-2, warmup=0.1), device=CPU, progress=False
    )
    assert history.test_accuracy[-1] == 1.0


def test_a_run_is_read_back(tmp_path, capsys):
    options = ["--data", "shapes", "--train-size", "60", "--test-size", "20", "--epochs", "1", "--device", "cpu"]
    assert cli.main(["train", *options, "--model", "swin", "--out", str(tmp_path / "run")]) == 0
    assert "Swin, patch 4 (maps 8×8 of width 32, 4×4 of width 64), 2+2 blocks" in capsys.readouterr().out
    run = load_run(tmp_path / "run")
    assert run.model.layers[0].blocks[1].shift == (2, 2) and run.model.layers[1].blocks[1].shift == (0, 0)
    assert (tmp_path / "run" / "attention.png").stat().st_size > 10_000


def test_an_option_that_stages_have_their_own_of_is_refused(capsys):
    assert cli.main(["train", "--data", "shapes", "--train-size", "60", "--model", "swin", "--num-heads", "4"]) == 1
    assert "Swin has no num_heads: leave out --num-heads." in capsys.readouterr().err
