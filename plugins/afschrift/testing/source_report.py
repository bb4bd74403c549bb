"""The report of `afschrift source test`: what a source gives of each type, and if it keeps the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version

from afschrift import __version__
from afschrift.app.extras import EXTRAS
from afschrift.domain.errors import AfschriftError
from afschrift.domain.instants import utc_now
from afschrift.domain.sources import Source
from afschrift.inventory.model import SourceFile
from afschrift.sources.options import Opening
from afschrift.sources.read_session import missing
from afschrift.sources.registry import SOURCES
from afschrift.testing.checks import CHECKS
from afschrift.testing.scratch import scratch_tables
from afschrift.testing.source_contract import SourceToTest, forms_of


def lines_of_report(
    declared: SourceFile, schema: str | None, write_connection: str | None
) -> Iterator[tuple[str, bool]]:
    """The lines of a Markdown page, and whether each is good.

    Args:
        declared: the source.
        schema: see `scratch_tables`; None: the tables that there are are read, and nothing is written.
        write_connection: see `scratch_tables`.
    """
    kind = declared.kind
    opening = Opening(
        declared.source, dict(declared.options), declared.connection, ignored=declared.ignored_files
    )
    if schema is None:
        yield from _of_tables(kind, lambda: SOURCES[kind](opening))
    else:
        with scratch_tables(kind, opening, schema, write_connection) as of:
            yield from _of_contract(kind, of)


def _of_contract(kind: str, of: SourceToTest) -> Iterator[tuple[str, bool]]:
    yield from _head(kind, of.open)
    with of.open() as session:
        types = session.catalogue()["awkward"]
        found = forms_of(session, "awkward", next(iter(types)))
    yield "| Value | Type | Outcome |\n|---|---|---|", True
    for name, type_ in types.items():
        exact = found[name] == of.forms[name]
        outcome = "exact" if exact else "refused" if type_.kind is None else "**other**"
        yield f"| `{name}` | `{type_.native}` | {outcome} |", exact or type_.kind is None
    yield "\n| Contract | Kept |\n|---|---|", True
    for name, check in CHECKS.items():
        words, good = _tried(lambda check=check: check(of))  # type: ignore[misc]
        yield f"| {name.replace('_', ' ')} | {words} |", good


def _of_tables(kind: str, open_source: Callable[[], Source]) -> Iterator[tuple[str, bool]]:
    yield from _head(kind, open_source)
    yield "| Table | Columns | Unknown types | A row of it |\n|---|---|---|---|", True
    with open_source() as session:
        tables = session.catalogue()
    for table in tables:
        with open_source() as session:
            words, good = _tried(lambda session=session, table=table: _first_row(session, table))  # type: ignore[misc]
        yield f"| `{table}` | {words} |", good


def _first_row(session: Source, table: str) -> str:
    types = session.catalogue()[table]
    quote, dialect = session.dialect.quote, session.dialect
    known = {name: type_ for name, type_ in types.items() if type_.kind is not None}
    unknown = sorted({type_.native for type_ in types.values() if type_.kind is None})
    columns = (type_.expression.format(column=f"t.{quote(name)}") for name, type_ in known.items())
    statement = f"SELECT {', '.join(columns) or '1'}\nFROM {dialect.relation(table)} AS t\n{dialect.one_row}"
    rows = sum(batch.num_rows for batch in session.stream(statement))
    return f"{len(types)} | {', '.join(unknown) or '-'} | {'read' if rows else 'empty'}"


def _head(kind: str, open_source: Callable[[], Source]) -> Iterator[tuple[str, bool]]:
    with open_source() as session:
        server, lacks = str(session.rows(session.dialect.version_statement)[0][0]), missing(session)
    drivers = ", ".join(f"{name} {_version(name)}" for name in EXTRAS.get(SOURCES[kind].extra or "", ()))
    yield f"# {server.partition(' on ')[0]}, kind `{kind}`\n", True
    yield (
        f"Tested on {utc_now():%Y-%m-%d} with Afschrift {__version__}{drivers and f' and {drivers}'}.\n",
        True,
    )
    for words in lacks:
        yield f"- Missing: {words}.", True
    if lacks:
        yield "", True


def _version(module: str) -> str:
    try:
        return version(module.replace("_", "-"))
    except PackageNotFoundError:
        return "?"


def _tried(check: Callable[[], str]) -> tuple[str, bool]:
    try:
        return check(), True
    except AssertionError as error:
        return f"**broken**: {error}", False
    except AfschriftError as error:
        return f"**failed**: {error.args[0]}", False
