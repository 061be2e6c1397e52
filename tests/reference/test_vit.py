"""The reference ViT against timm's: the same logits from the same weights, and the same number of parameters."""

import functools
import inspect

import pytest
import torch

from vitcourse.reference.deit import DistilledViT
from vitcourse.reference.maps import catch_attention
from vitcourse.reference.stem import ConvStemViT
from vitcourse.reference.vit import VIT_SIZES, Block, ViT, count_vit_parameters, load_timm_weights

timm = pytest.importorskip("timm")


def _draw_weights(model):
    """Random biases and norm scales too, which are 0 and 1 in a fresh model and would hide."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.add_(0.1 * torch.randn(parameter.shape))
    return model


def _timm_model(name, **options):
    return _draw_weights(timm.create_model(name, pretrained=False, **options)).eval()


def _logits(name, **options):
    theirs = _timm_model(name, **options)
    size = {"tiny": "Ti", "small": "S", "base": "B"}[name.split("_")[1]]
    ours = load_timm_weights(ViT(**{**VIT_SIZES[size], **options}), theirs.state_dict()).eval()
    images = torch.randn(1, 3, *ours.patch_embed.img_size)
    with torch.no_grad():
        wanted = theirs(images)
        assert wanted.std() > 0.1  # else the tolerance would compare nothing
        return ours, images, wanted


@pytest.mark.parametrize("size", ["tiny", "small", "base"])
def test_logits_agree_with_timm(size):
    torch.manual_seed(0)
    ours, images, wanted = _logits(f"vit_{size}_patch16_224")
    with torch.no_grad():
        torch.testing.assert_close(ours(images), wanted, rtol=0, atol=1e-4)


@pytest.mark.parametrize(("name", "img_size"), [("vit_tiny_patch16_384", 384), ("vit_tiny_patch16_224", (160, 96))])
def test_logits_agree_for_other_image_sizes_and_with_the_weights_caught(name, img_size):
    torch.manual_seed(0)
    ours, images, wanted = _logits(name, img_size=img_size, depth=3)
    with torch.no_grad(), catch_attention(ours) as weights:
        logits = ours(images)
    torch.testing.assert_close(logits, wanted, rtol=0, atol=1e-4)
    tokens = 1 + ours.patch_embed.num_patches
    assert [tuple(w.shape) for w in weights] == 3 * [(1, 3, tokens, tokens)]


@pytest.mark.parametrize(
    ("cls", "takes"), [(Block, "x"), (ViT, "images"), (ConvStemViT, "images"), (DistilledViT, "images")]
)
def test_the_models_read_as_the_paper_does(cls, takes):
    """Attention's weights are asked of attention alone: no flag runs through the models."""
    assert list(inspect.signature(cls.forward).parameters) == ["self", takes]


def test_block_agrees_with_timm_and_with_pytorch():
    torch.manual_seed(1)
    ours = _draw_weights(Block(48, 4, mlp_ratio=2.0)).double()
    theirs = timm.models.vision_transformer.Block(
        48, 4, mlp_ratio=2.0, qkv_bias=True, norm_layer=functools.partial(torch.nn.LayerNorm, eps=1e-6)
    ).double()
    theirs.load_state_dict(ours.state_dict())
    layer = torch.nn.TransformerEncoderLayer(
        48, 4, 96, dropout=0.0, activation="gelu", layer_norm_eps=1e-6, batch_first=True, norm_first=True
    ).double()
    names = {"attn.qkv.weight": "self_attn.in_proj_weight", "attn.qkv.bias": "self_attn.in_proj_bias"}
    parts = {"attn.proj": "self_attn.out_proj", "mlp.fc1": "linear1", "mlp.fc2": "linear2"}
    for name, value in ours.state_dict().items():
        for old, new in parts.items():
            names.setdefault(name, name.replace(old, new)) if old in name else None
        layer.get_parameter(names.get(name, name)).data.copy_(value)
    x = torch.randn(2, 7, 48, dtype=torch.float64)
    torch.testing.assert_close(ours(x), theirs(x))
    torch.testing.assert_close(ours(x), layer(x))


@pytest.mark.parametrize(("size", "patch_size"), [("Ti", 16), ("S", 16), ("B", 16), ("L", 16), ("H", 14)])
def test_the_formula_counts_what_the_models_have(size, patch_size):
    name = {"Ti": "tiny", "S": "small", "B": "base", "L": "large", "H": "huge"}[size]
    formula = count_vit_parameters(patch_size=patch_size, **VIT_SIZES[size])
    with torch.device("meta"):
        ours = ViT(patch_size=patch_size, **VIT_SIZES[size])
        theirs = timm.create_model(f"vit_{name}_patch{patch_size}_224", num_classes=1000)
    assert formula == sum(parameter.numel() for parameter in ours.parameters())
    assert formula == sum(parameter.numel() for parameter in theirs.parameters())


def test_vit_b16_has_the_number_that_torchvision_states():
    torchvision = pytest.importorskip("torchvision")
    stated = torchvision.models.ViT_B_16_Weights.IMAGENET1K_V1.meta["num_params"]
    assert count_vit_parameters() == stated == 86_567_656


def test_weights_of_another_size_are_refused():
    theirs = timm.create_model("vit_tiny_patch16_224", num_classes=7, depth=1)
    with pytest.raises(RuntimeError, match=r"head\.weight"):
        load_timm_weights(ViT(embed_dim=192, depth=1, num_heads=3, num_classes=5), theirs.state_dict())
    with pytest.raises(RuntimeError, match=r"blocks\.1\.attn\.qkv\.weight"):
        load_timm_weights(ViT(embed_dim=192, depth=2, num_heads=3, num_classes=7), theirs.state_dict())
