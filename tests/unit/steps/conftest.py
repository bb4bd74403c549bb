"""The installation of the attempts."""

from pathlib import Path

import pytest
from tests.support.attempts import World
from tests.support.kept import Kept
from tests.support.watched.auditing import audit

from afschrift.services import Services
from afschrift.sources import registry


@pytest.fixture
def world(services: Services, kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    sources = dict(registry.SOURCES)
    monkeypatch.setattr(registry, "SOURCES", sources)
    audit(sources, tmp_path / "statements")
    return World(services, tmp_path / "statements", tmp_path / "home", kept)
