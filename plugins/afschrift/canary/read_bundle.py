"""Reads a packed bundle as whoever gets it does: verified from its signature down, then its JSON files.

Nothing of how it was made is used: not the plan, nor the record of what was staged. Rows are read by the
description in the bundle with the JSON reader of Python, which wrote none of them.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zipfile import ZipFile

from afschrift.bundle.container import layout
from afschrift.bundle.container.container import UnpackLimits, ZipContainer
from afschrift.bundle.container.verify import check
from afschrift.domain.errors import ValidationFailedError
from afschrift.domain.notation import key_id
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

    tables: Mapping[str, tuple[Cells, ...]]
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
    report = check(ZipContainer(io.BytesIO(content), UnpackLimits()), _trusted(services), UnpackLimits())
    if not (report.ok and report.trusted):
        raise ValidationFailedError(
            "The canary's bundle does not verify.", remedy="report it: no answer can be relied on."
        )
    with ZipFile(io.BytesIO(content)) as archive:
        texts = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    return Bundle(dict(_tables(texts)), texts)


def _trusted(services: Services) -> dict[str, bytes]:
    signer = services.signer()
    return {key_id(signer.public_key): signer.public_key}


def _tables(texts: Mapping[str, bytes]) -> Iterator[tuple[str, tuple[Cells, ...]]]:
    found: dict[str, list[Cells]] = {}
    for one in json.loads(texts[layout.DATAPACKAGE])["resources"]:
        if one.get("format") != "json" or "afschrift:table" not in one:
            continue
        types = {of["name"]: of.get("type", "any") for of in one["schema"]["fields"]}
        rows = json.loads(texts[layout.DATA + one["path"]], parse_int=str, parse_float=str)
        cells = [Cells({k: _text(v) for k, v in row.items()}, types) for row in rows]
        found.setdefault(f"{one['afschrift:source']}.{one['afschrift:table']}", []).extend(cells)
    return ((name, tuple(rows)) for name, rows in found.items())


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)
