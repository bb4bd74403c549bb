"""The rows of a table with cells and spans masked, however they were batched; formats stay equal."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.domain.decision import Action
from afschrift.domain.errors import NeedsPersonError
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.redaction import Redaction, mask, row_bytes
from afschrift.domain.value_kind import ValueKind
from afschrift.extraction.redact import redact_batches
from afschrift.values.forms import text_batch

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
COLUMNS = {
    "id": (ValueKind.INTEGER, pa.int64()),
    "at": (ValueKind.INSTANT, pa.timestamp("us", "UTC")),
    "price": (ValueKind.DECIMAL, pa.decimal128(10, 2)),
    "blob": (ValueKind.BINARY, pa.binary()),
    "ok": (ValueKind.BOOLEAN, pa.bool_()),
    "body": (ValueKind.TEXT, pa.string()),
}
KINDS = {name: kind for name, (kind, _) in COLUMNS.items()}
SCHEMA = pa.schema([(name, type_) for name, (_, type_) in COLUMNS.items()])


def mac(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def fields(*changed: str) -> tuple[FieldPlan, ...]:
    plain = (FieldPlan(name, kind, Action.INCLUDE, (), "access_provided") for name, kind in KINDS.items())
    return tuple(replace(f, kind=ValueKind.TEXT, read_as=f.kind) if f.name in changed else f for f in plain)


def rows(bodies: list[str | None]) -> pa.RecordBatch:
    some = [
        {"id": n, "at": MOMENT, "price": Decimal("1.50"), "blob": b"\x00", "ok": True, "body": body}
        for n, body in enumerate(bodies, 1)
    ]
    return pa.RecordBatch.from_pylist(some, SCHEMA)


def plan(*redactions: Redaction) -> ExtractPlan:
    columns = {redaction.column for redaction in redactions}
    return ExtractPlan("s", "t", fields(*columns), "", redactions=redactions)


def by_key(column: str, text: str, id_: int, span: tuple[int, int] | None = None) -> Redaction:
    start, end = span or (None, None)
    key = {"id": str(id_)}
    return Redaction(f"q.{id_}{column}", "s.t", column, "g", (), 0, mac(text.encode()), key, "", start, end)


def read(part: ExtractPlan, batch: pa.RecordBatch, size: int) -> list[dict[str, Any]]:
    def stream() -> Iterator[pa.RecordBatch]:
        for start in range(0, batch.num_rows, size):
            yield batch.slice(start, size)

    found = redact_batches(part, stream, mac)()
    return [row for masked in found for row in text_batch(masked, part.selected).to_pylist()]


TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)


@given(st.lists(TEXTS, min_size=1, max_size=12), st.data(), st.integers(1, 5))
def test_the_named_spans_are_masked_and_nothing_else(
    bodies: list[str], data: st.DataObject, size: int
) -> None:
    wanted = {}
    for number in data.draw(st.sets(st.integers(1, len(bodies)), min_size=1)):
        start = data.draw(st.integers(0, len(bodies[number - 1]) - 1))
        wanted[number] = (start, data.draw(st.integers(start + 1, len(bodies[number - 1]))))
    part = plan(*(by_key("body", bodies[n - 1], n, span) for n, span in wanted.items()))

    found = read(part, rows(list(bodies)), size)

    expected = [mask(b, [wanted[n]]) if n in wanted else b for n, b in enumerate(bodies, 1)]
    assert [row["body"] for row in found] == expected
    assert [row["id"] for row in found] == [str(n) for n in range(1, len(bodies) + 1)]


def test_a_cell_of_any_kind_is_masked_and_others_keep_their_value_form() -> None:
    plain = text_batch(rows(["a", "b"]), fields()).to_pylist()
    for column in set(KINDS) - {"id"}:
        part = plan(by_key(column, plain[1][column], 2))
        found = read(part, rows(["a", "b"]), 1)
        assert found[1] == plain[1] | {column: "[masked]"}
        assert found[0] == plain[0]


def test_a_row_without_key_is_named_by_number_and_known_by_all_its_values() -> None:
    batch = rows(["a", "b", "b"])
    plain = text_batch(batch, fields()).to_pylist()
    of_row = mac(row_bytes(plain[2].values()))
    redaction = replace(by_key("body", "b", 9), key={}, number=3, row=of_row)

    assert [row["body"] for row in read(plan(redaction), batch, 2)] == ["a", "b", "[masked]"]
    for moved in (
        replace(redaction, number=2),
        replace(redaction, number=4),
        replace(redaction, row=mac(b"")),
    ):
        with pytest.raises(NeedsPersonError) as error:
            read(plan(moved), batch, 2)
        assert error.value.detail == {"redactions": [redaction.id], "columns": {"s.t.body": 1}}


@pytest.mark.parametrize("bodies", [["a", "changed"], ["a"], ["a", None]])
def test_a_text_that_is_another_by_now_is_never_cut(bodies: list[str | None]) -> None:
    part = plan(by_key("body", "before", 2, (0, 3)), by_key("body", "a", 1))
    seen: list[str | None] = []

    def stream() -> Iterator[pa.RecordBatch]:
        yield rows(bodies)

    with pytest.raises(NeedsPersonError, match="1 redacted text") as error:
        for batch in redact_batches(part, stream, mac)():
            seen += batch.column("body").to_pylist()
    assert error.value.detail["redactions"] == ["q.2body"]
    assert set(seen) == {"[masked]"}  # masked whole until a person has read it


def test_a_key_that_names_two_rows_by_now_is_asked_about() -> None:
    batch = pa.RecordBatch.from_pylist([*rows(["a"]).to_pylist(), *rows(["a"]).to_pylist()], SCHEMA)
    with pytest.raises(NeedsPersonError):
        read(plan(by_key("body", "a", 1)), batch, 1)


@pytest.mark.parametrize("action", [Action.EXCLUDE, Action.MASK])
def test_without_a_usable_key_the_column_is_masked_whole_and_asked_about(action: Action) -> None:
    batch, part = rows(["a", "b"]), plan(by_key("body", "a", 1), by_key("price", "1.50", 2))
    changed = {"id": action}
    now = tuple(replace(field, action=changed.get(field.name, field.action)) for field in part.fields)
    part = replace(part, fields=now)
    leave = batch.select([field.name for field in part.selected])
    seen: list[dict[str, Any]] = []

    with pytest.raises(NeedsPersonError) as error:
        for field in redact_batches(part, lambda: iter([leave]), mac)():
            seen += field.select(["body", "price"]).to_pylist()
    assert error.value.question == "redaction_lost"
    assert error.value.detail["columns"] == {"s.t.body": 1, "s.t.price": 1}
    assert seen == [{"body": "[masked]", "price": "[masked]"}] * 2


def test_masks_that_name_rows_by_an_old_key_are_asked_about() -> None:
    old = replace(by_key("body", "a", 1), key={"id": "1", "ok": "true"})
    part = plan(old, by_key("price", "1.50", 2))
    seen: list[dict[str, Any]] = []
    with pytest.raises(NeedsPersonError) as error:
        for masked in redact_batches(part, lambda: iter([rows(["a", "b"])]), mac)():
            seen += masked.select(["body", "price"]).to_pylist()
    assert error.value.detail == {"redactions": [old.id], "columns": {"s.t.body": 1}}
    assert seen == [{"body": "[masked]", "price": price} for price in ("1.50", "[masked]")]


def test_a_table_without_redactions_is_not_touched() -> None:
    def stream() -> Iterator[pa.RecordBatch]:
        yield rows(["a"])

    assert redact_batches(plan(), stream, mac) is stream
