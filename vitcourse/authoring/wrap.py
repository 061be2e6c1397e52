"""Wrap the prose of a master at 120 characters: only paragraphs and list items that hold a longer line.

Code, tables, formulas on lines of their own, HTML and the front matter stay as they are, and so does a word that is
longer than a line.
"""

import re
import textwrap

WIDTH = 120
FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
ITEM = re.compile(r"( *)(?:[-*+]|\d+[.)]) +")
APART = re.compile(r"\s*(?:$|#{1,6} |\||>|<|\+\+\+|:::|\$\$|---)")  # a line that is no running text
# what a line may not begin with, lest it becomes a list, a heading, a table, …
LOOKS_APART = re.compile(r" (?=(?:[-*+]|\d+[.)]|#{1,6})(?: |$)|\||>|<|\+\+\+|:::|\$\$|---|===)")
KEPT = re.compile(r"`[^`]*`|\$[^$\n]*\$|!?\[[^\]]*\]\([^)]*\)")  # code, formulas and links hold together where they fit


def wrap(text):
    """The text with its long paragraphs wrapped; the same text when there are none."""
    return "\n".join(line for lines, is_prose in _blocks(text) for line in (_fill(lines) if is_prose else lines))


def long_lines(text):
    """The numbers of the lines that wrapping would shorten."""
    found, number = [], 1
    for lines, is_prose in _blocks(text):
        if is_prose and _fill(lines) != lines:
            found += [number + i for i, line in enumerate(lines) if len(line) > WIDTH]
        number += len(lines)
    return found


def _blocks(text):
    """Yield (lines, whether they are one paragraph or list item) in order; all lines of the text are in it once."""
    fence, formula, front, prose = None, False, text.startswith("---\n"), []
    for number, line in enumerate(text.split("\n")):
        mark = FENCE.match(line)
        apart = bool(front or fence or formula or mark or APART.match(line))
        if prose and (apart or ITEM.match(line)):
            yield prose, True
            prose = []
        if not apart:
            prose.append(line)
            continue
        yield [line], False
        if front:
            front = number == 0 or line != "---"
        elif fence:
            fence = None if mark and line.strip() == mark[1] and mark[1].startswith(fence) else fence
        elif mark:
            fence = mark[1]
        elif line.count("$$") % 2:
            formula = not formula
    if prose:
        yield prose, True


def _fill(lines):
    """One paragraph or list item at full width, or as it is when no line of it is too long."""
    if all(len(line) <= WIDTH for line in lines):
        return lines
    item = ITEM.match(lines[0])
    first = item[0] if item else re.match(r" *", lines[0])[0]
    rest = " " * len(first)
    words = " ".join(line.strip() for line in [lines[0][len(first) :], *lines[1:]])
    held = KEPT.sub(lambda found: found[0].replace(" ", "\0") if len(found[0]) < WIDTH else found[0], words)
    held = LOOKS_APART.sub("\0", held)
    options = dict(width=WIDTH, break_long_words=False, break_on_hyphens=False)
    filled = textwrap.wrap(held, initial_indent=first, subsequent_indent=rest, **options)
    return [line.replace("\0", " ") for line in filled]
