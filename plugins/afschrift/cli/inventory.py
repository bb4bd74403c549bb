"""`afschrift inventory`: check the data map, explain one decision, print the JSON Schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from afschrift.app.settings import Settings
from afschrift.canary.canary_file import CanaryFile
from afschrift.cli.data_map import exporting, importing
from afschrift.cli.inventory_check import CODES, check
from afschrift.datamap.check.documents import FindingLines
from afschrift.datamap.review.take_over import take_over as taken_over
from afschrift.domain.decision import Action
from afschrift.domain.notation import count
from afschrift.domain.right import Right
from afschrift.inventory.load import FILES
from afschrift.inventory.load import schema as document

app = typer.Typer(
    help="The data map: check it, explain a decision, get its JSON Schema.", no_args_is_help=True
)

app.add_typer(importing.app, name="import")
app.add_typer(exporting.app, name="export")

Folder = Annotated[
    Path | None, typer.Option("--folder", help="Folder of the inventory; default: the settings'.")
]


app.command(epilog=CODES)(check)


@app.command()
def explain(
    column: Annotated[str, typer.Argument(help="TABLE.COLUMN, or SOURCE.TABLE.COLUMN.")],
    right: Annotated[Right, typer.Option(help=f"{' or '.join(Right)}.")] = Right.PORTABILITY,
    folder: Folder = None,
) -> None:
    """Say why a column is in or out, by which way its table leads to the person, and show the SQL."""
    from afschrift.datamap.explain import explain as explained
    from afschrift.wiring.build_services import load_inventory

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
        typer.echo(f"  proposed  {found.proposal}; nobody confirmed it, so it decides nothing")
    if found.awaited:
        typer.echo(f"  waits     nobody confirmed {found.awaited}: docs/inventory.md#proposals")
    for default in found.defaults:
        typer.echo(f"  default   {default}")
    if found.decided:
        typer.echo(f"  decided   {found.decided}")
    if written := FindingLines(folder or Settings.from_environment().inventory).written(*found.place):
        typer.echo(f"  written   {', '.join(written)}")
    if found.case_by_case:
        typer.echo("  a person  decides in each case, where the person who asks has a value in it")
    typer.echo(f"  way       {found.way}")
    if decision.action in (Action.INCLUDE, Action.MASK) and found.statement:
        typer.echo("\n" + found.statement)


@app.command("take-over")
def take_over(folder: Folder = None) -> None:
    """Move confirmations that a review of an earlier version wrote into your files beside them.

    They go to `NAME.confirmed.yml`. Nothing is moved where the map would say anything else afterwards. Your
    files load without it too.
    """
    found = taken_over(folder or Settings.from_environment().inventory)
    files = ", ".join(path.name for path in found.files)
    typer.echo(
        f"{count(found.columns, 'confirmation')} moved: {files}." if files else "There is nothing to move."
    )
    for place in found.left:
        typer.echo(f"  {place} keeps some: they share a line, or bear a comment. They count where they are.")


@app.command()
def schema(
    file: Annotated[
        str, typer.Argument(help="source, manual, identity, controller, policy or canary; or check.")
    ] = "source",
) -> None:
    """Print the JSON Schema of a file of the inventory, for an editor to check while you write.

    `check`: that of what `afschrift inventory check --format json` prints.
    """
    from afschrift.datamap.check.documents import json_schema

    if file == "check":
        typer.echo(json.dumps(json_schema(), indent=2))
        return
    models = FILES | {"canary": CanaryFile}
    if file not in models:
        raise typer.BadParameter(f"choose one of {', '.join([*models, 'check'])}")
    typer.echo(json.dumps(document(models[file]), indent=2, ensure_ascii=False))
