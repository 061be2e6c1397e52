"""The reference of lab 00 against timm's models and the course's own."""

import pytest
import timm
import torch

from vitcourse.reference.vit import ViT
from vitcourse.reference.welcome import count_tokens


@pytest.mark.parametrize(("size", "P"), [((224, 224), 16), ((224, 224), 32), ((48, 80), 16)])
def test_count_agrees_with_timm(size, P):
    sizes = dict(img_size=size, patch_size=P, embed_dim=8, depth=1, num_heads=1, num_classes=2)
    model = timm.models.vision_transformer.VisionTransformer(**sizes)
    assert count_tokens(*size, P) == model.pos_embed.shape[1]


def test_count_agrees_with_the_courses_model():
    model = ViT(img_size=(12, 20), patch_size=4, num_classes=2, embed_dim=8, depth=1, num_heads=1)
    tokens = model.tokens(model.patch_embed(torch.zeros(1, 3, 12, 20)))
    assert tokens.shape[1] == count_tokens(12, 20, 4) == 16
