"""Wrong answers to lab 08's exercises: see test_wrong. Most are a change of the reference's text."""

_SPLIT = "x.reshape(B, H // M, M, W // M, M, C)"
_MOVE = "windows.permute(0, 1, 3, 2, 4, 5)"
_MERGE = "return windows.reshape(-1, M, M, C)"
_TEST = "if H % M or W % M:"
_ERROR = 'raise ValueError(f"window size {M} does not divide the map\'s height {H} and width {W}")'

_TILES = "windows.reshape(-1, H // M, W // M, M, M, C)"
_BACK = "x.permute(0, 1, 3, 2, 4, 5)"
_MAP = "return x.reshape(-1, H, W, C)"

_INDEX = "(dy + M - 1) * (2 * M - 1) + (dx + M - 1)"
_DY, _DX = "rows[:, None] - rows[None, :]", "cols[:, None] - cols[None, :]"

_ROW, _COL = "torch.arange(H) >= H - down", "torch.arange(W) >= W - right"
_CUT = "window_partition(regions[None, :, :, None], M).reshape(-1, M * M)"
_FILLED = 'torch.zeros(apart.shape).masked_fill(apart, float("-inf"))'

_SCORES = "q @ k.transpose(-2, -1) / math.sqrt(d) + bias.permute(2, 0, 1)"
_MASKED = "scores.unflatten(0, (-1, len(mask))) + mask[:, None]"
_WEIGHTS = "scores.softmax(dim=-1) @ v"
_JOINED = "out.transpose(1, 2).reshape(n, N, D)"
_QKV = "self.qkv(windows).reshape(n, N, 3, h, d).permute(2, 0, 3, 1, 4)"

_ROLL = "padded.roll((-down, -right), dims=(1, 2))"
_UNROLL = "rolled.roll((down, right), dims=(1, 2))[:, :H, :W]"
_ATTEND = "self.attn(windows, self.attn_mask).unflatten(1, (M, M))"
_ADD = "x = x + attended"
_MLP = "return x + self.mlp(self.norm2(x))"

_FOUR = "[top[:, :, 0::2], bottom[:, :, 0::2], top[:, :, 1::2], bottom[:, :, 1::2]]"
_CAT = "torch.cat(four, dim=-1)"
_REDUCE = "return self.reduction(self.norm(x))"

_LAID_OUT = "x.transpose(1, 2).unflatten(2, grid)"
_SEQUENCE = "reduced.flatten(2).transpose(1, 2)"
_Q = "self.q(x).reshape(B, N, h, d).transpose(1, 2)"
_KV = "self.kv(x).reshape(B, -1, 2, h, d).permute(2, 0, 3, 1, 4)"
_FUSED = "F.scaled_dot_product_attention(q, k, v)"
_SR_JOINED = "self.proj(out.transpose(1, 2).reshape(B, N, D))"

WRONG = {
    "window_partition": [
        (
            "unfold twice, then reshape",
            ((_SPLIT, "x.unfold(1, M, M).unfold(2, M, M)"), (_MOVE, "windows")),
            {"unfolded-then-reshaped"},
        ),
        ("one reshape", ((_SPLIT, "x"), (_MOVE, "windows")), {"no-permute"}),
        (
            "window's axes first in the split",
            ((_SPLIT, "x.reshape(B, H // M, W // M, M, M, C)"), (_MOVE, "windows")),
            {"no-permute"},
        ),
        ("channel moved in between", (_MOVE, "windows.permute(0, 1, 3, 2, 5, 4)"), {"channels-before-columns"}),
        ("both sides wrong only", (_TEST, "if H % M and W % M:"), {"both-sides-wrong"}),
        ("only M in the message", (_ERROR, 'raise ValueError(f"{M} does not divide the map")'), {"vague-error"}),
        ("a RuntimeError", (_ERROR, 'raise RuntimeError(f"{H} x {W} cannot be cut by {M}")'), {"no-size-check"}),
        (
            "padded in silence",
            (_ERROR, "x = F.pad(x, (0, 0, 0, -W % M, 0, -H % M))\n        B, H, W, C = x.shape"),
            {None},
        ),
        (
            "overlapping windows",
            (_SPLIT, "x.unfold(1, M, 1).unfold(2, M, 1).permute(0, 1, 4, 2, 5, 3)"),
            {"overlapping"},
        ),
        ("area tested", (_TEST, "if (H * W) % (M * M):"), {"area-tested"}),
        ("a list", (_MERGE, "return list(windows.reshape(-1, M, M, C))"), {"says:must be a tensor, but it is"}),
        ("windows backwards", (_MERGE, _MERGE + ".flip(0)"), {"backwards"}),
        ("floats only", (_SPLIT, "x.float().reshape(B, H // M, M, W // M, M, C)"), {"says:must have dtype"}),
        (
            "cut from the graph",
            (_SPLIT, "x.detach().reshape(B, H // M, M, W // M, M, C)"),
            {"says:cut off from the graph"},
        ),
        (
            "by NumPy",
            (_MERGE, "return torch.from_numpy(windows.detach().numpy().reshape(-1, M, M, C))"),
            {"says:cut off from the graph"},
        ),
        ("M windows instead of windows of M", (_SPLIT, "x.reshape(B, M, H // M, M, W // M, C)"), {"relation:order"}),
        ("rows of windows side by side", (_MOVE, "windows.permute(0, 3, 1, 2, 4, 5)"), {"column-order"}),
        ("first map only", (_MERGE, "return windows[0].reshape(-1, M, M, C)"), {"first-map-only"}),
        ("not returned", (_MERGE, "windows.reshape(-1, M, M, C)"), {"relation:no return"}),
        ("printed", (_ERROR, 'print("wrong size", end="")'), {"no-size-check"}),
    ],
    "window_reverse": [
        ("one reshape", ((_TILES, "windows"), (_BACK, "x")), {"no-permute"}),
        ("sides of the grid exchanged", ("H, W = grid", "W, H = grid"), {"grid-exchanged"}),
        ("partition again", (_TILES, "windows.reshape(-1, H // M, M, W // M, M, C)"), {"split-as-a-map"}),
        ("a sequence", (_MAP, "return x.reshape(-1, H * W, C)"), {"relation:shape"}),
        ("channels first", (_MAP, _MAP + ".permute(0, 3, 1, 2)"), {"relation:transposed"}),
        ("first map only", (_MAP, _MAP + "[:1]"), {"first-map-only"}),
        ("no batch", (_MAP, "return x.reshape(H, W, C)"), {"says:invalid for input"}),
        (
            "tokens before windows in the split",
            (_TILES, "windows.reshape(-1, M, M, H // M, W // M, C)"),
            {"tokens-split-first"},
        ),
        ("column windows next to rows", (_BACK, "x.permute(0, 2, 3, 1, 4, 5)"), {"wrong-neighbours"}),
        ("true division", (_TILES, "windows.reshape(-1, H / M, W / M, M, M, C)"), {"says:shape' failed to unpack"}),
        ("maps backwards", (_MAP, _MAP + ".flip(0)"), {"relation:reversed"}),
        (
            "cut from the graph",
            (_TILES, "windows.detach().reshape(-1, H // M, W // M, M, M, C)"),
            {"says:cut off from the graph"},
        ),
        ("transposed map", (_MAP, _MAP + ".transpose(1, 2)"), {"relation:transposed"}),
        (
            "batch counted by rows",
            (_TILES, "windows.reshape(windows.shape[0] // (H // M), H // M, W // M, M, M, C)"),
            {"maps-miscounted"},
        ),
        ("window's axes exchanged", (_BACK, "x.permute(0, 1, 4, 2, 3, 5)"), {"transposed-windows"}),
        ("not returned", (_MAP, "x.reshape(-1, H, W, C)"), {"relation:no return"}),
        ("upside down", (_MAP, _MAP + ".flip(1)"), {"relation:reversed"}),
    ],
    "relative_position_index": [
        ("sign of the rows", (_DY, "rows[None, :] - rows[:, None]"), {"sign-of-the-rows"}),
        ("sign of the columns", (_DX, "cols[None, :] - cols[:, None]"), {"sign-of-the-columns"}),
        ("clamped", (_DY, f"({_DY}).clamp(min=0)"), {"clamped"}),
        ("int32", (_INDEX, f"({_INDEX}).to(torch.int32)"), {"says:must have dtype"}),
        ("a list", (_INDEX, f"({_INDEX}).tolist()"), {"says:must be a tensor, but it is"}),
        ("as NumPy", (_INDEX, f"({_INDEX}).numpy()"), {"says:must be a tensor, but it is"}),
        ("along a line", ("tokens = torch.arange(M * M)", "tokens = torch.arange(M)"), {"along-a-line"}),
        ("both moved by M, factor 2M", (_INDEX, "(dy + M) * (2 * M) + (dx + M)"), {"starts-at-one"}),
        ("factor at the columns", (_INDEX, "(dy + M - 1) + (2 * M - 1) * (dx + M - 1)"), {"columns-before-rows"}),
        ("differences of token numbers", (_INDEX, "tokens[:, None] - tokens[None, :] + M * M - 1"), {"factor-window"}),
        ("brackets forgotten", (_INDEX, "(dy + M - 1) * 2 * M - 1 + (dx + M - 1)"), {"factor-too-large"}),
        ("two numbers for a pair", (_INDEX, "torch.stack([dy + M - 1, dx + M - 1], dim=-1)"), {"two-numbers"}),
        ("factor 2M + 1", (_INDEX, "(dy + M - 1) * (2 * M + 1) + (dx + M - 1)"), {"factor-2m-plus-one"}),
        ("squared distance", (_INDEX, "dy**2 + dx**2"), {"squared-distance"}),
        ("city blocks", (_INDEX, "dy.abs() + dx.abs()"), {"city-blocks"}),
        ("rows by remainder twice", ("tokens // M, tokens % M", "tokens % M, tokens % M"), {"same-digit-twice"}),
        ("product of the offsets", (_INDEX, "(dy + M - 1) * (dx + M - 1)"), {"offsets-multiplied"}),
        ("from one", (_INDEX, _INDEX + " + 1"), {"from-one"}),
        ("a window of 7", ("M = window_size", "M = 7"), {"says:must have shape"}),
        ("halved by true division", ("tokens // M, tokens % M", "tokens / M, tokens % M"), {"says:must have dtype"}),
        ("not returned", ("return " + _INDEX, _INDEX), {"relation:no return"}),
    ],
    "shifted_window_mask": [
        (
            "numbered before a roll down",
            ((_ROW, "(torch.arange(H) < down).roll(down)"), (_COL, "(torch.arange(W) < right).roll(right)")),
            {"rolled-the-wrong-way"},
        ),
        ("rolled once more", ((_ROW, f"({_ROW}).roll(-down)"), (_COL, f"({_COL}).roll(-right)")), {"rolled-once-more"}),
        (
            "the last windows whole",
            ((_ROW, "torch.arange(H) >= H - M"), (_COL, "torch.arange(W) >= W - M")),
            {"nothing-forbidden"},
        ),
        ("minus a billion", ('float("-inf")', "-1e9"), {"minus-a-billion"}),
        ("plus infinity", ('float("-inf")', 'float("inf")'), {"plus-infinity"}),
        ("times minus infinity", (_FILLED, 'apart * float("-inf")'), {"zero-times-infinity"}),
        ("the whole map's pairs", (_CUT, "regions.reshape(1, -1)"), {"whole-map"}),
        ("in another type", (_FILLED, _FILLED + ".double()"), {"says:must have dtype"}),
        ("both by the rows' shift", (_COL, "torch.arange(W) >= W - down"), {"rows-shift-for-both"}),
        ("both by the columns' shift", (_ROW, "torch.arange(H) >= H - right"), {"columns-shift-for-both"}),
        (
            "each token without itself",
            (_FILLED, f"({_FILLED}).masked_fill(torch.eye(M * M, dtype=torch.bool), float('-inf'))"),
            {"without-itself"},
        ),
        (
            "one number only",
            ("(shift, shift) if isinstance(shift, int) else shift", "(shift, shift)"),
            {"says:'int' and 'tuple'"},
        ),
        (
            "pairs only",
            ("(shift, shift) if isinstance(shift, int) else shift", "shift"),
            {"says:cannot unpack non-iterable int"},
        ),
        ("lower half", (_FILLED, f"({_FILLED}).tril()"), {"lower-half"}),
        (
            "filled and thrown away",
            (
                f"return {_FILLED}",
                'mask = torch.zeros(apart.shape)\n    mask.masked_fill(apart, float("-inf"))\n    return mask',
            ),
            {"nothing-forbidden"},
        ),
        (
            "half a window",
            ("(shift, shift) if isinstance(shift, int) else shift", "(M // 2, M // 2)"),
            {"half-a-window"},
        ),
        (
            "windows transposed",
            (_CUT, "window_partition(regions[None, :, :, None], M).transpose(1, 2).reshape(-1, M * M)"),
            {"windows-transposed"},
        ),
        ("one row early", (_ROW, "torch.arange(H) >= H - down - 1"), {"one-row-early"}),
        ("smallest number", ('float("-inf")', "torch.finfo(torch.float32).min"), {"smallest-number"}),
        ("first window's for all", (_FILLED, f"({_FILLED})[:1].expand(len(apart), -1, -1)"), {"nothing-forbidden"}),
    ],
    "WindowAttention": [
        ("index transposed", ("self.relative_position_index]", "self.relative_position_index.T]"), {"bias-transposed"}),
        ("mask multiplied", (_MASKED, "scores.unflatten(0, (-1, len(mask))) * mask[:, None]"), {"mask-multiplied"}),
        ("scaled by the tokens", ("math.sqrt(d)", "math.sqrt(N)"), {"scaled-by-tokens"}),
        ("softmax over heads", ("softmax(dim=-1)", "softmax(dim=1)"), {"softmax-over-heads"}),
        ("order of q and v", ("q, k, v = self.qkv", "v, k, q = self.qkv"), {"order-of-qkv"}),
        ("order of k and v", ("q, k, v = self.qkv", "q, v, k = self.qkv"), {"keys-and-values-exchanged"}),
        ("dropout", (_WEIGHTS, "F.dropout(scores.softmax(dim=-1), 0.1, self.training) @ v"), {"relation:moving"}),
        ("fused, no bias", ("out = " + _WEIGHTS, "out = F.scaled_dot_product_attention(q, k, v)"), {"no-bias"}),
        ("bias twice", (_WEIGHTS, "(scores + bias.permute(2, 0, 1)).softmax(dim=-1) @ v"), {"bias-twice"}),
        (
            "weights returned too",
            (f"return self.proj({_JOINED})", f"return self.proj({_JOINED}), scores"),
            {"weights-returned"},
        ),
        (
            "bias cut from the graph",
            ("bias = self.relative_position_bias_table[", "bias = self.relative_position_bias_table.detach()["),
            {"bias-detached"},
        ),
        (
            "mask taken for yes and no",
            (_MASKED, 'scores.unflatten(0, (-1, len(mask))).masked_fill(mask[:, None] != 0, float("-inf"))'),
            {"mask-as-boolean"},
        ),
        (
            "mask for the first map",
            (_MASKED, "torch.cat([(s := scores.unflatten(0, (-1, len(mask))))[:1] + mask[:, None], s[1:]])"),
            {"mask-for-the-first-map"},
        ),
        ("residual", (f"self.proj({_JOINED})", f"windows + self.proj({_JOINED})"), {"residual"}),
        ("proj twice", (f"self.proj({_JOINED})", f"self.proj(self.proj({_JOINED}))"), {"proj-twice"}),
        ("heads last", (_QKV, "self.qkv(windows).reshape(n, N, 3, d, h).permute(2, 0, 4, 1, 3)"), {"heads-last"}),
        (
            "heads before q, k, v",
            (_QKV, "self.qkv(windows).reshape(n, N, h, 3, d).permute(3, 0, 2, 1, 4)"),
            {"qkv-per-head"},
        ),
        ("times the root", ("/ math.sqrt(d)", "* math.sqrt(d)"), {"times-the-root"}),
        ("divided by d", ("math.sqrt(d)", "d"), {"divided-by-d"}),
        ("no softmax", ("scores.softmax(dim=-1)", "scores"), {"no-softmax"}),
        ("log-softmax", ("scores.softmax(dim=-1)", "scores.log_softmax(dim=-1)"), {"log-softmax"}),
        (
            "table of ones",
            (
                "nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)",
                "nn.init.ones_(self.relative_position_bias_table)",
            ),
            {"table-of-ones"},
        ),
        ("table drawn wide", ("std=0.02", "std=1.0"), {"table-of-ones"}),
        ("values unmixed", (_WEIGHTS, "v"), {"values-unmixed"}),
        ("bias subtracted", ("+ bias.permute", "- bias.permute"), {"bias-subtracted"}),
    ],
    "SwinBlock": [
        (
            "first of the attention's results",
            (_ATTEND, "self.attn(windows, self.attn_mask)[0].unflatten(0, (M, M))"),
            {"attention-indexed"},
        ),
        (
            "attention unpacked",
            (
                f"windows = {_ATTEND}",
                "windows, _ = self.attn(windows, self.attn_mask)\n        windows = windows.unflatten(1, (M, M))",
            ),
            {"attention-unpacked"},
        ),
        (
            "three arguments",
            ("self.attn(windows, self.attn_mask)", "self.attn(windows, windows, windows)"),
            {"three-arguments"},
        ),
        ("dropout", (_ADD, "x = x + F.dropout(attended, 0.1, self.training)"), {"relation:moving"}),
        (
            "second residual from the normalised",
            (_MLP, "x = self.norm2(x)\n        return x + self.mlp(x)"),
            {"mlp-residual-of-normed"},
        ),
        ("MLP of the attended only", (_MLP, "return x + self.mlp(self.norm2(attended))"), {"mlp-of-attended"}),
        (
            "both halves side by side",
            (_ADD, "both = self.mlp(self.norm2(x))\n        return x + attended + both"),
            {"parallel-halves"},
        ),
        ("norm after", (_MLP, "return x + self.norm2(self.mlp(x))"), {"norm-after-the-mlp"}),
        (
            "both by the rows' shift",
            ((_ROLL, _ROLL.replace("-right", "-down")), (_UNROLL, _UNROLL.replace("right", "down"))),
            {None},
        ),
        ("flat roll", ((_ROLL, "padded.roll(-down)"), (_UNROLL, "rolled.roll(down)[:, :H, :W]")), {"flat-roll"}),
        (
            "put back by a reshape",
            ("window_reverse(windows, M, self.padded)", "windows.reshape(B, *self.padded, D)"),
            {"put-back-by-a-reshape"},
        ),
        ("cut at the other end", ("[:, :H, :W]", "[:, -H:, -W:]"), {"cut-at-the-other-end"}),
        (
            "norm1 again",
            ("self.attn(windows, self.attn_mask)", "self.attn(self.norm1(windows), self.attn_mask)"),
            {"normed-twice"},
        ),
        ("attention added twice", (_ADD, "x = x + 2 * attended"), {"attention-twice"}),
        ("tokens added twice", (_MLP, "return x + x + self.mlp(self.norm2(x))"), {"tokens-twice"}),
        (
            "MLP's residual from the start",
            ((_ADD, "start, x = x, x + attended"), (_MLP, "return start + self.mlp(self.norm2(x))")),
            {"mlp-residual-from-the-start"},
        ),
        (
            "only rows rolled back",
            ("rolled.roll((down, right), dims=(1, 2))", "rolled.roll(down, dims=1)"),
            {"only-rows-rolled-back"},
        ),
        (
            "map's mask read as factor",
            (
                "self.attn(windows, self.attn_mask)",
                "self.attn(windows, None if self.attn_mask is None else self.attn_mask.exp())",
            ),
            {"mask-as-factor"},
        ),
        (
            "MLP twice",
            (_MLP, "x = x + self.mlp(self.norm2(x))\n        return x + self.mlp(self.norm2(x))"),
            {"mlp-twice"},
        ),
        (
            "norms exchanged",
            (("normed = self.norm1(x)", "normed = self.norm2(x)"), (_MLP, "return x + self.mlp(self.norm1(x))")),
            {"norms-exchanged"},
        ),
        ("residual subtracted", (_ADD, "x = x - attended"), {"attention-subtracted"}),
        ("not returned", (_MLP, "x + self.mlp(self.norm2(x))"), {"relation:no return"}),
    ],
    "PatchMerging": [
        (
            "lower left first",
            (_FOUR, "[bottom[:, :, 0::2], top[:, :, 0::2], bottom[:, :, 1::2], top[:, :, 1::2]]"),
            {"odd-before-even"},
        ),
        (
            "around the square",
            (_FOUR, "[top[:, :, 0::2], bottom[:, :, 0::2], bottom[:, :, 1::2], top[:, :, 1::2]]"),
            {"around-the-square"},
        ),
        (
            "clockwise",
            (_FOUR, "[top[:, :, 0::2], top[:, :, 1::2], bottom[:, :, 1::2], bottom[:, :, 0::2]]"),
            {"clockwise"},
        ),
        (
            "right before left",
            (_FOUR, "[top[:, :, 1::2], bottom[:, :, 1::2], top[:, :, 0::2], bottom[:, :, 0::2]]"),
            {"right-before-left"},
        ),
        ("mean of the four", (_CAT, "torch.stack(four).mean(0).repeat(1, 1, 1, 4)"), {"mean-of-the-four"}),
        ("one token four times", (_FOUR, "[top[:, :, 0::2]] * 4"), {"one-token"}),
        (
            "unfold, channels first",
            (_CAT, "F.unfold(x.permute(0, 3, 1, 2), 2, stride=2).transpose(1, 2).unflatten(1, (x.shape[1] // 2, -1))"),
            {"reading-order"},
        ),
        ("joined as rows", (_CAT, "torch.cat(four, dim=1)"), {"joined-as-rows"}),
        ("norm twice", (_REDUCE, "return self.reduction(self.norm(self.norm(x)))"), {"norm-twice"}),
        ("activation", (_REDUCE, "return F.gelu(self.reduction(self.norm(x)))"), {"activation"}),
        ("a sequence", (_REDUCE, "return self.reduction(self.norm(x)).flatten(1, 2)"), {"relation:shape"}),
        ("transposed map", (_REDUCE, "return self.reduction(self.norm(x)).transpose(1, 2)"), {"relation:transposed"}),
        (
            "channels first",
            (_REDUCE, "return self.reduction(self.norm(x)).permute(0, 3, 1, 2)"),
            {"relation:transposed"},
        ),
        (
            "padded at the top and the left",
            ("(0, 0, 0, W % 2, 0, H % 2)", "(0, 0, W % 2, 0, H % 2, 0)"),
            {"padded-at-the-other-end"},
        ),
        ("only rows padded", ("(0, 0, 0, W % 2, 0, H % 2)", "(0, 0, 0, 0, 0, H % 2)"), {"only-rows-padded"}),
        ("another eps", ("nn.LayerNorm(4 * embed_dim)", "nn.LayerNorm(4 * embed_dim, eps=1e-6)"), {"another-eps"}),
        ("half as wide", (", 2 * embed_dim, bias", ", embed_dim, bias"), {"says:must have shape"}),
        ("squeezed", (_REDUCE, "return self.reduction(self.norm(x)).squeeze()"), {"says:must have shape"}),
        (
            "dropout",
            (_REDUCE, "return F.dropout(self.reduction(self.norm(x)), 0.1, self.training)"),
            {"relation:moving"},
        ),
        (
            "rows of a square only",
            (_FOUR, "[top[:, :, 0::2], bottom[:, :, 0::2], top[:, :, 0::2], bottom[:, :, 0::2]]"),
            {"left-column-twice"},
        ),
    ],
    "SpatialReductionAttention": [
        ("norm twice", (f"self.norm({_SEQUENCE})", f"self.norm(self.norm({_SEQUENCE}))"), {"norm-twice"}),
        ("scaled twice", (_FUSED, "F.scaled_dot_product_attention(q / math.sqrt(d), k, v)"), {"scaled-twice"}),
        (
            "scaled by the width",
            (_FUSED, "F.scaled_dot_product_attention(q, k, v, scale=D**-0.5)"),
            {"scaled-by-width"},
        ),
        (
            "key and value inside each number",
            (_KV, "self.kv(x).reshape(B, -1, h, d, 2).permute(4, 0, 2, 1, 3)"),
            {"key-and-value-last"},
        ),
        ("activation after sr", (_SEQUENCE, "F.relu(reduced).flatten(2).transpose(1, 2)"), {"activation"}),
        ("square map", (_LAID_OUT, "x.transpose(1, 2).unflatten(2, (int(N**0.5), -1))"), {"square-only"}),
        ("sequence by a reshape", (_SEQUENCE, "reduced.reshape(B, -1, D)"), {"sequence-by-a-reshape"}),
        ("transposed sequence", (_SEQUENCE, "reduced.flatten(2)"), {"channels-before-tokens"}),
        ("heads by a reshape", (_Q, "self.q(x).reshape(B, h, N, d)"), {"heads-by-a-reshape"}),
        (
            "keys' heads by a reshape",
            (
                _KV,
                "self.kv(x).reshape(B, -1, 2, D).unbind(2)\n"
                "        k, v = k.reshape(B, h, -1, d), v.reshape(B, h, -1, d)",
            ),
            {"kv-heads-by-a-reshape"},
        ),
        (
            "softmax over queries",
            (_FUSED, "((q @ k.transpose(-2, -1)) / math.sqrt(d)).softmax(dim=-2) @ v"),
            {"softmax-over-queries"},
        ),
        ("residual", (_SR_JOINED, f"x + {_SR_JOINED}"), {"shape-of-the-reduced"}),
        ("no q", (_Q, "x.reshape(B, N, h, d).transpose(1, 2)"), {"no-q"}),
        ("weights returned too", (f"return {_SR_JOINED}", f"return {_SR_JOINED}, None"), {"two-things"}),
        (
            "dropout",
            (_FUSED, "F.scaled_dot_product_attention(q, k, v, dropout_p=0.1 if self.training else 0.0)"),
            {"relation:moving"},
        ),
        (
            "dropout in eval too",
            (_FUSED, "F.scaled_dot_product_attention(q, k, v, dropout_p=0.1)"),
            {"relation:moving"},
        ),
        ("another eps", ("nn.LayerNorm(embed_dim)", "nn.LayerNorm(embed_dim, eps=1e-6)"), {"another-eps"}),
        ("no look ahead", (_FUSED, "F.scaled_dot_product_attention(q, k, v, is_causal=True)"), {"causal"}),
        ("overlapping squares", ("stride=sr_ratio", "stride=1"), {"overlapping"}),
        ("values for keys", (_FUSED, "F.scaled_dot_product_attention(q, v, v)"), {"values-for-keys"}),
        ("no softmax", (_FUSED, "q @ k.transpose(-2, -1) / math.sqrt(d) @ v"), {"no-softmax"}),
        ("map turned", (_LAID_OUT, "x.transpose(1, 2).unflatten(2, grid).transpose(2, 3)"), {"map-turned"}),
        (
            "q normalised too",
            (_Q, "self.q(F.layer_norm(x, (D,))).reshape(B, N, h, d).transpose(1, 2)"),
            {"queries-normalised"},
        ),
    ],
}
