"""What was tried to make the training step faster, and what bounds it."""

import torch
import torch.nn.functional as F
from torch import nn


class LastBlockForClassToken(nn.Module):
    """The course's ViT without work that nobody reads: of the last block, only what the class token needs.

    The head looks at the class token alone, so the last block's queries, output projection and MLP of the other tokens
    change nothing, neither the logits nor any gradient. The weights are those of the `ViT` it is given.
    """

    def __init__(self, vit):
        super().__init__()
        self.vit = vit

    def forward(self, images):
        vit, last = self.vit, self.vit.blocks[-1]
        x = vit.tokens(vit.patch_embed(images))  # (B, N, D)
        for block in vit.blocks[:-1]:
            x = block(x)
        cls = x[:, :1] + self.attend(last.attn, last.norm1(x))  # (B, 1, D)
        cls = cls + last.mlp(last.norm2(cls))
        return vit.head(vit.norm(cls)[:, 0])

    def attend(self, attn, x):
        """Attention with one query, the class token's: (B, N, D) -> (B, 1, D)."""
        B, N, D = x.shape
        h, d = attn.num_heads, D // attn.num_heads
        weight_q, weight_kv = attn.qkv.weight.split([D, 2 * D])
        bias_q, bias_kv = attn.qkv.bias.split([D, 2 * D])
        q = F.linear(x[:, :1], weight_q, bias_q).reshape(B, 1, h, d).transpose(1, 2)  # (B, h, 1, d)
        k, v = F.linear(x, weight_kv, bias_kv).reshape(B, N, 2, h, d).permute(2, 0, 3, 1, 4)  # each (B, h, N, d)
        out = F.scaled_dot_product_attention(q, k, v)
        return attn.proj(out.transpose(1, 2).reshape(B, 1, D))


class MatrixProducts:
    """The matrix products of one training step's linear layers and nothing else: no implementation is faster.

    For each layer the three that a step needs: forward, gradient of the input, gradient of the weight.
    """

    def __init__(self, vit, batch_size, dtype, device):
        rows = batch_size * (vit.patch_embed.num_patches + 1)
        shapes = [tuple(m.weight.shape) for m in vit.blocks.modules() if isinstance(m, nn.Linear)]

        def draw(*shape):
            return torch.randn(shape, dtype=dtype, device=device)

        # One set of operands for each shape of layer: what is multiplied does not matter, how large it is does.
        sets = {(out, into): (draw(rows, into), draw(out, into), draw(rows, out)) for out, into in set(shapes)}
        self.operands = [sets[shape] for shape in shapes]

    def __call__(self):
        for x, weight, gradient in self.operands:
            torch.mm(x, weight.t())
            torch.mm(gradient, weight)
            torch.mm(gradient.t(), x)
