"""A second person signs that the register was restored; until then it opens nothing that it held before."""

from __future__ import annotations

from typing import Any

from afschrift.casework.officer import Officer
from afschrift.domain.errors import RefusedError, TooLateError
from afschrift.domain.event import NewEvent
from afschrift.register.backup import RESTORED
from afschrift.register.trail.height import Height
from afschrift.register.trail.trail import RESTORATION_SIGNED


def sign_restoration(officer: Officer, witnessed: Height | None = None) -> dict[str, Any]:
    """Sign the restoration that was entered last; gives what its event says.

    Args:
        officer: at work.
        witnessed: the highest height that a witness place knows.

    Raises:
        NotAllowedError: they are no second signer, or the one who restored it (four eyes); an event.
        RefusedError: none waits; or a place knows of more than it names.
    """
    register, by = officer.register, officer.by
    with officer.signing(None, "restored") as held:
        found = register.evidence.of_types(None, RESTORED, RESTORATION_SIGNED)
        if not found or found[-1][0].type != RESTORED:
            raise RefusedError(
                "No restoration waits for a second person.",
                remedy="who restored the register enters it first: `afschrift register restored`.",
            )
        header, payload = found[-1]
        officer.roles.need_another(by, [header.actor])
    said = payload or {}
    replaced = said.get("replaced") or said["restored"]
    known = [one.seq for one in (witnessed, register.evidence.kept()) if one]
    if max(known, default=0) > int(replaced[0]) and register.evidence.lost_heights(witnessed):
        raise TooLateError(
            f"A place knows that the trail had come to event {max(known)}, further than was entered.",
            remedy="enter the restoration again: `afschrift register restored`; then another person signs.",
        )
    signed = {"event": header.seq, "restored": said["restored"], "replaced": replaced}
    register.trail.record(
        None, NewEvent(RESTORATION_SIGNED, by, {**signed, "proposed_by": header.actor, "held": held})
    )
    return signed
