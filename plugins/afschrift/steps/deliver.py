"""The step `deliver`: hand the packed bundle to the destination."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from afschrift.casework.copy_findings import end_of
from afschrift.casework.partial_response.earlier_parts import record_part
from afschrift.casework.review.require_review import require_review
from afschrift.domain.counted_chunks import CountedChunks
from afschrift.domain.errors import AfschriftError, StagedFileError
from afschrift.domain.event import digest
from afschrift.domain.files import Announcement, Receipt, ShowsBundles, bundle_name, occupied
from afschrift.domain.notation import fingerprint, key_id
from afschrift.domain.plan import Plan, Portion
from afschrift.encryption.portal_file import sealed_size
from afschrift.encryption.registry import Encryption, encryption_of
from afschrift.law.clock.deadline import local_date
from afschrift.law.partial_response import suffix
from afschrift.register.deliveries import ARRIVED, DeliveryRow
from afschrift.services import Services
from afschrift.staging.staged_file import BUNDLE
from afschrift.steps.encrypt import (
    encrypted_chunks,
    encryption_key,
    is_noted,
    must_be_ours,
    note_sent,
    replaced,
)
from afschrift.steps.gates import StepEvidence, must_be_witnessed, refusal
from afschrift.steps.package import package
from afschrift.steps.plan_gates import Gate, gated_plan, staged_extracts
from afschrift.steps.refuted import refutations
from afschrift.steps.staging_faults import record_again

CHUNK = 1 << 18


@dataclass(frozen=True)
class _Outgoing:
    """What is to be delivered.

    Attributes:
        gate: that it passed.
        packed: result of `package`.
        deliveries: of the request, begun ones too.
    """

    gate: Gate
    packed: dict[str, Any]
    deliveries: tuple[DeliveryRow, ...]

    @property
    def sent(self) -> list[DeliveryRow]:
        """Deliveries of the packed bundle at the destination."""
        this = (self.packed["bundle"], self.gate.plan.destination)
        return [row for row in self.deliveries if (row.sha256, row.destination) == this]

    @property
    def lying(self) -> list[DeliveryRow]:
        """Those that were not removed."""
        return [row for row in self.sent if row.destroyed_at is None]

    @property
    def inputs(self) -> str:
        """Digest of what the step rests on. What was removed is sent again; of a part, the rest follows."""
        plan = self.gate.plan
        removed = [row.id for row in self.sent if row.destroyed_at and not plan.later]
        again = {"removed": removed} if removed else {}
        return digest({"bundle": self.packed["bundle"], "destination": plan.destination, **again})

    def name(self, encryption: Encryption | None) -> str:
        """The file name that it began with, or a name that no other bundle of the request has."""
        plan, bundle = self.gate.plan, self.packed["bundle"]
        ending = encryption.suffix if encryption else ".zip"
        new = bundle_name(f"{plan.request}-{plan.right}{suffix(plan.part, plan.after)}", bundle, ending)
        return next((row.name for row in self.sent if row.name.endswith(ending)), new)


def deliver(services: Services, request_id: str) -> dict[str, Any]:
    """Deliver the packed bundle of the frozen plan to the request's destination (R61, R69).

    Returns:
        `uri`, `bytes` of what arrived; `sha256` of the bundle.

    Raises:
        GateError: nothing was packed under the frozen plan, or the gate closed during the transfer.
        NeedsPersonError: this bundle must be reviewed first, or the recipient's key is not known.
        RetriableError: the destination is down or full; nothing is half-delivered.
    """
    evidence = StepEvidence()
    _must_leave(services, request_id)
    outgoing = _outgoing(services, request_id)
    gate, packed, inputs = outgoing.gate, outgoing.packed, outgoing.inputs
    register, plan = services.register, gate.plan
    if (done := gate.results.of("deliver", inputs)) is not None:
        return done
    must_be_witnessed(services, request_id, "deliver")
    encryption = encryption_of(services.options_of(plan.destination).protection().encryption)
    name = outgoing.name(encryption)
    key = encryption_key(gate, encryption, outgoing.lying)
    destination = services.destination(plan.destination)
    found = destination.find(name)
    if found and found.sha256 != packed["bundle"]:
        _must_be_begun(outgoing, encryption, name)
    begun = _begin(outgoing, name, encryption, key, destination.address(name))
    if begun.state == ARRIVED and (done := register.steps.result(request_id, "deliver", inputs)):
        return done  # by another process meanwhile
    until = _goes_at(gate)
    try:
        if encryption and isinstance(destination, ShowsBundles):
            found = _at_portal(gate, packed, begun, destination, found, until)
        elif found:  # an earlier try sent it, and died before its receipt was recorded
            must_be_ours(gate, packed, begun, destination, found)
        sha256 = hashlib.sha256()
        chunks = CountedChunks(_chunks(gate, packed, begun, encryption, key, sha256), sha256)
        receipt = found or destination.deliver(name, chunks)
    except AfschriftError as error:
        if done := register.steps.result(request_id, "deliver", inputs):
            return done  # another process was quicker
        if isinstance(error, StagedFileError):
            gate.staging.remove(error.path)  # the next try makes it again
            if error.path != BUNDLE:
                record_again(services, request_id, {error.path: error.why})
        raise
    payload = evidence.of(gate.basis, packed["bundle"])
    if begun.uri not in ("", receipt.uri):  # an earlier try may have left a file there
        payload |= {"begun_at": begun.uri}
    rows = _rows(gate) if plan.later else {}
    with register.write_together():
        register.deliveries.arrive(begun.id, receipt, payload, until)
        if plan.later:
            record_part(services, plan, packed["bundle"], rows)
        return register.steps.finish(request_id, "deliver", inputs, _result(plan, packed["bundle"], receipt))


def _must_be_begun(outgoing: _Outgoing, encryption: Encryption | None, name: str) -> None:
    """Refuse another file, unless another process is delivering it, or an earlier try did."""
    plan, deliveries = outgoing.gate.plan, outgoing.gate.services.register.deliveries
    now = replace(outgoing, deliveries=deliveries.of(plan.request, begun=True))
    if not (encryption and now.lying):
        raise occupied(name, plan.destination)


def _begin(
    outgoing: _Outgoing, name: str, encryption: Encryption | None, key: str, address: str
) -> DeliveryRow:
    plan = outgoing.gate.plan
    return outgoing.gate.services.register.deliveries.begin(
        plan.request,
        plan.destination,
        name,
        outgoing.packed["bundle"],
        kind=plan.part.value,
        encryption=encryption.code if encryption else "none",
        secret=key if encryption and encryption.uses_secret else None,
        uri=address,
    )


def _must_leave(services: Services, request_id: str) -> None:
    if not services.delivers:
        message = f"Request {request_id} is the canary's: what is packed for it is delivered nowhere."
        remedy = "nothing: its bundle is only counted."
        raise refusal(services, request_id, "deliver", "canary", message, remedy)


def _at_portal(
    gate: Gate,
    packed: dict[str, Any],
    begun: DeliveryRow,
    portal: ShowsBundles,
    found: Receipt | None,
    until: datetime,
) -> Receipt | None:
    """What an earlier try sent to a portal, until its new end; else announce what leaves.

    Only we put files there, so one that no try noted is removed and sent again.
    """
    if found and is_noted(gate, begun, found.sha256):
        portal.renew(begun.name, until)
        return found
    if found:
        portal.remove(begun.name)
    portal.announce(begun.name, _announced(gate, sealed_size(packed["bytes"]), until))
    return None


def _announced(gate: Gate, size: int, until: datetime) -> Announcement:
    """What a portal shows of a file: of whom, of which case and day; nothing of the person."""
    plan, request, controller = gate.plan, gate.request, gate.services.inventory.controller
    facts = {
        "controller": controller.name,
        "contact": controller.contact,
        "case": plan.request,
        "right": plan.right.value,
        "state_of": local_date(plan.frozen_at, request.zone).isoformat(),
        "part": "" if plan.part is Portion.FULL else plan.part.value,
        "verify": fingerprint(key_id(gate.services.signer().public_key)),
    }
    return Announcement(size, request.language, until, facts)


def _result(plan: Plan, bundle: str, receipt: Receipt) -> dict[str, Any]:
    arrived = {"uri": receipt.uri, "bytes": receipt.bytes, "sha256": bundle}
    return arrived | {"plan": plan.digest(), "part": plan.part.value}


def _goes_at(gate: Gate) -> datetime:
    services, zone = gate.services, gate.request.zone
    last = local_date(services.now(), zone) + timedelta(services.options_of(gate.plan.destination).days())
    return end_of(last, zone)


def _rows(gate: Gate) -> dict[str, int]:
    """Return the rows that a part gives by `source.table`; of a system with files left out, its files."""
    records = staged_extracts(gate)
    rows = {f"{table.source}.{table.table}": table.rows for record in records for table in record.tables}
    return rows | {record.source: len(record.given) for record in records if record.kept_back}


def _outgoing(services: Services, request_id: str) -> _Outgoing:
    """Return what is to be delivered. Its review is required where one is due.

    A bundle that is gone is packed again, which reads no source.
    """
    with services.register.read_snapshot():
        gate = gated_plan(services, request_id, "deliver")
        packed = gate.results.latest("package")
        if packed is None or packed["plan"] != gate.plan.digest():
            raise gate.refusal(
                "not_packed",
                f"Nothing is packed for request {request_id} under its frozen plan.",
                "clear `package` and what follows.",
            )
        outgoing = _Outgoing(gate, packed, services.register.deliveries.of(request_id, begun=True))
        if gate.results.of("deliver", outgoing.inputs) is not None:
            return outgoing
        if gate.staging.exists(BUNDLE):
            require_review(services, gate.plan, packed, partial(refutations, services))
            return outgoing
    package(services, request_id)
    return _outgoing(services, request_id)


def _chunks(
    gate: Gate,
    packed: dict[str, Any],
    begun: DeliveryRow,
    encryption: Encryption | None,
    key: str,
    sent: Any,
) -> Iterator[bytes]:
    """Yield what leaves. Raise at its end, before it becomes visible, if it is not of the packed bundle.

    `sent` has the digest of what was yielded. An object would do, but one that holds these chunks would keep
    their threads alive where the destination breaks off.

    The transfer may take long, so a second gate follows it: a decision may be revoked meanwhile.
    """
    services, request_id = gate.services, gate.request.id
    if encryption is None:
        yield from _bundle(gate, packed)
    else:
        yield from encrypted_chunks(gate, packed, begun, encryption, key)
    with services.register.read_snapshot():  # one snapshot, so the review is of the state that the gate saw
        gated_plan(services, request_id, "deliver")
        require_review(services, gate.plan, packed, partial(refutations, services))
    if encryption is not None:
        note_sent(gate, begun, sent.hexdigest())


def _bundle(gate: Gate, packed: dict[str, Any]) -> Iterator[bytes]:
    seen = hashlib.sha256()
    with gate.staging.reader(BUNDLE) as stream:
        while chunk := stream.read(CHUNK):
            seen.update(chunk)
            yield chunk
    if seen.hexdigest() != packed["bundle"]:
        raise replaced(gate)
