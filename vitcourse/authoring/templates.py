"""The texts of new labs and exercises, with the mark TODO(author) where their author writes."""


def of_lab(lab):
    """The texts of a new lab's files, in the order of `missing.lab_files`."""
    title = f"Lab {lab.number:02d}"
    return (
        MASTER.format(title=f"{title}: {lab.title}", minutes=lab.minutes),
        f'"""{title}: TODO(author): what its answers are about."""\n',
        f'"""The checks of lab {lab.number:02d}, a module for each exercise."""\n',
        f'"""Other right answers for lab {lab.number:02d}."""\n\nALTERNATIVES = {{}}\n',
        f'"""Lab {lab.number:02d}\'s answers: TODO(author): compare them with another implementation."""\n',
    )


def check(lab, name):
    """The module of an exercise's check."""
    text = CHECK.format(number=lab.number, name=name)
    if not name[0].isupper():
        return text
    for old, new in (
        ("from ..base", f"from ...reference.{lab.stem} import {name}\nfrom ..base"),
        ('    return dict(x=d.normal(case["B"], case["N"], case["D"]))', DRAW_CLASS.format(name=name)),
        ('def probe(answer, see, x):\n    see("the result", answer(x))', PROBE_CLASS),
    ):
        text = text.replace(old, new)
    return text


def answer(name):
    """The answer's definition: a class when its name begins with a capital letter."""
    return (CLASS if name[0].isupper() else FUNCTION).format(name=name)


def alternatives(name):
    """An exercise's place among the other right answers."""
    return f'\nALTERNATIVES["{name}"] = []  # TODO(author): three right answers of other kinds, defined above\n'


def section(lab, name, number):
    """An exercise's part of the master."""
    key = name.lower().replace("_", "-")
    return SECTION.format(lab=lab.number, number=number, name=name, key=key)


MASTER = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  name: python3
  display_name: Python 3
---

# {title}

About {minutes} minutes. Afterwards you can TODO(author): what the learner can do then.

```{{code-cell}}
:key: setup
```

```{{code-cell}}
:key: imports
import torch
```

## Why

TODO(author): what the earlier labs leave open.

## The idea in one picture

TODO(author): a picture before a formula, a formula before code.

## Exercises

## See it

TODO(author): a picture made by the learner's own code, through `mine`.

## Measure it

TODO(author): what is claimed, and what would refute it. Then a cell that asserts it, with yardsticks and three seeds.

## Questions

TODO(author): three questions with folded answers.

## Where this goes

TODO(author): the paper, the library, the next lab.

```{{code-cell}}
:key: progress
progress()
```
"""

SECTION = """\
### Exercise {lab}.{number}: TODO(author)

TODO(author): what it does and why, and what the learner should see.

Write `{name}`:

- in: TODO(author): shapes;
- out: TODO(author): shapes.

```{{code-cell}}
:tags: [exercise]
:key: {name}
```

```{{code-cell}}
:tags: [check]
check("{name}")
```

```{{code-cell}}
:tags: [help]
:key: help-{key}
# hint("{name}")
# solution("{name}")
```
"""

FUNCTION = '''\
def {name}(x):
    """TODO(author): one sentence.

    Args:
        x: TODO(author): its shape.

    Returns:
        TODO(author): its shape.
    """
    # TODO: TODO(author): what to write in {name}
    ### BEGIN SOLUTION
    raise NotImplementedError("TODO(author): the answer")
    ### END SOLUTION
'''

CLASS = '''\
class {name}(nn.Module):
    """TODO(author): one sentence.

    Args:
        embed_dim: D, the width.
    """

    def __init__(self, embed_dim):
        super().__init__()
        # TODO: TODO(author): what to make in {name}
        ### BEGIN SOLUTION
        raise NotImplementedError("TODO(author): the answer")
        ### END SOLUTION

    def forward(self, x):
        """(B, N, D) -> TODO(author): shape."""
        # TODO: TODO(author): what to compute in {name}
        ### BEGIN SOLUTION
        raise NotImplementedError("TODO(author): the answer")
        ### END SOLUTION
'''

DRAW_CLASS = """\
    x = d.normal(case["B"], case["N"], case["D"])
    return dict(x=x, embed_dim=case["D"], state=d.state({name}(case["D"])))"""

PROBE_CLASS = """\
def probe(answer, see, x, embed_dim, state):
    module = see.build(answer, state, x.dtype, embed_dim=embed_dim)
    see("the result", module(x))"""

CHECK = '''\
"""Lab {number:02d}: what the checker feeds to {name}, and the mistakes that it knows."""

from ..base import Exercise, Mistake

# TODO(author): every axis of another size, none of length 2 in front; other sizes in the second case
_CASES = [dict(B=3, N=5, D=4), dict(B=4, N=3, D=6)]


def draw(d):
    case = _CASES[d.index]
    return dict(x=d.normal(case["B"], case["N"], case["D"]))


def probe(answer, see, x):
    see("the result", answer(x))  # TODO(author): the most basic thing first; then gradients, edges, what must raise


EXERCISE = Exercise(
    id="{name}",
    draw=draw,
    probe=probe,
    mistakes=(
        Mistake(
            "TODO(author)",
            ("text of the answer", "what stands there by mistake"),
            "TODO(author): one sentence that names the cause.",
            "TODO(author): what helps from there, without a line of the solution.",
        ),
    ),
    hints=(
        "TODO(author): the idea.",
        "TODO(author): the shapes.",
        "TODO(author): almost the code.",
    ),
)
'''
