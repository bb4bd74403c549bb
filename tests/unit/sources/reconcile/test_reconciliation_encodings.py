"""Databases of PostgreSQL in other encodings than UTF-8: the server's own texts are hashed as UTF-8."""

from __future__ import annotations

from typing import Any

import pytest
from tests.contract.test_source_reconciliation import compare, extract
from tests.support.warehouses import at

from afschrift.sources.registry import open_source

ENCODED = "id integer, t text, a text[], j json, e mood, n nest, c char(5), b bytea"


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII", "EUC_JP"])
def test_texts_of_other_encodings_agree(postgres_server: Any, encoding: str) -> None:
    database = postgres_server.create(f"ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    sign = {"EUC_JP": "日"}.get(encoding, "é")
    stored = sign.encode("utf-8" if encoding == "SQL_ASCII" else encoding).hex()
    text = f"convert_from('\\x{stored}', '{encoding}')"
    database.execute(
        "CREATE TYPE nest AS (a text, b integer)",
        f"DO $$BEGIN EXECUTE 'CREATE TYPE mood AS ENUM (' || quote_literal({text}) || ')'; END$$",
        f"CREATE TABLE x ({ENCODED})",
        f"INSERT INTO x SELECT 1, {text}, ARRAY[{text}, NULL], to_json({text}), {text}::mood, ROW({text}, 2)::nest, "
        f"{text}, '\\xe9'",
        "INSERT INTO x (id) VALUES (2)",
    )
    try:
        with open_source("w", "postgres", {}, connection="w", connect=at(database.libpq)) as session:
            types = dict(session.catalogue()["x"])
            for read in (types, {name: column.as_text() for name, column in types.items()}):
                found = compare(session, extract(session, "x", read, ("id",)))
                assert (found.rows, set(found.hashed)) == (2, set(types))
    finally:
        postgres_server.drop(database)
