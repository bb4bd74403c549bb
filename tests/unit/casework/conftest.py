"""The installation with officers that the tests of casework share."""

from pathlib import Path

import pytest
from tests.support.deciding import Bureau
from tests.support.restricted import open_bureau


@pytest.fixture
def bureau(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    """An installation with officers, in which no bundle is reviewed."""
    return open_bureau(tmp_path, monkeypatch)
