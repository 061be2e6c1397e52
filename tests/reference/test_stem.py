"""The convolutional stem: the tokens of a PatchEmbed in number and order, and a ViT behind them."""

import pytest
import torch
import torch.nn.functional as F

from vitcourse.reference.maps import catch_attention
from vitcourse.reference.patches import PatchEmbed
from vitcourse.reference.stem import ConvStem, ConvStemViT, conv_stage


def small(**options):
    sizes = dict(img_size=(16, 24), patch_size=4, in_chans=2, num_classes=5, embed_dim=24, depth=3, num_heads=2)
    torch.manual_seed(0)
    return ConvStemViT(**sizes | options)


def test_the_grid_is_that_of_patches():
    stem, patches = ConvStem((16, 24), 4, 2, 24), PatchEmbed((16, 24), 4, 2, 24)
    assert (stem.grid, stem.num_patches) == (patches.grid, patches.num_patches) == ((4, 6), 24)
    assert stem(torch.randn(3, 2, 16, 24)).shape == (3, 24, 24)


def test_tokens_run_row_by_row_and_see_what_is_near():
    torch.manual_seed(0)
    stem = ConvStem((32, 48), 4, 1, 8).double().eval()
    images = torch.randn(1, 1, 32, 48, dtype=torch.float64)
    with torch.no_grad():
        before = stem(images)
        for row, column in ((0, 0), (2, 7), (7, 11)):
            changed = images.clone()
            changed[:, :, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4] += 1
            touched = (stem(changed) != before).any(dim=-1).reshape(8, 12)
            assert touched[row, column]
            rows, columns = touched.nonzero().T
            assert (rows - row).abs().max() <= 3 and (columns - column).abs().max() <= 3


def test_a_stage_is_two_convolutions_and_one_pooling():
    torch.manual_seed(0)
    stage = conv_stage(3, 6)
    images = torch.randn(4, 3, 10, 14)
    first, second = (module for module in stage if isinstance(module, torch.nn.Conv2d))
    x = F.max_pool2d(F.conv2d(images, first.weight, padding=1), 2)
    x = F.gelu(F.batch_norm(x, None, None, training=True))
    x = F.gelu(F.batch_norm(F.conv2d(x, second.weight, padding=1), None, None, training=True))
    torch.testing.assert_close(stage(images), x)


def test_the_sizes_of_the_track_stay_under_the_limit():
    parameters = sum(p.numel() for p in ConvStemViT().parameters())
    assert 2.3e6 < parameters <= 2.7e6
    assert ConvStemViT()(torch.randn(2, 3, 32, 32)).shape == (2, 10)


def test_weights_can_be_caught_of_tokens_that_are_all_patches():
    model = small()
    with catch_attention(model) as caught:
        model(torch.randn(3, 2, 16, 24))
    assert [tuple(w.shape) for w in caught] == 3 * [(3, 2, 24, 24)]


def test_everything_learns():
    model = small()
    F.cross_entropy(model(torch.randn(4, 2, 16, 24)), torch.tensor([0, 1, 2, 3])).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_behind_the_stem_are_the_blocks_of_pytorch_and_a_mean():
    model = small().eval()
    images = torch.randn(2, 2, 16, 24)
    with torch.no_grad():
        x = model.patch_embed(images) + model.pos_embed
        for block in model.blocks:
            layer = torch.nn.TransformerEncoderLayer(
                24, 2, 96, dropout=0.0, activation="gelu", layer_norm_eps=1e-6, batch_first=True, norm_first=True
            ).eval()
            names = {"attn.qkv.": "self_attn.in_proj_", "attn.proj": "self_attn.out_proj", "mlp.fc1": "linear1"}
            for name, value in block.state_dict().items():
                for old, new in {**names, "mlp.fc2": "linear2"}.items():
                    name = name.replace(old, new)
                layer.get_parameter(name).copy_(value)
            x = layer(x)
        mean = F.layer_norm(x, (24,), model.norm.weight, model.norm.bias, eps=1e-6).mean(dim=1)
        torch.testing.assert_close(model(images), F.linear(mean, model.head.weight, model.head.bias))


def test_positions_alone_tell_the_order_of_the_tokens():
    model = small().eval()
    with torch.no_grad():
        grid = model.patch_embed(torch.randn(1, 2, 16, 24))
        shuffled = grid[:, torch.randperm(24)]

        def differ():
            logits = []
            for tokens in (grid, shuffled):
                model.patch_embed.forward = lambda images, tokens=tokens: tokens
                logits.append(model(images=None))
            return not torch.allclose(*logits, rtol=0, atol=1e-5)

        assert differ()
        model.pos_embed.zero_()
        assert not differ()


def test_the_order_in_memory_survives_saved_weights():
    model = small()
    model.load_state_dict({name: value.contiguous() for name, value in model.state_dict().items()})
    grid = model.patch_embed.stages(torch.randn(2, 2, 16, 24))
    assert grid.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        (dict(patch_size=6, img_size=(12, 24)), "patch size 6 is no power of two"),
        (dict(patch_size=1), "patch size 1 is no power of two"),
        (dict(patch_size=16), "patch size 16 does not divide the image's height 16 and width 24"),
        (dict(patch_size=8, embed_dim=22, num_heads=2), "embed_dim 22 cannot be halved 2 times"),
    ],
)
def test_sizes_that_do_not_fit_are_named(sizes, words):
    with pytest.raises(ValueError, match=words):
        small(**sizes)


def test_an_image_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"made for images of \(16, 24\) pixels, got \(24, 16\)"):
        small()(torch.randn(1, 2, 24, 16))
