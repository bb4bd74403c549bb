"""The standing decision to answer requests of a canary: `canary.yml`, signed with the signing key.

A user who can write the data map could name a real person in the file. So it is valid only as an officer last
signed it: the newest event `canary_signed` in the trail names the file's digest and the key. An older pair of
files, or a signature without an event, is not valid.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afschrift.app.settings import Settings
from afschrift.canary.canary_file import Canary, load_canary
from afschrift.domain.errors import AfschriftError, ConfigurationError, GateError, RefusedError
from afschrift.domain.event import NewEvent
from afschrift.domain.instants import rfc3339, utc_now
from afschrift.inventory.run_in import CANARY
from afschrift.law.roles import Act, Roles
from afschrift.outside.limits import read_file
from afschrift.outside.read_json import read_json
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register
from afschrift.register.trail.signed import TrustedKeys, sign

SIGNATURE = "canary.signed.json"
SIGNED = "canary_signed"
FORMAT = "afschrift-canary/1"
_MEMBERS = frozenset({"format", "sha256", "by", "at", "key_id"})
_SIGN = "read the file again, then `afschrift canary sign`"


@dataclass(frozen=True)
class CanarySignature:
    """The account that signed, the instant (RFC 3339, UTC), and the key."""

    by: str
    at: str
    key_id: str


def sign_canary(canary: Canary, register: Register, keys: KeyStore, roles: Roles, by: str) -> CanarySignature:
    """Sign a canary: write the signature next to its file, and record an event.

    Raises:
        NotAllowedError: the account may not decide; the attempt is an event.
        ConfigurationError: the folder cannot be written.
    """
    with register.trail.refusals(None, by, "canary"):
        roles.require(by, Act.DECIDE)
    key, now = keys.signing_key(), rfc3339(utc_now())
    statement = {"format": FORMAT, "sha256": canary.digest, "by": by, "at": now, "key_id": key.id}
    _write(canary.folder / SIGNATURE, {"statement": statement, "signature": sign(statement, key)})
    counts = {"tables": len(canary.tables), "rows": len(canary.file.planted)}
    payload = {"sha256": canary.digest, "key": key.id, **counts, "decided_on": str(canary.file.decided.on)}
    register.trail.record(None, NewEvent(SIGNED, by, payload))
    return CanarySignature(by, now, key.id)


def require_signed(canary: Canary, register: Register) -> CanarySignature:
    """Return the valid signature of a canary.

    Raises:
        GateError: there is none; the file changed since; the key is not ours, or was revoked before; or the
            last event in the trail is of another signature.
    """
    try:
        read = read_json(read_file(canary.folder / SIGNATURE), SIGNATURE)
    except FileNotFoundError:
        raise GateError(f"{CANARY} is not signed, so it is not checked.", remedy=f"{_SIGN}.") from None
    except (OSError, ValueError):
        raise _unreadable() from None
    statement, signature = _parts(read)
    if statement["sha256"] != canary.digest:
        raise GateError(f"{CANARY} changed since it was signed.", remedy=f"check what changed; {_SIGN}.")
    events = register.evidence.of_types(None, SIGNED)
    if not events:
        raise GateError(
            f"{CANARY} was not signed in this register: its trail has no event {SIGNED}.",
            remedy="in a new register, or one restored from before the signing, it must be signed again: "
            f"{_SIGN}. In any other, find out who put {SIGNATURE} there.",
        )
    header, payload = events[-1]
    keys = register.store.keys
    trusted = TrustedKeys(keys.public_keys(), keys.revoked())
    if fault := trusted.fault(statement, signature, header.at):
        why = {"wrong_key": "a key that is not ours, or that was revoked by then"}.get(
            fault, "no key of ours"
        )
        raise GateError(f"{CANARY} is signed with {why}.", remedy=f"find out who wrote {SIGNATURE}; {_SIGN}.")
    if payload is None or (payload["sha256"], payload["key"]) != (statement["sha256"], statement["key_id"]):
        raise GateError(
            f"{CANARY} is not the one that was signed last according to the trail.",
            remedy=f"find out who put {CANARY} and {SIGNATURE} there; {_SIGN}.",
        )
    return CanarySignature(header.actor, header.at, statement["key_id"])


def _parts(read: Any) -> tuple[dict[str, str], str]:
    statement = read.get("statement") if isinstance(read, dict) else None
    if (
        not isinstance(statement, dict)
        or statement.keys() != _MEMBERS
        or not all(isinstance(value, str) for value in statement.values())
        or statement["format"] != FORMAT
        or not isinstance(read.get("signature"), str)
    ):
        raise _unreadable()
    return statement, read["signature"]


def _unreadable() -> GateError:
    return GateError(f"{SIGNATURE} cannot be read as a signature of {CANARY}.", remedy=f"{_SIGN}.")


def _write(path: Path, content: dict[str, Any]) -> None:
    draft = path.with_name(f".{path.name}.new")
    try:
        draft.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ConfigurationError(
            f"{path.name} cannot be written next to the data map: {error.strerror}.",
            remedy="run this where the folder of the data map can be written, and take the file along.",
        ) from None


def asks_for_canary(register: Register, request_id: str, settings: Settings) -> bool:
    """Whether a request has a key of the synthetic person. The daily check's own requests are not here.

    False for a canary without a valid signature, since its file could name a real person, and for a forgotten
    request.

    Args:
        register: of the installation.
        request_id: the request.
        settings: of the installation.

    Raises:
        UnknownRequestError: no such request.
    """
    from afschrift.app.jurisdiction import identity_keys  # lazy: it imports a validator of JSON Schema

    try:
        canary = load_canary(settings.inventory, identity_keys(settings))
        if canary is None:
            return False
        require_signed(canary, register)
    except AfschriftError:  # `canary check` reports what is wrong with it
        return False
    planted = {(name, value.casefold()) for name, value in canary.file.keys.items()}
    try:
        return any((key.name, key.value.casefold()) in planted for key in register.identities.of(request_id))
    except RefusedError:  # its data key was destroyed
        return False
