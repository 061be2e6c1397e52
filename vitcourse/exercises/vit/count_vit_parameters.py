"""Lab 04: what the checker feeds to count_vit_parameters, and the mistakes that it knows."""

from ..base import Exercise, Mistake


def draw(d):
    if d.index == 2:  # whatever can be 1 is 1
        ones = dict(img_size=(1, 1), patch_size=1, in_chans=1, num_classes=1, depth=1, num_heads=1)
        return ones | dict(embed_dim=20, mlp_ratio=2.74)
    # The ranges keep the mistakes apart, no two of them are wrong by the same number; and they do not overlap.
    P = d.integer(7, 10)
    return dict(
        img_size=(P * d.integer(5, 7), P * d.integer(11, 14)),  # never square
        patch_size=P,
        in_chans=d.integer(3, 5),
        num_classes=d.integer(11, 30),
        embed_dim=20 * d.integer(4, 9),
        depth=d.integer(5, 7),
        num_heads=10,
        mlp_ratio=2.71,  # times a multiple of 20: hidden widths such as 216.8 that int() must cut
    )


def probe(answer, see, **sizes):
    see("the count", answer(**sizes))
    see("the count for other num_heads", answer(**{**sizes, "num_heads": 4}))
    see("the count for a square image given as one number", answer(**{**sizes, "img_size": 7 * sizes["patch_size"]}))
    see("the count for mlp_ratio=4.0", answer(**{**sizes, "mlp_ratio": 4.0}))
    see("the count for ViT-B/16, all arguments left at their defaults", answer())


EXERCISE = Exercise(
    id="count_vit_parameters",
    cases=3,
    draw=draw,
    probe=probe,
    mistakes=(
        Mistake(
            "one-vector-short",
            ("tokens = D + (N + 1) * D", "tokens = (N + 1) * D"),
            "Exactly one vector of length embed_dim is missing: the class token, its position, or the bias of the patch "
            "convolution.",
            "Beside the N patches there is a class token. It is a parameter, and it has a position as well.",
        ),
        Mistake(
            "last-norm",
            (
                "return patch_embed + tokens + depth * block + norm + head",
                "return patch_embed + tokens + depth * block + head",
            ),
            "Exactly two vectors of length embed_dim are missing: very likely the last norm's scale and shift.",
            "After the blocks comes one more LayerNorm. (Or both the class token and its position are missing.)",
        ),
        Mistake(
            "norm-scale-only",
            ("norm = 2 * D", "norm = D"),
            "Each LayerNorm is counted with D parameters; it has 2*D, a scale and a shift.",
            "Print the shapes of nn.LayerNorm(8).named_parameters().",
        ),
        Mistake(
            "one-norm-per-block",
            ("block = norm + attention + norm + mlp", "block = norm + attention + mlp"),
            "In each block exactly two vectors of length embed_dim are missing: one of its two LayerNorms, or the biases of "
            "proj and fc2, or two thirds of qkv's bias, which is 3*D long.",
            "There is a norm before attention, and one before the MLP. Every linear layer has a bias as long as its output.",
        ),
        Mistake(
            "two-vectors-too-many",
            ("tokens = D + (N + 1) * D", "tokens = 2 * D + (N + 2) * D"),
            "Exactly two vectors of length embed_dim are counted too much: very likely a second token and its position.",
            "There is one class token beside the N patches.",
        ),
        Mistake(
            "four-vectors-short",
            ("block = norm + attention + norm + mlp", "block = attention + mlp"),
            "In each block exactly four vectors of length embed_dim are missing: both LayerNorms, or the biases of qkv and "
            "proj.",
            "A block has two norms, and every linear layer has a bias as long as its output.",
        ),
        Mistake(
            "no-mlp-biases",
            ("(D * hidden + hidden) + (hidden * D + D)", "(D * hidden) + (hidden * D)"),
            "The MLP's biases are not counted: fc1 has one of `hidden` numbers, fc2 one of embed_dim.",
            "A linear layer from a to b has a*b + b parameters.",
        ),
        Mistake(
            "no-norms",
            ("norm = 2 * D", "norm = 0"),
            "No LayerNorm is counted; there are two in each block and one after the last.",
            "Each has a scale and a shift.",
        ),
        Mistake(
            "no-attention",
            ("block = norm + attention + norm + mlp", "block = norm + norm + mlp"),
            "The attention layers, qkv and proj, are not counted.",
            "A block is a norm, attention, another norm and the MLP.",
        ),
        Mistake(
            "no-mlp",
            ("block = norm + attention + norm + mlp", "block = norm + attention + norm"),
            "The MLPs are not counted.",
            "A block is a norm, attention, another norm and the MLP.",
        ),
        Mistake(
            "no-head",
            ("+ depth * block + norm + head", "+ depth * block + norm"),
            "The head is not counted: a linear layer from embed_dim to num_classes.",
            "Follow the image to the end, where the class token becomes logits.",
        ),
        Mistake(
            "no-patch-embed",
            ("return patch_embed + tokens", "return tokens"),
            "The patch convolution is not counted.",
            "Its weight has the shape (D, C, P, P), and it has a bias.",
        ),
        Mistake(
            "three-vectors-short",
            (
                ("in_chans * patch_size**2 * D + D", "in_chans * patch_size**2 * D"),
                ("tokens = D + (N + 1) * D", "tokens = N * D"),
            ),
            "Exactly three vectors of length embed_dim are missing: the class token, its position, and the bias of the patch "
            "convolution.",
            "Beside the N patches there is a class token. It is a parameter, and it has a position as well.",
        ),
        Mistake(
            "qkv-not-a-matrix",
            ("(D * 3 * D + 3 * D)", "(3 * D + 3 * D)"),
            "qkv is counted as 3*D weights; it is a matrix of D times 3*D.",
            "A linear layer from a to b has a*b + b parameters.",
        ),
        Mistake(
            "one-vector-too-many",
            ("tokens = D + (N + 1) * D", "tokens = D + (N + 2) * D"),
            "Exactly one vector of length embed_dim is counted too much: there are N + 1 positions and one class token.",
            "Write down the shapes of tokens.cls_token and tokens.pos_embed.",
        ),
        Mistake(
            "no-biases",
            (
                ("attention = (D * 3 * D + 3 * D) + (D * D + D)", "attention = (D * 3 * D) + (D * D)"),
                ("mlp = (D * hidden + hidden) + (hidden * D + D)", "mlp = (D * hidden) + (hidden * D)"),
                ("head = D * num_classes + num_classes", "head = D * num_classes"),
                ("patch_embed = in_chans * patch_size**2 * D + D", "patch_embed = in_chans * patch_size**2 * D"),
            ),
            "The biases are not counted; the patch convolution and every linear layer have one.",
            "A linear layer from a to b has a*b + b parameters.",
        ),
        Mistake(
            "no-block-biases",
            (
                ("attention = (D * 3 * D + 3 * D) + (D * D + D)", "attention = (D * 3 * D) + (D * D)"),
                ("mlp = (D * hidden + hidden) + (hidden * D + D)", "mlp = (D * hidden) + (hidden * D)"),
            ),
            "The biases of the linear layers in the blocks are not counted.",
            "qkv, proj, fc1 and fc2 each have a bias as long as their output.",
        ),
        Mistake(
            "no-qkv-bias",
            ("(D * 3 * D + 3 * D)", "(D * 3 * D)"),
            "In each block 3*D parameters are missing: the bias of qkv.",
            "The layer maps D to 3*D, and its bias is as long as its output.",
        ),
        Mistake(
            "no-hidden-bias",
            ("(D * hidden + hidden)", "(D * hidden)"),
            "In each block the bias of fc1 is missing: it is as long as the MLP's hidden layer.",
            "A linear layer from a to b has a*b + b parameters.",
        ),
        Mistake(
            "block-bias-short",
            ("(D * D + D)", "(D * D)"),
            "In each block exactly embed_dim parameters are missing: the bias of proj or the bias of fc2.",
            "Four linear layers make a block: qkv, proj, fc1 and fc2. Each has a bias.",
        ),
        Mistake(
            "no-head-bias",
            ("head = D * num_classes + num_classes", "head = D * num_classes"),
            "The head's bias is missing: one number for each class.",
            "A linear layer from a to b has a*b + b parameters.",
        ),
        Mistake(
            "qkv-once",
            ("(D * 3 * D + 3 * D)", "(D * D + D)"),
            "qkv is counted as one map from D to D; it makes queries, keys and values, so it maps D to 3*D.",
            "Print the shape of MultiHeadAttention(8, 2).qkv.weight.",
        ),
        Mistake(
            "no-proj",
            ("(D * 3 * D + 3 * D) + (D * D + D)", "(D * 3 * D + 3 * D)"),
            "The attention's output layer `proj` is not counted.",
            "After the heads are joined, one more linear layer from D to D follows.",
        ),
        Mistake(
            "times-heads",
            (
                "attention = (D * 3 * D + 3 * D) + (D * D + D)",
                "attention = num_heads * (D * 3 * D + 3 * D) + (D * D + D)",
            ),
            "The attention is counted once per head; the heads share D among them, so their number changes nothing.",
            "Each of the h heads works with D/h numbers.",
        ),
        Mistake(
            "one-block",
            ("depth * block", "block"),
            "One block is counted; there are `depth` of them.",
            "Every block has weights of its own.",
        ),
        Mistake(
            "one-block-short",
            ("depth * block", "(depth - 1) * block"),
            "One block too few is counted: there are `depth` of them.",
            "All blocks are alike, the first and the last too.",
        ),
        Mistake(
            "hidden-rounded",
            ("hidden = int(D * mlp_ratio)", "hidden = round(D * mlp_ratio)"),
            "The MLP's hidden width is rounded; int() cuts it.",
            "The given line computes `hidden`: use it.",
        ),
        Mistake(
            "pixels-for-patches",
            ("N = (H // patch_size) * (W // patch_size)", "N = H * W"),
            "N is counted in pixels; it is the number of patches.",
            "The given line divides by patch_size: use it.",
        ),
        Mistake(
            "head-on-every-token",
            ("head = D * num_classes + num_classes", "head = (N + 1) * D * num_classes + num_classes"),
            "The head is counted for all tokens together; it reads the class token alone.",
            "It is a linear layer from D to num_classes.",
        ),
        Mistake(
            "norm-per-block",
            ("depth * block + norm + head", "depth * (block + norm) + head"),
            "The last norm is counted once per block; there is one, after all blocks.",
            "A block has two norms. The last one stands outside.",
        ),
        Mistake(
            "patch-not-squared",
            ("in_chans * patch_size**2 * D + D", "in_chans * patch_size * D + D"),
            "The patch convolution's window is P by P, but P was counted once.",
            "Each output looks at all the pixels of a square patch.",
        ),
        Mistake(
            "one-channel",
            ("in_chans * patch_size**2 * D + D", "patch_size**2 * D + D"),
            "The image's channels are not counted in the patch convolution.",
            "Each output looks at every channel of every pixel in the patch.",
        ),
        Mistake(
            "positions-twice",
            ("tokens = D + (N + 1) * D", "tokens = D + 2 * (N + 1) * D"),
            "The positions are counted twice.",
            "pos_embed is one parameter of shape (1, N+1, D).",
        ),
        Mistake(
            "no-positions",
            ("tokens = D + (N + 1) * D", "tokens = D"),
            "The positions are not counted: they are learned, one vector for each token.",
            "pos_embed is a parameter of shape (1, N+1, D).",
        ),
        Mistake(
            "square-image",
            ("N = (H // patch_size) * (W // patch_size)", "N = (H // patch_size) ** 2"),
            "The number of patches is right for square images only.",
            "H and W can differ, and the given line takes both.",
        ),
        Mistake(
            "mlp-ratio-ignored",
            ("hidden = int(D * mlp_ratio)", "hidden = 4 * D"),
            "The MLP's hidden width is taken to be 4*D; it is given by mlp_ratio.",
            "The given line computes `hidden`: use it.",
        ),
        Mistake(
            "float-count",
            ("hidden = int(D * mlp_ratio)", "hidden = D * mlp_ratio"),
            "The count is a float, for the hidden width was not cut to a whole number; a count is an int.",
            "The given line computes `hidden` with int(): use it.",
        ),
        Mistake(
            "one-mlp-layer",
            ("mlp = (D * hidden + hidden) + (hidden * D + D)", "mlp = D * hidden + hidden"),
            "Only one of the MLP's two linear layers is counted.",
            "fc1 goes from D to hidden, and fc2 goes back.",
        ),
    ),
    hints=(
        "Go through the model as an image does, and write down the shape of every parameter. A linear layer from a to b "
        "has a*b weights and b biases; a LayerNorm has a scale and a shift.",
        "patch_embed.proj (D, C, P, P) and its bias; cls_token (D); pos_embed (N+1, D); in each block two norms (2*D each), "
        "qkv (3*D, D), proj (D, D), fc1 (hidden, D), fc2 (D, hidden) and their biases; the last norm; head (K, D) and "
        "its bias.",
        "A block is 2*D + (D*3*D + 3*D) + (D*D + D) + 2*D + (D*hidden + hidden) + (hidden*D + D). Around depth blocks: "
        "C*P*P*D + D for the patches, D + (N+1)*D for the tokens, 2*D for the last norm, D*K + K for the head.",
    ),
)
