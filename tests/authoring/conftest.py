"""A small checkout in a temporary folder: one lab's master and a pyproject.toml."""

import pytest

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

# Lab 01: Patches

The next one is [lab 02](02_tokens.md#why).

```{code-cell}
:key: setup
```

```{code-cell}
:key: picture
import matplotlib.pyplot as plt
from torch import nn
plt.imshow([[0, 1], [2, 3]])
plt.show()
```

Now write `patchify`.

```{code-cell}
:tags: [exercise]
:key: patchify
```

```{code-cell}
:tags: [check, nbval-check-output]
check("patchify")
```

And back.

+++ {"key": "second-text"}

A text of its own.

```{code-cell}
:tags: [exercise]
:key: unpatchify
```
```{code-cell}
:tags: [check]
check("unpatchify")
```
```{code-cell}
:tags: [exercise]
:key: PatchEmbed
```
```{code-cell}
:tags: [check]
check("PatchEmbed")
```
"""


@pytest.fixture
def checkout(tmp_path):
    """A folder that looks like the repository and holds lab 01 only."""
    (tmp_path / "labs").mkdir()
    (tmp_path / "labs" / "01_patches.md").write_text(MASTER)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "vitcourse"\n[project.urls]\n')
    return tmp_path


@pytest.fixture
def edit(checkout):
    """Replace a text in the master; the old text must be there."""

    def change(old, new):
        path = checkout / "labs" / "01_patches.md"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        return path

    return change
