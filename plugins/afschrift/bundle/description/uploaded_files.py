"""Uploaded files in the bundle: where each lies, and of which row it is (R60)."""

from __future__ import annotations

from typing import Any

from afschrift.bundle.contents import Contents
from afschrift.bundle.page.active_warnings import warnings
from afschrift.bundle.page.words import PageWords
from afschrift.domain.files import ActivePart


def file_resources(contents: Contents, words: PageWords) -> list[dict[str, Any]]:
    """The uploaded files in the data package; `afschrift:row` ties each to its row."""
    return [
        {
            "name": u.entry.path.replace("/", ".").lower(),
            "type": "file",  # a CSV that somebody uploaded is no table of this package
            "path": u.entry.path,
            "format": u.entry.path.rpartition(".")[2],
            "mediatype": u.media_type,
            "bytes": u.entry.bytes,
            "hash": f"sha256:{u.entry.sha256}",
            **_active(u.active, words),
            "afschrift:source": written.source,
            "afschrift:table": written.table,
            "afschrift:file": {
                "column": u.column,
                "row": u.row,
                **({"key": u.key} if u.key else {}),
                **({} if u.name is None else {"name": u.name}),
            },
        }
        for _, written in contents.held
        for u in written.uploads
    ]


def given_resources(contents: Contents, words: PageWords) -> list[dict[str, Any]]:
    """The files of systems that a person searched, in the data package."""
    return [
        {
            "name": file.entry.path.replace("/", ".").lower(),
            "type": "file",
            "path": file.entry.path,
            "format": file.entry.path.rpartition(".")[2],
            "mediatype": file.media_type,
            "bytes": file.entry.bytes,
            "hash": f"sha256:{file.entry.sha256}",
            **_active(file.active, words),
            "sources": [{"title": contents.inventory.manual[source].title.get(contents.language)}],
            "afschrift:source": source,
            "afschrift:given": {"number": file.number, "name": file.name},
        }
        for source, file in contents.given
    ]


def _active(parts: tuple[ActivePart, ...], words: PageWords) -> dict[str, Any]:
    """What of a file may run: in words for the person, and in codes for a program."""
    if not parts:
        return {}
    return {
        "description": " ".join(warnings(parts, words)),
        "afschrift:active": [{"position": one.position, "kind": one.kind} for one in parts],
    }


def files_covered(contents: Contents, source: str, table: str) -> dict[str, Any]:
    """What the coverage says of a table's uploaded files; nothing where no row has one."""
    written = contents.extracted(source, table)
    if written is None or not (written.uploads or written.missing):
        return {}
    missing = [{"column": m.column, "row": m.row, "reason": m.reason} for m in written.missing]
    return {"files": {"held": len(written.uploads), "missing": missing}}
