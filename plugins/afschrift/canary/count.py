"""Compare a bundle with the planted rows: recall, precision, and values that it must not hold.

The bundle is read as the person reads it: verified from its signature down, then its JSON files. Neither the
plan nor the staged records are used. Rows are read by the description in the bundle, with Python's JSON
reader, which is not the library that wrote them.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zipfile import ZipFile

from afschrift.bundle.container import layout
from afschrift.bundle.container.container import UnpackLimits, ZipContainer
from afschrift.bundle.container.verify import check
from afschrift.canary.canary_file import Canary, Pattern
from afschrift.canary.history import RightOutcome
from afschrift.domain.errors import ValidationFailedError
from afschrift.domain.notation import key_id
from afschrift.domain.right import Right
from afschrift.services import Services
from afschrift.staging.staged_file import BUNDLE

MOST = 64_000_000
"""Largest bundle in bytes. It is held in memory, so that its plain text touches no disk. The canary's has
some hundred kilobytes; a larger one has rows of other persons."""


@dataclass(frozen=True)
class Cells:
    """A row of the bundle.

    Attributes:
        values: column -> text of its value, or None.
        types: column -> type in the data package.
    """

    values: Mapping[str, str | None] = field(repr=False)
    types: Mapping[str, str]


@dataclass(frozen=True)
class Bundle:
    """The content of a bundle.

    Attributes:
        tables: `source.table` -> its rows.
        texts: name of each file -> its content, to search for values that must not be there.
    """

    tables: Mapping[str, Sequence[Cells]]
    texts: Mapping[str, bytes] = field(repr=False)


def read_bundle(services: Services, request: str) -> Bundle:
    """Verify and read the packed bundle of a request.

    Raises:
        ValidationFailedError: it does not verify, or is too large to be the canary's.
    """
    with services.staging(request).reader(BUNDLE) as stream:
        content = stream.read(MOST + 1)
    if len(content) > MOST:
        raise ValidationFailedError(
            f"The canary's bundle has more than {MOST // 1_000_000} MB: it holds rows of other persons.",
            remedy="check the joins of the data map: `afschrift inventory explain`.",
        )
    signer, limits = services.signer(), UnpackLimits()
    trusted = {key_id(signer.public_key): signer.public_key}
    report = check(ZipContainer(io.BytesIO(content), limits), trusted, limits)
    if not (report.ok and report.trusted):
        raise ValidationFailedError(
            "The canary's bundle does not verify.", remedy="report it: no answer can be trusted."
        )
    with ZipFile(io.BytesIO(content)) as archive:
        texts = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    return Bundle(_tables(texts), texts)


def _tables(texts: Mapping[str, bytes]) -> dict[str, list[Cells]]:
    found: dict[str, list[Cells]] = {}
    for resource in json.loads(texts[layout.DATAPACKAGE])["resources"]:
        if resource.get("format") != "json" or "afschrift:table" not in resource:
            continue
        types = {field["name"]: field.get("type", "any") for field in resource["schema"]["fields"]}
        rows = json.loads(texts[layout.DATA + resource["path"]], parse_int=str, parse_float=str)
        cells = [Cells({name: _text(value) for name, value in row.items()}, types) for row in rows]
        found.setdefault(f"{resource['afschrift:source']}.{resource['afschrift:table']}", []).extend(cells)
    return found


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)


def count(
    canary: Canary,
    right: Right,
    bundle: Bundle | None,
    needles: Container[str] = (),
    stopped: str | None = None,
    asked: Mapping[str, int] | None = None,
) -> RightOutcome:
    """Count the outcome of a request of the canary.

    Args:
        canary: the planted rows.
        right: of the request.
        bundle: the answer; None if nothing was packed.
        needles: distinctive values, which are searched in every file.
        stopped: as in `RightOutcome`.
        asked: as in `RightOutcome`.
    """
    tables = {} if bundle is None else bundle.tables
    below: dict[str, tuple[int, int]] = {}
    others: dict[str, int] = {}
    planted = found = 0
    for name in dict.fromkeys((*canary.tables, *tables)):
        expected = [row for planted_row in canary.tables.get(name, ()) if (row := planted_row.given(right))]
        values, rows = sum(map(len, expected)), tables.get(name, ())
        matched = _matched(expected, rows)
        planted, found = planted + values, found + sum(matched)
        if sum(matched) < values:
            below[name] = (sum(matched), values)
        if len(matched) < len(rows):
            others[name] = len(rows) - len(matched)
    return RightOutcome(
        right=right.value,
        planted=planted,
        found=found,
        rows=sum(map(len, tables.values())),
        others=sum(others.values()),
        kept_back=sum(len(row.kept(right)) for row in canary.file.planted),
        given=0 if bundle is None else len(leaked_places(canary, right, bundle, needles)),
        below=below,
        others_in=others,
        stopped=stopped,
        asked=dict(asked or {}),
    )


def _matched(expected: Sequence[Mapping[str, str | Pattern]], rows: Sequence[Cells]) -> list[int]:
    """Return the number of equal values of each row that matches a planted one.

    A planted row is matched with the most similar row, the closest pair first, if at least half of its values
    are equal.
    """
    pairs = [
        (same, -number, -place)
        for number, row in enumerate(expected)
        for place, cells in enumerate(rows)
        if 2 * (same := _same(row, cells)) >= len(row)
    ]
    taken: dict[int, int] = {}
    used: set[int] = set()
    for same, number, place in sorted(pairs, reverse=True):
        if number not in taken and place not in used:
            taken[number] = same
            used.add(place)
    return list(taken.values())


def _same(row: Mapping[str, str | Pattern], cells: Cells) -> int:
    return sum(
        name in cells.values and is_same(value, cells.values[name], cells.types.get(name, "any"))
        for name, value in row.items()
    )


def is_same(planted: str | Pattern, found: str | None, kind: str) -> bool:
    """Whether a value of the bundle equals the planted one, in any spelling of a number or instant.

    Args:
        planted: value of `canary.yml`.
        found: text of the value in the bundle.
        kind: type of the column in the data package.
    """
    if found is None:
        return False
    if isinstance(planted, Pattern):
        return re.fullmatch(planted.matches, found) is not None
    if planted == found:
        return True
    try:
        if kind in ("integer", "number"):
            return Decimal(planted) == Decimal(found)
        if kind == "datetime":
            return datetime.fromisoformat(planted) == datetime.fromisoformat(found)
        if kind == "any":
            return bool(json.loads(planted) == json.loads(found))
    except (InvalidOperation, ValueError, TypeError):
        return False
    return False


def leaked_places(canary: Canary, right: Right, bundle: Bundle, needles: Container[str]) -> set[str]:
    """Return the names of columns and files in which a value was found that must be kept back.

    Each value is compared in its own column; a distinctive one is searched in every file.

    Args:
        canary: the planted rows.
        right: of the request.
        bundle: the answer.
        needles: distinctive values.
    """
    given = {value for row in canary.file.planted for value in row.given(right).values()}
    found: set[str] = set()
    for table, planted in canary.tables.items():
        for planted_row in planted:
            for column, value in planted_row.kept(right).items():
                if value in given:
                    continue
                cells = (row for row in bundle.tables.get(table, ()) if column in row.values)
                if any(is_same(value, row.values[column], row.types.get(column, "any")) for row in cells):
                    found.add(f"{table}.{column}")
                elif value in needles:
                    needle = value.encode()
                    found.update(f"{name}: {column}" for name, text in bundle.texts.items() if needle in text)
    return found
