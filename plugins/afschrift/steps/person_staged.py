"""What `classify` found of the person and every later step needs: keys, and what else tells who they are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from afschrift.domain.keys import Key
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.staging.staged_file import PERSON


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
