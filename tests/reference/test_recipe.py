"""The recipe's pieces against PyTorch's and torchvision's own."""

import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from vitcourse.reference.recipe import (
    cutmix,
    mixup,
    parameter_groups,
    soft_cross_entropy,
    train_one_epoch,
    warmup_cosine,
)
from vitcourse.reference.vit import ViT


@pytest.fixture
def rng():
    return torch.Generator().manual_seed(0)


def small_vit():
    torch.manual_seed(0)
    return ViT(img_size=8, patch_size=4, num_classes=5, embed_dim=16, depth=2, num_heads=2)


def test_soft_cross_entropy_is_torchs(rng):
    logits = torch.randn(6, 5, generator=rng, dtype=torch.float64)
    targets = torch.randn(6, 5, generator=rng, dtype=torch.float64).softmax(dim=1)
    torch.testing.assert_close(soft_cross_entropy(logits, targets), F.cross_entropy(logits, targets))
    classes = torch.tensor([0, 4, 2, 2, 1, 3])
    one_hot = F.one_hot(classes, 5).double()
    torch.testing.assert_close(soft_cross_entropy(logits, one_hot), F.cross_entropy(logits, classes))
    smoothed = 0.9 * one_hot + 0.1 / 5
    expected = F.cross_entropy(logits, classes, label_smoothing=0.1)
    torch.testing.assert_close(soft_cross_entropy(logits, smoothed), expected)


@pytest.mark.parametrize(("total_steps", "warmup_steps", "final_lr"), [(20, 5, 0.0), (31, 7, 0.02), (12, 0, 0.1)])
def test_warmup_cosine_is_linear_lr_then_cosine_annealing(total_steps, warmup_steps, final_lr):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.3)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total_steps - warmup_steps, eta_min=final_lr)
    schedule = cosine
    if warmup_steps:
        # Step w - 1 has the peak already, and the cosine begins there at step w: the rise takes w - 1 steps of torch's.
        optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.3)
        rise = torch.optim.lr_scheduler.LinearLR(optimizer, 1 / warmup_steps, total_iters=warmup_steps - 1)
        cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total_steps - warmup_steps, eta_min=final_lr)
        schedule = torch.optim.lr_scheduler.SequentialLR(optimizer, [rise, cosine], milestones=[warmup_steps])
    rates = []
    for _ in range(total_steps):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    ours = [warmup_cosine(step, total_steps, warmup_steps, 0.3, final_lr) for step in range(total_steps)]
    assert ours == pytest.approx(rates, rel=1e-9)
    assert max(ours) == pytest.approx(0.3) and min(ours) > 0


def soft_targets(B, K, rng):
    return torch.randint(K, (B,), generator=rng)


def test_mixup_is_torchvisions(rng):
    v2 = pytest.importorskip("torchvision.transforms.v2")
    images = torch.randn(4, 3, 6, 10, generator=rng)
    classes = soft_targets(4, 7, rng)
    transform = v2.MixUp(alpha=1.0, num_classes=7)
    lam = 0.3
    expected = transform.transform(images, {"labels": classes, "batch_size": 4, "lam": lam})
    expected_targets = transform.transform(classes, {"labels": classes, "batch_size": 4, "lam": lam})
    # torchvision takes the neighbour in the batch as the partner
    got, got_targets = mixup(images, F.one_hot(classes, 7).float(), lam, torch.arange(4).roll(1))
    torch.testing.assert_close(got, expected)
    torch.testing.assert_close(got_targets, expected_targets)


def test_cutmix_is_torchvisions(rng):
    v2 = pytest.importorskip("torchvision.transforms.v2")
    images = torch.randn(4, 3, 6, 10, generator=rng)
    classes = soft_targets(4, 7, rng)
    transform = v2.CutMix(alpha=1.0, num_classes=7)
    torch.manual_seed(3)
    params = transform.make_params([images])
    x1, y1, x2, y2 = (int(value) for value in params["box"])
    settings = {**params, "labels": classes, "batch_size": 4}
    got, got_targets = cutmix(
        images, F.one_hot(classes, 7).float(), (y1, x1, y2 - y1, x2 - x1), torch.arange(4).roll(1)
    )
    assert 0 < (y2 - y1) * (x2 - x1) < 60, "the draw must be a real box"
    torch.testing.assert_close(got, transform.transform(images, settings))
    torch.testing.assert_close(got_targets, transform.transform(classes, settings))


def test_mixing_keeps_the_inputs(rng):
    images, targets = torch.randn(4, 3, 6, 10, generator=rng), torch.rand(4, 7, generator=rng)
    before = images.clone(), targets.clone()
    perm = torch.tensor([1, 2, 3, 0])
    mixup(images, targets, 0.3, perm)
    cutmix(images, targets, (1, 2, 3, 4), perm)
    assert torch.equal(images, before[0]) and torch.equal(targets, before[1])


def test_groups_of_a_vit():
    model = small_vit()
    model.head.bias.requires_grad_(False)
    decay, no_decay = parameter_groups(model, 0.07)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    decaying = {names[id(parameter)] for parameter in decay["params"]}
    spared = {names[id(parameter)] for parameter in no_decay["params"]}
    assert (decay["weight_decay"], no_decay["weight_decay"]) == (0.07, 0.0)
    matrices = {f"blocks.{i}.{part}.weight" for i in (0, 1) for part in ("attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2")}
    assert decaying == matrices | {"patch_embed.proj.weight", "head.weight"}
    assert {"tokens.cls_token", "tokens.pos_embed", "norm.weight", "norm.bias", "patch_embed.proj.bias"} <= spared
    assert spared == set(names.values()) - decaying - {"head.bias"}


def test_groups_are_timms():
    timm_optim = pytest.importorskip("timm.optim")
    model = small_vit()
    skip = ("tokens.cls_token", "tokens.pos_embed")
    theirs = timm_optim.param_groups_weight_decay(model, 0.07, no_weight_decay_list=skip)
    theirs = {group["weight_decay"]: {id(p) for p in group["params"]} for group in theirs}
    ours = {group["weight_decay"]: {id(p) for p in group["params"]} for group in parameter_groups(model, 0.07)}
    assert ours == theirs


def test_an_epoch_is_the_plain_loop(rng):
    images = torch.randn(11, 3, 8, 8, generator=rng)
    targets = torch.randn(11, 5, generator=rng).softmax(dim=1)

    def batches():
        yield from zip(images.split(4), targets.split(4), strict=True)

    model, plain = small_vit(), small_vit()
    mean_loss = train_one_epoch(
        model, batches(), torch.optim.AdamW(parameter_groups(model, 0.1)), lambda step: 1e-3 * step, first_step=2
    )
    optimizer = torch.optim.AdamW(parameter_groups(plain, 0.1))
    rise = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: step + 2)  # times AdamW's default, 1e-3
    losses = []
    for batch, soft in batches():
        loss = F.cross_entropy(plain(batch), soft, reduction="none")
        optimizer.zero_grad()
        loss.mean().backward()
        nn.utils.clip_grad_norm_(plain.parameters(), 1.0)
        optimizer.step()
        rise.step()
        losses.append(loss.detach())
    assert mean_loss == pytest.approx(torch.cat(losses).mean().item(), rel=1e-5)
    for ours, theirs in zip(model.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_it_overfits_one_batch(rng):
    model = small_vit()
    batch = torch.randn(8, 3, 8, 8, generator=rng), F.one_hot(torch.arange(8) % 5, 5).float()
    optimizer = torch.optim.AdamW(parameter_groups(model, 0.0))
    first = train_one_epoch(model, [batch], optimizer, lambda step: 1e-3)
    last = train_one_epoch(model, itertools.repeat(batch, 120), optimizer, lambda step: 3e-3)
    final = train_one_epoch(model, [batch], optimizer, lambda step: 0.0)
    assert final < 0.1 < last < first
