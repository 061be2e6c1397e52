"""Each test gets a progress folder and a session of its own."""

import pytest

from vitcourse.workbook import store, verbs


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("VITCOURSE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("VITCOURSE_STRICT", raising=False)
    for memory in (store._memory, verbs._session, verbs._hints):
        memory.clear()
    return tmp_path / "home"
