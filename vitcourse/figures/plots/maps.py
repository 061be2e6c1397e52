"""Plots of attention maps over images."""

from textwrap import fill

import matplotlib.pyplot as plt

from ..style import GREY, RED, bare, to_image


def plot_attention_overlays(images, maps, titles, wrong=None, columns=8):
    """Draw each image, and below it the same image under its attention map.

    Maps are drawn in multiples of the even share (1 / number of patches), with one colour scale for all, so that
    two images can be compared: 1 is what a patch gets from attention that prefers nothing.

    Args:
        images: (N, C, H, W), uint8 or float in 0..1.
        maps: (N, rows, cols), the attention that falls on each patch; not negative.
        titles: N texts.
        wrong: N booleans; a true one sets its title in red.
        columns: images side by side.

    Returns:
        Figure.
    """
    N, rows, cols = maps.shape
    H, W = images.shape[-2:]
    columns = min(columns, N)
    bands = -(-N // columns)
    wide = 1.6
    high = min(2.0, max(0.5, H / W)) * wide
    figure = plt.figure(figsize=(wide * columns + 1.2, (2 * high + 0.65) * bands + 0.35))
    figure.get_layout_engine().set(h_pad=0.03, w_pad=0.03)
    axes = figure.subplots(2 * bands, columns, squeeze=False)
    maps = maps.detach().float().cpu() * rows * cols
    top = max(2.0, float(maps.flatten().quantile(0.97)))  # one single hot patch must not leave all others dark
    overlay = None
    for i in range(bands * columns):
        plain, seen = axes[2 * (i // columns), i % columns], axes[2 * (i // columns) + 1, i % columns]
        bare(plain), bare(seen)
        if i >= N:
            continue
        picture = to_image(images[i])
        plain.imshow(picture, cmap="gray", vmin=0, vmax=1)
        plain.set_title(titles[i], fontsize=10, color=RED if wrong is not None and wrong[i] else "black")
        grey = picture if picture.ndim == 2 else picture @ (0.299, 0.587, 0.114)
        # With little contrast, so that the map's colours are not darkened or lightened by the picture under it.
        seen.imshow(0.35 + 0.3 * grey, cmap="gray", vmin=0, vmax=1, extent=(0, W, H, 0))
        overlay = seen.imshow(
            maps[i].numpy(), vmin=0, vmax=top, alpha=0.6, interpolation="bicubic", extent=(0, W, H, 0)
        )
    bar = figure.colorbar(overlay, ax=axes, shrink=0.9, pad=0.02, aspect=30, extend="max")
    bar.set_label("attention (even share = 1)")
    bar.outline.set_visible(False)
    bar.solids.set_alpha(1)
    caption = (
        "Top: the image, what the model says and what is true. "
        "Below: where the class token looks in the last block, mean of the heads."
    )
    figure.supxlabel(fill(caption, width=round(12 * figure.get_figwidth())), fontsize=10, color=GREY)
    return figure
