"""What is lost or damaged in staging is made again by the step that made it, and the trail tells.

A step that the register knows as done reads what it staged to its end before it says so again: then clearing
it always helps, whatever became of which file, and nobody has to remember what was found damaged where. It
costs a decryption of the files, and comes only where a step is repeated.

Also what `classify` stages of the person and every later step reads: keys, and what else tells who they are.
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


def stage_person(staging: EncryptedStaging, keys: Sequence[Key], identifiers: Iterable[str]) -> None:
    """Keep the keys, and the values that the search beside the ways looks for too."""
    rows = [[key.name, key.value, key.valid_from, key.valid_to] for key in keys]
    with staging.writer(PERSON) as sink:
        sink.write(json.dumps({"keys": rows, "identifiers": sorted(identifiers)}).encode())


def staged_keys(staging: EncryptedStaging) -> tuple[Key, ...]:
    """The person's keys as `classify` found them.

    Raises:
        StagedFileError: they are gone or damaged.
    """
    return tuple(Key(*row) for row in _staged(staging)["keys"])


def staged_identifiers(staging: EncryptedStaging) -> tuple[str, ...]:
    """What the person's own record said of them beside their keys.

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
    """Why a staged file is not what was staged; None: it is. Reads it to its end.

    Args:
        staging: of the request.
        path: below its folder.
        sha256: of what was staged; None: that it opens is enough.

    Raises:
        RetriableError: the place for staging does not answer.
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
    """What is lost or damaged of a source, beside its record.

    Args:
        staging: of the request.
        record: of the source.
        read: whether its rows were read; else no more than files was staged, or nothing.
    """
    found = {path: fault(staging, path, sha256) for path, sha256 in _files(record, read)}
    return {path: why for path, why in found.items() if why}


def record_again(services: Services, request_id: str, faults: Faults) -> None:
    """Say in the trail that a step makes again what it staged before; nothing of it names a person."""
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
    for table in record.tables:
        for entry in (*table.files, *(upload.entry for upload in table.uploads)):
            yield f"data/{entry.path}", entry.deflated_sha256
    for given in record.given:
        yield f"data/{given.entry.path}", given.entry.deflated_sha256
