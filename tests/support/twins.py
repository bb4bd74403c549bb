"""Two persons in two equal shops: of one a hidden restriction keeps something back, the other has no such data."""

import difflib
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from testbed.running import members, run
from tests.support.deciding import Bureau
from tests.support.restricted import open_bureau, restrict

Files = dict[str, bytes]

# What two requests never share: ids, digests and signatures, moments, tokens of masks, the number of an event.
_OWN = [
    (rb"req-[0-9a-z]{12}", b"req-"),
    (rb"q-[0-9a-z]{12}", b"q-"),
    (rb"\b[0-9a-f]{64}\b", b"<digest>"),
    (rb"\[(masked|afgeschermd) [0-9a-f]{8}\]", rb"[\1 token]"),
    (rb"2026-1\d-\d\dT[0-9:.]+(Z|\+00:00)", b"<moment>"),
    (rb"\d?\d:\d\d(:\d\d)?", b"<time>"),
    (rb"Trail-Seq: \d+", b"Trail-Seq: <number>"),
    (rb"(Signing-Key|Public-Key): \S+", rb"\1: <key>"),
]
_SIGNED = "tagmanifest-sha256.txt.sig"


def restricted_twin(
    folder: Path,
    patch: pytest.MonkeyPatch,
    right: str,
    language: str,
    places: Sequence[str],
    *,
    all_tables: bool = False,
    **more: object,
) -> tuple[Bureau, str]:
    """A person of whom a hidden restriction keeps these places back; the request is ready to go."""
    folder.mkdir(parents=True)
    bureau = open_bureau(folder, patch, all_tables=all_tables)
    request, question = _asked(bureau, right, language, **more)
    restrict(bureau, request, question, list(places))
    return bureau, request


def twin_without(
    folder: Path,
    patch: pytest.MonkeyPatch,
    right: str,
    language: str,
    sql: Sequence[str],
    *,
    all_tables: bool = False,
    **more: object,
) -> tuple[Bureau, str]:
    """An equal person, whose data of these places was deleted from the shop."""
    folder.mkdir(parents=True)
    bureau = open_bureau(folder, patch, all_tables=all_tables)
    bureau.execute(*sql)
    request, question = _asked(bureau, right, language, **more)
    bureau.answer(question, "fulfil")
    return bureau, request


def _asked(bureau: Bureau, right: str, language: str, **more: object):  # type: ignore[no-untyped-def]
    bureau.answered(2, right)
    request = bureau.store(right, language=language, **more)
    return request, bureau.asked(request)


def given(bureau: Bureau, request: str) -> Files:
    """What the person gets; and the sources that have a task in Airflow, whose grid others see too."""
    bundle = members(run(bureau.services, request))
    frozen = bureau.services.register.steps.latest(request, "classify") or {}
    return bundle | {"sources": " ".join(frozen["sources"]).encode()}


def neutral(content: bytes) -> bytes:
    for pattern, instead in _OWN:
        content = re.sub(pattern, instead, content)
    return content


def differences(hidden: Files, other: Files) -> list[str]:
    """What tells two bundles apart: names, their order, sizes, and every line."""
    found = [] if list(hidden) == list(other) else [f"files: {list(hidden)} / {list(other)}"]
    for name in [name for name in hidden if name in other and name != _SIGNED]:
        if len(hidden[name]) != len(other[name]):
            found.append(f"{name}: {len(hidden[name])} / {len(other[name])} bytes")
        lines = [
            neutral(content).decode(errors="replace").splitlines() for content in (hidden[name], other[name])
        ]
        found += [f"{name}: {line}" for line in difflib.unified_diff(*lines, lineterm="", n=0)][2:]
    return found
