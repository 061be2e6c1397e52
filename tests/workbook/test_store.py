"""Progress on disk: nothing is lost in silence, and nothing stops a learner."""

import json
import os

import pytest

from vitcourse.workbook import store


def test_records_survive_and_merge(own_home):
    store.update("patchify", status="PASS", attempts=1)
    store.update("ViT", status="FAIL", attempts=2)
    store.update("patchify", attempts=3)
    assert store.load() == {"patchify": {"status": "PASS", "attempts": 3}, "ViT": {"status": "FAIL", "attempts": 2}}
    assert not list(own_home.glob("*.tmp"))


@pytest.mark.parametrize(
    "content",
    ["", '{"vitcourse": 1, "exerc', "[1, 2]", "null", '{"other": true}', '{"vitcourse": 99, "exercises": {}}',
     '{"vitcourse": 1, "exercises": {"patchify": 3}}', '{"vitcourse": 1, "exercises": [1]}'],
)  # fmt: skip
def test_a_torn_or_foreign_file_is_set_aside_with_a_sentence(own_home, capsys, content):
    own_home.mkdir()
    (own_home / "progress.json").write_text(content)
    assert store.load() == {}
    assert "kept as progress.damaged-1.json" in capsys.readouterr().out
    assert (own_home / "progress.damaged-1.json").read_text() == content
    store.update("patchify", status="PASS")
    assert store.load() == {"patchify": {"status": "PASS"}}


def test_bytes_that_are_no_text_are_set_aside(own_home):
    own_home.mkdir()
    (own_home / "progress.json").write_bytes(b"\xff\xfe\x00\x80")
    assert store.load() == {}
    assert (own_home / "progress.damaged-1.json").read_bytes() == b"\xff\xfe\x00\x80"


def test_a_full_disk_is_said_once_and_memory_serves(own_home, monkeypatch, capsys):
    store.update("patchify", status="PASS")

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    store.update("ViT", status="FAIL")
    store.update("Block", status="PASS")
    assert not store.keep("Block", "text")
    assert capsys.readouterr().out.count("No space left on device") == 1
    assert set(store.load()) == {"patchify", "ViT", "Block"}
    on_disk = json.loads((own_home / "progress.json").read_text())
    assert set(on_disk["exercises"]) == {"patchify"}, "the old file is whole"
    assert not list(own_home.rglob("*.tmp"))


def test_a_home_that_cannot_be_made_is_said(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VITCOURSE_HOME", str(tmp_path / "file" / "inside"))
    store.update("patchify", status="PASS")
    assert "kept until this kernel ends" in capsys.readouterr().out
    assert store.load()["patchify"]["status"] == "PASS"
