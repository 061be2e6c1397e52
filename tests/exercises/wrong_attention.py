"""Wrong answers for lab 03 that no known mistake lists: see test_wrong."""


def _sdp(body):
    return f"def scaled_dot_product(q, k, v):\n    d = q.shape[-1]\n    {body}\n    return weights @ v, weights\n"


_RIGHT = """def scaled_dot_product(q, k, v):
    w = (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1)
"""


def _softmax(weights, scores="q @ k.transpose(-2, -1) / math.sqrt(d)"):
    return _sdp(f"scores = {scores}\n    weights = {weights}")


_SPLIT = "self.qkv(x).reshape(B, N, 3, h, d).permute(2, 0, 3, 1, 4)"
_ATTEND = "out, weights = scaled_dot_product(q, k, v)"
_JOIN = "out = self.proj(out.transpose(1, 2).reshape(B, N, D))"
_RETURN = "return (out, weights) if need_weights else out"
_INIT = """
        self.qkv = nn.Linear(embed_dim, 3 * embed_dim)
        self.proj = nn.Linear(embed_dim, embed_dim)"""


def _mha(
    split=f"q, k, v = {_SPLIT}", attend=_ATTEND, join=_JOIN, end=_RETURN, init=_INIT, arguments="x, need_weights=False"
):
    return f"""
class MultiHeadAttention(nn.Module):
    def __init__(self, embed_dim, num_heads):
        super().__init__()
        if embed_dim % num_heads:
            raise ValueError("heads")
        self.num_heads = num_heads{init}

    def forward(self, {arguments}):
        B, N, D = x.shape
        h, d = self.num_heads, D // self.num_heads
        {split}
        {attend}
        {join}
        {end}
"""


WRONG = {
    "scaled_dot_product": [
        ("softmax over axis 2", _softmax("scores.softmax(dim=2)"), {"softmax-over-axis-2", None}),
        ("functional softmax without dim", _softmax("F.softmax(scores)"), {"softmax-without-dim"}),
        (
            "softmax of the flattened scores",
            _softmax("scores.flatten().softmax(0).view_as(scores)"),
            {"softmax-over-batch-too"},
        ),
        ("weights that are hard", _softmax("(scores == scores.amax(-1, keepdim=True)).to(q)"), {"hard"}),
        ("one of the weights by argmax", _softmax("F.one_hot(scores.argmax(-1), k.shape[-2]).to(q)"), {"hard"}),
        ("relu instead", _softmax("scores.relu()"), {"relu"}),
        ("exp over everything", _softmax("scores.exp() / scores.exp().sum()"), {"softmax-over-batch-too"}),
        (
            "exp over the queries",
            _softmax("scores.exp() / scores.exp().sum(-2, keepdim=True)"),
            {"softmax-over-queries", None},
        ),
        ("exp by hand", _softmax("scores.exp() / scores.exp().sum(-1, keepdim=True)"), {"overflow"}),
        (
            "the row's mean subtracted",
            _softmax("(e := (scores - scores.mean(-1, keepdim=True)).exp()) / e.sum(-1, keepdim=True)"),
            {"mean-subtracted"},
        ),
        (
            "a small number in the denominator",
            _softmax("scores.exp() / (scores.exp().sum(-1, keepdim=True) + 1e-6)"),
            {"small-number-added"},
        ),
        (
            "log of the sum of exp",
            _softmax("(scores - scores.exp().sum(-1, keepdim=True).log()).exp()"),
            {"log-of-infinity"},
        ),
        ("cut off at 50", _softmax("scores.clamp(-50, 50).softmax(-1)"), {None}),
        ("scaled by d to the fourth root", _softmax("scores.softmax(-1)", "q @ k.mT / d**0.25"), {"fourth-root"}),
        ("scaled on both sides", _softmax("scores.softmax(-1)", "(q / d**0.5) @ (k / d**0.5).mT"), {"divided-by-d"}),
        (
            "scaled by N",
            _softmax("scores.softmax(-1)", "q @ k.mT / math.sqrt(q.shape[-2])"),
            {"scaled-by-number-of-queries"},
        ),
        ("scaled by all of q", _softmax("scores.softmax(-1)", "q @ k.mT / math.sqrt(q.numel())"), {None}),
        (
            "scaled by the embedding",
            _softmax("scores.softmax(-1)", "q @ k.mT / math.sqrt(len(q))"),
            {"scaled-by-first-axis"},
        ),
        (
            "length of each query",
            _softmax("scores.softmax(-1)", "q @ k.mT / q.norm(dim=-1, keepdim=True)"),
            {"divided-by-length-of-query"},
        ),
        (
            "cosines without any scale",
            _softmax("scores.softmax(-1)", "F.cosine_similarity(q[..., None, :], k[..., None, :, :], dim=-1)"),
            {"cosine-unscaled"},
        ),
        (
            "einsum with two letters exchanged",
            _sdp("weights = (torch.einsum('...nd,...md->...mn', q, k) / math.sqrt(d)).softmax(-1)"),
            {"says:RuntimeError"},
        ),
        (
            "additive, not multiplied",
            _softmax("scores.softmax(-1)", "(q[..., None, :] + k[..., None, :, :]).sum(-1) / math.sqrt(d)"),
            {"sum-of-sums"},
        ),
        ("dropout", _softmax("F.dropout(scores.softmax(-1), 0.1)"), {"relation:moving"}),
        ("noise", _softmax("(scores + 0.01 * torch.randn_like(scores)).softmax(-1)"), {"relation:moving"}),
        ("matmul with .T", _softmax("scores.softmax(-1)", "q @ k.T / math.sqrt(d)"), {"wrong-axes-transposed"}),
        (
            "view of k",
            _softmax("scores.softmax(-1)", "q @ k.view(*k.shape[:-2], d, -1) / math.sqrt(d)"),
            {"reshaped-not-transposed"},
        ),
        (
            "transpose of 0 and 1",
            _softmax("scores.softmax(-1)", "q @ k.transpose(0, 1) / math.sqrt(d)"),
            {"says:RuntimeError"},
        ),
        (
            "transpose of 1 and 2",
            _softmax("scores.softmax(-1)", "q @ k.transpose(1, 2) / math.sqrt(d)"),
            {"transposed-axes-1-and-2", "says:RuntimeError"},
        ),
        (
            "a dict",
            _RIGHT + "    return dict(out=w @ v, weights=w)\n",
            {"says:must be 2 things"},
        ),
        (
            "the fused call alone",
            "def scaled_dot_product(q, k, v):\n    return F.scaled_dot_product_attention(q, k, v)\n",
            {"only-output"},
        ),
        (
            "the fused call and None",
            "def scaled_dot_product(q, k, v):\n    return F.scaled_dot_product_attention(q, k, v), None\n",
            {"says:must be a tensor, but it is None"},
        ),
        (
            "values and queries exchanged",
            _RIGHT.replace("q, k, v", "v, k, q") + "    return w @ v, w\n",
            {None, "says:RuntimeError"},
        ),
        (
            "three things",
            _RIGHT + "    return w @ v, w, w.log()\n",
            {"says:3 things"},
        ),
    ],
    "MultiHeadAttention": [
        (
            "chunk and view",
            _mha("q, k, v = (t.reshape(B, h, N, d) for t in self.qkv(x).chunk(3, -1))"),
            {"tokens-not-moved"},
        ),
        (
            "chunk and view, heads behind",
            _mha("q, k, v = (t.reshape(B, N, d, h).permute(0, 3, 1, 2) for t in self.qkv(x).chunk(3, -1))"),
            {"heads-interleaved"},
        ),
        (
            "no transpose of the heads",
            _mha(
                "q, k, v = (t.reshape(B, N, h, d) for t in self.qkv(x).chunk(3, -1))",
                join="out = self.proj(out.reshape(B, N, D))",
            ),
            {"attends-over-heads"},
        ),
        (
            "no transpose in, one out",
            _mha("q, k, v = (t.reshape(B, N, h, d) for t in self.qkv(x).chunk(3, -1))"),
            {"heads-attend-then-move"},
        ),
        (
            "chunk along the tokens",
            _mha("q, k, v = (t.reshape(B, N, h, d).transpose(1, 2) for t in self.qkv(x).chunk(3, 1))"),
            {"says:RuntimeError", "says:ValueError"},
        ),
        (
            "split by heads",
            _mha("q, k, v = self.qkv(x).reshape(B, N, h, 3 * d).transpose(1, 2).chunk(3, -1)"),
            {"q-k-v-within-head"},
        ),
        (
            "permuted wrongly",
            _mha(
                "q, k, v = self.qkv(x).reshape(B, N, 3, h, d).permute(2, 0, 1, 3, 4)",
                join="out = self.proj(out.reshape(B, N, D))",
            ),
            {"attends-over-heads"},
        ),
        ("v, k, q", _mha(f"v, k, q = {_SPLIT}"), {"q-and-v-exchanged"}),
        ("v, q, k", _mha(f"v, q, k = {_SPLIT}"), {"values-first"}),
        ("k, v, q", _mha(f"k, v, q = {_SPLIT}"), {"queries-last"}),
        ("keys for queries", _mha(f"q, k, v = {_SPLIT}\n        q = k"), {"queries-are-keys"}),
        (
            "values are the tokens",
            _mha(f"q, k, v = {_SPLIT}\n        v = x.reshape(B, N, h, d).transpose(1, 2)"),
            {"values-are-tokens"},
        ),
        ("joined by view", _mha(join="out = self.proj(out.contiguous().view(B, N, D))"), {"heads-not-joined"}),
        (
            "joined in the wrong place",
            _mha(join="out = self.proj(out.permute(0, 2, 3, 1).flatten(2))"),
            {"joined-interleaved"},
        ),
        ("summed heads", _mha(join="out = self.proj(out.sum(1).repeat(1, 1, h))"), {None}),
        (
            "first head only",
            _mha(join="out = self.proj(out[:, :1].repeat(1, h, 1, 1).transpose(1, 2).reshape(B, N, D))"),
            {"first-head-only"},
        ),
        (
            "dropout of the weights",
            _mha(attend=_ATTEND + "\n        out = F.dropout(weights, 0.1, self.training) @ v"),
            {"relation:moving"},
        ),
        (
            "dropout of the result",
            _mha(join=_JOIN + "\n        out = F.dropout(out, 0.1, self.training)"),
            {"relation:moving"},
        ),
        (
            "dropout layers left in",
            _mha(init=_INIT + "\n        self.drop = nn.Dropout(0.1)", join=_JOIN + "\n        out = self.drop(out)"),
            {"relation:moving"},
        ),
        (
            "no softmax in eval mode",
            _mha(attend=_ATTEND + "\n        if not self.training:\n            out = (q @ k.mT / d**0.5) @ v"),
            {"relation:mode"},
        ),
        (
            "residual with the norm",
            _mha(join="out = x + self.proj(F.layer_norm(out.transpose(1, 2).reshape(B, N, D), (D,)))"),
            {None},
        ),
        ("the norm behind", _mha(join=_JOIN + "\n        out = F.layer_norm(out, (D,))"), {"normed-result"}),
        (
            "residual before proj",
            _mha(join="out = self.proj(x + out.transpose(1, 2).reshape(B, N, D))"),
            {"residual-before-proj"},
        ),
        ("no scale", _mha(attend="weights = (q @ k.mT).softmax(-1)\n        out = weights @ v"), {"no-scale"}),
        (
            "scaled by D",
            _mha(attend="weights = (q @ k.mT / D**0.5).softmax(-1)\n        out = weights @ v"),
            {"scaled-by-embed-dim"},
        ),
        ("scaled before too", _mha(attend="out, weights = scaled_dot_product(q * d**-0.5, k, v)"), {"scaled-twice"}),
        (
            "one path scaled otherwise",
            _mha(attend="out, weights = F.scaled_dot_product_attention(q, k, v), (q @ k.mT).softmax(-1)"),
            {"weights-unscaled"},
        ),
        ("transposed weights", _mha(end="return (out, weights.mT) if need_weights else out"), {"weights-transposed"}),
        ("averaged weights", _mha(end="return (out, weights.mean(1)) if need_weights else out"), {"weights-averaged"}),
        (
            "weights without a head's axis",
            _mha(end="return (out, weights.flatten(0, 1)) if need_weights else out"),
            {"relation:shape"},
        ),
        ("no need_weights", _mha(end="return out", arguments="x"), {"says:need_weights"}),
        ("always both", _mha(end="return out, weights"), {"always-a-pair"}),
        (
            "torch's module inside",
            _mha(
                init="\n        self.attn = nn.MultiheadAttention(embed_dim, num_heads, batch_first=True)",
                split="",
                attend="",
                join="",
                end="return self.attn(x, x, x, need_weights=need_weights)[0]",
            ),
            {"says:no parameter"},
        ),
        (
            "three layers for one",
            _mha(
                init="\n        self.q, self.k, self.v, self.proj = (nn.Linear(embed_dim, embed_dim) for _ in 'qkvp')",
                split="q, k, v = (f(x).reshape(B, N, h, d).transpose(1, 2) for f in (self.q, self.k, self.v))",
            ),
            {"says:no parameter"},
        ),
        (
            "no bias in qkv",
            _mha(init=_INIT.replace("3 * embed_dim)", "3 * embed_dim, bias=False)")),
            {"says:no parameter"},
        ),
        (
            "exchanged sizes",
            _mha(init=_INIT.replace("embed_dim, 3 * embed_dim", "3 * embed_dim, embed_dim")),
            {"says:must have shape"},
        ),
        (
            "asserted",
            _mha().replace(
                'if embed_dim % num_heads:\n            raise ValueError("heads")', "assert embed_dim % num_heads == 0"
            ),
            {"says:must raise a ValueError"},
        ),
        (
            "heads over the tokens' number",
            _mha(split="h, d = N, D // N\n        q, k, v = self.qkv(x).reshape(B, N, 3, h, d).permute(2, 0, 3, 1, 4)"),
            {"says:RuntimeError"},
        ),
        (
            "under no_grad",
            _mha(attend="with torch.no_grad():\n            out, weights = scaled_dot_product(q, k, v)"),
            {"says:No gradient"},
        ),
    ],
}
