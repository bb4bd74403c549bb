"""Faults of staged files, which the step that made a file repairs by making it again; and the staged person.

A step that is done already, and is repeated, reads its staged files to the end before it returns its
result. So clearing the task repairs any lost or damaged file, and no list of damage has to be kept. It
costs a decryption of the files, only when a step is repeated.

The staged person is what `classify` stages for all later steps: keys, and other identifying values.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from afschrift.domain.errors import StagedFileError
from afschrift.domain.event import NewEvent
from afschrift.domain.extracted import SourceExtract
from afschrift.domain.keys import Key
from afschrift.extraction.staged_records import observations, pointers_path
from afschrift.services import Services
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.staging.staged_file import PERSON, describe_path


def stage_person(
    staging: EncryptedStaging, keys: Sequence[Key], identifiers: Iterable[str], shown: Sequence[Key]
) -> None:
    """Stage the keys, the further values that the residual search looks for, and the keys to be named."""
    person: dict[str, Any] = {"identifiers": sorted(identifiers)}
    for name, found in (("keys", keys), ("shown", shown)):
        person[name] = [[key.name, key.value, key.valid_from, key.valid_to] for key in found]
    with staging.writer(PERSON) as sink:
        sink.write(json.dumps(person).encode())


def staged_keys(staging: EncryptedStaging, which: str = "keys") -> tuple[Key, ...]:
    """Return the person's keys as `classify` found them; `shown`: those that the answer may name.

    Raises:
        StagedFileError: they are gone or damaged.
    """
    return tuple(Key(*row) for row in _staged(staging).get(which, ()))


def staged_identifiers(staging: EncryptedStaging) -> tuple[str, ...]:
    """Return the identifying values of the person's own record, besides their keys.

    Raises:
        StagedFileError: it is gone or damaged.
    """
    return tuple(_staged(staging)["identifiers"])


def _staged(staging: EncryptedStaging) -> dict[str, Any]:
    with staging.reader(PERSON) as stream:
        found: dict[str, Any] = json.loads(stream.read())
    return found


CHUNK = 1 << 20
REPLACED = "replaced"

Faults = Mapping[str, str]
"""Path of a staged file -> `missing`, `damaged` or `replaced`."""


def fault(staging: EncryptedStaging, path: str, sha256: str | None = None) -> str | None:
    """Read a staged file to its end and return its fault: `missing`, `damaged`, `replaced`; None: intact.

    Args:
        staging: of the request.
        path: below its folder.
        sha256: of the file; None: it is intact if it decrypts.

    Raises:
        RetriableError: the staging does not answer.
    """
    seen = hashlib.sha256()
    try:
        with staging.reader(path) as stream:
            while chunk := stream.read(CHUNK):
                seen.update(chunk)
    except StagedFileError as error:
        return error.why
    return None if sha256 in (None, seen.hexdigest()) else REPLACED


def source_faults(staging: EncryptedStaging, record: SourceExtract, *, read: bool) -> Faults:
    """Return the faults of a source's staged files, except its record.

    Args:
        staging: of the request.
        record: of the source.
        read: whether its rows were read; otherwise only files were staged, or nothing.
    """
    found = {path: fault(staging, path, sha256) for path, sha256 in _files(record, read)}
    return {path: why for path, why in found.items() if why}


def record_again(services: Services, request_id: str, faults: Faults) -> None:
    """Record in the trail that a step makes its staged files again; the event names no person."""
    for (step, source), kinds in _by_maker(faults).items():
        payload = {"step": step, **({"source": source} if source else {}), "files": kinds}
        services.register.trail.record(request_id, NewEvent("staged_again", payload=payload))


def _by_maker(faults: Faults) -> dict[tuple[str, str | None], dict[str, Counter[str]]]:
    found: dict[tuple[str, str | None], dict[str, Counter[str]]] = {}
    for path, why in faults.items():
        file = describe_path(path)
        found.setdefault((file.step, file.source), {}).setdefault(why, Counter())[file.kind] += 1
    return found


def _files(record: SourceExtract, read: bool) -> Iterator[tuple[str, str | None]]:
    if read:
        yield from ((path, None) for path in (*observations(record.source), pointers_path(record.source)))
    elif record.given or record.kept_back:
        yield pointers_path(record.source), None
    for table in record.tables:
        for entry in (*table.files, *(upload.entry for upload in table.uploads)):
            yield f"data/{entry.path}", entry.deflated_sha256
    for given in record.given:
        yield f"data/{given.entry.path}", given.entry.deflated_sha256
