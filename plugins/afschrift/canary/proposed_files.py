"""A proposal as a team reads it: `canary.yml`, and statements that plant it in each source."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import date
from io import StringIO
from typing import Any

from afschrift.canary.made_values import own_type
from afschrift.canary.propose import Proposal, Row, SourceProposal
from afschrift.domain.sources import ColumnType, Dialect
from afschrift.domain.value_kind import ValueKind

_HEAD = """\
# A synthetic person whose rows are planted in the sources: see docs/canary.md.
# Read it, change what does not fit, plant the rows, then sign it: `afschrift canary sign`.
# Values are texts, as a bundle has them. One that the source makes itself is a pattern: {matches: "[0-9]+"}.
# `kept_back` are the columns that an answer to that right must not give as they are; `all`: the whole row.
"""
_FILES = "-- {table} lies in files: write one of this row into it, by your own tools.\n--   {row}"


def as_yaml(proposal: Proposal, by: str, why: str, today: date) -> str:
    """`canary.yml` of a proposal.

    Args:
        proposal: what to plant.
        by: who decides that.
        why: why.
        today: the day on which it is decided.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString as Quoted

    planted = []
    for source in proposal.sources:
        for row in source.rows:
            values = {name: Quoted(value) for name, value in row.values.items() if value is not None}
            for table, kept in row.entries.items():
                one: dict[str, Any] = {"table": table, "row": values}
                if kept:
                    back = {r.value: k if isinstance(k, str) else list(k) for r, k in kept.items()}
                    one["kept_back"] = back
                planted.append(one)
    content = {
        "keys": {name: Quoted(value) for name, value in proposal.keys.items()},
        "decided": {"by": by, "on": today, "why": why},
        "planted": planted,
    }
    out = StringIO()
    writer = YAML()
    writer.width = 110
    writer.representer.ignore_aliases = lambda _data: True
    writer.indent(mapping=2, sequence=4, offset=2)
    writer.dump(content, out)
    return _HEAD + out.getvalue()


def as_sql(proposal: SourceProposal) -> str:
    """The statements that plant a proposal in a source. Values are literals, for a person to read and run."""
    lines = [f"-- The canary in source {proposal.source}: read every line before you run it."]
    if proposal.dialect.name == "mysql":
        lines.append("SET SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES'), time_zone = '+00:00';")
    return "\n".join([*lines, *(_insert(proposal, row) for row in proposal.rows)]) + "\n"


def _insert(proposal: SourceProposal, row: Row) -> str:
    dialect, types = proposal.dialect, proposal.types[row.table]
    relation = dialect.relation(row.table)
    literals = dict(_literals(row.values, types, dialect))
    if proposal.files:
        told = ", ".join(f"{name} = {literal}" for name, literal in literals.items())
        return _FILES.format(table=row.table, row=told)
    names = ", ".join(map(dialect.quote, literals))
    own = [
        f"-- choose: {name} is of the type {types[name].native}\n"
        for name in literals
        if own_type(types[name])
    ]
    # of a column that the database numbers itself; without one the words mean nothing
    over = "\n  OVERRIDING SYSTEM VALUE" if dialect.name == "postgres" else ""
    values = ", ".join(literals.values())
    return f"{''.join(own)}INSERT INTO {relation} ({names}){over}\n  VALUES ({values});"  # noqa: S608  (printed)


def _literals(
    values: Mapping[str, str | None], types: Mapping[str, ColumnType], dialect: Dialect
) -> Iterator[tuple[str, str]]:
    """Column -> literal, without what stays NULL."""
    for name, value in values.items():
        if value is not None:
            yield name, literal(value, types[name].kind, dialect)


def literal(value: str, kind: ValueKind | None, dialect: Dialect) -> str:
    """A made-up value as the database reads it."""
    match kind:
        case ValueKind.INTEGER | ValueKind.DECIMAL | ValueKind.NUMBER:
            return value
        case ValueKind.BOOLEAN:
            return value.upper() if dialect.name != "sqlite" else str(int(value == "true"))
        case ValueKind.BINARY:
            return _binary(base64.b64decode(value).hex(), dialect)
        case ValueKind.INSTANT | ValueKind.DATETIME:
            moment = value.removesuffix("Z").replace("T", " ")
            zoned = kind is ValueKind.INSTANT and dialect.name not in ("mysql", "sqlite")
            return dialect.literal(moment + "+00:00" * zoned)
        case _:
            return dialect.literal(value)


def _binary(digits: str, dialect: Dialect) -> str:
    if dialect.name == "postgres":
        return f"'\\x{digits}'"
    return f"unhex('{digits}')" if dialect.name == "duckdb" else f"X'{digits}'"
