"""An installation over the mini shop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.mini import write_database, write_inventory
from tests.support.running import installation

from afschrift.pipeline.services import Services


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.duckdb")))
    yield installation(tmp_path / "home", write_inventory(tmp_path / "inventory"))
