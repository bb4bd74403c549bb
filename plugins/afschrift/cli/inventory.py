"""`afschrift inventory`: check the data map, explain one decision, print the JSON Schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from afschrift.app.settings import Settings
from afschrift.canary.canary_file import CanaryFile
from afschrift.cli.common import Folder, load_inventory, print_json, right_of, say
from afschrift.cli.inventory_check import CODES, check
from afschrift.cli.inventory_exchange import exports, imports
from afschrift.cli.inventory_review import review
from afschrift.datamap.check.documents import FindingLines
from afschrift.datamap.review.take_over import take_over as taken_over
from afschrift.domain.decision import Action
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.notation import count
from afschrift.domain.right import Right
from afschrift.inventory.load import FILES
from afschrift.inventory.load import schema as document

app = typer.Typer(no_args_is_help=True)

app.add_typer(imports, name="import")
app.add_typer(exports, name="export")


app.command(epilog=CODES)(check)


@app.command()
def explain(
    column: Annotated[str, typer.Argument(help="TABLE.COLUMN, or SOURCE.TABLE.COLUMN.")],
    right: Annotated[
        Right, typer.Option(parser=right_of, metavar="RIGHT", help=f"{' or '.join(Right)}.")
    ] = Right.PORTABILITY,
    folder: Folder = None,
) -> None:
    """Explain why a column is given or not, how its table leads to the person, and show the SQL."""
    from afschrift.datamap.explain import explain as explained

    found = explained(load_inventory(folder), column, right)
    decision = found.field
    typer.echo(f"{found.column_path}, {right} (Art. {right.article}): {decision.action.upper()}")
    typer.echo(f"  because   {found.words}")
    typer.echo(f"  rules     {', '.join(decision.rules)} (docs/rules.md)")
    if decision.origins:
        typer.echo(f"  origin    {', '.join(decision.origins)}")
    for purpose in found.purposes:
        typer.echo(f"  purpose   {purpose}")
    if found.proposal:
        typer.echo(f"  proposed  {found.proposal}; not confirmed, so it decides nothing")
    if found.awaited:
        typer.echo(f"  waits     not confirmed: {found.awaited}: docs/datamap/inventory.md#proposals")
    for default in found.defaults:
        typer.echo(f"  default   {default}")
    if found.decided:
        typer.echo(f"  decided   {found.decided}")
    if written := FindingLines(folder or Settings.from_environment().inventory).written(*found.place):
        typer.echo(f"  written   {', '.join(written)}")
    if found.case_by_case:
        typer.echo("  a person  decides in each case, if the person has a value in it")
    typer.echo(f"  way       {found.way}")
    if decision.action in (Action.INCLUDE, Action.MASK) and found.statement:
        typer.echo("\n" + found.statement)


@app.command("take-over")
def take_over(folder: Folder = None) -> None:
    """Move confirmations that a review of an earlier version wrote in your files to `NAME.confirmed.yml`.

    Nothing is moved if the content of the map would change. Your files load without this, too.
    """
    found = taken_over(folder or Settings.from_environment().inventory)
    files = ", ".join(path.name for path in found.files)
    typer.echo(
        f"{count(found.columns, 'confirmation')} moved: {files}." if files else "There is nothing to move."
    )
    for place in found.left:
        typer.echo(f"  {place} keeps some: they share a line, or have a comment. They apply where they are.")


@app.command()
def schema(
    file: Annotated[
        str, typer.Argument(help="source, manual, identity, controller, policy or canary; or check.")
    ] = "source",
) -> None:
    """Print the JSON Schema of a file of the inventory, for an editor to check while you write.

    `check`: the schema of the output of `afschrift inventory check --format json`.
    """
    from afschrift.datamap.check.documents import json_schema

    if file == "check":
        print_json(json_schema())
        return
    models = FILES | {"canary": CanaryFile}
    if file not in models:
        raise typer.BadParameter(f"choose one of {', '.join([*models, 'check'])}")
    print_json(document(models[file]), ascii=False)


NOT_WHOLE = 3
SCAN_CODES = (
    f"Exit codes: 0 all was read; {NOT_WHOLE} the connection was lost, and the draft is not complete."
)


@app.command(epilog=SCAN_CODES)
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
        str | None, typer.Option("--zone", help="Time zone of times without one, such as Europe/Amsterdam.")
    ] = None,
    person: Annotated[
        list[str] | None,
        typer.Option("--person", help="TABLE or TABLE:KEY of the people who make requests, if found wrong."),
    ] = None,
    samples: Annotated[
        bool,
        typer.Option("--samples/--no-samples", help="Read a few dozen values per column, only in memory."),
    ] = True,
    out: Annotated[
        Path | None, typer.Option("--out", help="The file; default: NAME.yml in the project's inventory.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the draft, and write nothing.")] = False,
) -> None:
    """Read a database's description of its tables, and write a draft of the inventory that loads.

    It finds the people, the ways to them, keys and copies. Its proposals have no effect until a person
    confirms them. It reads the catalogue and at most some dozens of rows per table, and writes nothing there.
    """
    from afschrift.datamap.scan.scan_source import Asked, scan_source

    options = dict(_pair(text) for text in option or ())
    if schema:
        options["schema"] = schema
    asked = Asked(connection, kind, options, name, zone, tuple(person or ()), samples, out, dry_run)
    scanned = scan_source(asked, say)
    if dry_run:
        typer.echo(scanned.text, nl=False)
    for line in (*scanned.found, *scanned.next_steps):
        say(line) if dry_run else typer.echo(line)
    if not scanned.whole:
        say("The draft is not complete, as the connection was lost: scan again when the source is back.")
        raise typer.Exit(NOT_WHOLE)


def _pair(text: str) -> tuple[str, Any]:
    word, equals, value = text.partition("=")
    if not equals or not word:
        raise ConfigurationError(
            "An option is written as KEY=VALUE.", remedy="write, for example, `--option path=shop.db`."
        )
    return word, int(value) if value.isdecimal() else value


app.command()(review)
