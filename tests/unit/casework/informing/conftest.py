"""What the tests of informing the person share: an installation with officers, and a mail server."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from testbed.running import drive
from tests.support.deciding import Bureau
from tests.support.kept import Kept
from tests.support.mail_server import Manner, Server, serving

from afschrift.wiring.build_services import build

Ready = Callable[..., str]
"""Type of the fixture `ready`."""


@pytest.fixture
def ready(bureau: Bureau, kept: Kept, tmp_path: Path) -> Ready:
    """Gives a request, stored as its arguments say, whose answer is ready; nothing happened here before."""

    def request(**more: Any) -> str:
        def reach() -> str:
            stored = bureau.store(**more)
            drive(bureau.services, stored)
            return stored

        found = kept.reached(("ready to inform", repr(sorted(more.items()))), tmp_path / "home", reach)
        bureau.services = build(lambda _line: None, bureau.settings)
        return found

    return request


@pytest.fixture
def post() -> Iterator[tuple[Server, str]]:
    """A mail server that takes every letter, and its address."""
    with serving(Manner.TAKES) as (server, url):
        yield server, url
