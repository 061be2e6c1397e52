"""The reference of lab 02 against timm's own tables, resizing and initialisation."""

import pytest
import torch
from timm.layers import build_sincos2d_pos_embed, resample_abs_pos_embed
from timm.models import VisionTransformer

from vitcourse.reference.tokens import TokenPrep, resample_positions, sincos_positions


@pytest.mark.parametrize(("grid", "dim"), [((3, 5), 12), ((14, 14), 192), ((6, 2), 4)])
def test_the_table_is_timms_up_to_the_order_of_its_four_parts(grid, dim):
    theirs = build_sincos2d_pos_embed(grid, dim)
    sin_row, sin_col, cos_row, cos_col = theirs.chunk(4, dim=1)
    ours = torch.cat([sin_row, cos_row, sin_col, cos_col], dim=1)
    torch.testing.assert_close(sincos_positions(grid, dim), ours)


def test_the_table_has_the_default_dtype():
    torch.set_default_dtype(torch.float64)
    try:
        assert sincos_positions((2, 3), 8).dtype == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_no_table_for_a_length_that_four_does_not_divide():
    with pytest.raises(ValueError, match=r"multiple of 4.*10"):
        sincos_positions((2, 3), 10)


@pytest.mark.parametrize(
    ("old", "new"), [((2, 3), (4, 5)), ((14, 14), (24, 24)), ((5, 2), (5, 7)), ((8, 6), (3, 9)), ((4, 4), (4, 4))]
)
def test_resampled_positions_are_timms(old, new):
    """timm's default antialias=True is another cubic curve (see the lab), so it is switched off."""
    pos_embed = torch.randn(1, 1 + old[0] * old[1], 6, generator=torch.Generator().manual_seed(0))
    theirs = resample_abs_pos_embed(pos_embed, list(new), list(old), antialias=False)
    torch.testing.assert_close(resample_positions(pos_embed, old, new), theirs)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_resampled_positions_keep_the_dtype_and_the_class_slot(dtype):
    pos_embed = torch.randn(1, 7, 4, generator=torch.Generator().manual_seed(0)).to(dtype)
    result = resample_positions(pos_embed, (2, 3), (4, 4))
    assert result.dtype == dtype and result.shape == (1, 17, 4)
    assert torch.equal(result[:, :1], pos_embed[:, :1])


def test_tokens_are_timms():
    """The class token and positions of a timm ViT, moved into a TokenPrep, do what timm does with them."""
    theirs = VisionTransformer(img_size=(8, 12), patch_size=4, embed_dim=8, depth=0, num_heads=1).eval()
    ours = TokenPrep(num_patches=6, embed_dim=8)
    assert {name: p.shape for name, p in ours.named_parameters()} == {
        "cls_token": theirs.cls_token.shape,
        "pos_embed": theirs.pos_embed.shape,
    }
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in ours.named_parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
            getattr(theirs, name).copy_(parameter)
    patches = torch.randn(3, 6, 8, generator=generator)
    torch.testing.assert_close(ours(patches), theirs._pos_embed(patches))


def test_the_start_is_normal_with_standard_deviation_two_hundredths():
    torch.manual_seed(0)
    for parameter in TokenPrep(num_patches=3, embed_dim=10_000).state_dict().values():
        assert abs(float(parameter.std()) - 0.02) < 0.001
        assert abs(float(parameter.mean())) < 0.001
