"""Every registered source masks with the same token for the same value, and tells values apart.

The token is worked out here by hand: eight hex digits of SHA-256 over the salt and the value's text.
"""

import hashlib
from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pytest
from tests.support.data import document
from tests.support.warehouses import DIFFERS, FORMS, MAKERS, Warehouse, database_of

from afschrift.domain.decision import Action
from afschrift.domain.keys import Key
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.sources import Source
from afschrift.domain.value_kind import ValueKind
from afschrift.extraction.comparison import Comparison
from afschrift.extraction.own_rows import without_keys
from afschrift.inventory.model import SourceFile
from afschrift.inventory.organisation import IdentityFile
from afschrift.selection.mask_tokens import salt_key, token_mask
from afschrift.selection.statements import Statements
from afschrift.sources.postgres.dialect import PostgresDialect
from afschrift.testing.source_contract import AT
from afschrift.values.forms import text_batch

pytestmark = pytest.mark.one_of_an_engine
SALT, OTHER = "5a" * 32, "c3" * 32
ALIKE = tuple(document(__file__, "names.json")["alike"])
"""All different; some databases hold several of them equal."""

SAME = {ValueKind(name) for name in ("text", "integer", "decimal", "boolean", "uuid", "date")}
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


def test_a_token_is_of_the_salt_that_is_bound_and_in_no_statement(warehouse: Warehouse) -> None:
    with warehouse.open() as session:
        before = token_mask(session.dialect, "t.c")
        for salts, wanted in (((), "[masked]"), ((SALT,), mask(TEXT)), ((OTHER,), mask(TEXT, OTHER))):
            session.bind([salt_key(salt) for salt in salts], AT)
            assert masked(session, "t") == wanted
            assert token_mask(session.dialect, "t.c") == before
    assert SALT not in before
    assert SALT not in repr(salt_key(SALT))


@pytest.mark.parametrize(("of", "moved"), [("mysql", "keys_in_variable"), ("postgres", "keys_in_setting")])
def test_where_no_temporary_table_may_be_made(
    of: str, moved: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with database_of(of, request) as database, MAKERS[of](tmp_path, database).open() as session:
        getattr(session.dialect, moved)()
        session.bind([Key("owner", "3"), salt_key(SALT)], AT)
        assert masked(session, "t") == mask(TEXT)


def test_an_old_postgres_has_no_function_for_it() -> None:
    dialect = PostgresDialect()
    dialect.version = 100023
    assert token_mask(dialect, "t.c") == "'[masked]'"


SQL = Path(__file__).parents[2] / "include" / "sql"
NUMBER = "9007199254740993"
IDENTITY = IdentityFile.model_validate({"person": "number", "keys": {"number": {"unique": "yes"}}})


def read(session: Source, kind: str, hidden: Collection[str]) -> list[dict[str, str | None]]:
    """The person's rows of the table of awkward values, reconciled with the source."""
    described = {"subject": {"number": "n"}, "key": ["n"], "columns": {}}
    file = SourceFile.model_validate({"source": "w", "kind": kind, "tables": {"awkward": described}})
    session.bind([Key("number", NUMBER)], AT)
    catalogue = session.catalogue()
    statements = Statements(SQL, file, IDENTITY, session.dialect, catalogue, hidden)
    fields = tuple(FieldPlan(n, c.kind, Action.INCLUDE, (), "") for n, c in catalogue["awkward"].items())
    part = ExtractPlan("w", "awkward", fields, statements.extract("awkward", fields, None), order=("n",))
    columns = {path.rpartition(".")[2] for path in hidden if path.count(".") == 2}
    comparison = Comparison(session, part, 100, "seed", columns)
    rows: list[dict[str, str | None]] = []
    for batch in map(without_keys, session.stream(part.statement)):
        text = text_batch(batch, fields)
        comparison.take(text)
        rows += pa.Table.from_batches([text]).to_pylist()
    comparison.require(lambda: map(without_keys, session.stream(part.statement)))
    return rows


@pytest.mark.parametrize("left", ["n", ""])
def test_no_value_of_a_hidden_column_is_read_whatever_its_type(warehouse: Warehouse, left: str) -> None:
    with warehouse.open() as session:
        columns = [name for name in session.catalogue()["awkward"] if name != left]
        [row] = read(session, warehouse.kind, [f"w.awkward.{name}" for name in columns])
    assert row == dict.fromkeys(row, None) | ({left: NUMBER} if left else {})


def test_no_row_of_a_hidden_table_is_read(warehouse: Warehouse) -> None:
    with warehouse.open() as session:
        assert len(read(session, warehouse.kind, [])) == 1
        assert read(session, warehouse.kind, ["w.awkward"]) == []
