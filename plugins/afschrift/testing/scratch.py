"""Two tables in a scratch schema of a source, made by a right to write and read back by its own session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.dialect import StandardDialect
from afschrift.sources.options import Opening, Scratch
from afschrift.sources.registry import SOURCES
from afschrift.testing.source_contract import SourceToTest

Form = tuple[ValueKind | None, str | None]
_ROWS = 24_000
_AT_ONCE = 1000


@dataclass(frozen=True)
class TypeToTest:
    """A type of a kind of source, with a literal of it; `form` where it is not that of `forms`."""

    native: str
    literal: str
    form: Form | None = None


def forms() -> dict[str, Form]:
    """Kind and value form of each awkward value."""
    return {
        name: (ValueKind(kind), form)
        for name, (kind, form) in _read(Path(__file__).with_name("forms.yml")).items()
    }


def types_of(kind: str) -> dict[str, TypeToTest]:
    """The types of a kind, from `types_<kind>.yml` next to its module; empty without such a file."""
    file = Path(str(import_module(SOURCES[kind].module).__file__)).with_name(f"types_{kind}.yml")
    found = _read(file) if file.is_file() else {}
    return {
        name: TypeToTest(native, literal, (ValueKind(form[0]), form[1]) if form else None)
        for name, (native, literal, *form) in found.items()
    }


def _read(file: Path) -> Mapping[str, Sequence[Any]]:
    found: Mapping[str, Sequence[Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return found


@contextmanager
def scratch_tables(
    kind: str, opening: Opening, schema: str, write_connection: str | None = None
) -> Iterator[SourceToTest]:
    """Make the tables, and drop them at the end.

    Args:
        kind: kind of the source.
        opening: how it is opened.
        schema: name of the schema, or of a new file for a kind whose databases are files.
        write_connection: connection of an account that may write; None: the source's own.

    Raises:
        ConfigurationError: the kind cannot be written to, or a table of these names is there.
    """
    found: Scratch | None = getattr(import_module(SOURCES[kind].module), "SCRATCH", None)
    types = types_of(kind)
    if found is None or not types:
        raise ConfigurationError(
            f"Nothing is known of how to write to a source of kind {kind}.",
            remedy="leave `--write-schema` out: then the tables that there are are tested.",
        )
    there, _ = found.place(opening, schema)
    _, write = found.place(replace(opening, connection=write_connection or opening.connection), schema)
    with SOURCES[kind](there) as session:
        if taken := {"many", "awkward"} & set(session.catalogue()):
            raise ConfigurationError(
                f"Schema {schema} has a table {min(taken)}.", remedy="name a schema that is empty."
            )
    try:
        write(*(made for made, _ in found.made), *_statements(types))
        expected = {name: type_.form or forms()[name] for name, type_ in types.items()}
        yield SourceToTest(lambda: SOURCES[kind](there), _ROWS, expected, write, found.fails, there.name)
    finally:
        for statement in ("DROP TABLE many", "DROP TABLE awkward", *(gone for _, gone in found.made)):
            with suppress(Exception):  # so that what began is taken away, and the first error remains
                write(statement)


def _statements(types: Mapping[str, TypeToTest]) -> Iterator[str]:
    quote = StandardDialect().quote
    columns = ", ".join(f"{quote(name)} {type_.native}" for name, type_ in types.items())
    yield f"CREATE TABLE awkward ({columns})"
    yield f"INSERT INTO awkward VALUES ({', '.join(type_.literal for type_ in types.values())})"  # noqa: S608
    yield "CREATE TABLE many (id INTEGER, owner INTEGER, pad VARCHAR(20))"
    for start in range(0, _ROWS, _AT_ONCE):
        rows = ", ".join(f"({i}, {i % 10}, 'x{i}')" for i in range(start, start + _AT_ONCE))
        yield f"INSERT INTO many VALUES {rows}"  # noqa: S608 - numbers
