"""`afschrift inventory scan`: from an unknown database to a draft of its part of the inventory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from afschrift.cli.common import say
from afschrift.domain.errors import ConfigurationError

NOT_WHOLE = 3
CODES = (
    f"Exit codes: 0 all was read; {NOT_WHOLE} the source went away, and the draft holds what was read before."
)


def scan(
    connection: Annotated[
        str | None,
        typer.Argument(help="Id of an Airflow connection (AIRFLOW_CONN_...); a file has none."),
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Kind of source; default: by the connection's type.")
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", help="KEY=VALUE of the source, such as path=shop.db.")
    ] = None,
    schema: Annotated[
        str | None, typer.Option("--schema", help="Schema whose tables are named without it.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", help="Name of the source; default: the connection's or file's."),
    ] = None,
    zone: Annotated[
        str | None, typer.Option("--zone", help="Whose clock times without a zone follow: Europe/Amsterdam.")
    ] = None,
    person: Annotated[
        list[str] | None,
        typer.Option("--person", help="TABLE or TABLE:KEY of the people who will ask, if found wrong."),
    ] = None,
    samples: Annotated[
        bool,
        typer.Option("--samples/--no-samples", help="Look at a few dozen values a column, in memory alone."),
    ] = True,
    out: Annotated[
        Path | None, typer.Option("--out", help="The file; default: NAME.yml in the project's inventory.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the draft, and write nothing.")] = False,
) -> None:
    """Read what a database says of its tables, and write a draft of the inventory that loads.

    Finds the people, the ways to them, keys and copies. Nothing that it proposes counts until a person
    confirms it. It reads the catalogue and at most some dozens of rows a table, and writes nothing there.
    """
    from afschrift.datamap.scan.scan_source import Asked, scan_source

    options = dict(_pair(one) for one in option or ())
    if schema:
        options["schema"] = schema
    asked = Asked(connection, kind, options, name, zone, tuple(person or ()), samples, out, dry_run)
    scanned = scan_source(asked, say)
    if dry_run:
        typer.echo(scanned.text, nl=False)
    for line in (*scanned.found, *scanned.next_steps):
        say(line) if dry_run else typer.echo(line)
    if not scanned.whole:
        say("The draft is not whole, as the source went away meanwhile: scan again when it is back.")
        raise typer.Exit(NOT_WHOLE)


def _pair(text: str) -> tuple[str, Any]:
    word, equals, value = text.partition("=")
    if not equals or not word:
        raise ConfigurationError(
            "An option is written as KEY=VALUE.", remedy="write, for example, `--option path=shop.db`."
        )
    return word, int(value) if value.isdecimal() else value
