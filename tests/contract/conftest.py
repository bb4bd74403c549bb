"""What the contract tests of sources share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.warehouses import MAKERS, SERVERS, Warehouse

from afschrift.sources.registry import SOURCES


def _made(kind: str, folder: Path, database: Any) -> Warehouse:
    return MAKERS[kind](folder, database)


@pytest.fixture(scope="module", params=sorted(SOURCES))
def warehouse(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    """A filled warehouse of every registered kind, one for each file of tests; by its `filled`, if it has one."""
    kind = request.param
    server = request.getfixturevalue(SERVERS[kind]) if kind in SERVERS else None
    database = server.create() if server else None
    filled = getattr(request.module, "filled", None) or _made
    yield filled(kind, tmp_path_factory.mktemp(kind), database)
    if server:
        server.drop(database)
