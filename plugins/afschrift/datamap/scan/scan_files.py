"""The files that a scan reads and writes: the draft, and the identity keys that it needs."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from afschrift.app.project import inventory_folder
from afschrift.datamap.review.map_files import (
    must_be_of_a_project,
    must_be_source_name,
    read_files,
    replace_files,
)
from afschrift.datamap.review.written_files import Drafted, drafted, tables_of
from afschrift.datamap.scan.source_draft import EMAIL_KEY, Draft, KnownKeys
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.document import InventoryError
from afschrift.inventory.load import load
from afschrift.inventory.run_in import IDENTITY, describes_source
from afschrift.outside.limits import UnreadableError, read_file
from afschrift.outside.read_yaml import read_yaml
from afschrift.sources.registry import SOURCES


def place_of(name: str, out: Path | None, *, dry_run: bool) -> Path:
    """The file of a source.

    Args:
        name: of the source.
        out: that was asked for; None: in the project's inventory.
        dry_run: nothing will be written, so nothing is in the way.

    Raises:
        ConfigurationError: it cannot be written there, or something is there already.
    """
    must_be_source_name(name, "--name")
    file = out or inventory_folder(os.environ) / f"{name}.yml"
    files = sorted(file.absolute().parent.glob("*.y*ml"))
    same = [path for path in files if describes_source(path) and plain(path).get("source") == name]
    chosen = same[0] if same and out is None else file
    if not dry_run:
        _may_be_written(chosen, name, same, in_project=out is None)
    return chosen


def _may_be_written(file: Path, name: str, same: Sequence[Path], *, in_project: bool) -> None:
    folder = file.absolute().parent
    if in_project:
        must_be_of_a_project(folder, "--out FILE")
    if not folder.is_dir():
        raise ConfigurationError(
            f"There is no folder {folder}.", remedy="make it, or a project: `afschrift init FOLDER`."
        )
    if file.exists() and plain(file).get("source") != name:
        raise ConfigurationError(
            f"{file} is there already and describes no source {name}: it was left as it is.",
            remedy="name another file with `--out`, or the source that it describes with `--name`.",
        )
    if same and file.absolute() not in same:
        raise ConfigurationError(
            f"{same[0].name} describes a source {name} already.",
            remedy="leave out `--out`, and what is new is added there, or choose another name with `--name`.",
        )


def known_keys(project: Collection[str], content: Mapping[str, Any]) -> KnownKeys:
    """What a project and a file, which may have faults, know of identity keys.

    Args:
        project: keys of `identity.yml`.
        content: of the file of the source; empty: there is none.
    """
    sure: dict[str, dict[str, str]] = {}
    asked: dict[str, dict[str, str]] = {}
    for name, entry in tables_of(content).items():
        table, subject = str(entry.get("table") or name), entry.get("subject")
        waiting = asked.setdefault(table, {})
        keys = waiting if entry.get("ways") == "guessed" else sure.setdefault(table, {})
        for key, link in subject.items() if isinstance(subject, dict) else ():
            keys[str(key)] = str(link.get("column") if isinstance(link, dict) else link)
    named = {(table, column): key for table, keys in sure.items() for key, column in keys.items()}
    return KnownKeys(project, named, asked)


def plain(file: Path) -> dict[str, Any]:
    """The content of a YAML file; nothing where it is not there or cannot be read."""
    try:
        found = read_yaml(read_file(file), file.name)
    except (OSError, UnreadableError):
        return {}
    return found if isinstance(found, dict) else {}


def write(file: Path, text: str, draft: Draft) -> tuple[Drafted, Drafted]:
    """Write a draft, with the identity keys without which it would not load.

    Where a file is there already, what is new goes into the draft below it.

    Args:
        file: that `place_of` gave.
        text: the draft.
        draft: the same as data.

    Returns:
        What was added of the source, and of the keys.

    Raises:
        ConfigurationError: a file cannot be written, or is not YAML; nothing was changed.
    """
    folder = file.absolute().parent
    files = read_files(folder)
    source = drafted(folder / file.name, files, draft.data)
    keys = {"keys": draft.keys} if draft.keys else {}
    person = {"person": draft.person} if draft.person else {}
    identity = drafted(folder / IDENTITY, files, {**person, **keys} if keys else {})
    new: dict[Path, bytes] = {identity.file: identity.written} if identity.added else {}
    if source.added:
        new[source.file] = source.written if file.exists() else text.encode()
    replace_files(folder, files, new)
    return source, identity


def _used_elsewhere(file: Path, draft: Draft) -> dict[str, list[str]]:
    """Key of the draft -> other sources of the inventory that know people by it."""
    own = {key for table in draft.data["tables"].values() for key in table.get("subject", {})} - {EMAIL_KEY}
    found: dict[str, list[str]] = {}
    for other in sorted(file.parent.glob("*.y*ml")):
        content = plain(other) if describes_source(other) and other.name != file.name else {}
        used = {key for entry in tables_of(content).values() for key in entry.get("subject") or ()}
        for key in own & used:
            found.setdefault(key, []).append(str(content.get("source")))
    return found


def next_steps(
    file: Path, identity: Mapping[str, Any], draft: Draft, source: Drafted, keys: Drafted
) -> Iterator[str]:
    """What to do once the file is written.

    Args:
        file: of the source.
        identity: what identity.yml said before.
        draft: that was written.
        source: what `write` added of it.
        keys: what `write` added of them.
    """
    if source.file.name == file.name:
        yield f"Wrote {file}."
    elif not source.added:
        yield f"Nothing is new, and {file} stays as it was."
    else:
        more = " and more" if len(source.added) > 20 else ""
        yield f"Added to {source.file}: {', '.join(source.added[:20])}{more}."
    if keys.added and keys.file.name != IDENTITY:
        yield f"Added to {keys.file.name}: {', '.join(keys.added)}."
    yield from (f"{line}." for line in source.left)
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
    yield (
        "Next: `afschrift inventory review` asks what is proposed, ways first; what only you know goes into "
        "the file (docs/datamap/scan.md)."
    )
