"""The kind keeps the contract of all sources: the suite of `afschrift.testing` on a file of its own."""

import sqlite3
from collections.abc import Callable

import pytest

from afschrift.domain.value_kind import ValueKind
from afschrift.sources.read_session import missing
from afschrift.sources.registry import open_source
from afschrift.testing.source_contract import SourceToTest

pytest_plugins = ["afschrift.testing"]
ROWS = 30_000
FORMS = {
    "n": (ValueKind.INTEGER, "9007199254740993"),
    "t": (ValueKind.TEXT, "a 'quoted\"\n\\N 😀"),
    "none": (ValueKind.TEXT, None),
    "d": (ValueKind.DATE, "2024-02-29"),
}


@pytest.fixture(scope="module")
def source_to_test(tmp_path_factory: pytest.TempPathFactory) -> SourceToTest:
    path = tmp_path_factory.mktemp("lite") / "shop.db"
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE awkward (n INTEGER, t TEXT, none TEXT, d DATE)")
        file.execute("INSERT INTO awkward VALUES (?, ?, ?, ?)", [form for _, form in FORMS.values()])
        file.execute("CREATE TABLE many (id INTEGER, owner INTEGER, pad TEXT)")
        file.executemany("INSERT INTO many VALUES (?, ?, ?)", ((i, i % 10, f"x{i}") for i in range(ROWS)))
    file.close()
    return SourceToTest(
        lambda: open_source("w", "lite", {"path": str(path)}),
        ROWS,
        FORMS,
        fails="SELECT json('secret-value')",
    )


def test_contract(source_check: Callable[[SourceToTest], str], source_to_test: SourceToTest) -> None:
    assert source_check(source_to_test)


def test_what_it_does_without_is_said(source_to_test: SourceToTest) -> None:
    assert len(missing(source_to_test.open())) == 10
