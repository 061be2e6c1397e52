"""Lab 08: attention in windows and its shift, the blocks of a Swin Transformer, and PVT's attention."""

from . import swin_attention, swin_blocks, swin_positions, swin_pvt, swin_windows

EXERCISES = (
    *swin_windows.EXERCISES,
    *swin_positions.EXERCISES,
    *swin_attention.EXERCISES,
    *swin_blocks.EXERCISES,
    *swin_pvt.EXERCISES,
)
