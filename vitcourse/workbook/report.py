"""Show a check's result and the progress: a card in a notebook, the same words in a terminal."""

import base64
import html

from ..common.places import in_notebook
from ..common.say import say
from .check import Status

WORDS = {Status.PASS: "PASS", Status.FAIL: "FAIL", Status.NOT_ATTEMPTED: "NOT ATTEMPTED", Status.ERROR: "ERROR"}
SIGNS = {Status.PASS: "✔", Status.FAIL: "✘", Status.NOT_ATTEMPTED: "○", Status.ERROR: "⚠"}
# Readable as a bar on white and on dark grey; the words carry the meaning, the colour only helps.
COLOURS = {Status.PASS: "#2e9e5b", Status.FAIL: "#d9534f", Status.NOT_ATTEMPTED: "#8a8f98", Status.ERROR: "#d98b1f"}
LABELS = {
    "observed": "seen",
    "expected": "expected",
    "got": "got",
    "inputs": "called with",
    "where": "where",
    "depends": "note",
    "kept": "kept",
    "next": "next",
}


def rows_of(result):
    """(label, text) of each detail that there is, in reading order."""
    return [(label, result.details[key]) for key, label in LABELS.items() if result.details.get(key)]


def as_text(result):
    """The result in plain text, one line a fact, the labels aligned."""
    lines = [f"{SIGNS[result.status]} {WORDS[result.status]}  {result.exercise}", f"  {result.message}"]
    lines += [f"  {label + ':':<13}{text}" for label, text in rows_of(result)]
    return "\n".join(lines)


def as_html(result, picture=None):
    """The result as a card that works on light and dark pages: it sets no text colour and no background.

    Args:
        result: a CheckResult.
        picture: PNG bytes to show below it, or None.
    """
    colour = COLOURS[result.status]
    rows = "".join(
        f'<dt style="opacity:.7;font-weight:normal;margin:0;float:none;width:auto">{label}</dt>'
        f'<dd style="margin:0;font-family:monospace;white-space:pre-wrap">{html.escape(text)}</dd>'
        for label, text in rows_of(result)
    )
    grid = "display:grid;grid-template-columns:max-content 1fr;gap:1px 16px;margin:6px 0 0 0"
    table = f'<dl style="{grid}">{rows}</dl>' if rows else ""
    if picture is not None:
        source = base64.b64encode(picture).decode()
        alt = "Left: what the right answer gives. Right: what yours gives."
        table += f'<img alt="{alt}" style="margin-top:8px;max-width:100%" src="data:image/png;base64,{source}">'
    return (
        f'<div role="status" style="border-left:5px solid {colour};padding:6px 0 6px 14px;margin:4px 0;max-width:56em;'
        f'line-height:1.45"><div><strong>{SIGNS[result.status]} {WORDS[result.status]}</strong> '
        f"&nbsp;<code>{html.escape(result.exercise)}</code></div>"
        f"<div>{_code_words(result.message)}</div>{table}</div>"
    )


def _code_words(message):
    """Escape a sentence and set its `code words` as code."""
    pieces = html.escape(message).split("`")
    if len(pieces) % 2 == 0:  # a lone backtick
        return "`".join(pieces)
    return "".join(f"<code>{piece}</code>" if i % 2 else piece for i, piece in enumerate(pieces))


def progress_rows(labs, records, fingerprints):
    """One row an exercise: (lab's number and title, minutes, exercise, status word, attempts)."""
    rows = []
    for lab in labs:
        for name in lab.exercises:
            record = records.get(name, {})
            status = record.get("status", Status.NOT_ATTEMPTED)
            word = WORDS.get(status, "NOT ATTEMPTED")
            if record and record.get("exercise") != fingerprints[name]:
                word = "CHECK AGAIN (the exercise changed)"
            rows.append((f"{lab.number:02d} {lab.title}", lab.minutes, name, word, record.get("attempts", 0)))
    return rows


def _next_step(rows):
    for lab, _minutes, name, word, _attempts in rows:
        if word != "PASS":
            return f"Next: {name} in lab {lab}."
    return "All exercises pass."


def _done(rows):
    return f"{sum(row[3] == 'PASS' for row in rows)} of {len(rows)} exercises pass."


def _checks(attempts):
    return "" if not attempts else "1 check" if attempts == 1 else f"{attempts} checks"


def progress_text(rows):
    """The progress as a plain table, a heading for each lab."""
    lines, last = [], None
    for lab, minutes, name, word, attempts in rows:
        if lab != last:
            lines.append(f"{lab}  (about {minutes} minutes)")
            last = lab
        lines.append(f"    {name:<24}{word:<16}{_checks(attempts)}".rstrip())
    return "\n".join([*lines, "", _done(rows), _next_step(rows)])


def progress_html(rows):
    """The progress as a table for a notebook."""
    cells, last = [], None
    for lab, minutes, name, word, attempts in rows:
        if lab != last:
            cells.append(
                f'<tr><th colspan="3" scope="rowgroup" style="text-align:left;padding-top:8px">{html.escape(lab)} '
                f'<span style="font-weight:normal;opacity:.7">about {minutes} minutes</span></th></tr>'
            )
            last = lab
        sign = next((SIGNS[status] for status, text in WORDS.items() if text == word), "↻")
        cells.append(
            f'<tr><td style="text-align:left"><code>{name}</code></td><td style="text-align:left">{sign} {word}</td>'
            f'<td style="text-align:left;opacity:.7">{_checks(attempts)}</td></tr>'
        )
    table = f'<table style="font-size:inherit;color:inherit">{"".join(cells)}</table>'
    return f"{table}<p>{_done(rows)} {html.escape(_next_step(rows))}</p>"


def show(text, html_text=None):
    """Display in a notebook, print in a terminal."""
    if html_text is not None and in_notebook():
        from IPython.display import display

        display({"text/plain": text, "text/html": html_text}, raw=True)
    else:
        say(text)
