"""Names of the information sheet are distinguished by their bytes, even where the database calls them equal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.key_shop import AT, Reading, key_shop, mapped

from afschrift.batch.batch_statements import PERSON
from afschrift.domain.keys import Key

NAMES = ("Renée BV", "RENÉE BV", "Bol", "BOL", "Bol ", "Bol")
ANNA, BOB = [Key("ck", "1")], [Key("ck", "2")]
CASES = {
    "duckdb": ("VARCHAR COLLATE NOCASE.NOACCENT", ""),
    "sqlite": ("VARCHAR(40) COLLATE NOCASE", ""),
    "postgres": ("citext", ""),
    "mysql": ("VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", ""),
    "sqlalchemy": ("citext", "postgresql+psycopg"),
}


@pytest.fixture(params=CASES)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reading]:
    of_type, driver = CASES[request.param]
    with key_shop(request, tmp_path, request.param, driver) as shop:
        if of_type == "citext":
            shop.run("CREATE EXTENSION IF NOT EXISTS citext")
        rows = [(person, name) for person, names in ((1, NAMES), (2, NAMES[:3])) for name in names]
        shop.make("orders", f"ck INTEGER, name {of_type}", rows)
        with shop.read(
            mapped("orders", "subject: {ck: ck}", "ck", "name: {origin: observed}", key="")
        ) as reading:
            yield reading


def test_names_that_a_collation_takes_for_one_are_several(opened: Reading) -> None:
    session = opened.session
    _, statement = opened.statements.names("orders", "name")
    session.bind(ANNA, AT)
    assert sorted(name for (name,) in session.rows(statement)) == sorted(set(NAMES))

    _, together = opened.batch_statements().names("orders", "name")
    session.bind(ANNA, AT, (BOB, AT))
    found: dict[int, list[str]] = {0: [], 1: []}
    for batch in session.stream(together):
        for person, name in zip(*(batch.column(of).to_pylist() for of in (PERSON, "name")), strict=True):
            found[int(person)].append(name)
    assert {person: sorted(names) for person, names in found.items()} == {
        0: sorted(set(NAMES)),
        1: sorted(NAMES[:3]),
    }
