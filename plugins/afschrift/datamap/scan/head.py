"""What stands above a draft, for whoever reads it first."""

from __future__ import annotations

from afschrift.datamap.scan.scan_findings import Findings
from afschrift.datamap.scan.source_draft import DraftHeader
from afschrift.domain.value_kind import ValueKind


def head(found: Findings, header: DraftHeader) -> list[str]:
    """Lines of the remark above the file."""
    lines = [
        f"A draft of what {header.source} holds, made by `afschrift inventory scan` (docs/scan.md).",
        "Nothing in it counts until a person confirms it: a request that meets one of its columns waits.",
        "",
        "To decide, and not to be read from any database:",
        "- purposes, each with its legal basis, retention and recipients; name them at the tables, or once",
        "  for all under `defaults`;",
        "- the title of each table and column, in the languages of controller.yml;",
    ]
    loose = sum(
        column.type.kind is ValueKind.DATETIME
        for table in found.source.tables.values()
        for column in table.columns
    )
    if loose and not header.zone:
        lines.append(f"- `zone`: {loose:,} columns hold times without a zone; whose clock do they follow?")
    if found.polymorphic or any(way.guess for place in found.places.values() for way in place.ways):
        lines.append("- the ways that are marked GUESS or LOOK.")
    return lines
