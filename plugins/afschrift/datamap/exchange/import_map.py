"""Add another tool's description of a source to its file of the inventory."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afschrift.app.project import inventory_folder
from afschrift.datamap.exchange.external_draft import ExternalDraft, draft
from afschrift.datamap.exchange.external_tables import Description
from afschrift.datamap.review.map_files import (
    Files,
    must_be_of_a_project,
    must_be_source_name,
    read_files,
    replace_files,
)
from afschrift.datamap.review.written_files import content, drafted, tables_of
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import Unique
from afschrift.inventory.column import ClassifiedBy
from afschrift.inventory.document import InventoryError
from afschrift.inventory.load import load_files
from afschrift.inventory.run_in import IDENTITY, describes_source
from afschrift.sources.registry import SOURCES


@dataclass(frozen=True)
class Into:
    """The target of an import.

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
    """The result of an import.

    Attributes:
        file: with the additions to the source; `text` is its content now, or would be.
        added: new paths.
        identity: file with the new identity keys.
        keys: the new identity keys.
        draft: with what was left out.
    """

    file: Path
    text: str
    added: Sequence[str]
    identity: Path
    keys: Sequence[str]
    draft: ExternalDraft


def import_map(
    described: Description, into: Into, confirmed: ClassifiedBy | None = None, *, dry_run: bool = False
) -> Imported:
    """Add a description to the inventory. Nothing is written if the inventory would not load afterwards.

    Raises:
        ConfigurationError: the folder cannot be used, or the inventory would not load.
    """
    folder = _folder(into.folder)
    files = read_files(folder)
    person = str(content(folder / IDENTITY, files).get("person"))
    file, head = _place(folder, files, into)
    known = {
        words.get("table", entry)
        for entry, words in tables_of(content(file, files)).items()
        if {"subject", "join"} & set(words)
    }
    found = draft(described, head, person=person, known=known, confirmed=confirmed)
    source = drafted(file, files, found.source)
    found.notes += source.left
    used = {key for words in source.content["tables"].values() for key in (words or {}).get("subject") or ()}
    # Not known whether they pass to another person, so the weaker promise.
    keys = {key: {"unique": str(Unique.OVER_TIME)} for key in found.keys if key in used}
    identity = drafted(folder / IDENTITY, files, {"keys": keys})
    new = {file.file: file.written for file in (identity, source) if file.added}
    if new:
        _must_load(folder, {**files, **new})
        if not dry_run:
            replace_files(folder, files, new)
    text = source.written.decode()
    added_keys = [path.rpartition(".")[2] for path in identity.added]
    return Imported(source.file, text, source.added, identity.file, added_keys, found)


def _folder(given: Path | None) -> Path:
    folder = given or inventory_folder(os.environ)
    if given is None:
        must_be_of_a_project(folder, "--folder FOLDER")
    if not (folder / IDENTITY).is_file():
        raise ConfigurationError(
            f"{folder} holds no {IDENTITY}, so it is no inventory yet.",
            remedy="make a project first: `afschrift init FOLDER`.",
        )
    return folder


def _place(folder: Path, files: Files, into: Into) -> tuple[Path, dict[str, Any]]:
    """Return the source's file, and the words at its head."""
    for path in files:
        if describes_source(path) and content(path, files).get("source") == into.source:
            return path, {"source": into.source}
    must_be_source_name(into.source, "--source")
    if into.kind not in SOURCES:
        raise ConfigurationError(
            f"The inventory has no source {into.source} yet, and its kind is not given.",
            remedy=f"name an existing one with `--source`, or give `--kind`: {', '.join(sorted(SOURCES))}.",
        )
    file = folder / f"{into.source}.yml"
    if file in files:
        raise ConfigurationError(
            f"{file.name} describes another source.", remedy="choose another name with `--source`."
        )
    head: dict[str, Any] = {"source": into.source, "kind": into.kind}
    if into.connection:
        head["connection"] = into.connection
    return file, head


def _must_load(folder: Path, files: Files) -> None:
    try:
        load_files(folder, files, SOURCES)
    except InventoryError as error:
        faults = "\n".join(f"  {fault}" for fault in error.faults[:20])
        raise ConfigurationError(
            f"Nothing was written: the inventory would not load.\n{faults}\n",
            remedy="correct what `afschrift inventory check` reports, and import again.",
        ) from None
