"""`afschrift inventory check`: the faults of the data map, as text, JSON or SARIF."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from afschrift.app.jurisdiction import hints
from afschrift.app.project import SHIPPED
from afschrift.app.roles_file import load_roles
from afschrift.app.settings import Settings
from afschrift.app.task_places import place_lines, places_of
from afschrift.casework.notices.questions import unknown_owners
from afschrift.cli.common import Folder, print_json, print_lines
from afschrift.datamap.check.documents import FindingLines, court_gaps, not_decided, of_faults
from afschrift.datamap.check.finding import Code, SampleKind, Severity, failures
from afschrift.datamap.check.probe import ProbeLimits
from afschrift.datamap.check.settled import as_entry
from afschrift.domain.notation import count
from afschrift.inventory.check import contact_hints, search_hints
from afschrift.inventory.check_columns import finder_hints, mention_hints, others_hints
from afschrift.inventory.document import InventoryError
from afschrift.inventory.law_files import age_of_consent
from afschrift.inventory.sheet_gaps import all_columns, gaps
from afschrift.inventory.unconfirmed import (
    asked_lines,
    asked_tables,
    awaited,
    guessed_ways,
    progress,
    share,
    unclassified,
    unconfirmed_tables,
)

if TYPE_CHECKING:
    from afschrift.datamap.check.documents import Placed
    from afschrift.datamap.check.finding import MapReport
    from afschrift.inventory.model import Inventory


class Checked(IntEnum):
    """Exit codes. 2 is a mistake in the command line itself."""

    SOUND = 0
    FOUND = 1
    NOT_REACHED = 3


MEANING = {
    Checked.SOUND: "no finding of the severity of `--fail-on` or a higher one",
    Checked.FOUND: "there is one, or the inventory has faults",
    Checked.NOT_REACHED: "a source could not be reached, or time was over, so the check is not complete",
}
CODES = "Exit codes: " + "; ".join(f"{code.value} {words}" for code, words in MEANING.items()) + "."


class Form(StrEnum):
    """The form of the output."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


class Least(StrEnum):
    """The least severity of a finding for exit code 1."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


def check(
    folder: Folder = None,
    live: Annotated[
        bool,
        typer.Option("--live", help="Compare it with the sources: tables, keys, joins, people, contents."),
    ] = False,
    form: Annotated[Form, typer.Option("--format", help="For people, or for machines.")] = Form.TEXT,
    least: Annotated[
        Least, typer.Option("--fail-on", help="The least severity that ends with code 1.")
    ] = Least.WARNING,
    rows: Annotated[
        int, typer.Option(min=1, help="Rows up to which a whole table is counted; of a larger one, a sample.")
    ] = 200_000,
    seconds: Annotated[
        int | None,
        typer.Option(min=1, help="Time limit of the live check; parts that were not checked are reported."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="List also what is settled in the inventory, with the reason.")
    ] = False,
    statement_seconds: Annotated[int, typer.Option(min=1, help="Time limit of one statement.")] = 60,
) -> None:
    """Report all faults of the inventory, with file and line."""
    from afschrift.datamap.check.finding import MapReport
    from afschrift.datamap.check.map_check import check_sources, unexplained, void_confirmations
    from afschrift.datamap.check.missed import missed_lines
    from afschrift.datamap.check.person_cells import readable_by_map, readable_lines
    from afschrift.datamap.check.settled import settle
    from afschrift.wiring.build_services import load_inventory

    where = folder or Settings.from_environment().inventory
    try:
        inventory = load_inventory(folder)
    except InventoryError as error:
        if form is Form.TEXT:
            raise
        report = MapReport([found for found, _ in of_faults(error.faults, where)])
        _print(form, report, of_faults(error.faults, where), live=live, ended=Checked.FOUND)
        raise typer.Exit(Checked.FOUND) from None
    if form is Form.TEXT:
        _say_inventory(inventory)
    if live:
        report = check_sources(inventory, ProbeLimits.up_to(rows, statement_seconds, seconds), measure=True)
    else:
        report = settle(inventory, MapReport(list(void_confirmations(inventory))))
        report.readable = readable_by_map(inventory)
    undecided = [*court_gaps(where, SHIPPED / "law"), *not_decided(where)]
    report.findings = [*(found for found, _ in undecided), *report.findings, *unexplained(inventory)]
    ended = Checked.FOUND if any(failures(report, Severity(least.value))) else Checked.SOUND
    ended = Checked.NOT_REACHED if report.not_reached else ended
    places = FindingLines(where)
    placed = [*undecided, *((found, places.of(found)) for found in report.findings[len(undecided) :])]
    if form is not Form.TEXT:
        _print(form, report, placed, live=live, ended=ended)
    else:
        print_lines(_lines(report, placed, Severity(least.value), live=live, every=every))
        print_lines(readable_lines(report.readable) if report.readable else ())
        print_lines(missed_lines(inventory))
    if ended is not Checked.SOUND:
        raise typer.Exit(ended)


def _print(
    form: Form,
    report: MapReport,
    placed: Placed,
    *,
    live: bool,
    ended: Checked,
) -> None:
    from afschrift.datamap.check.documents import as_json, as_sarif

    sound = ended is Checked.SOUND
    document = (
        as_sarif(report, placed) if form is Form.SARIF else as_json(report, placed, live=live, sound=sound)
    )
    print_json(document, ascii=False)


def _say_inventory(inventory: Inventory) -> None:
    """Print the size of the inventory, the progress, and hints."""
    of_the_place = hints(inventory.controller)
    tables = sum(len(source.tables) for source in inventory.sources.values())
    columns = sum(len(t.columns) for s in inventory.sources.values() for t in s.tables.values())
    sizes = [(len(inventory.sources), "source"), (tables, "table"), (columns, "column")]
    if inventory.manual:
        sizes.append((len(inventory.manual), "searched system"))
    typer.echo(f"The files of the inventory are valid: {', '.join(count(n, noun) for n, noun in sizes)}.")
    typer.echo(f"Digest {inventory.digest[:16]}, policy {inventory.policy_digest[:16]}.")
    _say_progress(inventory)
    print_lines(place_lines(places_of(inventory)))
    if missing := gaps(inventory, all_columns(inventory), as_proposed=True):
        typer.echo("An access request with one of these waits, as its information sheet needs them:")
        for gap in missing:
            typer.echo(f"  {gap}")
    country = inventory.controller.country
    alone = age_of_consent(Settings.from_environment().folder("law") / "ages.yml", country)
    if not alone.settled:
        typer.echo(
            "  controller.yml: `country`: from which age a child asks alone is not settled for "
            f"{country}: {alone.age} is taken ({alone.source}), which may be wrong. Look it up before you "
            "answer a question `minor` or `mandate` (R16)."
        )
    for hint in (
        *of_the_place,
        *search_hints(inventory),
        *contact_hints(inventory),
        *others_hints(inventory),
        *mention_hints(inventory),
        *finder_hints(inventory),
    ):
        typer.echo(f"  {hint}")
    for fault in unknown_owners(inventory, load_roles()):
        typer.echo(f"  {fault}")


def _say_progress(inventory: Inventory) -> None:
    """Print the progress of classification, and what is left."""
    columns, left = progress(inventory)
    done = columns - len(left)
    typer.echo(
        f"Classified: {done:,} of {count(columns, 'column')} of personal tables, {share(done, columns)}."
    )
    for line in _waiting(inventory):
        typer.echo(f"  {line}")
    for table in guessed_ways(inventory):
        typer.echo(f"  {table} has a way that was guessed (`ways: guessed`): its columns wait for a person")
    asked = asked_tables(inventory)
    for line in asked_lines(inventory):
        typer.echo(f"  {line}")
    for table in unconfirmed_tables(inventory):
        if table in asked:
            continue
        typer.echo(
            f"  {table} is proposed as a copy or not personal, and not confirmed (`review: needed`): "
            "every request stops there"
        )


def _waiting(inventory: Inventory) -> Iterator[str]:
    """Yield lines on the columns at which a request would stop: one for all of a table with one reason."""
    for source in inventory.sources.values():
        for name, table in source.tables.items():
            found: dict[str, list[str]] = {}
            for column in unclassified(table):
                described = table.columns[column]
                written, why = described.proposal, ""
                if written is None or (described.awaits and table.lacks_class(written)):
                    why = "has no `origin`"
                found.setdefault(why or awaited(source.source, described), []).append(column)
            for why, columns in found.items():
                yield _line(f"{source.source}.{name}", why, columns)


def _line(table: str, why: str, columns: list[str]) -> str:
    is_single = len(columns) == 1
    if why.startswith("has"):
        state = why if is_single else why.replace("has", "have", 1)
    elif why:
        state = f"{'is' if is_single else 'are'} confirmed, but not {why}"
    else:
        state = f"{'is' if is_single else 'are'} proposed and not confirmed (`review: needed`)"
    if is_single:
        return f"{table}.{columns[0]} {state}: a request that reads it asks"
    return f"{table}: {len(columns)} columns {state}; a request that reads one asks: {', '.join(columns)}"


def _lines(report: MapReport, placed: Placed, least: Severity, *, live: bool, every: bool) -> Iterator[str]:
    """Yield the report in words; of a live check also persons by rows, and the cost of a request."""
    for note in report.notes:
        yield f"  {note}"
    red = [id(found) for found in failures(report, least)]
    for found, place in placed:
        at = f" ({place.file.name}:{place.line})" if place else ""
        if found.settled is None:
            yield f"  {found.severity}: {found.sentence}{at}"
            yield f"    What to do: {found.remedy}."
            if id(found) in red and (entry := as_entry(found)):
                yield f"    Or settle it in the file, under `settled`: {entry}"
        elif every:
            settled = found.settled
            yield f"  settled by {settled.by} on {settled.on} until {settled.until}: {found.sentence}{at}"
            yield f"    {found.severity}, {settled.why}"
    if (quiet := sum(found.settled is not None for found, _ in placed)) and not every:
        yield f"  {count(quiet, 'finding')} settled in the inventory: `--all` lists them."
    if not live:
        return
    for missed in report.not_reached:
        yield f"  not reached: {missed.source}: {missed.why} What to do: {missed.remedy}"
    yield (
        f"The personal tables have {count(report.columns, 'column')} in the sources, "
        f"{share(report.classified, report.columns)} of them classified."
    )
    if report.prepared:
        yield f"The sources accept {count(report.prepared, 'statement')} of both rights."
    if report.reach:
        yield "Rows by the persons that they lead to:"
    for table in report.reach:
        words = f"{table.nobody:,} of no person, {table.one:,} of one, {table.several:,} of several"
        words += f", {table.unknown:,} by a key that another source knows" if table.unknown else ""
        yield f"  {table.source}.{table.table}: {words}; {SampleKind(table.counted).words(table.rows)}"
    if report.costs:
        yield "What one request reads, as estimated by the databases (no statement was run):"
    for cost in report.costs:
        yield f"  {cost.source}.{cost.table} ({cost.right}): {'; '.join(cost.lines)}"
    sided = {Code.TABLE_GONE, Code.TABLE_NOT_DESCRIBED, Code.COLUMN_GONE, Code.COLUMN_NOT_DESCRIBED}
    if not report.not_reached and not any(found.code in sided for found in report.findings):
        yield "The sources have exactly these tables and columns."
