"""Reconciliation with PostgreSQL: types from its catalogue, MD5 over the texts of each row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from afschrift.domain.reconciliation import Extract
from afschrift.domain.value_kind import DocumentPart
from afschrift.sources.dialect import StandardDialect
from afschrift.sources.postgres.document_parts import value_of
from afschrift.sources.postgres.own_types import ONE_LINE, OwnType, OwnTypes
from afschrift.sources.reconcile.own_texts import Own, Rows
from afschrift.sources.table_errors import relation_of

_sql = StandardDialect()
_ARGUMENTS = 50  # a function takes 100
_OF_TABLE = """
SELECT CAST(a.attname AS text), CAST(a.atttypid AS bigint) FROM pg_attribute a
WHERE a.attrelid = CAST({table} AS regclass) AND a.attnum > 0 AND NOT a.attisdropped
"""
_TYPES = """
SELECT CAST(t.oid AS bigint), CAST(t.typname AS text), CAST(t.typtype AS text), CAST(t.typbasetype AS bigint),
  CASE WHEN t.typcategory = 'A' THEN CAST(t.typelem AS bigint) ELSE 0 END, CAST(t.typdelim AS text),
  CASE WHEN c.relkind = 'c' THEN CAST(c.oid AS bigint) ELSE 0 END
FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid WHERE t.oid IN ({oids})
"""
_MEMBERS = """
SELECT CAST(attname AS text), CAST(atttypid AS bigint) FROM pg_attribute
WHERE attrelid = {relation} AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""


class PostgresTypes:
    """What the catalogue says of the types of columns; each type is asked for once a session."""

    def __init__(self) -> None:
        self._types: dict[int, OwnType] = {}
        self._members: dict[int, list[tuple[str, int]]] = {}

    def own(self, rows: Rows, extract: Extract) -> tuple[dict[str, Own | None], dict[str, str]]:
        """Column -> its own text; and the SQL of each column that is part of a document.

        Args:
            rows: runs a statement in the session.
            extract: of the table.
        """
        table = "'" + relation_of(extract.statement).replace("'", "''") + "'"
        found: dict[str, int] = dict(rows(_OF_TABLE.format(table=table)))
        kinds, whole, parts = extract.kinds, extract.whole, extract.parts
        oids = {name: found[parts[name].column if name in parts else name] for name in kinds}
        self._learn(rows, {*(oids[name] for name in whole), *(oids[name] for name in parts)})
        types = OwnTypes(self._types, self._members)
        own = {name: types.own(oids[name], kinds[name]) if name in whole else None for name in kinds}
        values = {name: _value(types.document(oids[name]), part) for name, part in parts.items()}
        return {name: text and text.planned(kinds[name], ONE_LINE) for name, text in own.items()}, values

    def _learn(self, rows: Rows, oids: Collection[int]) -> None:
        wanted = {int(oid) for oid in oids} - self._types.keys() - {0}
        if not wanted:
            return
        listed = ", ".join(map(str, sorted(wanted)))
        new = {oid: OwnType(*row) for oid, *row in rows(_TYPES.format(oids=listed))}
        self._types |= new
        for relation in {one.relation for one in new.values()} - {0}:
            self._members[relation] = list(rows(_MEMBERS.format(relation=int(relation))))
        parts = {of for one in new.values() for of in (one.base, one.element)}
        self._learn(rows, parts | {oid for some in self._members.values() for _, oid in some})


def _value(native: str, part: DocumentPart) -> str:
    """A part of a document of the table `t`."""
    value = value_of(native, part, part.column)
    assert value is not None  # it was planned
    return value.format(column=f"t.{_sql.quote(part.column)}")


def digest_in(encoding: str) -> Callable[[Sequence[str]], str]:
    """SQL of a row's hash from its texts, in a database of this encoding."""

    def digest(texts: Sequence[str]) -> str:
        row = _joined([f"coalesce({text}, E'\\x1e')" for text in texts])
        if encoding not in ("UTF8", "SQL_ASCII"):
            row = f"convert_to({row}, 'UTF8')"
        return f"CAST(CAST('x' || left(md5({row}), 15) AS bit(60)) AS bigint)"

    return digest


def _joined(texts: Sequence[str]) -> str:
    if len(texts) <= _ARGUMENTS:
        return f"concat_ws(E'\\x1f', {', '.join(texts)})"
    return _joined([_joined(texts[at : at + _ARGUMENTS]) for at in range(0, len(texts), _ARGUMENTS)])
