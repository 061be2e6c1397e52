"""Lab 01: what the checker feeds to PatchEmbed, and the mistakes that it knows."""

from ...reference.patches import PatchEmbed
from ..base import Exercise, Mistake
from .common import CASES, draw_images

DIMS = [10, 2, 1]


def draw(d):
    case = CASES[d.index]
    images = draw_images(d)
    sizes = dict(img_size=tuple(images.shape[2:]), patch_size=case["P"], in_chans=case["C"], embed_dim=DIMS[d.index])
    return dict(images=images, sizes=sizes, state=d.state(PatchEmbed(**sizes)))


def probe(answer, see, images, sizes, state):
    module = see.build(answer, state, images.dtype, **sizes)
    see("`num_patches`", getattr(module, "num_patches", None))
    see.twice("the result", module, images, axes="image patch feature")
    see("the result for one image", module(images[:1]), axes="image patch feature")
    leaf = images.clone().requires_grad_()
    see.gradient("`images`", module(leaf), leaf)
    see.gradient("`proj.weight`", module(images), module.proj.weight)
    see("`num_patches` for a square image given as one number", answer(**{**sizes, "img_size": 24}).num_patches)
    # 768 numbers a patch: nn.Conv2d's own start has a spread of 0.021, Xavier's 0.049
    spread = float(answer(img_size=16, patch_size=16, in_chans=3, embed_dim=64).proj.weight.detach().std())
    usual = "a spread between 0.007 and 0.063"
    see("the start of a new `proj.weight`", usual if 0.007 < spread < 0.063 else f"a spread of {spread:.1g}")
    see.raises("for an image of another size", module, images.repeat(1, 1, 2, 1))
    if sizes["patch_size"] == 1:
        return  # which divides every side
    height, width = images.shape[2:]
    see.raises("for a height that the patch size does not divide", answer, **{**sizes, "img_size": (height + 1, width)})
    see.raises("for a width that the patch size does not divide", answer, **{**sizes, "img_size": (height, width + 1)})


EXERCISE = Exercise(
    id="PatchEmbed",
    draw=draw,
    probe=probe,
    cases=3,
    mistakes=(
        Mistake(
            "not-transposed",
            ("grid.flatten(2).transpose(1, 2)", "grid.flatten(2)"),
            "The result is (B, D, N): channels before tokens. A sequence is (B, N, D).",
            "After flattening the grid, exchange the last two axes.",
        ),
        Mistake(
            "reshaped-not-transposed",
            ("grid.flatten(2).transpose(1, 2)", "grid.reshape(B, -1, grid.shape[1])"),
            "A reshape to (B, N, D) has the right shape but mixes numbers of different patches; the axes must be "
            "exchanged, not re-cut.",
            "reshape never moves numbers in memory order. transpose does what you want.",
        ),
        Mistake(
            "column-order",
            ("grid.flatten(2).transpose(1, 2)", "grid.transpose(2, 3).flatten(2).transpose(1, 2)"),
            "The patches run column by column; they must run row by row.",
            "flatten(2) alone already reads the grid row by row.",
        ),
        Mistake(
            "grid-kept",
            ("grid.flatten(2).transpose(1, 2)", "grid.permute(0, 2, 3, 1)"),
            "The patches are still a grid, (B, rows, cols, D); a sequence is (B, N, D).",
            "Merge the grid's two axes into one.",
        ),
        Mistake(
            "convolution-alone",
            ("grid.flatten(2).transpose(1, 2)", "grid"),
            "The convolution's result is returned as it is, (B, D, rows, cols); a sequence is (B, N, D).",
            "Merge the grid's two axes, then exchange two axes.",
        ),
        Mistake(
            "flattened-too-far",
            ("grid.flatten(2).transpose(1, 2)", "grid.flatten(1)"),
            "Everything but the batch is merged into one axis; the result has three axes, (B, N, D).",
            "flatten takes the first axis to merge: the channels stay apart.",
        ),
        Mistake(
            "padded",
            ("stride=patch_size)", "stride=patch_size, padding=patch_size // 2)"),
            "The convolution pads the image, so that its windows do not lie on the patches.",
            "The patches cover the image exactly: no padding.",
        ),
        Mistake(
            "window-of-one",
            ("kernel_size=patch_size", "kernel_size=1"),
            "The convolution's window is one pixel: all others of the patch are never read.",
            "Both matter: how large the window is, and how far it moves on.",
        ),
        Mistake(
            "normed",
            (
                "grid.flatten(2).transpose(1, 2)",
                "nn.functional.layer_norm(grid.flatten(2).transpose(1, 2), grid.shape[1:2])",
            ),
            "The embeddings are normalized; here they are the linear map alone.",
            "A norm comes in lab 04, inside the block.",
        ),
        Mistake(
            "activation",
            ("grid.flatten(2).transpose(1, 2)", "grid.flatten(2).transpose(1, 2).relu()"),
            "An activation follows the map, so that no number is below zero; the embedding is linear.",
            "Return what proj gives, in another order of axes, and nothing more.",
        ),
        Mistake(
            "no-stride",
            ("kernel_size=patch_size, stride=patch_size", "kernel_size=patch_size"),
            "The convolution slides pixel by pixel, so that patches overlap: its stride must be the patch size.",
            "To look at each patch exactly once, the window moves by its own width.",
        ),
        Mistake(
            "linear",
            (
                "nn.Conv2d(in_chans, embed_dim, kernel_size=patch_size, stride=patch_size)",
                "nn.Linear(in_chans * patch_size**2, embed_dim)",
            ),
            "`proj` is an nn.Linear; it must be an nn.Conv2d. The two compute the same, but the weight's shape differs, "
            "and checkpoints hold the convolution's.",
            "Which window and which step make a convolution look at each patch exactly once?",
        ),
        Mistake(
            "swapped-channels",
            ("nn.Conv2d(in_chans, embed_dim,", "nn.Conv2d(embed_dim, in_chans,"),
            "The convolution's channels are exchanged: it takes the image's C channels in and gives D out.",
            "nn.Conv2d names the channels that come in first, those that go out second.",
        ),
        Mistake(
            "no-num-patches",
            ("self.num_patches = self.grid[0] * self.grid[1]", "pass"),
            "The module has no attribute `num_patches`.",
            "Set it in __init__, under exactly that name: later labs read it.",
        ),
        Mistake(
            "squeezed",
            ("grid.flatten(2).transpose(1, 2)", "grid.flatten(2).transpose(1, 2).squeeze()"),
            "squeeze drops every axis of length 1: for a batch of one image the result loses its first axis.",
            "The result has three axes, always. Leave squeeze out.",
        ),
        Mistake(
            "no-bias",
            ("stride=patch_size)", "stride=patch_size, bias=False)"),
            "The convolution has no bias; a patch embedding has one (and timm's checkpoints hold it).",
            "Leave nn.Conv2d's bias at its default.",
        ),
        Mistake(
            "counts-tokens",
            (
                "self.num_patches = self.grid[0] * self.grid[1]",
                "self.num_patches = self.grid[0] * self.grid[1] + 1",
            ),
            "num_patches counts the patches alone; the class token comes later, in lab 02.",
            "It is the number of cells of the grid.",
        ),
        Mistake(
            "counts-pixels",
            ("self.num_patches = self.grid[0] * self.grid[1]", "self.num_patches = H * W"),
            "num_patches counts pixels; one patch covers P*P of them.",
            "It is the number of cells of the grid.",
        ),
        Mistake(
            "pixels-per-side",
            ("self.num_patches = self.grid[0] * self.grid[1]", "self.num_patches = H * W // patch_size"),
            "The number of pixels is divided by the patch's side; a patch covers its side squared.",
            "It is the number of cells of the grid.",
        ),
        Mistake(
            "sum-of-sides",
            ("self.num_patches = self.grid[0] * self.grid[1]", "self.num_patches = sum(self.grid)"),
            "The patches down and the patches across are added, not multiplied.",
            "How many cells has a table of 3 rows and 2 columns?",
        ),
        Mistake(
            "square-grid",
            ("self.num_patches = self.grid[0] * self.grid[1]", "self.num_patches = self.grid[0] ** 2"),
            "num_patches is right for square images only.",
            "self.grid is (rows, cols), and they can differ.",
        ),
    ),
    hints=(
        "A convolution whose window is one patch and whose step is one patch applies the same linear map to each patch.",
        "proj: (B, C, H, W) -> (B, D, rows, cols); merge the grid's two axes -> (B, D, N); exchange two axes -> (B, N, D).",
        "nn.Conv2d(in_chans, embed_dim, kernel_size=patch_size, stride=patch_size); then .flatten(2).transpose(1, 2).",
    ),
)
