"""Counts a bundle against what was planted: recall, precision, and what should not have been given.

The bundle is read as the person reads it: verified from its signature down, then its JSON files. Nothing of
how it was made is used: not the plan, nor the record of what was staged. Rows are read by the description in
the bundle with the JSON reader of Python, which wrote none of them.
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
"""Bytes of a bundle that are read: it is held in memory, so that its plain text touches no disk. A canary's
has some hundred kilobytes; one that is larger took in others' rows."""


@dataclass(frozen=True)
class Cells:
    """A row of the bundle: column -> text of its value, or None; and what kind each column has.

    Attributes:
        types: column -> type in the data package.
    """

    values: Mapping[str, str | None] = field(repr=False)
    types: Mapping[str, str]


@dataclass(frozen=True)
class Bundle:
    """What a bundle holds.

    Attributes:
        tables: `source.table` -> its rows.
        texts: name of each file -> its content, to look for what must not be there.
    """

    tables: Mapping[str, Sequence[Cells]]
    texts: Mapping[str, bytes] = field(repr=False)


def read_bundle(services: Services, request: str) -> Bundle:
    """The packed bundle of a request.

    Raises:
        ValidationFailedError: it does not verify, or is too large to be the canary's.
    """
    with services.staging(request).reader(BUNDLE) as stream:
        content = stream.read(MOST + 1)
    if len(content) > MOST:
        raise ValidationFailedError(
            f"The canary's bundle has more than {MOST // 1_000_000} MB: it holds others' rows.",
            remedy="see the joins of the data map: `afschrift inventory explain`.",
        )
    signer, limits = services.signer(), UnpackLimits()
    trusted = {key_id(signer.public_key): signer.public_key}
    report = check(ZipContainer(io.BytesIO(content), limits), trusted, limits)
    if not (report.ok and report.trusted):
        raise ValidationFailedError(
            "The canary's bundle does not verify.", remedy="report it: no answer can be relied on."
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
    """Count what a request of the canary came to.

    Args:
        canary: what was planted.
        right: that it asked on.
        bundle: what it got; None where nothing was packed.
        needles: the values that can be nothing but planted ones, looked for in every file.
        stopped: as of `RightOutcome`.
        asked: as of `RightOutcome`.
    """
    tables = {} if bundle is None else bundle.tables
    below: dict[str, tuple[int, int]] = {}
    others: dict[str, int] = {}
    planted = found = 0
    for name in dict.fromkeys((*canary.tables, *tables)):
        expected = [row for one in canary.tables.get(name, ()) if (row := one.given(right))]
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
        kept_back=sum(len(one.kept(right)) for one in canary.file.planted),
        given=0 if bundle is None else len(given_all_the_same(canary, right, bundle, needles)),
        below=below,
        others_in=others,
        stopped=stopped,
        asked=dict(asked or {}),
    )


def _matched(expected: Sequence[Mapping[str, str | Pattern]], rows: Sequence[Cells]) -> list[int]:
    """For each row that is a planted one, how many of its values are the same.

    A planted row goes with the row that is most like it, the closest pair first, where at least half of its
    values are the same.
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
    """Whether a value of the bundle is the one planted, however its number or moment is spelt.

    Args:
        planted: as `canary.yml` has it.
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


def given_all_the_same(canary: Canary, right: Right, bundle: Bundle, needles: Container[str]) -> set[str]:
    """Columns and files in which something kept back was found, each by name; never the value.

    A cell is compared in its own column; a value that nothing else could be is looked for in every file.

    Args:
        canary: what was planted.
        right: that it asked on.
        bundle: what it got.
        needles: the values that can be nothing but planted ones.
    """
    given = {value for one in canary.file.planted for value in one.given(right).values()}
    found: set[str] = set()
    for table, planted in canary.tables.items():
        for one in planted:
            for column, value in one.kept(right).items():
                if value in given:
                    continue
                cells = (row for row in bundle.tables.get(table, ()) if column in row.values)
                if any(is_same(value, row.values[column], row.types.get(column, "any")) for row in cells):
                    found.add(f"{table}.{column}")
                elif value in needles:
                    needle = value.encode()
                    found.update(f"{name}: {column}" for name, text in bundle.texts.items() if needle in text)
    return found
