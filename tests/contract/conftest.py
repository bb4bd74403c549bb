"""What the contract tests of sources share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.warehouses import MAKERS, SERVERS, Warehouse

from afschrift.sources.registry import SOURCES


@pytest.fixture(scope="module", params=sorted(SOURCES))
def warehouse(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    """A filled warehouse of every registered kind, one for each file of tests."""
    kind = request.param
    server = request.getfixturevalue(SERVERS[kind]) if kind in SERVERS else None
    database = server.create() if server else None
    yield MAKERS[kind](tmp_path_factory.mktemp(kind), database)
    if server:
        server.drop(database)
