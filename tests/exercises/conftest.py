"""What a check finds must not depend on how fast the machine is: in these tests the search has all the time it wants."""

import pytest

from vitcourse.workbook import diagnose


@pytest.fixture(autouse=True)
def time_to_search(monkeypatch):
    monkeypatch.setattr(diagnose, "SECONDS_FOR_PAIRS", 60.0)
    monkeypatch.setattr(diagnose, "SECONDS_FOR_EDITS", 60.0)
