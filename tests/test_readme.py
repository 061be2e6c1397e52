"""What the README says about labs, files and commands is so."""

import re
import shlex

from vitcourse.cli import make_parser
from vitcourse.common.places import REPO
from vitcourse.exercises import LABS

TEXT = (REPO / "README.md").read_text(encoding="utf-8")


def test_the_map_shows_each_lab_with_its_time_and_exercises():
    rows = [line for line in TEXT.splitlines() if re.match(r"\| \[\d\d ", line)]
    assert len(rows) == len(LABS)
    for lab, row in zip(LABS, rows, strict=True):
        assert row.startswith(f"| [{lab.number:02d} {lab.title}](labs/{lab.file_stem}.md) | {lab.minutes} |"), row
        assert tuple(re.findall(r"`(\w+)`", row)) == lab.exercises


def test_its_links_lead_somewhere():
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert links and [link for link in links if not (REPO / link).exists()] == []


def test_its_commands_exist():
    targets = re.findall(r"^([a-z]+):", (REPO / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"\bmake (\w+)", TEXT)) - {"test"} <= set(targets) and "test" in targets
    shown = re.findall(r"^vitcourse ([^#\n]+)|`vitcourse ([^`]+)`|-m vitcourse ([^#\n]+)", TEXT, re.MULTILINE)
    lines = [shlex.split("".join(groups)) for groups in shown]
    assert {"lab", "train", "explain", "doctor", "build"} <= {line[0] for line in lines}
    for line in lines:
        make_parser().parse_args(line)  # leaves with SystemExit on what it does not know
