"""The files that a scan reads and writes: the draft, and the identity keys that it needs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from afschrift.app.include import PACKAGE, SHIPPED
from afschrift.app.project import inventory_folder
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.faults import InventoryError
from afschrift.inventory.load import IDENTITY, SINGLES, load
from afschrift.inventory.quick_yaml import content
from afschrift.scan.source_draft import EMAIL_KEY, Draft
from afschrift.sources.registry import SOURCES


def place_of(name: str, out: Path | None, *, dry_run: bool) -> Path:
    """The file of a source.

    Args:
        name: of the source.
        out: where somebody said; None: in the project's inventory.
        dry_run: nothing will be written, so nothing is in the way.

    Raises:
        ConfigurationError: it cannot be written there, or something is there already.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,40}", name):
        raise ConfigurationError(
            "The name of a source has small letters, digits, - and _ alone.",
            remedy="write it so after `--name`, beginning with a letter.",
        )
    file = out or inventory_folder(os.environ) / f"{name}.yml"
    if dry_run:
        return file
    folder = file.absolute().parent
    if out is None and any(folder.resolve().is_relative_to(one) for one in (PACKAGE, SHIPPED)):
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
        if other.name not in SINGLES and plain(other).get("source") == name:
            raise ConfigurationError(
                f"{other.name} describes a source {name} already.",
                remedy="choose another name with `--name`.",
            )
    return file


def plain(file: Path) -> dict[str, Any]:
    """What stands in a YAML file; nothing where it is not there or cannot be read."""
    try:
        found = content(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError):
        return {}
    return found if isinstance(found, dict) else {}


def write(file: Path, text: str, draft: Draft) -> None:
    """Write a draft, and first the identity keys without which it would not load.

    Raises:
        ConfigurationError: a file cannot be written, or identity.yml is not YAML.
    """
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
    known: Any = {}
    if file.exists():
        try:
            known = yaml.load(file.read_text(encoding="utf-8"))
        except YAMLError:
            known = None
        if not isinstance(known, dict):
            raise ConfigurationError(
                f"{file} cannot be read, so no keys can be added to it.",
                remedy="mend it: `afschrift inventory check` says where.",
            )
    known.setdefault("person", draft.person)
    keys = known.setdefault("keys", {})
    for name, declaration in draft.keys.items():
        keys[name] = {word: DoubleQuotedScalarString(value) for word, value in declaration.items()}
    with file.open("w", encoding="utf-8") as stream:
        yaml.dump(known, stream)


def _used_elsewhere(file: Path, draft: Draft) -> dict[str, list[str]]:
    """Key of the draft -> other sources of the inventory that know people by it."""
    own = {key for table in draft.data["tables"].values() for key in table.get("subject", {})} - {EMAIL_KEY}
    found: dict[str, list[str]] = {}
    for other in sorted(file.parent.glob("*.y*ml")):
        said = plain(other) if other.name not in SINGLES and other.name != file.name else {}
        tables = said.get("tables")
        entries = tables.values() if isinstance(tables, dict) else ()
        used = {key for one in entries if isinstance(one, dict) for key in one.get("subject") or {}}
        for key in own & used:
            found.setdefault(key, []).append(str(said.get("source")))
    return found


def next_steps(file: Path, identity: Mapping[str, Any], draft: Draft) -> Iterator[str]:
    """What to do once the file is written; `identity` is what identity.yml said before."""
    yield f"Wrote {file}."
    for key, others in sorted(_used_elsewhere(file, draft).items()):
        yield (
            f"{', '.join(others)} has people by the key {key} too. If it is another number there, two people "
            f"would be taken for one: rename it in {file.name} and identity.yml."
        )
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
