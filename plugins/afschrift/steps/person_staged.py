"""What `classify` found of the person and every later step needs: keys, and what else tells who they are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from afschrift.domain.errors import GateError
from afschrift.domain.keys import Key
from afschrift.staging.encrypted import EncryptedStaging

_FILE = "keys.json"


def stage_person(staging: EncryptedStaging, keys: Sequence[Key], identifiers: Iterable[str]) -> None:
    """Keep the keys, and the values that the search beside the ways looks for too."""
    rows = [[key.name, key.value, key.valid_from, key.valid_to] for key in keys]
    with staging.writer(_FILE) as sink:
        sink.write(json.dumps({"keys": rows, "identifiers": sorted(identifiers)}).encode())


def is_staged(staging: EncryptedStaging) -> bool:
    """Whether they are still there."""
    return staging.exists(_FILE)


def staged_keys(staging: EncryptedStaging) -> tuple[Key, ...]:
    """The person's keys as `classify` found them.

    Raises:
        GateError: they are not staged any more.
    """
    return tuple(Key(*row) for row in _staged(staging)["keys"])


def staged_identifiers(staging: EncryptedStaging) -> tuple[str, ...]:
    """What the person's own record said of them beside their keys.

    Raises:
        GateError: it is not staged any more.
    """
    return tuple(_staged(staging)["identifiers"])


def _staged(staging: EncryptedStaging) -> dict[str, Any]:
    if not is_staged(staging):
        raise GateError(
            "What the plan's step had staged is gone.",
            remedy="clear `classify` and what follows, or start a new run of `fulfil_request`.",
        )
    with staging.reader(_FILE) as stream:
        found: dict[str, Any] = json.loads(stream.read())
    return found
