"""The reference of lab 01 against torch's own functions and timm."""

import pytest
import timm
import torch
import torch.nn.functional as F

from vitcourse.reference.patches import PatchEmbed, patchify, unpatchify


@pytest.fixture
def images():
    return torch.randn(2, 5, 6, 9, generator=torch.Generator().manual_seed(0))


def test_patchify_agrees_with_torch(images):
    assert torch.equal(patchify(images, 3), F.unfold(images, 3, stride=3).transpose(1, 2))
    assert torch.equal(patchify(images, 3), F.pixel_unshuffle(images, 3).flatten(2).transpose(1, 2))


def test_unpatchify_agrees_with_torch(images):
    patches = patchify(images, 3)
    assert torch.equal(unpatchify(patches, 3, (2, 3)), F.fold(patches.transpose(1, 2), (6, 9), 3, stride=3))


@pytest.mark.parametrize(("shape", "P"), [((1, 1, 4, 4), 4), ((3, 2, 20, 5), 5), ((2, 3, 8, 12), 1), ((2, 4, 6, 8), 2)])
def test_round_trip_moves_every_number_back(shape, P):
    images = torch.arange(torch.tensor(shape).prod().item()).reshape(shape)
    grid = shape[2] // P, shape[3] // P
    assert torch.equal(unpatchify(patchify(images, P), P, grid), images)


def test_patches_run_as_a_page_is_read():
    image = torch.arange(24).reshape(1, 1, 4, 6)  # the numbers that lab 01 names
    patches = patchify(image, 2)[0].tolist()
    assert patches[0] == [0, 1, 6, 7] and patches[1] == [2, 3, 8, 9] and patches[-1] == [16, 17, 22, 23]


@pytest.mark.parametrize("size", [(7, 9), (6, 8)])
def test_a_size_that_does_not_divide_is_named(size):
    with pytest.raises(ValueError, match=f"3 .*{size[0]}.*{size[1]}"):
        patchify(torch.zeros(1, 1, *size), 3)
    with pytest.raises(ValueError, match=f"3 .*{size[0]}.*{size[1]}"):
        PatchEmbed(size, 3, 1, 4)


def test_the_convolution_is_a_linear_layer_on_patches(images):
    embed = PatchEmbed((6, 9), 3, 5, 7)
    linear = F.linear(patchify(images, 3), embed.proj.weight.flatten(1), embed.proj.bias)
    torch.testing.assert_close(embed(images), linear, rtol=1e-4, atol=1e-5)


def test_patch_embed_agrees_with_timm(images):
    theirs = timm.layers.PatchEmbed(img_size=(6, 9), patch_size=3, in_chans=5, embed_dim=7)
    ours = PatchEmbed((6, 9), 3, 5, 7)
    ours.load_state_dict(theirs.state_dict())
    assert torch.equal(ours(images), theirs(images))
    assert (ours.num_patches, ours.grid) == (theirs.num_patches, tuple(theirs.grid_size))


def test_an_image_of_another_size_is_refused(images):
    with pytest.raises(ValueError, match=r"\(6, 9\).*\(6, 6\)"):
        PatchEmbed((6, 9), 3, 5, 7)(images[..., :6])
