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
        ("unfold twice, then reshape", ((_SPLIT, "x.unfold(1, M, M).unfold(2, M, M)"), (_MOVE, "windows")), {0}),
        ("one reshape", ((_SPLIT, "x"), (_MOVE, "windows")), {0}),
        (
            "window's axes first in the split",
            ((_SPLIT, "x.reshape(B, H // M, W // M, M, M, C)"), (_MOVE, "windows")),
            {0},
        ),
        ("channel moved in between", (_MOVE, "windows.permute(0, 1, 3, 2, 5, 4)"), {0}),
        ("both sides wrong only", (_TEST, "if H % M and W % M:"), {0}),
        ("only M in the message", (_ERROR, 'raise ValueError(f"{M} does not divide the map")'), {0}),
        ("a RuntimeError", (_ERROR, 'raise RuntimeError(f"{H} x {W} cannot be cut by {M}")'), {0}),
        (
            "padded in silence",
            (_ERROR, "x = F.pad(x, (0, 0, 0, -W % M, 0, -H % M))\n        B, H, W, C = x.shape"),
            {0},
        ),
        ("overlapping windows", (_SPLIT, "x.unfold(1, M, 1).unfold(2, M, 1).permute(0, 1, 4, 2, 5, 3)"), {0}),
        ("area tested", (_TEST, "if (H * W) % (M * M):"), {0}),
        ("a list", (_MERGE, "return list(windows.reshape(-1, M, M, C))"), {0}),
        ("windows backwards", (_MERGE, _MERGE + ".flip(0)"), {0}),
        ("floats only", (_SPLIT, "x.float().reshape(B, H // M, M, W // M, M, C)"), {0}),
        ("cut from the graph", (_SPLIT, "x.detach().reshape(B, H // M, M, W // M, M, C)"), {0}),
        ("by NumPy", (_MERGE, "return torch.from_numpy(windows.detach().numpy().reshape(-1, M, M, C))"), {0}),
        ("M windows instead of windows of M", (_SPLIT, "x.reshape(B, M, H // M, M, W // M, C)"), {0}),
        ("rows of windows side by side", (_MOVE, "windows.permute(0, 3, 1, 2, 4, 5)"), {0}),
        ("first map only", (_MERGE, "return windows[0].reshape(-1, M, M, C)"), {0}),
        ("not returned", (_MERGE, "windows.reshape(-1, M, M, C)"), {0}),
        ("printed", (_ERROR, 'print("wrong size", end="")'), {0}),
    ],
    "window_reverse": [
        ("one reshape", ((_TILES, "windows"), (_BACK, "x")), {0}),
        ("sides of the grid exchanged", ("H, W = grid", "W, H = grid"), {0}),
        ("partition again", (_TILES, "windows.reshape(-1, H // M, M, W // M, M, C)"), {0}),
        ("a sequence", (_MAP, "return x.reshape(-1, H * W, C)"), {0}),
        ("channels first", (_MAP, _MAP + ".permute(0, 3, 1, 2)"), {0}),
        ("first map only", (_MAP, _MAP + "[:1]"), {0}),
        ("no batch", (_MAP, "return x.reshape(H, W, C)"), {0}),
        ("tokens before windows in the split", (_TILES, "windows.reshape(-1, M, M, H // M, W // M, C)"), {0}),
        ("column windows next to rows", (_BACK, "x.permute(0, 2, 3, 1, 4, 5)"), {0}),
        ("true division", (_TILES, "windows.reshape(-1, H / M, W / M, M, M, C)"), {0}),
        ("maps backwards", (_MAP, _MAP + ".flip(0)"), {0}),
        ("cut from the graph", (_TILES, "windows.detach().reshape(-1, H // M, W // M, M, M, C)"), {0}),
        ("transposed map", (_MAP, _MAP + ".transpose(1, 2)"), {0}),
        (
            "batch counted by rows",
            (_TILES, "windows.reshape(windows.shape[0] // (H // M), H // M, W // M, M, M, C)"),
            {0},
        ),
        ("window's axes exchanged", (_BACK, "x.permute(0, 1, 4, 2, 3, 5)"), {0}),
        ("not returned", (_MAP, "x.reshape(-1, H, W, C)"), {0}),
        ("upside down", (_MAP, _MAP + ".flip(1)"), {0}),
    ],
    "relative_position_index": [
        ("sign of the rows", (_DY, "rows[None, :] - rows[:, None]"), {0}),
        ("sign of the columns", (_DX, "cols[None, :] - cols[:, None]"), {0}),
        ("clamped", (_DY, f"({_DY}).clamp(min=0)"), {0}),
        ("int32", (_INDEX, f"({_INDEX}).to(torch.int32)"), {0}),
        ("a list", (_INDEX, f"({_INDEX}).tolist()"), {0}),
        ("as NumPy", (_INDEX, f"({_INDEX}).numpy()"), {0}),
        ("along a line", ("tokens = torch.arange(M * M)", "tokens = torch.arange(M)"), {0}),
        ("both moved by M, factor 2M", (_INDEX, "(dy + M) * (2 * M) + (dx + M)"), {0}),
        ("factor at the columns", (_INDEX, "(dy + M - 1) + (2 * M - 1) * (dx + M - 1)"), {0}),
        ("differences of token numbers", (_INDEX, "tokens[:, None] - tokens[None, :] + M * M - 1"), {0}),
        ("brackets forgotten", (_INDEX, "(dy + M - 1) * 2 * M - 1 + (dx + M - 1)"), {0}),
        ("two numbers for a pair", (_INDEX, "torch.stack([dy + M - 1, dx + M - 1], dim=-1)"), {0}),
        ("factor 2M + 1", (_INDEX, "(dy + M - 1) * (2 * M + 1) + (dx + M - 1)"), {0}),
        ("squared distance", (_INDEX, "dy**2 + dx**2"), {0}),
        ("city blocks", (_INDEX, "dy.abs() + dx.abs()"), {0}),
        ("rows by remainder twice", ("tokens // M, tokens % M", "tokens % M, tokens % M"), {0}),
        ("product of the offsets", (_INDEX, "(dy + M - 1) * (dx + M - 1)"), {0}),
        ("from one", (_INDEX, _INDEX + " + 1"), {0}),
        ("a window of 7", ("M = window_size", "M = 7"), {0}),
        ("halved by true division", ("tokens // M, tokens % M", "tokens / M, tokens % M"), {0}),
        ("not returned", ("return " + _INDEX, _INDEX), {0}),
    ],
    "shifted_window_mask": [
        (
            "numbered before a roll down",
            ((_ROW, "(torch.arange(H) < down).roll(down)"), (_COL, "(torch.arange(W) < right).roll(right)")),
            {0},
        ),
        ("rolled once more", ((_ROW, f"({_ROW}).roll(-down)"), (_COL, f"({_COL}).roll(-right)")), {0}),
        ("the last windows whole", ((_ROW, "torch.arange(H) >= H - M"), (_COL, "torch.arange(W) >= W - M")), {0}),
        ("minus a billion", ('float("-inf")', "-1e9"), {0}),
        ("plus infinity", ('float("-inf")', 'float("inf")'), {0}),
        ("times minus infinity", (_FILLED, 'apart * float("-inf")'), {0}),
        ("the whole map's pairs", (_CUT, "regions.reshape(1, -1)"), {0}),
        ("in another type", (_FILLED, _FILLED + ".double()"), {0}),
        ("both by the rows' shift", (_COL, "torch.arange(W) >= W - down"), {0}),
        ("both by the columns' shift", (_ROW, "torch.arange(H) >= H - right"), {0}),
        (
            "each token without itself",
            (_FILLED, f"({_FILLED}).masked_fill(torch.eye(M * M, dtype=torch.bool), float('-inf'))"),
            {0},
        ),
        ("one number only", ("(shift, shift) if isinstance(shift, int) else shift", "(shift, shift)"), {0}),
        ("pairs only", ("(shift, shift) if isinstance(shift, int) else shift", "shift"), {0}),
        ("lower half", (_FILLED, f"({_FILLED}).tril()"), {0}),
        (
            "filled and thrown away",
            (
                f"return {_FILLED}",
                'mask = torch.zeros(apart.shape)\n    mask.masked_fill(apart, float("-inf"))\n    return mask',
            ),
            {0},
        ),
        ("half a window", ("(shift, shift) if isinstance(shift, int) else shift", "(M // 2, M // 2)"), {0}),
        (
            "windows transposed",
            (_CUT, "window_partition(regions[None, :, :, None], M).transpose(1, 2).reshape(-1, M * M)"),
            {0},
        ),
        ("one row early", (_ROW, "torch.arange(H) >= H - down - 1"), {0}),
        ("smallest number", ('float("-inf")', "torch.finfo(torch.float32).min"), {0}),
        ("first window's for all", (_FILLED, f"({_FILLED})[:1].expand(len(apart), -1, -1)"), {0}),
    ],
    "WindowAttention": [
        ("index transposed", ("self.relative_position_index]", "self.relative_position_index.T]"), {0}),
        ("mask multiplied", (_MASKED, "scores.unflatten(0, (-1, len(mask))) * mask[:, None]"), {0}),
        ("scaled by the tokens", ("math.sqrt(d)", "math.sqrt(N)"), {0}),
        ("softmax over heads", ("softmax(dim=-1)", "softmax(dim=1)"), {0}),
        ("order of q and v", ("q, k, v = self.qkv", "v, k, q = self.qkv"), {0}),
        ("order of k and v", ("q, k, v = self.qkv", "q, v, k = self.qkv"), {0}),
        ("dropout", (_WEIGHTS, "F.dropout(scores.softmax(dim=-1), 0.1, self.training) @ v"), {0}),
        ("fused, no bias", ("out = " + _WEIGHTS, "out = F.scaled_dot_product_attention(q, k, v)"), {0}),
        ("bias twice", (_WEIGHTS, "(scores + bias.permute(2, 0, 1)).softmax(dim=-1) @ v"), {0}),
        ("weights returned too", (f"return self.proj({_JOINED})", f"return self.proj({_JOINED}), scores"), {0}),
        (
            "bias cut from the graph",
            ("bias = self.relative_position_bias_table[", "bias = self.relative_position_bias_table.detach()["),
            {0},
        ),
        (
            "mask taken for yes and no",
            (_MASKED, 'scores.unflatten(0, (-1, len(mask))).masked_fill(mask[:, None] != 0, float("-inf"))'),
            {0},
        ),
        (
            "mask for the first map",
            (_MASKED, "torch.cat([(s := scores.unflatten(0, (-1, len(mask))))[:1] + mask[:, None], s[1:]])"),
            {0},
        ),
        ("residual", (f"self.proj({_JOINED})", f"windows + self.proj({_JOINED})"), {0}),
        ("proj twice", (f"self.proj({_JOINED})", f"self.proj(self.proj({_JOINED}))"), {0}),
        ("heads last", (_QKV, "self.qkv(windows).reshape(n, N, 3, d, h).permute(2, 0, 4, 1, 3)"), {0}),
        ("heads before q, k, v", (_QKV, "self.qkv(windows).reshape(n, N, h, 3, d).permute(3, 0, 2, 1, 4)"), {0}),
        ("times the root", ("/ math.sqrt(d)", "* math.sqrt(d)"), {0}),
        ("divided by d", ("math.sqrt(d)", "d"), {0}),
        ("no softmax", ("scores.softmax(dim=-1)", "scores"), {0}),
        ("log-softmax", ("scores.softmax(dim=-1)", "scores.log_softmax(dim=-1)"), {0}),
        (
            "table of ones",
            (
                "nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)",
                "nn.init.ones_(self.relative_position_bias_table)",
            ),
            {0},
        ),
        ("table drawn wide", ("std=0.02", "std=1.0"), {0}),
        ("values unmixed", (_WEIGHTS, "v"), {0}),
        ("bias subtracted", ("+ bias.permute", "- bias.permute"), {0}),
    ],
    "SwinBlock": [
        (
            "first of the attention's results",
            (_ATTEND, "self.attn(windows, self.attn_mask)[0].unflatten(0, (M, M))"),
            {0},
        ),
        (
            "attention unpacked",
            (
                f"windows = {_ATTEND}",
                "windows, _ = self.attn(windows, self.attn_mask)\n        windows = windows.unflatten(1, (M, M))",
            ),
            {0},
        ),
        ("three arguments", ("self.attn(windows, self.attn_mask)", "self.attn(windows, windows, windows)"), {0}),
        ("dropout", (_ADD, "x = x + F.dropout(attended, 0.1, self.training)"), {0}),
        ("second residual from the normalised", (_MLP, "x = self.norm2(x)\n        return x + self.mlp(x)"), {0}),
        ("MLP of the attended only", (_MLP, "return x + self.mlp(self.norm2(attended))"), {0}),
        ("both halves side by side", (_ADD, "both = self.mlp(self.norm2(x))\n        return x + attended + both"), {0}),
        ("norm after", (_MLP, "return x + self.norm2(self.mlp(x))"), {0}),
        (
            "both by the rows' shift",
            ((_ROLL, _ROLL.replace("-right", "-down")), (_UNROLL, _UNROLL.replace("right", "down"))),
            {0},
        ),
        ("flat roll", ((_ROLL, "padded.roll(-down)"), (_UNROLL, "rolled.roll(down)[:, :H, :W]")), {0}),
        (
            "put back by a reshape",
            ("window_reverse(windows, M, self.padded)", "windows.reshape(B, *self.padded, D)"),
            {0},
        ),
        ("cut at the other end", ("[:, :H, :W]", "[:, -H:, -W:]"), {0}),
        ("norm1 again", ("self.attn(windows, self.attn_mask)", "self.attn(self.norm1(windows), self.attn_mask)"), {0}),
        ("attention added twice", (_ADD, "x = x + 2 * attended"), {0}),
        ("tokens added twice", (_MLP, "return x + x + self.mlp(self.norm2(x))"), {0}),
        (
            "MLP's residual from the start",
            ((_ADD, "start, x = x, x + attended"), (_MLP, "return start + self.mlp(self.norm2(x))")),
            {0},
        ),
        ("only rows rolled back", ("rolled.roll((down, right), dims=(1, 2))", "rolled.roll(down, dims=1)"), {0}),
        (
            "map's mask read as factor",
            (
                "self.attn(windows, self.attn_mask)",
                "self.attn(windows, None if self.attn_mask is None else self.attn_mask.exp())",
            ),
            {0},
        ),
        ("MLP twice", (_MLP, "x = x + self.mlp(self.norm2(x))\n        return x + self.mlp(self.norm2(x))"), {0}),
        (
            "norms exchanged",
            (("normed = self.norm1(x)", "normed = self.norm2(x)"), (_MLP, "return x + self.mlp(self.norm1(x))")),
            {0},
        ),
        ("residual subtracted", (_ADD, "x = x - attended"), {0}),
        ("not returned", (_MLP, "x + self.mlp(self.norm2(x))"), {0}),
    ],
    "PatchMerging": [
        (
            "lower left first",
            (_FOUR, "[bottom[:, :, 0::2], top[:, :, 0::2], bottom[:, :, 1::2], top[:, :, 1::2]]"),
            {0},
        ),
        (
            "around the square",
            (_FOUR, "[top[:, :, 0::2], bottom[:, :, 0::2], bottom[:, :, 1::2], top[:, :, 1::2]]"),
            {0},
        ),
        ("clockwise", (_FOUR, "[top[:, :, 0::2], top[:, :, 1::2], bottom[:, :, 1::2], bottom[:, :, 0::2]]"), {0}),
        (
            "right before left",
            (_FOUR, "[top[:, :, 1::2], bottom[:, :, 1::2], top[:, :, 0::2], bottom[:, :, 0::2]]"),
            {0},
        ),
        ("mean of the four", (_CAT, "torch.stack(four).mean(0).repeat(1, 1, 1, 4)"), {0}),
        ("one token four times", (_FOUR, "[top[:, :, 0::2]] * 4"), {0}),
        (
            "unfold, channels first",
            (_CAT, "F.unfold(x.permute(0, 3, 1, 2), 2, stride=2).transpose(1, 2).unflatten(1, (x.shape[1] // 2, -1))"),
            {0},
        ),
        ("joined as rows", (_CAT, "torch.cat(four, dim=1)"), {0}),
        ("norm twice", (_REDUCE, "return self.reduction(self.norm(self.norm(x)))"), {0}),
        ("activation", (_REDUCE, "return F.gelu(self.reduction(self.norm(x)))"), {0}),
        ("a sequence", (_REDUCE, "return self.reduction(self.norm(x)).flatten(1, 2)"), {0}),
        ("transposed map", (_REDUCE, "return self.reduction(self.norm(x)).transpose(1, 2)"), {0}),
        ("channels first", (_REDUCE, "return self.reduction(self.norm(x)).permute(0, 3, 1, 2)"), {0}),
        ("padded at the top and the left", ("(0, 0, 0, W % 2, 0, H % 2)", "(0, 0, W % 2, 0, H % 2, 0)"), {0}),
        ("only rows padded", ("(0, 0, 0, W % 2, 0, H % 2)", "(0, 0, 0, 0, 0, H % 2)"), {0}),
        ("another eps", ("nn.LayerNorm(4 * embed_dim)", "nn.LayerNorm(4 * embed_dim, eps=1e-6)"), {0}),
        ("half as wide", (", 2 * embed_dim, bias", ", embed_dim, bias"), {0}),
        ("squeezed", (_REDUCE, "return self.reduction(self.norm(x)).squeeze()"), {0}),
        ("dropout", (_REDUCE, "return F.dropout(self.reduction(self.norm(x)), 0.1, self.training)"), {0}),
        (
            "rows of a square only",
            (_FOUR, "[top[:, :, 0::2], bottom[:, :, 0::2], top[:, :, 0::2], bottom[:, :, 0::2]]"),
            {0},
        ),
    ],
    "SpatialReductionAttention": [
        ("norm twice", (f"self.norm({_SEQUENCE})", f"self.norm(self.norm({_SEQUENCE}))"), {0}),
        ("scaled twice", (_FUSED, "F.scaled_dot_product_attention(q / math.sqrt(d), k, v)"), {0}),
        ("scaled by the width", (_FUSED, "F.scaled_dot_product_attention(q, k, v, scale=D**-0.5)"), {0}),
        ("key and value inside each number", (_KV, "self.kv(x).reshape(B, -1, h, d, 2).permute(4, 0, 2, 1, 3)"), {0}),
        ("activation after sr", (_SEQUENCE, "F.relu(reduced).flatten(2).transpose(1, 2)"), {0}),
        ("square map", (_LAID_OUT, "x.transpose(1, 2).unflatten(2, (int(N**0.5), -1))"), {0}),
        ("sequence by a reshape", (_SEQUENCE, "reduced.reshape(B, -1, D)"), {0}),
        ("transposed sequence", (_SEQUENCE, "reduced.flatten(2)"), {0}),
        ("heads by a reshape", (_Q, "self.q(x).reshape(B, h, N, d)"), {0}),
        (
            "keys' heads by a reshape",
            (
                _KV,
                "self.kv(x).reshape(B, -1, 2, D).unbind(2)\n"
                "        k, v = k.reshape(B, h, -1, d), v.reshape(B, h, -1, d)",
            ),
            {0},
        ),
        ("softmax over queries", (_FUSED, "((q @ k.transpose(-2, -1)) / math.sqrt(d)).softmax(dim=-2) @ v"), {0}),
        ("residual", (_SR_JOINED, f"x + {_SR_JOINED}"), {0}),
        ("no q", (_Q, "x.reshape(B, N, h, d).transpose(1, 2)"), {0}),
        ("weights returned too", (f"return {_SR_JOINED}", f"return {_SR_JOINED}, None"), {0}),
        ("dropout", (_FUSED, "F.scaled_dot_product_attention(q, k, v, dropout_p=0.1 if self.training else 0.0)"), {0}),
        ("dropout in eval too", (_FUSED, "F.scaled_dot_product_attention(q, k, v, dropout_p=0.1)"), {0}),
        ("another eps", ("nn.LayerNorm(embed_dim)", "nn.LayerNorm(embed_dim, eps=1e-6)"), {0}),
        ("no look ahead", (_FUSED, "F.scaled_dot_product_attention(q, k, v, is_causal=True)"), {0}),
        ("overlapping squares", ("stride=sr_ratio", "stride=1"), {0}),
        ("values for keys", (_FUSED, "F.scaled_dot_product_attention(q, v, v)"), {0}),
        ("no softmax", (_FUSED, "q @ k.transpose(-2, -1) / math.sqrt(d) @ v"), {0}),
        ("map turned", (_LAID_OUT, "x.transpose(1, 2).unflatten(2, grid).transpose(2, 3)"), {0}),
        ("q normalised too", (_Q, "self.q(F.layer_norm(x, (D,))).reshape(B, N, h, d).transpose(1, 2)"), {0}),
    ],
}
