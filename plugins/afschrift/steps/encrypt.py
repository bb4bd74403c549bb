"""The file that leaves: made once from the packed bundle, staged, and sent on every try."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from typing import Any, BinaryIO, cast

from afschrift.casework.delivery.recipient_key import recipient_key
from afschrift.domain.errors import ConfigurationError, GateError, RefusedError
from afschrift.domain.files import Destination, KeepsBundles, Receipt, occupied
from afschrift.encryption.aes_zip import opened_zip
from afschrift.encryption.registry import Encryption
from afschrift.encryption.secret import draw, draw_with_link
from afschrift.encryption.threads import Chunks, written_by
from afschrift.register.deliveries import DeliveryRow
from afschrift.staging.staged_file import BUNDLE, encrypted_path
from afschrift.steps.plan_gates import Gate

_CHUNK = 1 << 18


def encryption_key(gate: Gate, encryption: Encryption | None, begun: Sequence[DeliveryRow]) -> str:
    """Words that were not used before, with a portal's link, or the recipient's key; empty: it stays open.

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
        return (draw_with_link if encryption.has_link else draw)(gate.request.language)
    return recipient_key(gate.services.register, gate.request.id, encryption)


def encrypted_chunks(
    gate: Gate, packed: dict[str, Any], delivery: DeliveryRow, encryption: Encryption, key: str
) -> Iterator[bytes]:
    """Encrypt the staged bundle for a delivery, and stage what is yielded, which is sent in the same pass.

    What is staged is whole before these chunks end, and so before the file has its name at the destination.
    It gets the cipher of all staged files, which proves on the next try that it is whole and costs no more
    than a digest would.

    Args:
        gate: of the step.
        packed: result of `package`.
        delivery: that was begun.
        encryption: of the destination.
        key: of the recipient, or the words that were drawn now; those of the try that began count.

    Raises:
        GateError: the staged bundle is not the packed one.
        StagedFileError: the bundle is missing or damaged; the next try packs it again.
        RetriableError: staging cannot be written.
    """
    if encryption.uses_secret and not delivery.is_new:
        key = gate.services.register.deliveries.secret(delivery.id) or ""
    path, digest = encrypted_path(delivery.id), hashlib.sha256()

    def read(sink: BinaryIO) -> None:
        while chunk := bundle.read(_CHUNK):
            digest.update(chunk)
            sink.write(chunk)

    def encrypt(sink: BinaryIO) -> None:
        encryption.encrypt(
            cast(BinaryIO, io.BufferedReader(Chunks(plain), _CHUNK)), packed["bytes"], sink, key
        )

    with (
        gate.staging.reader(BUNDLE) as bundle,
        gate.staging.writer(path) as staged,
        closing(written_by(read)) as plain,
        closing(written_by(encrypt)) as encrypted,
    ):
        for chunk in encrypted:
            staged.write(chunk)
            yield chunk
        if digest.hexdigest() != packed["bundle"]:
            raise replaced(gate)


def stage_to_announce(
    gate: Gate, packed: dict[str, Any], delivery: DeliveryRow, encryption: Encryption, key: str
) -> tuple[str, int]:
    """Stage what leaves before its first byte; its digest and size, which a portal wants to know first.

    Arguments and errors as of `encrypted_chunks`.
    """
    path, sha256, size = encrypted_path(delivery.id), hashlib.sha256(), 0
    with ExitStack() as opened:
        if gate.staging.exists(path):
            stream = opened.enter_context(gate.staging.reader(path))
            chunks: Iterator[bytes] = iter(lambda: stream.read(_CHUNK), b"")
        else:
            chunks = encrypted_chunks(gate, packed, delivery, encryption, key)
        for chunk in chunks:
            sha256.update(chunk)
            size += len(chunk)
    return sha256.hexdigest(), size


def must_be_ours(
    gate: Gate, packed: dict[str, Any], delivery: DeliveryRow, place: Destination, found: Receipt
) -> None:
    """Refuse a file under the name of a delivery that no try of this delivery sent.

    It is the staged file; or, where that was lost or made again since, one that the words open.

    Raises:
        ConfigurationError: it is another file, or was encrypted to a key and is not staged any more.
        StagedFileError: the staged file is damaged.
    """
    path = encrypted_path(delivery.id)
    if delivery.encryption == "none":
        ours = found.sha256 == packed["bundle"]
    else:
        ours = gate.staging.exists(path) and found.sha256 == _staged_digest(gate, path)
        words = None if ours else gate.services.register.deliveries.secret(delivery.id)
        if words and isinstance(place, KeepsBundles):
            with suppress(RefusedError, FileNotFoundError), place.opened(delivery.name) as file:
                ours = _digest(opened_zip(file, words)) == packed["bundle"]
    if not ours:
        raise occupied(delivery.name, delivery.destination)


def _staged_digest(gate: Gate, path: str) -> str:
    with gate.staging.reader(path) as stream:
        return _digest(stream)


def _digest(stream: BinaryIO) -> str:
    return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type] # any binary stream does


def replaced(gate: Gate) -> GateError:
    """The error of a staged bundle that is not the packed one."""
    return gate.refusal(
        "bundle_replaced",
        "The staged bundle is not the one that the register knows as packed.",
        "clear `package` and what follows.",
    )
