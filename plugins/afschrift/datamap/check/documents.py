"""A check as JSON, and as SARIF 2.1.0, which code hosts show in a diff.

SARIF: OASIS, Static Analysis Results Interchange Format Version 2.1.0.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from afschrift import __version__
from afschrift.datamap.check.finding import RULES, Code, Finding, MapReport, Severity, finding
from afschrift.datamap.review.map_files import read_files
from afschrift.domain.event import digest
from afschrift.inventory.base import Text
from afschrift.inventory.document import Document, Fault
from afschrift.inventory.law_files import court_routes
from afschrift.inventory.layers import layered
from afschrift.inventory.organisation import Organisation
from afschrift.inventory.readable import Need, ReadableShare
from afschrift.inventory.run_in import CONTROLLER, describes_source

FORMAT = "afschrift-inventory-check/1"
_DECISION = ("by", "on", "why", "until")
_NOT_DECIDED = ("not decided yet", "not asked yet")
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_SITE = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True)
class FilePlace:
    """A line of a file; the first is 1."""

    file: Path
    line: int


Placed = Sequence[tuple[Finding, FilePlace | None]]


def as_json(report: MapReport, placed: Placed, *, live: bool, sound: bool) -> dict[str, Any]:
    """Return the check as its JSON Schema describes it (`afschrift inventory schema check`)."""
    return {
        "format": FORMAT,
        "software": __version__,
        "live": live,
        "sound": sound,
        "not_reached": [asdict(missed) for missed in report.not_reached],
        "passed_over": report.notes,
        "readable": None if report.readable is None else _readable(report.readable),
        "columns": {"in_sources": report.columns, "classified": report.classified},
        "statements_prepared": report.prepared,
        "tables": [asdict(table) for table in report.reach],
        "costs": [asdict(cost) | {"lines": list(cost.lines)} for cost in report.costs],
        "findings": [_finding(found, place) for found, place in placed],
    }


def _readable(found: ReadableShare) -> dict[str, Any]:
    return {
        "percent": found.percent,
        "cells": found.cells,
        "persons": found.persons,
        "columns": [asdict(column) | {"needs": list(column.needs)} for column in found.columns],
        "not_counted": list(found.not_counted),
    }


def _finding(found: Finding, place: FilePlace | None) -> dict[str, Any]:
    return {
        "code": found.code.value,
        "severity": found.severity.value,
        "source": found.source,
        "table": found.table,
        "column": found.column,
        "sentence": found.sentence,
        "remedy": found.remedy,
        "of": found.of,
        "settled": found.settled and found.settled.model_dump(mode="json", include=set(_DECISION)),
        "file": None if place is None else _uri(place.file),
        "line": None if place is None else place.line,
    }


def as_sarif(report: MapReport, placed: Placed) -> dict[str, Any]:
    """Return the findings as one run; a source that was not reached is a notification of its execution."""
    codes = sorted({found.code for found, _ in placed})
    failed = [
        {
            "level": "error",
            "message": {
                "text": f"Source {missed.source} was not reached: {missed.why} {missed.remedy}".strip()
            },
        }
        for missed in report.not_reached
    ]
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "afschrift inventory check",
                        "version": __version__,
                        "rules": [_rule(code) for code in codes],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [{"executionSuccessful": not failed, "toolExecutionNotifications": failed}],
                "results": [_result(found, place, codes.index(found.code)) for found, place in placed],
            }
        ],
    }


def _rule(code: Code) -> dict[str, Any]:
    rule = RULES[code]
    return {
        "id": code.value,
        "shortDescription": {"text": rule.means},
        "defaultConfiguration": {"level": rule.severity.value},
    }


def _result(found: Finding, place: FilePlace | None, rule: int) -> dict[str, Any]:
    """Return a result with a fingerprint of code and place, which changed counts and lines do not alter."""
    result: dict[str, Any] = {
        "ruleId": found.code.value,
        "ruleIndex": rule,
        "level": found.severity.value,
        "message": {"text": f"{found.sentence}. What to do: {found.remedy}."},
        "partialFingerprints": {"finding/v1": digest([found.code.value, found.place or found.sentence])},
    }
    if found.settled:
        reason = {"kind": "external", "status": "accepted", "justification": found.settled.why}
        result["suppressions"] = [reason]
    location: dict[str, Any] = {}
    if place is not None:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": _uri(place.file)},
            "region": {"startLine": place.line},
        }
    if found.place:
        location["logicalLocations"] = [{"fullyQualifiedName": found.place, "kind": "member"}]
    return result | ({"locations": [location]} if location else {})


def _uri(file: Path) -> str:
    """Return a path relative to the working directory if it is below it, as CI of a repository needs it."""
    path = Path(os.path.abspath(file))  # noqa: PTH100  `resolve` would follow links out of the repository
    here = Path.cwd()
    return quote(str(path.relative_to(here))) if path.is_relative_to(here) else path.as_uri()


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of `as_json`."""
    text, number, flag = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "boolean"}
    maybe = {"type": ["integer", "null"]}
    return {
        "$schema": _SITE,
        "title": FORMAT,
        **_object(
            format={"const": FORMAT},
            software=text,
            live=flag,
            sound=flag,
            not_reached=_list(_object(source=text, why=text, remedy=text)),
            passed_over=_list(text),
            readable=_readable_schema(text, number),
            columns=_object(in_sources=number, classified=number),
            statements_prepared=number,
            tables=_list(
                _object(
                    source=text,
                    table=text,
                    rows=number,
                    counted={"enum": ["exact", "sample", "first"]},
                    nobody=number,
                    one=number,
                    several=number,
                    unknown=number,
                )
            ),
            costs=_list(
                _object(
                    source=text,
                    table=text,
                    right=text,
                    lines=_list(text),
                    cost={"type": ["number", "null"]},
                    bytes=maybe,
                )
            ),
            findings=_list(
                _object(
                    code={"enum": [code.value for code in Code]},
                    severity={"enum": ["error", "warning", "note"]},
                    source=text,
                    table=text,
                    column=text,
                    sentence=text,
                    remedy=text,
                    of=text,
                    settled={"anyOf": [{"type": "null"}, _object(**dict.fromkeys(_DECISION, text))]},
                    file={"type": ["string", "null"]},
                    line=maybe,
                )
            ),
        ),
    }


def _readable_schema(text: dict[str, Any], number: dict[str, Any]) -> dict[str, Any]:
    needs = _list({"enum": [need.value for need in Need]})
    column = _object(source=text, table=text, column=text, needs=needs, cells=number)
    measure = _object(
        percent=number, cells=number, persons=number, columns=_list(column), not_counted=_list(text)
    )
    return {"anyOf": [{"type": "null"}, measure]}


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": properties,
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


class FindingLines:
    """Finds the line of each finding.

    Args:
        folder: of the inventory.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _documents(self) -> dict[str, Document]:
        files = read_files(self._folder)
        paths = [path for path in files if describes_source(path)]
        read = [layered(path, files).document for path in paths]
        return {
            str(document.data.get("source")): document for document in read if isinstance(document.data, dict)
        }

    def of(self, finding: Finding) -> FilePlace | None:
        """Return the line of the column, else of the table, else the file; None: the source has no file."""
        document = self._documents.get(finding.source)
        if document is None:
            return None
        where = ["tables", finding.table, "columns", finding.column]
        fault = document.fault(where[: 4 if finding.column else 2], "")
        return FilePlace(self._folder / fault.file, fault.line)

    def written(self, source: str, table: str, column: str) -> list[str]:
        """Return each file and line with words of a column, the hand-written one first."""
        document = self._documents.get(source)
        return list(document.places(("tables", table, "columns", column))) if document else []


def not_decided(folder: Path) -> Iterator[tuple[Finding, FilePlace]]:
    """Yield the texts that a draft or a generator wrote in place of a decision, each with its line."""
    for path, read in read_files(folder).items():
        document = Document(path, read=read)
        data = document.data if isinstance(document.data, dict) else {}
        for where in _open_texts(data):
            fault = document.fault(where, "this says that it is not decided yet")
            places = where[1:4:2] if where[2:3] == ("columns",) else where[1:2]
            remedy = "decide it, and write what was decided, or take the word out"
            place = (str(data.get("source", "")), *(places if where[0] == "tables" else ()))
            found = finding(Code.NOT_DECIDED, place, f"{fault.where}: {fault.message}", remedy)
            yield found, FilePlace(folder / fault.file, fault.line)


def court_gaps(folder: Path, law: Path) -> Iterator[tuple[Finding, FilePlace]]:
    """Yield where controller.yml lacks the way to court after a late answer, or has that of the other body.

    Args:
        folder: of the inventory.
        law: `include/law`, with the usual routes.
    """
    document = Document(folder / CONTROLLER)
    controller = document.parse(Organisation)
    if controller is None:
        return
    usual = court_routes(law / "courts.yml", controller.country)
    for name in ("court", "court_late"):
        text: Text | None = getattr(controller, name)
        others = [getattr(route, name) for body, route in usual.items() if body != controller.body]
        if text is not None and text not in others:
            continue
        words = (
            "is that of the other kind of body"
            if text
            else "is missing, the way to court where no answer came in time"
        )
        fault = document.fault((name if text else "court",), f"`{name}` {words} (R45, R56)")
        route = usual.get(controller.body)
        shown = dict(getattr(route, name).items()) if route else dict.fromkeys(controller.languages, "...")
        listing = json.dumps(shown, ensure_ascii=False)
        remedy = f"write that of a {controller.body} body in your country there: `{name}: {listing}`"
        found = finding(Code.COURT_NOT_NAMED, ("",), f"{fault.where}: {fault.message}", remedy)
        yield found, FilePlace(folder / fault.file, fault.line)


def _open_texts(node: Any, *where: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each text that decides nothing."""
    if isinstance(node, str) and node.strip(" .").casefold() in _NOT_DECIDED:
        yield where
    parts = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for word, part in parts:
        yield from _open_texts(part, *where, word)


def of_faults(faults: Sequence[Fault], folder: Path) -> list[tuple[Finding, FilePlace]]:
    """Return the faults of an inventory as findings, each with its line."""
    remedy = "correct the file; docs/datamap/inventory.md explains the format"
    return [
        (
            Finding(Code.FAULT, "", "", "", str(fault), remedy, Severity.ERROR),
            FilePlace(folder / fault.file, fault.line),
        )
        for fault in faults
    ]
