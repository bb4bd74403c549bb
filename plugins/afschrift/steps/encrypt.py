"""The file that leaves: made once from the packed bundle, staged, and sent on every try."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from typing import Any, BinaryIO, cast

from afschrift.casework.delivery.recipient_key import recipient_key
from afschrift.domain.errors import ConfigurationError, GateError, StagedFileError
from afschrift.encryption.registry import Encryption
from afschrift.encryption.secret import draw
from afschrift.register.deliveries import DeliveryRow
from afschrift.staging.staged_file import BUNDLE, encrypted_path
from afschrift.steps.plan_gates import Gate

_CHUNK = 1 << 20


def encryption_key(gate: Gate, encryption: Encryption | None, begun: Sequence[DeliveryRow]) -> str:
    """Words that were not used before, or the recipient's key; empty: nothing is encrypted.

    Args:
        gate: of the step.
        encryption: of the destination.
        begun: deliveries of the same bundle there, which are gone on with.

    Raises:
        ConfigurationError: the destination had another encryption when the delivery began.
        NeedsPersonError: there is no key of the recipient that can be used; the question is in the register.
    """
    for delivery in begun:
        if delivery.encryption != (encryption.code if encryption else "none"):
            raise ConfigurationError(
                f"The delivery of request {gate.request.id} began with the encryption "
                f"'{delivery.encryption}', and the destination '{delivery.destination}' has another one now.",
                remedy="set it back until this delivery has arrived, or choose another destination.",
            )
    if encryption is None:
        return ""
    if encryption.uses_secret:
        return draw(gate.request.language)
    return recipient_key(gate.services.register, gate.request.id, encryption)


def staged_to_send(
    gate: Gate,
    packed: dict[str, Any],
    delivery: DeliveryRow,
    encryption: Encryption | None,
    key: str,
) -> str:
    """Path of the staged file that is sent: the bundle itself, or what was made of it for this delivery.

    Args:
        gate: of the step.
        packed: result of `package`.
        delivery: that was begun.
        encryption: of the destination; None: the bundle is sent open.
        key: of the recipient, or the words that were drawn now; those of the try that began count.

    Raises:
        GateError: the staged bundle is not the packed one.
        StagedFileError: the bundle is missing or damaged; the next try packs it again.
        RetriableError: staging cannot be written.
    """
    if encryption is None:
        return BUNDLE
    path = encrypted_path(delivery.id)
    if gate.staging.exists(path):
        return path
    if encryption.uses_secret and not delivery.is_new:
        key = gate.services.register.deliveries.secret(delivery.id) or ""
    try:
        with gate.staging.reader(BUNDLE) as bundle, gate.staging.writer(path) as sink:
            source = _Hashing(bundle)
            stream = cast(BinaryIO, io.BufferedReader(source, _CHUNK))
            encryption.encrypt(stream, packed["bytes"], sink, key)
            if source.sha256.hexdigest() != packed["bundle"]:
                raise replaced(gate)
    except StagedFileError:
        gate.staging.remove(BUNDLE)
        raise
    return path


def staged_digest(gate: Gate, packed: dict[str, Any], path: str) -> str:
    """SHA-256 of the staged file that is sent."""
    if path == BUNDLE:
        return str(packed["bundle"])
    with gate.staging.reader(path) as stream:
        digest = hashlib.sha256()
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
        return digest.hexdigest()


def replaced(gate: Gate) -> GateError:
    """The error of a staged bundle that is not the packed one."""
    return gate.refusal(
        "bundle_replaced",
        "The staged bundle is not the one that the register knows as packed.",
        "clear `package` and what follows.",
    )


class _Hashing(io.RawIOBase):
    """Reads a bundle and takes its digest."""

    def __init__(self, stream: BinaryIO) -> None:
        self.sha256 = hashlib.sha256()
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._stream.read(len(buffer))
        self.sha256.update(chunk)
        buffer[: len(chunk)] = chunk
        return len(chunk)
