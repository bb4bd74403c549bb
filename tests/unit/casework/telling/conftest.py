"""What the tests of telling the person share: an installation with officers, and a mail server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.deciding import Bureau
from tests.support.mail_server import Manner, Server, serving
from tests.support.restricted import open_bureau


@pytest.fixture
def bureau(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    return open_bureau(tmp_path, monkeypatch)


@pytest.fixture
def post() -> Iterator[tuple[Server, str]]:
    """A mail server that takes every letter, and its address."""
    with serving(Manner.TAKES) as (server, url):
        yield server, url
