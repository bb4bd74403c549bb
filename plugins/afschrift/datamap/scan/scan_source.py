"""Scan a source and write the draft of its part of the inventory."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from pydantic import ValidationError

from afschrift.datamap.matching.people_keys import PeopleElsewhere
from afschrift.datamap.reader import StatementRunner
from afschrift.datamap.review.map_files import read_files
from afschrift.datamap.review.written_files import content, must_take_draft, source_file
from afschrift.datamap.scan.column_proposals import propose_columns
from afschrift.datamap.scan.scan_files import known_keys, next_steps, place_of, plain, write
from afschrift.datamap.scan.scan_findings import Findings, find, written_roles
from afschrift.datamap.scan.schema import read_source
from afschrift.datamap.scan.source_draft import Draft, drafted
from afschrift.datamap.scan.table_context import TableRole
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.nearest import choose
from afschrift.domain.notation import count
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.document import InventoryError
from afschrift.inventory.load import load
from afschrift.inventory.model import SourceFile
from afschrift.inventory.run_in import CONTROLLER, IDENTITY, describes_source
from afschrift.sources.options import from_environment
from afschrift.sources.registry import SOURCES, open_declared, open_source
from afschrift.sources.session_pool import GuardedSource

_FILES = ("path", "root")
_TIMEOUT = "30s"
"""Of each statement of a scan, where the options name none."""


@dataclass(frozen=True)
class Asked:
    """What is to be scanned.

    Attributes:
        connection: id of an Airflow connection.
        kind: of the source; None: by the connection's type.
        name: of the source; None: that of the connection or the file.
        persons: TABLE or TABLE:KEY of each kind of people who will ask.
        samples: whether values may be looked at.
        out: the file; None: NAME.yml in the project's inventory.
    """

    connection: str | None = None
    kind: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None
    zone: str | None = None
    persons: Sequence[str] = ()
    samples: bool = True
    out: Path | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class Scanned:
    """What came of it.

    Attributes:
        text: of the file.
        found: what was found, a line a subject.
        next_steps: what to do now.
        whole: nothing was missed because the source went away.
    """

    text: str
    found: tuple[str, ...]
    next_steps: tuple[str, ...]
    whole: bool = True


def scan_source(asked: Asked, say: Callable[[str], None]) -> Scanned:
    """Scan a source; where it is no dry run, write the file and the identity keys that it needs.

    Args:
        asked: what.
        say: takes a line on how far the work is.

    Raises:
        ConfigurationError: what was asked cannot be done; nothing was written.
        RetriableError: the source cannot be read; nothing was written.
    """
    if asked.zone and asked.zone not in available_timezones():
        raise ConfigurationError(
            f"There is no time zone {asked.zone}.", remedy="name one of the IANA list: Europe/Amsterdam."
        )
    kind, options = _kind(asked), _options(asked)
    name = asked.name or _name(asked)
    file = place_of(name, asked.out, dry_run=asked.dry_run)
    folder = file.absolute().parent
    files = read_files(folder)
    if not asked.dry_run:
        must_take_draft(folder / file.name, files)  # before an hour of reading
    identity, here = content(folder / IDENTITY, files), content(folder / file.name, files)
    ignored = _ignored(here)
    patient = {"statement_timeout": _TIMEOUT, **options}
    frugal = {**SOURCES[kind].frugal, **patient}
    opening = partial(open_source, name, kind, connection=asked.connection, tag="scan", ignored=ignored)
    little, roomy = (partial(lambda of: GuardedSource(opening(options=of)), of) for of in (frugal, patient))
    with StatementRunner(little, roomy) as reader:
        source = read_source(reader)
        say(f"Read the catalogue: {count(len(source.tables), 'table')}.")
        persons = [_person(person) for person in asked.persons]
        others = partial(_others, folder, name)
        found = find(reader, source, persons, values=asked.samples, say=say, others=others)
        controller = plain(folder / CONTROLLER)
        region = str(controller.get("country") or "NL")
        roles = written_roles(here, found)
        proposals = propose_columns(reader, found, region, values=asked.samples, say=say, written=roles)
    optional = {"connection": asked.connection, "options": options, "zone": asked.zone}
    head = {"source": name, "kind": kind, **{word: value for word, value in optional.items() if value}}
    languages = [str(language) for language in controller.get("languages") or ()]
    draft = drafted(found, proposals, head, known_keys(set(identity.get("keys") or {}), here), languages)
    text = source_file(draft.data, _remark(found, head), draft.remarks)
    lines, whole = (
        tuple(summary(found, draft, here.get("tables") or {})),
        not (found.lost or reader.broke_off),
    )
    if asked.dry_run:
        return Scanned(text, lines, ("Nothing was written (--dry-run).",), whole)
    added = write(file, text, draft)
    return Scanned(text, lines, tuple(next_steps(file, identity, draft, *added)), whole)


def _others(folder: Path, name: str, salt: str) -> PeopleElsewhere:
    """Read the keys of people of the other sources of the map."""

    def opens(declared: SourceFile) -> GuardedSource:
        options = {"statement_timeout": _TIMEOUT, **declared.options}
        return GuardedSource(open_declared(declared, options=options, tag="scan"))

    found, files = PeopleElsewhere(), sorted(folder.glob("*.y*ml"))
    if any(describes_source(file) and plain(file).get("source") != name for file in files):
        try:
            found.read(load(folder, SOURCES), name, salt, opens)
        except InventoryError:
            found.missed["other sources"] = "the map does not load: `afschrift inventory check` says why."
    return found


def _kind(asked: Asked) -> str:
    if asked.kind:
        if asked.kind not in SOURCES:
            raise ConfigurationError(
                f"There is no kind of source {asked.kind}.",
                remedy=choose(asked.kind, SOURCES),
            )
        return asked.kind
    if not asked.connection:
        raise ConfigurationError(
            "Nothing says what to scan.",
            remedy="name an Airflow connection, or a file: `--kind sqlite --option path=shop.db`.",
        )
    type_ = from_environment(asked.connection).kind
    kind = next((kind for kind, adapter in SOURCES.items() if type_ in adapter.connections), None)
    if kind is None:
        raise ConfigurationError(
            f"No kind of source follows from the type of connection {asked.connection} ({type_ or 'none'}).",
            remedy="say it: `--kind sqlalchemy --option driver=DRIVER`; a file needs no connection: "
            "`--kind sqlite --option path=FILE`.",
        )
    return kind


def _options(asked: Asked) -> dict[str, Any]:
    """Paths as absolute ones: the inventory is read from other folders too."""
    return {word: _absolute(str(value)) if word in _FILES else value for word, value in asked.options.items()}


def _absolute(path: str) -> str:
    return path if "://" in path or "${" in path else os.path.normpath(Path(path).absolute())


def _name(asked: Asked) -> str:
    path = str(asked.options.get("path") or asked.options.get("root") or "")
    plain = re.sub(r"[^a-z0-9_-]+", "_", (asked.connection or Path(path).stem).lower()).strip("_-")
    return (plain if plain[:1].isalpha() else f"source_{plain}".rstrip("_"))[:41]


def _ignored(written: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """What the file that is there already passes over in a lake; nothing where it has faults."""
    try:
        return SourceFile.model_validate(written).ignored_files
    except ValidationError:
        return {}


def _person(text: str) -> tuple[str, str | None]:
    table, colon, key = text.partition(":")
    return table, key if colon else None


def _remark(found: Findings, head: Mapping[str, Any]) -> list[str]:
    """Lines of the remark above the file."""
    lines = [
        f"A draft of what {head['source']} holds, made by `afschrift inventory scan` (docs/datamap/scan.md).",
        "Nothing in it counts until a person confirms it: a request that meets one of its columns waits.",
        "",
        "To decide, and not to be read from any database:",
        "- purposes, each with its legal basis, retention and recipients; name them at the tables, or once",
        "  for all under `defaults`;",
        "- titles that are not drafted, in the languages of controller.yml;",
    ]
    loose = sum(
        column.type.kind is ValueKind.DATETIME
        for table in found.source.tables.values()
        for column in table.columns
    )
    if loose and "zone" not in head:
        lines.append(f"- `zone`: {loose:,} columns hold times without a zone; whose clock do they follow?")
    if found.polymorphic or any(way.guess for place in found.places.values() for way in place.ways):
        lines.append("- the ways that are marked GUESS or LOOK.")
    return lines


_LISTED = 12


def summary(found: Findings, draft: Draft, known: Mapping[str, Any]) -> Iterator[str]:
    """A line a subject; what is left to decide is only of tables and columns that the file does not have."""
    source = found.source
    columns = sum(len(table.columns) for table in source.tables.values())
    views = sum(table.computed for table in source.tables.values())
    parts = sum(table.part_of is not None for table in source.tables.values())
    of_them = [count(views, "view")] * bool(views) + [count(parts, "part")] * bool(parts)
    with_them = f" ({', '.join(of_them)} among them)" if of_them else ""
    yield f"{count(len(source.tables), 'table')}{with_them}, {count(columns, 'column')}."
    if not source.tables:
        yield "There is nothing to describe: see whether the account may see the tables, and `--schema`."
        return
    yield from _people(found, draft)
    yield from _ways(found, known)
    yield from _columns(draft, known)
    for note in found.notes:
        yield f"Note: {note}"


def _people(found: Findings, draft: Draft) -> Iterator[str]:
    for root in found.roots:
        yield f"People: {root}, known by {found.people[root].key} ({found.people[root].because})."
    if not found.roots:
        yield "People: no table of people was found. Name it: `--person TABLE` or `--person TABLE:KEY`."
    for name in _of(found, TableRole.OTHER_PEOPLE):
        person = found.people[name]
        yield (
            f"Other people: {name}, known by {person.key} ({person.because}). No way leads from one kind "
            f"to the other; where these are the ones who ask: `--person {name}`."
        )
    if draft.keys:
        yield f"Keys that identity.yml did not have: {', '.join(draft.keys)}."


def _ways(found: Findings, known: Mapping[str, Any]) -> Iterator[str]:
    children, look_ups = _of(found, TableRole.CHILD), _of(found, TableRole.LOOKUP)
    guessed = [n for n in (*children, *look_ups) if any(way.guess for way in found.places[n].ways)]
    of_them = f", {len(guessed)} of them by a guess" if guessed else ""
    yield (
        f"Ways: {count(len(children), 'table')} with rows of people, {len(look_ups)} that they point to"
        f"{of_them}; {len(found.copies)} repeat another one."
    )
    if guessed:
        yield f"  Guessed, so look at each: {_some(guessed)}."
    unreached = [n for n in _of(found, TableRole.UNREACHED) if n not in found.copies and n not in known]
    if asked := [name for name in unreached if name in found.open]:
        yield (
            f"  No way leads to {count(len(asked), 'table')}, and requests stop there until a person "
            f"gives them a way or marks them as not personal: {_some(asked)}."
        )
    if of_no_person := [name for name in unreached if name not in found.open]:
        yield (
            f"  No way leads to {count(len(of_no_person), 'table')} either, and no value there is a person's "
            f"key; requests stop there until a person confirms that: {_some(of_no_person)}."
        )


def _columns(draft: Draft, known: Mapping[str, Any]) -> Iterator[str]:
    columns = [
        column
        for table, described in draft.data["tables"].items()
        for name, column in described.get("columns", {}).items()
        if name not in ((known.get(table) or {}).get("columns") or ())
    ]
    proposed = sum("origin" in column or "protect" in column for column in columns)
    left = len(columns) - proposed
    new = "New columns" if known else "Columns"
    yield f"{new}: {proposed:,} proposed, {left:,} open. None counts until a person confirms it."


def _of(found: Findings, role: TableRole) -> list[str]:
    return [name for name, place in found.places.items() if place.role is role]


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more
