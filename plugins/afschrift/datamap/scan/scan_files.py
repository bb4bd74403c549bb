"""The files that a scan reads and writes: the draft, and the identity keys that it needs."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from afschrift.app.include import PACKAGE, SHIPPED
from afschrift.app.project import inventory_folder
from afschrift.datamap.review.merge import merge, not_added
from afschrift.datamap.review.yaml_insert import insert
from afschrift.datamap.scan.key_names import EMAIL_KEY
from afschrift.datamap.scan.source_draft import Draft
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.faults import InventoryError
from afschrift.inventory.load import IDENTITY, SINGLES, load
from afschrift.outside.limits import UnreadableError, read_file
from afschrift.outside.read_yaml import read_yaml
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
    files = sorted(file.absolute().parent.glob("*.y*ml"))
    same = [one for one in files if one.name not in SINGLES and plain(one).get("source") == name]
    chosen = same[0] if same and out is None else file
    if not dry_run:
        _may_be_written(chosen, name, same, in_project=out is None)
    return chosen


def _may_be_written(file: Path, name: str, same: Sequence[Path], *, in_project: bool) -> None:
    folder = file.absolute().parent
    if in_project and any(folder.resolve().is_relative_to(one) for one in (PACKAGE, SHIPPED)):
        raise ConfigurationError(
            "The inventory's folder is the one that comes with the software.",
            remedy="work from a project (`afschrift init FOLDER`), or say where: `--out FILE`.",
        )
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


def known_names(content: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Table and column of the source -> the identity key that people say the column holds, and no guess."""
    told = _subjects(content, lambda entry: entry.get("ways") != "guessed")
    return {(table, column): key for table, keys in told.items() for key, column in keys.items()}


def asked_about(content: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Table that the file has -> identity key and its column, where a way that was guessed waits; or none."""
    return _subjects(content, lambda entry: entry.get("ways") == "guessed")


def _subjects(
    content: Mapping[str, Any], of: Callable[[Mapping[str, Any]], bool]
) -> dict[str, dict[str, str]]:
    """Each table of a file that may be wrong -> key and column of its `subject`, of some of them."""
    found: dict[str, dict[str, str]] = {}
    tables = content.get("tables")
    for name, entry in tables.items() if isinstance(tables, dict) else ():
        is_one = isinstance(entry, dict)
        subject = entry.get("subject") if is_one and of(entry) else None
        keys = found.setdefault(str((entry.get("table") if is_one else None) or name), {})
        for key, link in subject.items() if isinstance(subject, dict) else ():
            keys[str(key)] = str(link.get("column") if isinstance(link, dict) else link)
    return found


def plain(file: Path) -> dict[str, Any]:
    """What stands in a YAML file; nothing where it is not there or cannot be read."""
    try:
        found = read_yaml(read_file(file), file.name)
    except (OSError, UnreadableError):
        return {}
    return found if isinstance(found, dict) else {}


def write(file: Path, text: str, draft: Draft) -> list[str]:
    """Write a draft, and first the identity keys without which it would not load.

    Where the file is there already, what is new is added, and all that stands there stays.

    Args:
        file: that `place_of` gave.
        text: the draft.
        draft: the same as data.

    Returns:
        What was added to a file that was there; empty: nothing, or there was none.

    Raises:
        ConfigurationError: a file cannot be written, or is not YAML; nothing was changed.
    """
    added: list[str] = []
    identity = file.parent / IDENTITY
    try:
        if file.exists():
            text, added = merge(file.read_text(encoding="utf-8"), draft.data, file.name)
        keys = _with_keys(identity, draft)
        if draft.keys:
            _replace(identity, keys)
        _replace(file, text)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{file} or {identity.name} beside it cannot be written ({type(error).__name__}).",
            remedy="see who may write there, or name another file with `--out`.",
        ) from None
    return added


def _with_keys(file: Path, draft: Draft) -> str:
    """identity.yml with the keys that are not there, behind those that are."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    try:
        known = read_yaml(text, file.name) or {}
        more: list[tuple[tuple[str, ...], Any]] = []
        if draft.person and "person" not in known:
            more.append((("person",), draft.person))
        if known.get("keys"):
            more += [(("keys", name), declaration) for name, declaration in draft.keys.items()]
        elif draft.keys:
            more.append((("keys",), draft.keys))
    except (UnreadableError, AttributeError):
        raise ConfigurationError(
            f"{file} cannot be read, so no keys can be added to it.",
            remedy="mend it: `afschrift inventory check` says where.",
        ) from None
    return insert(text, more) if more else text


def _replace(file: Path, text: str) -> None:
    """Whole or not at all."""
    beside = file.with_name(f".{file.name}.new")
    beside.write_text(text, encoding="utf-8")
    if file.exists():
        shutil.copymode(file, beside)
    beside.replace(file)


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


def next_steps(
    file: Path, identity: Mapping[str, Any], draft: Draft, added: Sequence[str] | None
) -> Iterator[str]:
    """What to do once the file is written.

    Args:
        file: of the source.
        identity: what identity.yml said before.
        draft: that was written.
        added: what a file that was there has more now; None: it was not there.
    """
    if added is None:
        yield f"Wrote {file}."
    elif not added:
        yield f"Nothing is new, and {file} stays as it was."
    else:
        yield f"Added to {file}: {', '.join(added[:20])}{' and more' if len(added) > 20 else ''}."
    if added is not None:
        yield from (f"{line}." for line in not_added(file.read_text(encoding="utf-8"), draft.data))
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
        "the file (docs/scan.md)."
    )
