"""The measures of lab 06 against cases that can be worked out by hand, and against other ways to compute them."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tests.exercises.alternatives_attention import LoopOverHeads
from tests.exercises.alternatives_vit import BlockOfTheOlderExercise, ViTOfTheOlderExercise
from vitcourse.reference.attention import MultiHeadAttention
from vitcourse.reference.maps import (
    attention_layers,
    attention_rollout,
    catch_attention,
    cls_attention_map,
    mean_attention_distance,
    occlusion_map,
    position_similarity,
)
from vitcourse.reference.swin import WindowAttention
from vitcourse.reference.vit import ViT


def model_and_images(depth=3):
    torch.manual_seed(0)
    sizes = dict(img_size=(8, 12), patch_size=4, in_chans=2, num_classes=5, embed_dim=12, depth=depth, num_heads=3)
    return ViT(**sizes).double(), torch.randn(2, 2, 8, 12, dtype=torch.float64)


def weights_by_hand(model, images):
    """Each layer's weights, asked of it alone."""
    x, found = model.tokens(model.patch_embed(images)), []
    for block in model.blocks:
        found.append(block.attn(block.norm1(x), need_weights=True)[1])
        x = block(x)
    return found


def hooks_of(model):
    return [hook for module in model.modules() for hook in module._forward_hooks]


@pytest.mark.parametrize("training", [True, False])
def test_each_layers_weights_are_caught_in_order_and_the_model_never_notices(training):
    model, images = model_and_images()
    model.train(training)
    alone = model(images)
    with catch_attention(model) as caught:
        assert caught == []
        logits = model(images)
    torch.testing.assert_close(caught, weights_by_hand(model, images))
    assert not torch.allclose(caught[0], caught[1])  # else the order would prove nothing
    assert torch.equal(logits, alone) and model.training is training
    assert all(weights.requires_grad for weights in caught)
    model(images)
    assert len(caught) == 3 and not hooks_of(model)


def test_the_hooks_go_when_the_model_raises():
    model, images = model_and_images()
    with pytest.raises(ValueError, match="12"), catch_attention(model):
        model(images[:, :, :, :7])
    assert not hooks_of(model)


def test_the_weights_are_caught_under_autocast():
    model, images = model_and_images()
    model, images = model.float(), images.float()
    with torch.autocast("cpu", torch.bfloat16), catch_attention(model) as caught:
        logits = model(images)
    assert logits.dtype == torch.bfloat16  # it was on
    torch.testing.assert_close([w.float() for w in caught], weights_by_hand(model, images), rtol=0, atol=0.02)


class Positional(BlockOfTheOlderExercise):
    """Says the wish without its name."""

    def forward(self, x, need_weights=False):
        if not need_weights:
            return x + self.attn(self.norm1(x), False)
        attended, weights = self.attn(self.norm1(x), True)
        return x + attended, weights


@pytest.mark.parametrize("block", [BlockOfTheOlderExercise, Positional])
@pytest.mark.parametrize("asked", [{}, {"need_weights": True}])
def test_a_learners_attention_is_found_by_what_it_takes_and_not_the_modules_around_it(block, asked):
    torch.manual_seed(0)
    model = ViTOfTheOlderExercise(8, 4, in_chans=2, num_classes=5, embed_dim=12, depth=2, num_heads=3)
    model.blocks = nn.Sequential(block(12, 3), block(12, 3))
    for each in model.blocks:
        each.attn = LoopOverHeads(12, 3)
    assert attention_layers(model) == [each.attn for each in model.blocks]
    images = torch.randn(3, 2, 8, 8)
    with catch_attention(model) as caught:
        model(images, **asked)
    torch.testing.assert_close(caught, model(images, need_weights=True)[1])


def test_pytorchs_own_attention_gives_every_head():
    layer = nn.TransformerEncoderLayer(12, 3, 24, batch_first=True, norm_first=True).eval()
    x = torch.randn(4, 5, 12)
    with catch_attention(layer) as caught, torch.no_grad():
        layer(x)
    normed = layer.norm1(x)
    wanted = layer.self_attn(normed, normed, normed, average_attn_weights=False)[1]
    torch.testing.assert_close(caught, [wanted.detach()])
    assert caught[0].shape == (4, 3, 5, 5)


def test_attention_that_gives_no_weights_is_none():
    with catch_attention(WindowAttention(12, 3, 2)) as caught:
        pass
    assert caught == [] and attention_layers(nn.Conv2d(3, 3, 1)) == []


def test_the_map_and_the_class_tokens_own_share_make_one():
    model, images = model_and_images()
    weights_per_layer = weights_by_hand(model, images)
    for weights in weights_per_layer:
        maps = cls_attention_map(weights, model.patch_embed.grid)
        assert maps.shape == (2, 2, 3)
        own = weights[:, :, 0, 0].mean(dim=1)
        torch.testing.assert_close(maps.sum(dim=(1, 2)) + own, torch.ones_like(own))


def test_rollout_is_what_the_attention_mixes_when_values_pass_unchanged():
    """Tokens that really are mixed half and half, layer by layer, end as the rollout says."""
    torch.manual_seed(0)
    weights_per_layer = [torch.randn(2, 3, 7, 7, dtype=torch.float64).softmax(-1) for _ in range(4)]
    tokens = start = torch.randn(2, 7, 5, dtype=torch.float64)
    for weights in weights_per_layer:
        tokens = 0.5 * tokens + 0.5 * torch.einsum("bhij,bjd->bid", weights, tokens) / 3
    from_patches = (attention_rollout(weights_per_layer)[:, :, None] * start[:, 1:]).sum(dim=1)
    own = 1 - attention_rollout(weights_per_layer).sum(dim=1)
    torch.testing.assert_close(tokens[:, 0], from_patches + own[:, None] * start[:, 0])


def test_rollout_of_no_looking_and_of_looking_at_one_patch():
    still = torch.eye(5).expand(2, 3, 5, 5)
    assert attention_rollout([still, still]).count_nonzero() == 0  # the class token stays itself
    at_second = torch.zeros(1, 1, 5, 5)
    at_second[..., 2] = 1
    torch.testing.assert_close(attention_rollout([at_second] * 3), torch.tensor([[0, 1 - 0.5**3, 0, 0]]))


def test_distance_of_a_head_that_looks_at_itself_or_one_patch_to_the_side():
    rows, cols, P = 2, 4, 5
    weights = torch.zeros(1, 2, 9, 9)
    number = torch.arange(8)
    weights[0, 0, 1 + number, 1 + number] = 0.3  # what is left goes to the class token and does not count
    weights[0, 1, 1 + number, 1 + (number // cols * cols + (number % cols + 1) % cols)] = 0.6
    weights[..., 0] = 1 - weights[..., 1:].sum(-1)
    expected = torch.tensor([0.0, P * (3 * 1 + 1 * 3) / 4])  # three steps of one patch, and one back over three
    torch.testing.assert_close(mean_attention_distance(weights, (rows, cols), P), expected)


def test_distance_of_even_attention_is_the_mean_over_all_pairs():
    grid, P = (3, 5), 4
    places = [(r * P, c * P) for r in range(3) for c in range(5)]
    pairs = [math.dist(a, b) for a in places for b in places]
    even = torch.full((2, 3, 16, 16), 1 / 16)
    expected = torch.full((3,), sum(pairs) / len(pairs))
    torch.testing.assert_close(mean_attention_distance(even, grid, P), expected)


def test_similarity_is_torchs_cosine():
    torch.manual_seed(0)
    pos_embed = torch.randn(1, 7, 10, dtype=torch.float64) * torch.rand(1, 7, 1)
    similarity = position_similarity(pos_embed, (2, 3))
    vectors = pos_embed[0, 1:].reshape(2, 3, 10)
    for r in range(2):
        for c in range(3):
            torch.testing.assert_close(similarity[r, c], F.cosine_similarity(vectors, vectors[r, c], dim=-1))


class TopLeftModel(torch.nn.Module):
    """Class 0's logit is the sum of the top left 4 x 4 pixels, class 1's that of the bottom right 2 x 2."""

    def forward(self, images):
        return torch.stack([images[:, :, :4, :4].sum((1, 2, 3)), images[:, :, -2:, -2:].sum((1, 2, 3))], dim=1)


def test_occlusion_finds_what_the_logit_depends_on():
    images = torch.rand(2, 3, 8, 12) + 0.5
    before = images.clone()
    falls = occlusion_map(TopLeftModel(), images, torch.tensor([0, 1]), patch_size=4)
    assert falls.shape == (2, 2, 3) and torch.equal(images, before)
    expected = torch.zeros(2, 2, 3)
    expected[0, 0, 0] = images[0, :, :4, :4].sum()
    expected[1, 1, 2] = images[1, :, -2:, -2:].sum()
    torch.testing.assert_close(falls, expected)


def test_occlusion_in_overlapping_squares():
    falls = occlusion_map(TopLeftModel(), torch.ones(1, 1, 8, 12), torch.tensor([0]), patch_size=4, stride=2)
    assert falls.shape == (1, 3, 5)
    assert falls[0, :, :3].tolist() == [[16, 8, 0], [8, 4, 0], [0, 0, 0]]


@pytest.mark.parametrize("measure", [cls_attention_map, lambda w, grid: mean_attention_distance(w, grid, 4)])
def test_weights_of_a_real_layer_are_taken_as_they_come(measure):
    torch.manual_seed(0)
    _, weights = MultiHeadAttention(12, 3)(torch.randn(2, 7, 12), need_weights=True)
    result = measure(weights, (2, 3))
    assert result.dtype == torch.float32 and result.requires_grad
