"""The optimiser of a run: AdamW for all weights, or Muon for the matrices inside the blocks with AdamW for the rest."""

import math

import torch

from .config import TrainingError
from .device import pick_precision
from .muon import Muon
from .pieces import COURSE


def make_optimizer(model, config, pieces=COURSE):
    """Return the optimiser that `config.optimizer` names, over the model's parameters.

    Weight decay is on matrices only, as `parameter_groups` sorts them. With "muon" the matrices inside `blocks` are
    Muon's; tokens, positions, convolutions, the head and all that has one axis stay with AdamW, at the same rate.

    Args:
        model: an nn.Module, on the device where it is trained.
        config: a `TrainConfig`: `optimizer`, `peak_lr`, `weight_decay`, `betas` and `precision` are used.
        pieces: the `Pieces`.

    Returns:
        a torch.optim.Optimizer.

    Raises:
        TrainingError: for "muon" when the model has no matrices in blocks.
    """
    groups = pieces.parameter_groups(model, config.weight_decay)
    if config.optimizer == "adamw":
        return _adamw(model, groups, config)
    matrices = {id(weight) for name, weight in model.named_parameters() if _is_block_matrix(name, weight)}
    for_muon = [weight for weight in groups[0]["params"] if id(weight) in matrices]
    if not for_muon:
        raise TrainingError("Muon is for the matrices of a model's blocks, and this one has none: use adamw.")
    groups[0]["params"] = [weight for weight in groups[0]["params"] if id(weight) not in matrices]
    precision = config.precision or pick_precision(for_muon[0].device)
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32  # fp16 is too narrow
    muon = Muon(for_muon, lr=config.peak_lr, weight_decay=config.weight_decay, dtype=dtype)
    return MuonWithAdamW(muon, _adamw(model, groups, config))


class MuonWithAdamW(torch.optim.Optimizer):
    """Two optimisers that look like one: their groups, one state, one step.

    What sets the rate of every group in `param_groups`, a GradScaler and a checkpoint take it as they take any other.

    Args:
        muon, adamw: over different parameters of one model.
    """

    def __init__(self, muon, adamw):
        self.parts = (muon, adamw)
        super().__init__([*muon.param_groups, *adamw.param_groups], defaults={})
        self._share()

    def _share(self):
        """Let both parts work on this optimiser's own groups and state."""
        muon, adamw = self.parts
        count = len(muon.param_groups)
        muon.param_groups, adamw.param_groups = self.param_groups[:count], self.param_groups[count:]
        muon.state = adamw.state = self.state

    @torch.no_grad()
    def step(self, closure=None):
        """Make one step; `closure`, if given, computes the loss anew before it."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for part in self.parts:
            part.step()
        return loss

    def load_state_dict(self, state_dict):
        """Take over a state; torch makes new groups for it, so the parts need theirs again."""
        super().load_state_dict(state_dict)
        self._share()


def _is_block_matrix(name, weight):
    """Whether it is a linear layer's matrix in a block; a table of positions is a `.._table`, not a `.weight`."""
    return "blocks" in name.split(".") and name.endswith(".weight") and weight.ndim == 2


def _adamw(model, groups, config):
    return torch.optim.AdamW(groups, lr=config.peak_lr, betas=config.betas, fused=_can_fuse(model))


def _can_fuse(model):
    """Return whether AdamW can update all parameters in one kernel: floats, all on a CPU or all on a GPU."""
    devices = {p.device.type for p in model.parameters()}
    return devices in ({"cpu"}, {"cuda"}) and all(math.prod(p.shape) > 0 for p in model.parameters())
