"""Make a kernel look like Colab's: `google.colab` is loaded, and ipywidgets has nothing newer than 7.7 has.

`begin()` runs at a kernel's start. What ipywidgets 8 added was read from its change log and from both versions' model
specification; only what a course could come to use is listed.
"""

import ast
import sys
import types

NEW_CLASSES = {
    "Stack", "TagsInput", "ColorsInput", "FloatsInput", "IntsInput", "TimePicker", "DatetimePicker",
    "NaiveDatetimePicker", "LabelStyle", "HTMLStyle", "TextStyle", "CheckboxStyle",
}  # fmt: skip
NEW_EVERYWHERE = {"tabbable", "tooltip", "description_allow_html"}
HAD_TOOLTIP = {"Button", "ToggleButton"}
NEW_TRAITS = {
    "Tab": {"titles"},
    "Accordion": {"titles"},
    "Play": {"playing", "repeat"},
    "Layout": {"border_top", "border_right", "border_bottom", "border_left"},
    "ButtonStyle": {"text_color", "font_family", "font_size", "font_style", "font_variant", "text_decoration"},
}


def is_new(class_name, trait):
    """Whether ipywidgets 7.7 has no such trait in a class of that name."""
    if trait == "tooltip" and class_name in HAD_TOOLTIP:
        return False
    return trait in NEW_EVERYWHERE or trait in NEW_TRAITS.get(class_name, ())


def begin():
    """Stand in for Colab in this process."""
    colab = types.ModuleType("google.colab")
    sys.modules.setdefault("google", types.ModuleType("google")).colab = colab
    sys.modules["google.colab"] = colab
    restrict_widgets()


def restrict_widgets():
    """Take away from ipywidgets what 7.7 does not have: using it raises AttributeError or TypeError, as there."""
    import ipywidgets
    from ipywidgets import Widget

    for module in (ipywidgets, ipywidgets.widgets):
        for name in NEW_CLASSES:
            if hasattr(module, name):
                delattr(module, name)
    start, assign = Widget.__init__, Widget.__setattr__

    def checked_start(self, **traits):
        for trait in traits:
            if is_new(type(self).__name__, trait):
                raise TypeError(f"ipywidgets 7.7: {type(self).__name__} has no {trait}")
        start(self, **traits)

    def checked_assign(self, name, value):
        caller = sys._getframe(1).f_globals.get("__name__", "")
        if is_new(type(self).__name__, name) and caller.split(".")[0] not in ("ipywidgets", "traitlets"):
            raise AttributeError(f"ipywidgets 7.7: {type(self).__name__} has no {name}")
        assign(self, name, value)

    Widget.__init__, Widget.__setattr__ = checked_start, checked_assign
    ipywidgets.__version__ = "7.7.1"


def newer_uses(text):
    """(line, what) of each use of something newer than ipywidgets 7.7 in a Python text, also where no test runs it."""
    tree = ast.parse(text)
    aliases, names = set(), {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            aliases |= {one.asname or one.name for one in node.names if one.name == "ipywidgets"}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ipywidgets"):
            names |= {one.asname or one.name: one.name for one in node.names}
    aliases |= {alias for alias, name in names.items() if name == "widgets"}
    found = [(1, name) for name in names.values() if name in NEW_CLASSES]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            found += [(node.lineno, node.attr)] if node.attr in NEW_CLASSES else []
        elif isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id in aliases:
                name = called.attr
            elif isinstance(called, ast.Name) and called.id in names:
                name = names[called.id]
            else:
                continue
            found += [(node.lineno, f"{name}({k.arg}=)") for k in node.keywords if k.arg and is_new(name, k.arg)]
    return found
