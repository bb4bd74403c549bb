"""`afschrift inventory`: check the data map, explain one decision, print the JSON Schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from afschrift.domain.decision import Action
from afschrift.domain.language import count
from afschrift.domain.right import Right

if TYPE_CHECKING:
    from afschrift.inventory.model import Inventory

app = typer.Typer(
    help="The data map: check it, explain a decision, get its JSON Schema.", no_args_is_help=True
)

Folder = Annotated[
    Path | None, typer.Option("--folder", help="Folder of the inventory; default: the settings'.")
]


@app.command()
def check(
    folder: Folder = None,
    live: bool = typer.Option(
        False, "--live", help="Compare with the tables as they are in the sources now."
    ),
) -> None:
    """Say everything that is wrong with the inventory, with file and line."""
    from afschrift.app.jurisdiction import hints
    from afschrift.app.roles_file import load_roles
    from afschrift.app.task_places import places_of, said_of
    from afschrift.casework.notices.searches import unknown_owners
    from afschrift.inventory.check_finder import finder_hints
    from afschrift.inventory.sheet_gaps import all_columns, gaps
    from afschrift.wiring.build_services import load_inventory

    inventory = load_inventory(folder)
    of_the_place = hints(inventory.controller)
    tables = sum(len(source.tables) for source in inventory.sources.values())
    columns = sum(len(t.columns) for s in inventory.sources.values() for t in s.tables.values())
    sizes = [(len(inventory.sources), "source"), (tables, "table"), (columns, "column")]
    if inventory.manual:
        sizes.append((len(inventory.manual), "searched system"))
    typer.echo(f"The inventory is sound: {', '.join(count(n, noun) for n, noun in sizes)}.")
    typer.echo(f"Digest {inventory.digest[:16]}, policy {inventory.policy_digest[:16]}.")
    _say_progress(inventory)
    for line in said_of(places_of(inventory)):
        typer.echo(line)
    if missing := gaps(inventory, all_columns(inventory)):
        typer.echo("An access request that meets one of these waits, as its information sheet needs them:")
        for gap in missing:
            typer.echo(f"  {gap}")
    for hint in (*of_the_place, *finder_hints(inventory)):
        typer.echo(f"  {hint}")
    for fault in unknown_owners(inventory, load_roles()):
        typer.echo(f"  {fault}")
    if live:
        _compare(inventory)


def _say_progress(inventory: Inventory) -> None:
    """How far the work is, and what is left of it."""
    from afschrift.inventory.unclassified import progress, share, unconfirmed_tables

    columns, left = progress(inventory)
    done = columns - len(left)
    typer.echo(
        f"Classified: {done:,} of {count(columns, 'column')} of personal tables, {share(done, columns)}."
    )
    for column in left:
        source, table, name = column.split(".", 2)
        waits = inventory.sources[source].tables[table].columns[name].proposal is not None
        why = "is proposed, and nobody confirmed it (`review: needed`)" if waits else "has no `origin`"
        typer.echo(f"  {column} {why}: a request that meets it asks")
    for table in unconfirmed_tables(inventory):
        typer.echo(
            f"  {table} is taken to hold nothing of its own, and nobody confirmed it (`review: needed`): "
            "every request stops there"
        )


def _compare(inventory: Inventory) -> None:
    """Say what differs from the sources as they are; exit code 1 where something does."""
    from afschrift.app.include import SHIPPED
    from afschrift.inventory.unclassified import share
    from afschrift.wiring.drift import compare

    found = compare(inventory, SHIPPED / "sql")
    for line in (*found.notes, *found.differences):
        typer.echo(f"  {line}")
    typer.echo(
        f"The personal tables have {count(found.columns, 'column')} in the sources, "
        f"{share(found.classified, found.columns)} of them classified."
    )
    if found.differences:
        raise typer.Exit(1)
    typer.echo("The sources have exactly these tables and columns.")


@app.command()
def explain(
    column: Annotated[str, typer.Argument(help="TABLE.COLUMN, or SOURCE.TABLE.COLUMN.")],
    right: Annotated[Right, typer.Option(help=f"{' or '.join(Right)}.")] = Right.PORTABILITY,
    folder: Folder = None,
) -> None:
    """Say why a column is in or out, by which way its table leads to the person, and show the SQL."""
    from afschrift.wiring.explain import explain as explained

    found = explained(column, right, folder)
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
    if found.decided:
        typer.echo(f"  decided   {found.decided}")
    if found.case_by_case:
        typer.echo("  a person  decides in each case, where the person who asks has a value in it")
    typer.echo(f"  way       {found.way}")
    if decision.action in (Action.INCLUDE, Action.MASK) and found.statement:
        typer.echo("\n" + found.statement)


@app.command()
def schema(
    file: Annotated[str, typer.Argument(help="source, manual, identity, controller or policy.")] = "source",
) -> None:
    """Print the JSON Schema of a file of the inventory, for an editor to check while you write."""
    from afschrift.inventory.load import FILES
    from afschrift.inventory.load import schema as document

    if file not in FILES:
        raise typer.BadParameter(f"choose one of {', '.join(FILES)}")
    typer.echo(json.dumps(document(file), indent=2, ensure_ascii=False))
