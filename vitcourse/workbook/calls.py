"""Calls in words: what an answer was called with, and parameter names that are not the text's."""

import difflib
import inspect
import re

import torch

from .compare import describe


def call_in_words(function, args, kwargs):
    """`images (2, 5, 6, 9), patch_size 3`: what is handed to a call, under the parameter names of `function`."""
    try:
        bound = inspect.signature(function).bind_partial(*args, **kwargs).arguments
    except (TypeError, ValueError):
        bound = {str(i): value for i, value in enumerate(args)} | kwargs
    return inputs_in_words(bound)


def inputs_in_words(inputs):
    """Tensors by shape, sizes by value, the rest left out."""
    words = []
    flat = {}
    for name, value in inputs.items():
        flat |= value if isinstance(value, dict) else {name: value}
    for name, value in flat.items():
        if "." in name:  # a parameter of a state dict
            continue
        if isinstance(value, torch.Tensor):
            words.append(f"{name} {tuple(value.shape)}")
        elif _all_tensors(value):
            words.append(f"{name} {len(value)} of {tuple(value[0].shape)}")
        elif isinstance(value, int | float | str | tuple) and len(describe(value)) < 40:
            words.append(f"{name} {describe(value)}")
    return ", ".join(words)


def _all_tensors(value):
    return isinstance(value, list | tuple) and value and all(isinstance(item, torch.Tensor) for item in value)


def parameters_of(function):
    """The names of a function's or class's parameters, *args and **kwargs left out; None when they cannot be read."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except Exception:  # whatever a learner hands in
        return None
    return [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def renamed_parameters(answer, reference):
    """A sentence when an answer's parameters have other names than the text's, else None.

    Other libraries call the same things `dim`, `heads` or `in_channels`.
    """
    have, want = parameters_of(answer), parameters_of(reference)
    if have is None or want is None:
        return None
    extra, missing = [name for name in have if name not in want], [name for name in want if name not in have]
    if not extra or not missing:
        return None
    pairs = [(extra[0], missing[0])] if len(extra) == len(missing) == 1 else []
    if pairs:
        return f"Its parameter `{extra[0]}` is called `{missing[0]}` in the text: keep the text's names."
    return (
        f"Its parameters are called {_code(extra)} where the text has {_code(missing)}: keep the text's names."
        if len(extra) == len(missing)
        else f"Its parameters are {_code(have)}; the text has {_code(want)}: keep the text's names."
    )


def _code(names):
    return ", ".join(f"`{name}`" for name in names)


UNEXPECTED = re.compile(r"^([\w.<>]+)\(\) got an unexpected keyword argument '(\w+)'")


def unexpected_keyword(text, lookup):
    """A sentence for the TypeError of a call inside the answer that uses another library's keyword, else None.

    Args:
        text: the TypeError's message.
        lookup: name -> the function or class of that name that the answer can see, or None.
    """
    match = UNEXPECTED.match(text)
    if match is None:
        return None
    path, keyword = match.groups()
    name = [part for part in path.split(".") if part not in ("__init__", "forward")][-1]
    called = lookup(name)
    names = None if called is None else parameters_of(called)
    if not names or keyword in names:
        return None
    near = difflib.get_close_matches(keyword, names, n=1, cutoff=0.5)
    instead = f"it is called `{near[0]}`" if near else f"it takes {_code(names)}"
    return f"`{name}` has no parameter `{keyword}`: {instead}."
