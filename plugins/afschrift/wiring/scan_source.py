"""Scan a source and write the draft of its part of the inventory."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from afschrift.app.include import PACKAGE, SHIPPED
from afschrift.app.project import inventory_folder
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.language import count
from afschrift.domain.sources import Source
from afschrift.inventory.faults import InventoryError
from afschrift.inventory.load import CONTROLLER, IDENTITY, SINGLES, load
from afschrift.scan.column_proposals import propose_columns
from afschrift.scan.head import head
from afschrift.scan.reading.read import read_source
from afschrift.scan.reading.reader import Reader
from afschrift.scan.scan_findings import find
from afschrift.scan.source_draft import Draft, Header, drafted
from afschrift.scan.summary import summary
from afschrift.scan.yaml_text import written
from afschrift.sources.connections import from_environment
from afschrift.sources.reached import Reached
from afschrift.sources.registry import SOURCES, open_source

_KINDS = {"postgres": "postgres", "mysql": "mysql", "mariadb": "mysql"}
"""Type of an Airflow connection -> kind of source, where the type alone says how it is read."""
_FILES = ("path", "root")
_TIMEOUT = "30s"
"""Of each statement of a scan, where the options name none."""


@dataclass(frozen=True)
class Asked:
    """What somebody asks to scan.

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
    """

    text: str
    found: tuple[str, ...]
    next_steps: tuple[str, ...]


def scan_source(asked: Asked, say: Callable[[str], None]) -> Scanned:
    """Scan a source; where it is no dry run, write the file and the identity keys that it needs.

    Args:
        asked: what.
        say: is told how far the work is.

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
    file = _file(asked, name)
    identity = _identity(file.parent)
    with Reader(lambda: _session(name, kind, options, asked.connection)) as reader:
        source = read_source(reader)
        say(f"Read the catalogue: {count(len(source.tables), 'table')}.")
        found = find(reader, source, [_person(one) for one in asked.persons], values=asked.samples, say=say)
        region = str(_plain(file.parent / CONTROLLER).get("country") or "NL")
        proposals = propose_columns(reader, found, region, values=asked.samples, say=say)
    header = Header(name, kind, asked.connection, options, asked.zone)
    draft = drafted(found, proposals, header, set(identity.get("keys") or {}))
    text = written(draft.data, head(found, header), draft.remarks)
    lines = tuple(summary(found, draft))
    if asked.dry_run:
        return Scanned(text, lines, ("Nothing was written (--dry-run).",))
    _write(file, text, draft)
    return Scanned(text, lines, tuple(_next(file, identity, draft)))


def _kind(asked: Asked) -> str:
    if asked.kind:
        if asked.kind not in SOURCES:
            raise ConfigurationError(
                f"There is no kind of source {asked.kind}.",
                remedy=f"choose one of {', '.join(sorted(SOURCES))}.",
            )
        return asked.kind
    if not asked.connection:
        raise ConfigurationError(
            "Nothing says what to scan.",
            remedy="name an Airflow connection, or a file: `--kind sqlite --option path=shop.db`.",
        )
    type_ = from_environment(asked.connection).kind
    if type_ not in _KINDS:
        raise ConfigurationError(
            f"No kind of source follows from the type of connection {asked.connection} ({type_ or 'none'}).",
            remedy="say it: `--kind sqlalchemy --option driver=DRIVER`; a file needs no connection: "
            "`--kind sqlite --option path=FILE`.",
        )
    return _KINDS[type_]


def _options(asked: Asked) -> dict[str, Any]:
    """Paths as absolute ones: the inventory is read from other folders too."""
    return {
        word: str(Path(value).absolute())
        if word in _FILES and "://" not in value and "${" not in value
        else value
        for word, value in asked.options.items()
    }


def _name(asked: Asked) -> str:
    path = str(asked.options.get("path") or asked.options.get("root") or "")
    plain = re.sub(r"[^a-z0-9_-]+", "_", (asked.connection or Path(path).stem).lower()).strip("_-")
    return (plain if plain[:1].isalpha() else f"source_{plain}".rstrip("_"))[:41]


def _file(asked: Asked, name: str) -> Path:
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,40}", name):
        raise ConfigurationError(
            "The name of a source has small letters, digits, - and _ alone.",
            remedy="write it so after `--name`, beginning with a letter.",
        )
    file = asked.out or inventory_folder(os.environ) / f"{name}.yml"
    if asked.dry_run:
        return file
    folder = file.absolute().parent
    if asked.out is None and any(folder.resolve().is_relative_to(one) for one in (PACKAGE, SHIPPED)):
        raise ConfigurationError(
            "The inventory's folder is the one that comes with the software.",
            remedy="work from a project (`afschrift init FOLDER`), or say where: `--out FILE`.",
        )
    if not folder.is_dir():
        raise ConfigurationError(
            f"There is no folder {folder}.", remedy="make it, or a project: `afschrift init FOLDER`."
        )
    if file.exists():
        raise ConfigurationError(
            f"{file} is there already, and was left as it is.",
            remedy="name another file with `--out`, or see the draft alone with `--dry-run`.",
        )
    for other in sorted(folder.glob("*.y*ml")):
        if other.name not in SINGLES and _plain(other).get("source") == name:
            raise ConfigurationError(
                f"{other.name} describes a source {name} already.",
                remedy="choose another name with `--name`.",
            )
    return file


def _plain(file: Path) -> dict[str, Any]:
    try:
        found = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError):
        return {}
    return found if isinstance(found, dict) else {}


def _identity(folder: Path) -> dict[str, Any]:
    return _plain(folder / IDENTITY)


def _session(name: str, kind: str, options: Mapping[str, Any], connection: str | None) -> Source:
    patient = {"statement_timeout": _TIMEOUT, **options}
    return Reached(open_source(name, kind, patient, connection=connection, tag="scan"))


def _person(text: str) -> tuple[str, str | None]:
    table, colon, key = text.partition(":")
    return table, key if colon else None


def _write(file: Path, text: str, draft: Draft) -> None:
    """The keys first: a draft without them would not load."""
    try:
        if draft.keys:
            _add_keys(file.parent / IDENTITY, draft)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise ConfigurationError(
            f"{file} cannot be written ({type(error).__name__}).", remedy="name another file with `--out`."
        ) from None


def _add_keys(file: Path, draft: Draft) -> None:
    """Keys that are not there, behind those that are; what stands there stays, with its comments."""
    yaml = YAML()
    yaml.width = 110
    yaml.preserve_quotes = True
    content: Any = {}
    if file.exists():
        try:
            content = yaml.load(file.read_text(encoding="utf-8"))
        except YAMLError:
            content = None
        if not isinstance(content, dict):
            raise ConfigurationError(
                f"{file} cannot be read, so no keys can be added to it.",
                remedy="mend it: `afschrift inventory check` says where.",
            )
    content.setdefault("person", draft.person)
    keys = content.setdefault("keys", {})
    for name, declaration in draft.keys.items():
        keys[name] = {word: DoubleQuotedScalarString(value) for word, value in declaration.items()}
    with file.open("w", encoding="utf-8") as stream:
        yaml.dump(content, stream)


def _next(file: Path, identity: Mapping[str, Any], draft: Draft) -> Iterator[str]:
    yield f"Wrote {file}."
    if draft.person and identity.get("person") not in (None, draft.person):
        yield (
            f"identity.yml says that `person` is {identity['person']}. Where the people of this source are "
            f"those who ask, write `person: {draft.person}`."
        )
    try:
        load(file.parent, SOURCES)
    except InventoryError as error:
        yield "The inventory does not load yet:"
        yield from (f"  {fault}" for fault in error.faults[:20])
    else:
        yield "The inventory loads: `afschrift inventory check` says what is left to decide."
    yield "Next: read the file from the top, mend what is guessed, write what is open (docs/inventory.md)."
