"""Change one thing at a time in a reference answer: each result is a wrong answer, and a cause that a learner may have.

The tests ask that every one is rejected (a mutant); a check of a wrong answer that no known mistake explains looks for
one that gives the same.
"""

import ast
import copy

_PAIRS = [
    *(
        (ast.Add, ast.Sub),
        (ast.Mult, ast.Div),
        (ast.Lt, ast.LtE),
        (ast.Gt, ast.GtE),
        (ast.Eq, ast.NotEq),
        (ast.And, ast.Or),
    ),
    *((ast.Is, ast.IsNot), (ast.In, ast.NotIn)),
]
SWAPPED = {
    **dict(_PAIRS),
    **{right: left for left, right in _PAIRS},
    **{ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.MatMult: ast.Mult},
}

SIGNS = {
    **{ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**"},
    **{ast.MatMult: "@", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="},
    **{ast.And: "and", ast.Or: "or", ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in"},
}


def _edits(node):
    """Yield (what, words, edit): `edit(copy of node)` returns the node that replaces it.

    `what` is for authors, `words` go on "what comes out when …" for a learner, without a line of the answer.
    """
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        words = "a switch (True or False) is the other way round"
        yield f"{node.value} -> {not node.value}", words, lambda n: ast.Constant(not n.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, float):
        for factor, words in ((2.0, "twice"), (0.5, "half"), (0.0, "nothing instead of")):
            words = f"a constant is {words} what it should be"
            yield f"times {factor}", words, lambda n, factor=factor: ast.Constant(n.value * factor + (n.value == 0))
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        for delta, words in ((1, "large"), (-1, "small")):
            words = f"a whole number, say an axis or an index, is one too {words}"
            yield f"{node.value} {delta:+d}", words, lambda n, delta=delta: ast.Constant(n.value + delta)
    elif isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in SWAPPED:
        right, wrong = SIGNS[type(node.op)], SIGNS[SWAPPED[type(node.op)]]
        yield f"{type(node.op).__name__} swapped", f"`{wrong}` stands where `{right}` belongs", _with_operator
        if isinstance(node, ast.BinOp):
            words = f"one side of a `{right}` is left out"
            yield "right side dropped", words, lambda n: n.left
            yield "left side dropped", words, lambda n: n.right
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPPED:
        right, wrong = SIGNS[type(node.ops[0])], SIGNS[SWAPPED[type(node.ops[0])]]
        yield f"{type(node.ops[0]).__name__} swapped", f"`{wrong}` stands where `{right}` belongs", _with_comparison
    elif isinstance(node, ast.UnaryOp):
        yield "sign or not dropped", "a minus sign or a `not` is missing", lambda n: n.operand
    elif isinstance(node, ast.IfExp):
        words = "only one of two cases is ever taken"
        yield "always the first", words, lambda n: n.body
        yield "always the second", words, lambda n: n.orelse
    elif isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        if len(node.args) >= 2:
            yield "arguments swapped", f"two arguments of `{name}` are exchanged", _with_swapped_arguments
        for i, keyword in enumerate(node.keywords):
            words = f"`{keyword.arg}=` of `{name}` is left out"
            yield f"{keyword.arg}= dropped", words, lambda n, i=i: _without_keyword(n, i)
        if isinstance(node.func, ast.Attribute) and not isinstance(node.func.value, ast.Name | ast.Attribute):
            yield f".{node.func.attr}() dropped", f"`{name}` is left out", lambda n: n.func.value
        elif len(node.args) == 1 and not node.keywords:
            yield f"{ast.unparse(node.func)}() dropped", f"`{name}` is left out", lambda n: n.args[0]
    elif isinstance(node, ast.Assign | ast.AugAssign | ast.If | ast.For | ast.Raise) or (
        isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)
    ):
        yield "statement deleted", "a step is left out", lambda n: ast.Pass()
    elif isinstance(node, ast.Slice) and (node.lower or node.upper):
        yield "slice widened", "a slice takes everything", lambda n: ast.Slice()


def _with_operator(node):
    node.op = SWAPPED[type(node.op)]()
    return node


def _with_comparison(node):
    node.ops[0] = SWAPPED[type(node.ops[0])]()
    return node


def _with_swapped_arguments(node):
    node.args[0], node.args[1] = node.args[1], node.args[0]
    return node


def _without_keyword(node, index):
    del node.keywords[index]
    return node


def _messages(tree):
    """The nodes inside f-strings and signatures: error messages and defaults are not answers."""
    skipped = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr | ast.arguments):
            skipped |= {id(inner) for inner in ast.walk(node)}
    return skipped


def mutants(source):
    """Yield (label, words, source text) of every mutant; the label names the line and the change."""
    tree = ast.parse(source)
    skipped = _messages(tree)
    nodes = list(ast.walk(tree))
    for number, node in enumerate(nodes):
        if id(node) in skipped or not hasattr(node, "lineno"):
            continue
        for what, words, edit in _edits(node):
            changed = copy.deepcopy(tree)
            target = list(ast.walk(changed))[number]
            _replace(changed, target, edit(copy.deepcopy(target)))
            line = ast.unparse(node).splitlines()[0]
            yield f"{line}: {what}", words, ast.unparse(ast.fix_missing_locations(changed))


def _replace(tree, old, new):
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
                return
            if isinstance(value, list):
                for i, item in enumerate(value):
                    if item is old:
                        value[i] = new
                        return
