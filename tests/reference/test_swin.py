"""The reference Swin against timm's and torchvision's: the same logits from the same weights; what a shift may do."""

import re

import pytest
import torch
from torch import nn

from vitcourse.reference.swin import (
    PatchMerging,
    SwinBlock,
    WindowAttention,
    relative_position_index,
    shifted_window_mask,
    window_partition,
    window_reverse,
)
from vitcourse.reference.swin_model import SWIN_SIZES, SwinTransformer, load_timm_weights

GRIDS = [((8, 12), 4, (2, 2)), ((6, 9), 3, (1, 1)), ((4, 12), 4, (0, 2)), ((10, 5), 5, (2, 0)), ((7, 14), 7, (0, 3))]
SMALL = dict(embed_dim=12, depths=(2, 2), num_heads=(2, 3), num_classes=5)


def draw_weights(model):
    """Everything that a fresh model has near 0 or 1 drawn anew, so that it cannot hide."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 1:
                parameter.add_(0.1 * torch.randn(parameter.shape))
            elif name.endswith("bias_table"):
                parameter.copy_(torch.randn(parameter.shape))
    return model.eval()


def torchvision_names(state_dict):
    """torchvision's state dict under our names: its stages and mergings alternate in one list."""
    renamed = {}
    for name, value in state_dict.items():
        if name.endswith("relative_position_index"):
            continue
        name = name.replace("features.0.0.", "patch_embed.proj.").replace("features.0.2.", "patch_norm.")
        name = re.sub(r"features\.(\d+)\.(\d+)\.", lambda m: f"layers.{int(m[1]) // 2}.blocks.{m[2]}.", name)
        name = re.sub(r"features\.(\d+)\.", lambda m: f"layers.{int(m[1]) // 2}.downsample.", name)
        renamed[name.replace("mlp.0.", "mlp.fc1.").replace("mlp.3.", "mlp.fc2.")] = value
    return renamed


def timm_model(**options):
    timm = pytest.importorskip("timm")
    return draw_weights(timm.create_model("swin_tiny_patch4_window7_224", pretrained=False, **options))


def torchvision_model(patch_size=4, window_size=7, **options):
    SwinTransformer = pytest.importorskip("torchvision").models.swin_transformer.SwinTransformer
    options = {key: list(value) if isinstance(value, tuple) else value for key, value in options.items()}
    sides = dict(patch_size=[patch_size] * 2, window_size=[window_size] * 2)
    return draw_weights(SwinTransformer(**sides, **options))


def assert_same_logits(ours, theirs):
    images = torch.randn(1, 3, *ours.patch_embed.img_size)
    with torch.no_grad():
        wanted = theirs(images)
        assert wanted.std() > 0.03  # else the tolerance would compare nothing
        torch.testing.assert_close(ours.eval()(images), wanted, rtol=0, atol=1e-4)


def test_logits_agree_with_timm():
    torch.manual_seed(0)
    theirs = timm_model()
    ours = load_timm_weights(SwinTransformer(**SWIN_SIZES["T"]), theirs.state_dict())
    for fused in (False, True):  # both of timm's kernels
        for stage in theirs.layers:
            for block in stage.blocks:
                block.attn.fused_attn = fused
        assert_same_logits(ours, theirs)


def test_logits_agree_with_torchvision():
    torch.manual_seed(0)
    theirs = torchvision_model(**SWIN_SIZES["T"])
    ours = SwinTransformer(**SWIN_SIZES["T"])
    ours.load_state_dict(torchvision_names(theirs.state_dict()))
    assert_same_logits(ours, theirs)


@pytest.mark.parametrize(
    ("img_size", "depths"),
    [
        ((112, 224), (2, 2, 2)),  # 28x56, 14x28 and 7x14 tokens: the last one's windows move to the right only
        (28, (2, 2, 2)),  # 7x7, 4x4 and 2x2 tokens: the windows shrink and do not move
        (84, (2, 1)),  # 21x21 tokens, which merge to 11x11 with a row and a column of zeros
    ],
)
def test_logits_agree_with_timm_for_other_sizes(img_size, depths):
    torch.manual_seed(0)
    sizes = dict(img_size=img_size, depths=depths, embed_dim=12, num_heads=(2, 3, 4)[: len(depths)], num_classes=5)
    theirs = timm_model(**sizes)
    assert_same_logits(load_timm_weights(SwinTransformer(**sizes), theirs.state_dict()), theirs)


@pytest.mark.parametrize("img_size", [(36, 36), (40, 52), (36, 68)])
def test_a_grid_that_the_window_does_not_divide_is_padded_as_torchvision_does(img_size):
    torch.manual_seed(0)
    theirs = torchvision_model(window_size=4, **SMALL)
    ours = SwinTransformer(img_size=img_size, window_size=4, **SMALL)
    ours.load_state_dict(torchvision_names(theirs.state_dict()))
    assert any(side % 4 for stage in ours.layers for side in stage.blocks[1].grid)
    assert_same_logits(ours, theirs)


@pytest.mark.parametrize("grid", [(9, 9), (8, 10), (7, 13), (8, 8)])
def test_no_token_sees_past_its_window_or_around_an_edge(grid):
    """The gradient of one token, for every token: nothing from farther than a window, nothing from the other side."""
    torch.manual_seed(0)
    M = 4
    block = SwinBlock(4, 2, grid, M, shifted=True).double()
    H, W = grid
    x = torch.randn(1, H, W, 4, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda x: block(x).sum(-1), x)[0, :, :, 0].abs().sum(-1)
    rows, cols = (torch.arange(side) for side in grid)
    row_window, col_window = (rows + M // 2) // M, (cols + M // 2) // M  # windows move by half, the rest is cut off
    same = (row_window[:, None] == row_window)[:, None, :, None] & (col_window[:, None] == col_window)[None, :, None]
    assert torch.equal(jacobian > 1e-12, same)


@pytest.mark.parametrize(("grid", "M", "shift"), GRIDS)
def test_the_mask_is_what_timm_and_torchvision_add(grid, M, shift):
    timm = pytest.importorskip("timm")
    block = timm.models.swin_transformer.SwinTransformerBlock(4, grid, 2, window_size=M, shift_size=shift)
    mask = shifted_window_mask(grid, M, shift)
    assert (mask == 0).any(-1).all()  # no row without a key: its softmax would be NaN
    assert torch.equal(mask.clamp(min=-100), block.attn_mask)


def test_one_number_shifts_both_axes():
    assert torch.equal(shifted_window_mask((6, 9), 3, 1), shifted_window_mask((6, 9), 3, (1, 1)))


@pytest.mark.parametrize(("grid", "M", "shift"), GRIDS)
def test_windows_are_timms_and_come_back(grid, M, shift):
    timm = pytest.importorskip("timm")
    x = torch.randn(2, *grid, 3)
    windows = window_partition(x, M)
    assert torch.equal(windows, timm.models.swin_transformer.window_partition(x, (M, M)))
    assert torch.equal(window_reverse(windows, M, grid), x)


@pytest.mark.parametrize("M", [1, 2, 3, 7])
def test_the_index_is_timms_and_torchvisions(M):
    timm, torchvision = pytest.importorskip("timm"), pytest.importorskip("torchvision")
    index = relative_position_index(M)
    assert torch.equal(index, timm.models.swin_transformer.get_relative_position_index(M, M))
    attention = torchvision.models.swin_transformer.ShiftedWindowAttention(4, [M, M], [0, 0], 2)
    assert torch.equal(index.flatten(), attention.relative_position_index)
    assert index.unique().tolist() == list(range((2 * M - 1) ** 2))  # every row of the table is used


@pytest.mark.parametrize("with_mask", [False, True])
def test_window_attention_is_timms(with_mask):
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    ours = draw_weights(WindowAttention(12, 3, 4)).double()
    theirs = timm.models.swin_transformer.WindowAttention(12, 3, window_size=4).double()
    theirs.load_state_dict(ours.state_dict())  # strict: names and shapes are timm's own
    windows = torch.randn(3 * 6, 16, 12, dtype=torch.float64)
    mask = shifted_window_mask((8, 12), 4, 2).double() if with_mask else None
    torch.testing.assert_close(ours(windows, mask), theirs(windows, mask))


def test_without_bias_and_mask_it_is_multi_head_attention_in_each_window():
    ours = WindowAttention(12, 3, 4)
    nn.init.zeros_(ours.relative_position_bias_table)
    oracle = nn.MultiheadAttention(12, 3, batch_first=True)
    oracle.in_proj_weight.data, oracle.in_proj_bias.data = ours.qkv.weight.data, ours.qkv.bias.data
    oracle.out_proj.load_state_dict(ours.proj.state_dict())
    windows = torch.randn(5, 16, 12)
    torch.testing.assert_close(ours(windows), oracle(windows, windows, windows)[0], rtol=0, atol=1e-5)


@pytest.mark.parametrize("grid", [(4, 6), (5, 7)])
def test_patch_merging_is_timms_and_torchvisions(grid):
    timm, torchvision = pytest.importorskip("timm"), pytest.importorskip("torchvision")
    torch.manual_seed(0)
    ours = draw_weights(PatchMerging(6))
    x = torch.randn(2, *grid, 6)
    for other in (timm.models.swin_transformer.PatchMerging(6), torchvision.models.swin_transformer.PatchMerging(6)):
        other.load_state_dict(ours.state_dict())
        torch.testing.assert_close(ours(x), other(x))


def test_the_pyramid_halves_and_doubles():
    with torch.device("meta"):
        model = SwinTransformer(**SWIN_SIZES["T"])
        shapes = [tuple(level.shape) for level in model.forward_features(torch.empty(1, 3, 224, 224))]
    assert shapes == [(1, 56, 56, 96), (1, 28, 28, 192), (1, 14, 14, 384), (1, 7, 7, 768)]


@pytest.mark.parametrize("size", ["T", "S", "B"])
def test_sizes_have_the_numbers_of_parameters_that_torchvision_states(size):
    torchvision = pytest.importorskip("torchvision")
    stated = getattr(torchvision.models, f"Swin_{size}_Weights").IMAGENET1K_V1.meta["num_params"]
    with torch.device("meta"):
        assert sum(parameter.numel() for parameter in SwinTransformer(**SWIN_SIZES[size]).parameters()) == stated


def test_masks_and_indices_are_no_weights_but_follow_the_model():
    model = SwinTransformer(img_size=32, window_size=4, **SMALL)
    assert not [name for name in model.state_dict() if "mask" in name or "index" in name]
    assert model.double().layers[0].blocks[1].attn_mask.dtype == torch.float64
    assert model.layers[0].blocks[1].attn.relative_position_index.dtype == torch.int64


def test_minus_infinity_survives_autocast():
    torch.manual_seed(0)
    model = SwinTransformer(img_size=32, window_size=4, **SMALL)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = model(torch.randn(2, 3, 32, 32)).float().square().mean()
    loss.backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"4.*8.*10"):
        window_partition(torch.zeros(1, 8, 10, 3), 4)
    with pytest.raises(ValueError, match=r"\(8, 8\).*\(8, 12\)"):
        SwinBlock(4, 2, (8, 8), 4, shifted=True)(torch.zeros(1, 8, 12, 4))
    with pytest.raises(ValueError, match=r"5.*12"):
        WindowAttention(12, 5, 4)
    with pytest.raises(ValueError, match="one number for each stage"):
        SwinTransformer(depths=(2, 2), num_heads=(3, 6, 12))
    with pytest.raises(RuntimeError, match=r"head\.weight"):
        load_timm_weights(SwinTransformer(img_size=28, **SMALL), timm_model(**{**SMALL, "num_classes": 7}).state_dict())
