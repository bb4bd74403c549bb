"""The normal form that a database makes is that of `domain.keys`, for all signs that both know."""

from __future__ import annotations

import random
import sys
import unicodedata
from collections.abc import Iterator

import duckdb
import psycopg
import pyarrow as pa
import pytest
from testbed import postgres as pg

from afschrift.domain.keys import KeyMatch, key_form
from afschrift.sources.dialect import DOTTED, KEPT
from afschrift.sources.duckdb.dialect import DuckDialect
from afschrift.sources.postgres.dialect import SERVER, UNICODE_COLLATIONS, PostgresDialect, unicode_collation

ALPHABETS = "aZ éÉÅ\u212b\u212aΣσςΛλİıßẞǅ\u0301\u0323\u0302\t\u00a0ﬁ\u1c90\u10d0𐐀Ꭰ가ᄀ0٤"


def _texts() -> Iterator[str]:
    """Each sign alone and behind a letter, as it may be the last one of a word; and words of many alphabets."""
    for sign in map(chr, range(1, sys.maxunicode + 1)):
        if unicodedata.category(sign) not in ("Cn", "Cs", "Co"):
            yield f"λ{sign}"
    some = random.Random(58)
    for _ in range(20_000):
        yield "".join(some.choices(ALPHABETS, k=some.randint(1, 8)))


TEXTS = list(_texts())


def _wrong(forms: list[str | None], match: str) -> list[tuple[str, str | None, str]]:
    pairs = ((text, form or "", key_form(text, match)) for text, form in zip(TEXTS, forms, strict=True))
    return [pair for pair in pairs if pair[1] not in (pair[2], pair[2].replace(DOTTED, KEPT))]


@pytest.mark.parametrize("match", KeyMatch)
def test_forms_of_postgresql(postgres_server: pg.Server, match: KeyMatch) -> None:
    with psycopg.connect(postgres_server.admin) as opened:
        dialect = PostgresDialect()
        version, dialect.encoding = opened.execute(SERVER).fetchone() or ("", "")  # type: ignore[arg-type]
        dialect.version = int(version)
        found = [name for (name,) in opened.execute(UNICODE_COLLATIONS)]  # type: ignore[arg-type]
        for collation in found:
            dialect.unicode_collation = unicode_collation([collation])
            statement = f"SELECT {dialect.normal_text('u.text', match)} FROM unnest(CAST(%s AS text[])) WITH ORDINALITY AS u(text, n)"
            rows = opened.execute(f"{statement} ORDER BY n", [TEXTS]).fetchall()  # type: ignore[arg-type]
            assert _wrong([form for (form,) in rows], match) == [], collation


@pytest.mark.parametrize("match", KeyMatch)
def test_forms_of_duckdb(match: KeyMatch) -> None:
    with duckdb.connect() as opened:
        opened.register("u", pa.table({"n": range(len(TEXTS)), "text": TEXTS}))
        rows = opened.execute(
            f"SELECT {DuckDialect().normal_text('text', match)} FROM u ORDER BY n"
        ).fetchall()
    assert _wrong([form for (form,) in rows], match) == []
