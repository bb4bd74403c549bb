"""Every registered source masks with the same token for the same value, and tells values apart.

The token is worked out here by hand: eight hex digits of SHA-256 over the salt and the value's text.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from tests.contract.test_source_contract import AT
from tests.support.warehouses import DIFFERS, FORMS, MAKERS, SERVERS, Warehouse

from afschrift.domain.keys import Key
from afschrift.domain.sources import Source
from afschrift.domain.value_kind import ValueKind
from afschrift.selection.mask_tokens import salt_key, token_mask
from afschrift.sources.postgres.dialect import PostgresDialect

SALT, OTHER = "5a" * 32, "c3" * 32
ALIKE = (
    "Jansen",
    "jansen",
    "Jansen ",
    " Jansen",
    "Jànsen",
    "Ja\u0300nsen",
    "",
    " ",
    "0612345678",
    "李四",
    "😀",
)
"""All different; some databases hold several of them equal."""
SAME = (
    ValueKind.TEXT,
    ValueKind.INTEGER,
    ValueKind.DECIMAL,
    ValueKind.BOOLEAN,
    ValueKind.UUID,
    ValueKind.DATE,
)
"""Kinds that every database writes alike; times and fractions are alike within one kind of database."""
NO_DAY = ("never", "bc")
TEXT = str(FORMS["t"][1])


def mask(text: str, salt: str = SALT) -> str:
    return f"[masked {hashlib.sha256((salt + text).encode('utf-8')).hexdigest()[:8]}]"


def masks(session: Source, texts: tuple[str, ...]) -> list[str]:
    rows = " UNION ALL ".join(
        f"SELECT {number} AS n, {session.dialect.literal(text)} AS c" for number, text in enumerate(texts)
    )
    value = session.dialect.text("t.c")
    found = session.rows(f"SELECT {token_mask(session.dialect, value)} FROM ({rows}) AS t ORDER BY t.n")
    return [row[0] for row in found]


def masked(session: Source, column: str) -> str | None:
    """The mask of a column of the row of awkward values."""
    found = session.catalogue()["awkward"][column]
    quoted = f"t.{session.dialect.quote(column)}"
    value = session.dialect.text((found.text or found.expression).format(column=quoted))
    case = f"CASE WHEN {quoted} IS NOT NULL THEN {token_mask(session.dialect, value)} END"
    answer: str | None = session.rows(f"SELECT {case} FROM {session.dialect.relation('awkward')} AS t")[0][0]
    return answer


def test_texts_that_differ_in_anything_differ_in_their_token(warehouse: Warehouse) -> None:
    with warehouse.open() as session:
        session.bind([Key("owner", "3"), salt_key(SALT)], AT)
        assert masks(session, ALIKE) == [mask(text) for text in ALIKE]
        assert len(set(masks(session, ALIKE))) == len(ALIKE)


def test_a_value_has_the_same_token_in_every_source(warehouse: Warehouse) -> None:
    with warehouse.open() as session:
        session.bind([salt_key(SALT)], AT)
        for column, (kind, form) in FORMS.items():
            if kind in SAME and column in session.catalogue()["awkward"] and column not in NO_DAY:
                form = DIFFERS.get(warehouse.kind, {}).get(column, (kind, form))[1]
                assert masked(session, column) == (None if form is None else mask(form)), column


def test_another_request_has_other_tokens(warehouse: Warehouse) -> None:
    with warehouse.open() as session:
        session.bind([salt_key(SALT)], AT)
        first = masked(session, "t")
        session.bind([salt_key(OTHER)], AT)
        assert (first, masked(session, "t")) == (mask(TEXT), mask(TEXT, OTHER))


def test_without_a_salt_masks_carry_no_token(warehouse: Warehouse) -> None:
    with warehouse.open() as session:
        session.bind([], AT)
        assert masked(session, "t") == "[masked]"


def test_the_statement_holds_no_salt(warehouse: Warehouse) -> None:
    with warehouse.open() as session:
        before = token_mask(session.dialect, "t.c")
        session.bind([salt_key(SALT)], AT)
        assert token_mask(session.dialect, "t.c") == before
        assert SALT not in before
        assert SALT not in repr(salt_key(SALT))


@pytest.mark.parametrize(("kind", "moved"), [("mysql", "keys_in_variable"), ("postgres", "keys_in_setting")])
def test_where_no_temporary_table_may_be_made(
    kind: str, moved: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server = request.getfixturevalue(SERVERS[kind])
    database = server.create()
    with MAKERS[kind](tmp_path, database).open() as session:
        getattr(session.dialect, moved)()
        session.bind([Key("owner", "3"), salt_key(SALT)], AT)
        assert masked(session, "t") == mask(TEXT)
    server.drop(database)


def test_an_old_postgres_has_no_function_for_it() -> None:
    dialect = PostgresDialect()
    dialect.version = 100023
    assert token_mask(dialect, "t.c") == "'[masked]'"
