"""What the contract tests of sources share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.spoilt import EMPTY, Empty
from tests.support.warehouses import MAKERS, Warehouse, database_of

from afschrift.sources.registry import SOURCES

OTHERS = ("delta", "files", "iceberg", "parquet", "sqlalchemy")
"""Kinds that DuckDB reads as it does its own files, and SQLAlchemy, which here asks the server of `postgres`."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "one_of_an_engine(others): by day it asks no other kinds of an engine for what one of it is asked for",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for marker in item.iter_markers("one_of_an_engine"):
            call = getattr(item, "callspec", None)
            if call and {*(marker.args or OTHERS)}.intersection(map(str, call.params.values())):
                item.add_marker("nightly")


@pytest.fixture(scope="module", params=sorted(SOURCES))
def warehouse(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    """A filled warehouse of every registered kind, one for each file of tests.

    A file may have statements that fill it, `statements(kind)`, or fill it by `filled(kind, folder, database)`.
    """
    kind, folder = request.param, tmp_path_factory.mktemp(request.param)
    statements, filled = (getattr(request.module, name, None) for name in ("statements", "filled"))
    with database_of(kind, request) as database:
        if statements:
            made, run = EMPTY[kind](folder, database)
            run(*statements(kind))
            yield made
        else:
            yield filled(kind, folder, database) if filled else MAKERS[kind](folder, database)


@pytest.fixture
def kind(warehouse: Warehouse) -> str:
    return warehouse.kind


@pytest.fixture(params=sorted(SOURCES))
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Empty]:
    """An empty warehouse of every registered kind, for one test."""
    with database_of(request.param, request) as database:
        yield Empty(*EMPTY[request.param](tmp_path, database))
