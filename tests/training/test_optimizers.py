"""Muon gets the blocks' matrices and nothing else, and the two optimisers are one to all who use them."""

import copy
import io

import pytest
import torch
from torch import nn

from vitcourse.data import ImageData, Split
from vitcourse.reference.recipe import parameter_groups
from vitcourse.reference.stem import ConvStemViT
from vitcourse.reference.vit import ViT
from vitcourse.training.config import TrainConfig, TrainingError
from vitcourse.training.fit import fit
from vitcourse.training.muon import Muon
from vitcourse.training.optimizers import make_optimizer

MUON = TrainConfig(optimizer="muon", peak_lr=1e-2, weight_decay=0.1, precision="fp32")


def tiny_vit():
    torch.manual_seed(0)
    return ViT(img_size=8, patch_size=4, num_classes=5, embed_dim=16, depth=2, num_heads=2)


def give_gradients(model, seed):
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.grad = torch.randn(parameter.shape, generator=generator)


def take_steps(model, optimizer, seeds, lr=1e-2):
    for seed in seeds:
        for group in optimizer.param_groups:
            group["lr"] = lr
        give_gradients(model, seed)
        optimizer.step()


def names_of(model, parameters):
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return {names[id(parameter)] for parameter in parameters}


def assert_same_weights(model, other):
    for (name, mine), theirs in zip(model.state_dict().items(), other.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs), name


def test_adamw_has_the_groups_of_lab_05():
    model = tiny_vit()
    optimizer = make_optimizer(model, TrainConfig(peak_lr=1e-3, betas=(0.8, 0.9), weight_decay=0.2))
    assert type(optimizer) is torch.optim.AdamW
    for group, expected in zip(optimizer.param_groups, parameter_groups(model, 0.2), strict=True):
        assert names_of(model, group["params"]) == names_of(model, expected["params"])
        assert (group["weight_decay"], group["lr"], group["betas"]) == (expected["weight_decay"], 1e-3, (0.8, 0.9))
        assert group["fused"]


def test_muon_gets_the_matrices_of_the_blocks_and_adamw_the_rest():
    model = tiny_vit()
    model.register_parameter("distance_table", nn.Parameter(torch.zeros(3, 2)))  # a matrix outside of the blocks
    model.blocks[0].register_parameter("position_table", nn.Parameter(torch.zeros(3, 2)))  # no layer's weight
    model.blocks[1].mlp.fc1.weight.requires_grad = False
    optimizer = make_optimizer(model, MUON)
    layers = {f"blocks.{i}.{layer}.weight" for i in (0, 1) for layer in ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2")}
    muon, *adamw = [names_of(model, group["params"]) for group in optimizer.param_groups]
    assert muon == layers - {"blocks.1.mlp.fc1.weight"}
    decay = {"patch_embed.proj.weight", "head.weight", "distance_table", "blocks.0.position_table"}
    assert adamw[0] == decay and [group["weight_decay"] for group in optimizer.param_groups] == [0.1, 0.1, 0.0]
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert adamw[1] == trained - muon - decay


def test_a_step_is_the_two_optimisers_own():
    model, twin = tiny_vit(), tiny_vit()
    take_steps(model, make_optimizer(model, MUON), range(3), lr=3e-3)
    matrices = [p for name, p in twin.blocks.named_parameters() if p.ndim == 2]
    decay, no_decay = parameter_groups(twin, 0.1)
    decay["params"] = [p for p in decay["params"] if not any(p is matrix for matrix in matrices)]
    both = [
        Muon(matrices, lr=3e-3, weight_decay=0.1),
        torch.optim.AdamW([decay, no_decay], lr=3e-3, betas=MUON.betas, fused=True),
    ]
    for seed in range(3):
        give_gradients(twin, seed)
        for optimizer in both:
            optimizer.step()
    assert_same_weights(model, twin)


@pytest.mark.parametrize(("precision", "dtype"), [("bf16", torch.bfloat16), ("fp16", torch.float32)])
def test_muon_computes_in_the_precision_of_the_run_where_that_is_wide_enough(precision, dtype):
    optimizer = make_optimizer(tiny_vit(), TrainConfig(optimizer="muon", precision=precision))
    assert optimizer.parts[0].dtype is dtype


def test_the_rate_in_the_groups_is_the_rate_of_all():
    model = tiny_vit()
    before = copy.deepcopy(model)
    optimizer = make_optimizer(model, MUON)
    take_steps(model, optimizer, [0], lr=0.0)
    assert_same_weights(model, before)
    take_steps(model, optimizer, [1], lr=1e-3)
    for (name, old), new in zip(before.named_parameters(), model.parameters(), strict=True):
        size = (new - old).square().mean().sqrt()
        assert 1e-4 < size < 2e-3, name  # Muon's steps are as long as AdamW's


def test_it_goes_on_from_its_state_bit_by_bit():
    whole, stopped = tiny_vit(), tiny_vit()
    take_steps(whole, make_optimizer(whole, MUON), range(6))
    first = make_optimizer(stopped, MUON)
    take_steps(stopped, first, range(3))
    file = io.BytesIO()
    torch.save({"model": stopped.state_dict(), "state": first.state_dict()["state"]}, file)
    file.seek(0)
    saved = torch.load(file, weights_only=True)

    model = ViT(img_size=8, patch_size=4, num_classes=5, embed_dim=16, depth=2, num_heads=2)
    optimizer = make_optimizer(model, MUON)
    model.load_state_dict(saved["model"])
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": saved["state"], "param_groups": groups})
    take_steps(model, optimizer, range(3, 6))
    assert_same_weights(whole, model)
    take_steps(model, optimizer, [6], lr=0.0)  # the groups that torch made while loading are the ones that count
    assert_same_weights(whole, model)


def test_a_gradient_scaler_skips_what_overflowed_and_scales_back_the_rest():
    model, twin = tiny_vit(), tiny_vit()
    optimizer, scaler = make_optimizer(model, MUON), torch.amp.GradScaler("cpu", init_scale=4.0)
    take_steps(twin, make_optimizer(twin, MUON), [0])
    for seed, spoilt in ((1, True), (0, False)):
        scaler.scale(torch.zeros(1))  # makes its tensors
        give_gradients(model, seed)
        for parameter in model.parameters():
            parameter.grad *= scaler.get_scale()
        if spoilt:
            model.blocks[0].attn.qkv.weight.grad[0, 0] = torch.inf
        scaler.unscale_(optimizer)
        scaler.step(optimizer)
        scaler.update()
    assert_same_weights(model, twin)


def test_a_model_without_blocks_is_told():
    with pytest.raises(TrainingError, match="this one has none: use adamw"):
        make_optimizer(nn.Sequential(nn.Flatten(), nn.Linear(12, 3)), MUON)


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("model_class", [ViT, ConvStemViT])
def test_a_run_with_muon_that_was_cut_off_ends_like_one_that_was_not(model_class, tmp_path):
    generator = torch.Generator().manual_seed(0)
    split = Split(torch.randint(0, 256, (40, 3, 8, 8), generator=generator).to(torch.uint8), torch.arange(40) % 5)
    data = ImageData("tiny", split, split, tuple("abcde"), *torch.full((2, 3), 0.4))
    config = TrainConfig(epochs=3, batch_size=16, optimizer="muon", flip=True, ema=0.9, precision="fp32")

    def run(place, seed=0, on_step=None):
        torch.manual_seed(seed)
        model = model_class(img_size=8, patch_size=4, num_classes=5, embed_dim=16, depth=1, num_heads=2)
        options = dict(device="cpu", progress=False, checkpoint=place, every=2, on_step=on_step)
        return model, fit(model, data, config, **options)

    def kill(done, loss):
        if done == 6:
            raise Killed

    with pytest.raises(Killed):
        run(tmp_path / "cut", on_step=kill)
    (whole, history), (resumed, other) = run(tmp_path / "whole"), run(tmp_path / "cut", seed=1)
    assert_same_weights(whole, resumed)
    assert (history.train_loss, history.ema_accuracy) == (other.train_loss, other.ema_accuracy)
