"""The file that leaves: made from the packed bundle in the pass that sends it, and known again afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from typing import Any, BinaryIO, cast

from afschrift.casework.delivery.recipient_key import recipient_key
from afschrift.domain.errors import ConfigurationError, GateError, RefusedError
from afschrift.domain.files import Destination, KeepsBundles, Receipt, occupied
from afschrift.encryption.aes_zip import opened_zip
from afschrift.encryption.portal_file import OtherSizeError
from afschrift.encryption.registry import Encryption
from afschrift.encryption.secret import draw, draw_with_link
from afschrift.encryption.threads import Chunks, written_by
from afschrift.register.deliveries import DeliveryRow
from afschrift.staging.staged_file import BUNDLE, sent_path
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
    """Encrypt the staged bundle for a delivery.

    What is yielded is not staged: a try that finds no file at its destination encrypts anew, and one that
    finds a file knows it by the note of its digest (`note_sent`). Writing it twice took half of all time.

    Args:
        gate: of the step.
        packed: result of `package`.
        delivery: that was begun.
        encryption: of the destination.
        key: of the recipient, or the words that were drawn now; those of the try that began count.

    Raises:
        GateError: the staged bundle is not the packed one.
        StagedFileError: the bundle is missing or damaged; the next try packs it again.
    """
    if encryption.uses_secret and not delivery.is_new:
        key = gate.services.register.deliveries.secret(delivery.id) or ""
    digest = hashlib.sha256()

    def read(sink: BinaryIO) -> None:
        while chunk := bundle.read(_CHUNK):
            digest.update(chunk)
            sink.write(chunk)

    def encrypt(sink: BinaryIO) -> None:
        encryption.encrypt(cast(BinaryIO, Chunks(plain)), packed["bytes"], sink, key, bundle.file_id)

    with (
        gate.staging.reader(BUNDLE) as bundle,
        closing(written_by(read)) as plain,
        closing(written_by(encrypt)) as encrypted,
    ):
        try:
            yield from encrypted
        except OtherSizeError:
            raise replaced(gate) from None
        if digest.hexdigest() != packed["bundle"]:
            raise replaced(gate)


def note_sent(gate: Gate, delivery: DeliveryRow, sha256: str) -> None:
    """Stage the digest of all that was sent, before it gets its name at the destination.

    Raises:
        RetriableError: staging cannot be written.
    """
    with gate.staging.writer(sent_path(delivery.id, sha256)):
        pass  # its cipher proves that we wrote it


def is_noted(gate: Gate, delivery: DeliveryRow, sha256: str) -> bool:
    """Whether a try of a delivery sent a file of this digest.

    Raises:
        StagedFileError: the note is damaged.
    """
    path = sent_path(delivery.id, sha256)
    if not gate.staging.exists(path):
        return False
    with gate.staging.reader(path) as note:
        return not note.read()


def must_be_ours(
    gate: Gate, packed: dict[str, Any], delivery: DeliveryRow, place: Destination, found: Receipt
) -> None:
    """Refuse a file under the name of a delivery that no try of this delivery sent.

    A try noted it; or, where that note was lost, the words open it.

    Raises:
        ConfigurationError: it is another file, or was encrypted to a key and its note was lost.
        StagedFileError: the note is damaged.
    """
    if delivery.encryption == "none":
        ours = found.sha256 == packed["bundle"]
    else:
        ours = is_noted(gate, delivery, found.sha256)
        words = None if ours else gate.services.register.deliveries.secret(delivery.id)
        if words and isinstance(place, KeepsBundles):
            with suppress(RefusedError, FileNotFoundError), place.opened(delivery.name) as file:
                opened: Any = opened_zip(file, words)
                ours = hashlib.file_digest(opened, "sha256").hexdigest() == packed["bundle"]
    if not ours:
        raise occupied(delivery.name, delivery.destination)


def replaced(gate: Gate) -> GateError:
    """The error of a staged bundle that is not the packed one."""
    return gate.refusal(
        "bundle_replaced",
        "The staged bundle is not the one that the register knows as packed.",
        "clear `package` and what follows.",
    )
