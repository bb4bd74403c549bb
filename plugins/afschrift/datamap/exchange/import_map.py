"""Add what another tool says of a source to its file of the inventory."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afschrift.app.include import PACKAGE, SHIPPED
from afschrift.app.project import inventory_folder
from afschrift.datamap.exchange.external_draft import Confirmation, Draft, draft
from afschrift.datamap.exchange.external_tables import Description
from afschrift.datamap.review.merge import merge, not_added
from afschrift.datamap.review.yaml_insert import insert
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import Unique
from afschrift.inventory.faults import InventoryError
from afschrift.inventory.load import IDENTITY, SINGLES, load
from afschrift.outside.limits import UnreadableError, read_file
from afschrift.outside.read_yaml import read_yaml
from afschrift.sources.registry import SOURCES


@dataclass(frozen=True)
class Into:
    """Where an import goes.

    Attributes:
        folder: of the inventory; None: the settings'.
        source: name of the source in the inventory.
        kind, connection: of a source that has no file yet.
    """

    source: str
    folder: Path | None = None
    kind: str | None = None
    connection: str | None = None


@dataclass(frozen=True)
class Imported:
    """What came of it.

    Attributes:
        file: of the source; `text` is what it holds now, or would.
        added: paths in it that are new.
        keys: identity keys that are new in identity.yml.
        draft: with what was left out.
    """

    file: Path
    text: str
    added: list[str]
    keys: list[str]
    draft: Draft


def import_map(
    described: Description, into: Into, confirmed: Confirmation | None = None, *, dry_run: bool = False
) -> Imported:
    """Add a description to the inventory, where the whole of it loads then; else nothing is written.

    Raises:
        ConfigurationError: the place is not one to write to, or the inventory would not load.
    """
    folder = _folder(into.folder)
    texts = {file.name: _read(file) for file in sorted(folder.glob("*.y*ml"))}
    identity = _content(texts[IDENTITY])
    name, head = _place(texts, into)
    known = {
        words.get("table", entry)
        for entry, words in _tables(texts.get(name, ""))
        if {"subject", "join"} & set(words)
    }
    found = draft(described, head, person=str(identity.get("person")), known=known, confirmed=confirmed)
    text, added = merge(texts.get(name, ""), found.source, name)
    found.notes += not_added(texts.get(name, ""), found.source)
    used = {key for _, words in _tables(text) for key in words.get("subject") or ()}
    keys = [key for key in found.keys if key in used and key not in (identity.get("keys") or {})]
    # the keys first: without a source that uses them they do no harm
    new = {IDENTITY: _with_keys(texts[IDENTITY], identity, keys), name: text}
    if added or keys:
        _must_load(texts | new)
        if not dry_run:
            for file, written in new.items():
                _write(folder / file, written, texts.get(file))
    return Imported(folder / name, text, added, keys, found)


def _folder(given: Path | None) -> Path:
    folder = given or inventory_folder(os.environ)
    if given is None and any(folder.resolve().is_relative_to(one) for one in (PACKAGE, SHIPPED)):
        raise ConfigurationError(
            "The inventory's folder is the one that comes with the software.",
            remedy="work from a project (`afschrift init FOLDER`), or say where: `--folder FOLDER`.",
        )
    if not (folder / IDENTITY).is_file():
        raise ConfigurationError(
            f"{folder} holds no {IDENTITY}, so it is no inventory yet.",
            remedy="make a project first: `afschrift init FOLDER`.",
        )
    return folder


def _read(file: Path) -> str:
    try:
        return read_file(file).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{file.name} cannot be read ({type(error).__name__}).",
            remedy="`afschrift inventory check` says what is wrong with it.",
        ) from None


def _content(text: str) -> dict[str, Any]:
    try:
        found = read_yaml(text)
    except UnreadableError:
        found = None
    return dict(found) if isinstance(found, Mapping) else {}


def _tables(text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The entries of a source's file, with their words."""
    tables = _content(text).get("tables")
    for entry, words in tables.items() if isinstance(tables, Mapping) else ():
        yield str(entry), words if isinstance(words, Mapping) else {}


def _place(texts: Mapping[str, str], into: Into) -> tuple[str, dict[str, Any]]:
    """The name of the source's file, and the words that stand at its head."""
    for name, text in texts.items():
        if name not in SINGLES and _content(text).get("source") == into.source:
            return name, {"source": into.source}
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", into.source):
        raise ConfigurationError(
            "The name of a source has small letters, digits, - and _ alone.",
            remedy="write it so after `--source`, beginning with a letter.",
        )
    if into.kind not in SOURCES:
        raise ConfigurationError(
            f"The inventory has no source {into.source} yet, and what kind it is of is not said.",
            remedy=f"name one that it has with `--source`, or give `--kind`: {', '.join(sorted(SOURCES))}.",
        )
    if f"{into.source}.yml" in texts:
        raise ConfigurationError(
            f"{into.source}.yml describes another source.", remedy="choose another name with `--source`."
        )
    head: dict[str, Any] = {"source": into.source, "kind": into.kind}
    if into.connection:
        head["connection"] = into.connection
    return f"{into.source}.yml", head


def _with_keys(text: str, identity: Mapping[str, Any], keys: list[str]) -> str:
    """`identity.yml` with further keys; nobody knows of them whether they pass to somebody else."""
    new = {key: {"unique": str(Unique.OVER_TIME)} for key in keys}
    if not keys:
        return text
    if "keys" not in identity:
        return insert(text, [(("keys",), new)])
    return insert(text, [(("keys", key), declared) for key, declared in new.items()])


def _must_load(texts: Mapping[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts.items():
            (Path(folder) / name).write_bytes(text.encode())
        try:
            load(Path(folder), SOURCES)
        except InventoryError as error:
            faults = "\n".join(f"  {fault}" for fault in error.faults[:20])
            raise ConfigurationError(
                f"Nothing was written: the inventory would not load.\n{faults}\n",
                remedy="mend what `afschrift inventory check` says of it as it is, and import again.",
            ) from None


def _write(file: Path, text: str, before: str | None) -> None:
    """The whole file or nothing of it; with the rights that it had."""
    if text == before:
        return
    draft_file = file.with_name(f".{file.name}.new")
    try:
        draft_file.write_bytes(text.encode())
        if before is not None:
            draft_file.chmod(file.stat().st_mode & 0o777)
        draft_file.replace(file)
    except OSError as error:
        draft_file.unlink(missing_ok=True)
        raise ConfigurationError(
            f"{file} cannot be written ({type(error).__name__}).",
            remedy="free its folder for writing, and import again: what is there already is not added twice.",
        ) from None
