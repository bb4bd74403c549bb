"""Findings that a person settled in the map: they count no more until a day, or until they change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from afschrift.datamap.check.finding import RULES, Code, Finding, MapReport, Severity, finding
from afschrift.domain.event import digest
from afschrift.domain.instants import utc_now
from afschrift.inventory.column import Settled
from afschrift.inventory.layers import OF_A_COLUMN, OF_A_TABLE
from afschrift.inventory.model import Inventory, SourceFile

BY_OTHER_WORDS = {
    Code.CONFIRMED_OTHERWISE: "a person confirmed other words: the review settles which apply",
    Code.HOLDS_IDENTIFIER: "personal data that no answer gives (Art. 15): `mentions` settles it, as R08 asks",
    Code.NOT_LOOKED_AT: "what was not checked is not known",
}
"""Codes that cannot be settled though no request stops there, with the reason.

An error cannot be settled either: a request stops there, or its answer lacks rows or has another person's.
"""

_AMONG = re.compile(r",? of (?:a sample of |the first )?\d[\d,]* rows\b,?")
_SHARE = re.compile(r"(\d[\d,]*) of (?:a sample of |the first )?(\d[\d,]*)")
_NUMBER = re.compile(r"\d[\d,]*( \w+?)?s?\b")


def settle(inventory: Inventory, report: MapReport, *, checked: bool = False) -> MapReport:
    """Return the report with the decisions of the map, and what became of each.

    Args:
        inventory: the data map.
        report: of a check.
        checked: every part of the check ran, so that a settled finding it lacks is gone.
    """
    today, findings, used = utc_now().date(), [], set[Settled]()
    for found in report.findings:
        source = inventory.sources.get(found.source)
        if source is None or found.severity is Severity.ERROR or found.code in BY_OTHER_WORDS:
            findings.append(found)
            continue
        found = replace(found, of=_digest(found, source))
        entry = next((entry for entry in source.settled if _matches(entry, found)), None)
        if entry is not None:
            used.add(entry)
        findings.append(found if entry is None or entry.until < today else replace(found, settled=entry))
    away = {missed.source for missed in report.not_reached}
    for name, source in inventory.sources.items():
        findings += _faults(source)
        report.notes += _without_effect(source, used, today, whole=checked and name not in away)
    return replace(report, findings=findings)


def as_entry(found: Finding) -> str:
    """Return an entry of `settled` to complete, as YAML; empty: the finding cannot be settled."""
    place = (("table", found.table), ("column", found.column))
    words = [f"code: {found.code}", *(f"{word}: {name}" for word, name in place if name)]
    words += [f"of: {found.of}", "until: , by: , on: , why: "]
    return f"- {{{', '.join(words)}}}" if found.of else ""


def _matches(entry: Settled, found: Finding) -> bool:
    place = (entry.code, entry.table, entry.column, entry.of)
    return place == (found.code.value, found.table, found.column, found.of)


def _digest(found: Finding, source: SourceFile) -> str:
    """Digest what makes the finding another one: its kind, and the words of the map that decide there."""
    table = source.tables.get(found.table)
    column = table.columns.get(found.column) if table else None
    words = [
        part.model_dump(mode="json", include=set(names)) if part is not None else None
        for part, names in ((table, OF_A_TABLE), (column, OF_A_COLUMN))
    ]
    return digest([found.code.value, found.place, found.severity.value, kind(found.sentence), words])[:16]


def kind(sentence: str) -> str:
    """Return a sentence without its figures, except whether they are all of a number."""

    def share(figures: re.Match[str]) -> str:
        return "all" if figures[1] == figures[2] else "some"

    return _NUMBER.sub(r"#\1", _AMONG.sub("", _SHARE.sub(share, sentence)))


def _faults(source: SourceFile) -> Iterator[Finding]:
    for entry in source.settled:
        code = next((code for code in Code if code.value == entry.code), None)
        if code is None:
            why, remedy = "no finding has this code", f"choose one of {', '.join(map(str, Code))}"
        elif code in BY_OTHER_WORDS:
            why, remedy = BY_OTHER_WORDS[code], "take the entry out"
        else:
            continue
        place = (source.source, entry.table, entry.column)
        words = f"{source.source}: `settled` names {entry.code}: {why}"
        yield finding(Code.FAULT, place, words, remedy)


def _without_effect(source: SourceFile, used: set[Settled], today: date, *, whole: bool) -> Iterator[str]:
    for entry in source.settled:
        where = ".".join(filter(None, (source.source, entry.table, entry.column)))
        if entry.until < today and entry in used:
            yield f"{where}: {entry.code} was settled until {entry.until}, and counts again"
        elif whole and entry not in used and entry.code in {code.value for code in RULES}:
            yield f"{where}: the settled {entry.code} is gone or another one now: take the entry out"
