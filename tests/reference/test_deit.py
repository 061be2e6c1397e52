"""The reference DeiT against timm's, its losses against PyTorch's, drop path against torchvision's."""

import pytest
import torch
import torch.nn.functional as F

from vitcourse.reference.deit import (
    ConvTeacher,
    DistilledViT,
    DropPath,
    hard_distillation_loss,
    soft_distillation_loss,
)
from vitcourse.reference.vit import VIT_SIZES, load_timm_weights


def _timm_pair(timm, name, **options):
    """timm's model with random biases and norm scales too, and ours with the same weights."""
    theirs = timm.create_model(name, pretrained=False, **options)
    with torch.no_grad():
        for parameter in theirs.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.1 * torch.randn(parameter.shape))
    size = {"tiny": "Ti", "small": "S", "base": "B"}[name.split("_")[1]]
    ours = load_timm_weights(DistilledViT(**{**VIT_SIZES[size], **options}), theirs.state_dict())
    return ours, theirs


def _assert_both_modes_agree(ours, theirs, images):
    theirs.set_distilled_training(True)
    with torch.no_grad():
        wanted_pair, wanted = theirs.train()(images), theirs.eval()(images)
        assert min(part.std() for part in wanted_pair) > 0.1  # else the tolerance would compare nothing
        assert (wanted_pair[0] - wanted_pair[1]).abs().max() > 0.1
        for got, part in zip(ours.train()(images), wanted_pair, strict=True):
            torch.testing.assert_close(got, part, rtol=0, atol=1e-4)
        torch.testing.assert_close(ours.eval()(images), wanted, rtol=0, atol=1e-4)


@pytest.mark.parametrize("size", ["tiny", "small", "base"])
def test_logits_agree_with_timm_in_both_modes(size):
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    ours, theirs = _timm_pair(timm, f"deit_{size}_distilled_patch16_224")
    _assert_both_modes_agree(ours, theirs, torch.randn(1, 3, 224, 224))


def test_logits_agree_with_timm_for_other_sizes_and_a_batch():
    timm = pytest.importorskip("timm")
    torch.manual_seed(1)
    options = dict(img_size=(64, 48), depth=2, num_classes=7, in_chans=2)
    ours, theirs = _timm_pair(timm, "deit_tiny_distilled_patch16_224", **options)
    _assert_both_modes_agree(ours, theirs, torch.randn(3, 2, 64, 48))


def test_the_tokens_are_drawn_and_the_heads_are_two():
    torch.manual_seed(0)
    model = DistilledViT(img_size=32, patch_size=4, num_classes=9, embed_dim=192, depth=1, num_heads=3)
    assert model.pos_embed.shape == (1, 66, 192)
    for parameter in (model.cls_token, model.dist_token, model.pos_embed, model.head.weight, model.head_dist.weight):
        assert 0.015 < parameter.std() < 0.025
    assert not torch.equal(model.cls_token, model.dist_token)
    assert not torch.equal(model.head.weight, model.head_dist.weight)
    assert model.embed(torch.randn(2, 3, 32, 32)).shape == (2, 66, 192)


def _logits(B=6, K=5):
    torch.manual_seed(3)
    cls, dist, teacher = (2 * torch.randn(B, K, dtype=torch.float64) for _ in range(3))
    return cls, dist, teacher, torch.randn(B, K, dtype=torch.float64).softmax(dim=1)


def test_hard_loss_agrees_with_pytorchs_cross_entropies():
    cls, dist, teacher, targets = _logits()
    wanted = 0.5 * F.cross_entropy(cls, targets) + 0.5 * F.cross_entropy(dist, F.one_hot(teacher.argmax(1), 5).double())
    torch.testing.assert_close(hard_distillation_loss(cls, dist, teacher, targets), wanted)


@pytest.mark.parametrize(("temperature", "alpha"), [(3.0, 0.1), (0.7, 0.45), (1.0, 1.0)])
def test_soft_loss_agrees_with_pytorchs_kl_div(temperature, alpha):
    cls, dist, teacher, targets = _logits()
    kl = F.kl_div(
        F.log_softmax(dist / temperature, 1),
        F.softmax(teacher / temperature, 1),
        reduction="batchmean",
        log_target=False,
    )
    wanted = (1 - alpha) * F.cross_entropy(cls, targets) + alpha * temperature**2 * kl
    torch.testing.assert_close(soft_distillation_loss(cls, dist, teacher, targets, temperature, alpha), wanted)


@pytest.mark.parametrize("loss", [hard_distillation_loss, soft_distillation_loss])
def test_gradients_reach_both_tokens_and_never_the_teacher(loss):
    cls, dist, teacher, targets = (tensor.requires_grad_() for tensor in _logits())
    loss(cls, dist, teacher, targets.detach()).backward()
    assert cls.grad.abs().min() > 0 and dist.grad.abs().min() > 0
    assert teacher.grad is None


def test_a_teacher_of_the_same_mind_leaves_the_plain_loss():
    cls, dist, _, targets = _logits()
    torch.testing.assert_close(
        soft_distillation_loss(cls, dist, dist, targets, 3.0, 0.1), 0.9 * F.cross_entropy(cls, targets)
    )


def test_temperature_keeps_the_size_of_the_gradient():
    """Hinton et al. (2015), section 2: the gradient of the divergence falls with 1/T**2, which T**2 makes up for."""
    _, dist, teacher, targets = _logits()
    sizes = []
    for temperature in (30.0, 300.0):
        leaf = dist.clone().requires_grad_()
        soft_distillation_loss(leaf, leaf, teacher, targets, temperature, alpha=1.0).backward()
        sizes.append(leaf.grad.norm().item())
    assert sizes[1] == pytest.approx(sizes[0], rel=0.1)


@pytest.mark.parametrize("size", [(32, 32), (8, 13), (3, 3)])
def test_the_teacher_takes_any_size(size):
    teacher = ConvTeacher(in_chans=2, num_classes=7, width=4)
    assert teacher(torch.randn(2, 2, *size)).shape == (2, 7)


def test_drop_path_is_torchvisions_stochastic_depth():
    ops = pytest.importorskip("torchvision.ops")
    branch = torch.randn(2000, 3, 2, dtype=torch.float64)
    drop = DropPath(0.3)
    torch.manual_seed(0)
    ours = drop(branch)
    torch.manual_seed(0)
    theirs = ops.stochastic_depth(branch, 0.3, mode="row")
    for out in (ours, theirs):  # they throw their coins differently, and keep the same law
        dropped = (out == 0).all(dim=(1, 2))
        assert ((out == 0).any(dim=(1, 2)) == dropped).all()  # whole images
        assert 0.27 < dropped.double().mean() < 0.33
        torch.testing.assert_close(out[~dropped], branch[~dropped] / 0.7)
    assert drop.eval()(branch) is branch
    assert DropPath(0.0)(branch) is branch
