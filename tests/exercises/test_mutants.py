"""Every mutant of every reference answer is rejected; those that are right answers are listed, with the reason."""

import pytest

from tests.exercises.test_all import NAMES
from vitcourse.workbook.answers import namespace_for, run_text
from vitcourse.workbook.check import Status, run_check
from vitcourse.workbook.mutants import mutants
from vitcourse.workbook.reference_text import solution_source

SYMMETRIC = "exchanging axes a and b is exchanging b and a"
EQUIVALENT = {
    "PatchEmbed": {
        "grid.flatten(2).transpose(1, 2): arguments swapped": SYMMETRIC,
        "tuple(img_size): tuple() dropped": "the contract takes a pair; a list of two is a courtesy",
    },
    "TokenPrep": {
        "torch.zeros(1, 1, embed_dim): arguments swapped": "1 and 1 are exchanged",
        "-1: sign or not dropped": "expand takes 1 for an axis of length 1 as well as -1",
    },
    "resample_positions": {
        "F.interpolate(image, size=tuple(new_grid), mode='bicubic', align_corners=False): align_corners= dropped": (
            "False is what torch takes by default"
        ),
        "image.flatten(2).transpose(1, 2): arguments swapped": SYMMETRIC,
        "tuple(new_grid): tuple() dropped": "the contract takes a pair; a list of two is a courtesy",
    },
    "scaled_dot_product": {"k.transpose(-2, -1): arguments swapped": SYMMETRIC},
    "MultiHeadAttention": {
        "nn.Linear(embed_dim, embed_dim): arguments swapped": "embed_dim is exchanged with itself",
        "out.transpose(1, 2): arguments swapped": SYMMETRIC,
    },
    "warmup_cosine": {
        "max(1, total_steps - warmup_steps): arguments swapped": "max is symmetric",
        "1: 1 +1": "reached only by a run that is all warmup, and then the branch above returns first",
        "1: 1 -1": "as above",
    },
    "DistilledViT": {
        "torch.zeros(1, 1, embed_dim): arguments swapped": "1 and 1 are exchanged",
        "-1: sign or not dropped": "expand takes 1 for an axis of length 1 as well as -1",
    },
    "soft_cross_entropy": {"-1: sign or not dropped": "of two axes, the last one is number 1"},
    "attention_rollout": {
        "0: 0 -1": "every layer has the same shape, so the last one tells it as well as the first",
        "torch.eye(T).to(weights_per_layer[0]): .to() dropped": "an identity in float32 is what learners' weights meet",
    },
    "mean_attention_distance": {
        "1: 1 +1": "a sum over the queries and a mean over the keys: the same total, divided by the same N",
    },
    "position_similarity": {
        "-1: sign or not dropped": "of two axes, the last one is number 1",
        "0: 0 -1": "pos_embed has one entry along axis 0, the first and the last",
        "F.normalize(pos_embed[0, 1:], dim=-1): dim= dropped": "dim=1, the last here, is what torch takes anyway",
        "cosines.reshape(*grid, *grid): arguments swapped": "grid is exchanged with itself",
    },
    "window_partition": {
        "x.reshape(B, H // M, M, W // M, M, C): arguments swapped": "B and H / M stay side by side and are merged again"
    },
    "window_reverse": {
        "windows.reshape(-1, H // M, W // M, M, M, C): arguments swapped": "as above: -1 is B, and is found again"
    },
    "shifted_window_mask": {"2: 2 +1": "any four different numbers tell four regions apart"},
    "WindowAttention": {
        "nn.Linear(embed_dim, embed_dim): arguments swapped": "embed_dim is exchanged with itself",
        "k.transpose(-2, -1): arguments swapped": SYMMETRIC,
        "-2: sign or not dropped": "of four axes, the last but one is number 2",
        "out.transpose(1, 2): arguments swapped": SYMMETRIC,
    },
    "SwinBlock": {
        "min(window_size, *grid): arguments swapped": "min is symmetric",
        "any(self.shift): any() dropped": "the mask of no shift is all zeros",
        "shifted_window_mask(self.padded, M, self.shift) if any(self.shift) else None: always the first": "as above",
        "self.attn(windows, self.attn_mask).unflatten(1, (M, M)): .unflatten() dropped": "window_reverse splits M² too",
    },
    "SpatialReductionAttention": {
        "nn.Linear(embed_dim, embed_dim): arguments swapped": "embed_dim is exchanged with itself",
        "nn.Conv2d(embed_dim, embed_dim, kernel_size=sr_ratio, stride=sr_ratio): arguments swapped": "as above",
        "self.q(x).reshape(B, N, h, d).transpose(1, 2): arguments swapped": SYMMETRIC,
        "x.transpose(1, 2): arguments swapped": SYMMETRIC,
        "reduced.flatten(2).transpose(1, 2): arguments swapped": SYMMETRIC,
        "out.transpose(1, 2): arguments swapped": SYMMETRIC,
    },
}


@pytest.mark.parametrize("name", NAMES)
def test_every_mutant_is_rejected(name):
    survivors = set()
    for label, _, text in mutants(solution_source(name)):
        try:
            answer = run_text(text, name, namespace_for(name), f"<mutant {name}>")
        except Exception:
            continue  # it does not even define anything
        if run_check(name, answer, diagnose=False, time_limit=10).status is Status.PASS:
            survivors.add(label)
    listed = set(EQUIVALENT.get(name, {}))
    assert survivors <= listed, f"accepted although wrong: {sorted(survivors - listed)}"
    assert listed <= survivors, f"listed as right but rejected, or gone: {sorted(listed - survivors)}"
