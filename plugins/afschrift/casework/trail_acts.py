"""What two people decide about the trail itself: that it was restored, and what in it was forged.

After a restoration, earlier requests stay shut until a second person signs. What was forged is set aside once
the data protection officer proposed it and a second signer signed.
"""

from __future__ import annotations

from typing import Any

from afschrift.casework.officer import Officer
from afschrift.domain.errors import RefusedError, TooLateError
from afschrift.domain.event import NewEvent
from afschrift.law.roles import TERMINAL, Act, Role
from afschrift.register.trail.height import Height
from afschrift.register.trail.set_aside import Uncoded
from afschrift.register.trail.trail import RESTORATION_SIGNED, RESTORED, SET_ASIDE

PROPOSED, TURNED_DOWN = "set_aside_proposed", "set_aside_turned_down"
_WHAT = ("events", "rows")


def propose_aside(officer: Officer) -> Uncoded:
    """Propose to set aside all events and rows without a valid code; returns them.

    Raises:
        NotAllowedError: they are no data protection officer; the attempt is an event.
        RefusedError: there is nothing of that kind, or it is proposed already.
    """
    register, by = officer.register, officer.by
    authority = {"role": Role.DPO.value, "source": "terminal"}
    if not (officer.roles.open_terminal and by.startswith(TERMINAL)):
        with officer.refusals(None, "set_aside"):
            authority = officer.authority(officer.roles.require(by, Act.SET_ASIDE))
    if register.evidence.lost_heights():
        raise RefusedError(
            "The register was set back, so what lost its code looks the same as what never had one.",
            remedy="restore a back-up (docs/operator/keys.md).",
        )
    what = register.evidence.uncoded()
    if not what.events and not what.rows:
        raise RefusedError(
            "Every event and row has its code: there is nothing to set aside.",
            remedy="where `afschrift audit verify` finds something else, restore a back-up "
            "(docs/operator/keys.md).",
        )
    waiting = _waiting(officer)
    if waiting is not None and waiting[1] == what.payload():
        raise TooLateError(
            "It is proposed already, and waits for a second person.",
            remedy="another person: `afschrift audit set-aside --sign`, or --turn-down.",
        )
    register.trail.record(None, NewEvent(PROPOSED, by, {**what.payload(), "held": authority}))
    return what


def sign_aside(officer: Officer, *, agree: bool = True) -> Uncoded:
    """The second person's answer; where they agree, it is set aside now. Returns what was.

    Raises:
        NotAllowedError: they are no second signer, or the one who proposed it (four eyes); an event.
        RefusedError: nothing waits, or what has no code is not what was proposed.
    """
    register, by = officer.register, officer.by
    with officer.signing(None, "set_aside") as authority:
        waiting = _waiting(officer)
        if waiting is None:
            raise RefusedError(
                "Nothing waits for a second person here.",
                remedy="the data protection officer proposes it first: `afschrift audit set-aside`.",
            )
        proposed_by, payload = waiting
        officer.roles.need_another(by, [proposed_by])
    if not agree:
        register.trail.record(None, NewEvent(TURNED_DOWN, by, {"held": authority}))
        return Uncoded((), ())
    what = register.evidence.set_aside(payload, by, {"proposed_by": proposed_by, "held": authority})
    if what is None:
        raise TooLateError(
            "What has no code now is not what was proposed.",
            remedy="look at it (`afschrift audit verify`), turn this down, and propose it anew.",
        )
    return what


def _waiting(officer: Officer) -> tuple[str, dict[str, Any]] | None:
    """Account and payload of the proposal that is neither signed nor turned down yet."""
    found = officer.register.evidence.of_types(None, PROPOSED, TURNED_DOWN, SET_ASIDE, skip=True)
    if not found or found[-1][0].type != PROPOSED:
        return None
    header, payload = found[-1]
    return header.actor, {name: (payload or {}).get(name) for name in _WHAT}


def sign_restoration(officer: Officer, witnessed: Height | None = None) -> dict[str, Any]:
    """Sign the restoration that was entered last; returns the payload of its event.

    Args:
        officer: at work.
        witnessed: the highest height that a witness place knows.

    Raises:
        NotAllowedError: they are no second signer, or the one who restored it (four eyes); an event.
        RefusedError: none waits; or a place knows of more than it names.
    """
    register, by = officer.register, officer.by
    with officer.signing(None, "restored") as authority:
        found = register.evidence.of_types(None, RESTORED, RESTORATION_SIGNED)
        if not found or found[-1][0].type != RESTORED:
            raise RefusedError(
                "No restoration waits for a second person.",
                remedy="who restored the register enters it first: `afschrift register restored`.",
            )
        header, payload = found[-1]
        officer.roles.need_another(by, [header.actor])
    entered = payload or {}
    replaced = entered.get("replaced") or entered["restored"]
    known = [height.seq for height in (witnessed, register.evidence.kept()) if height]
    if max(known, default=0) > int(replaced[0]) and register.evidence.lost_heights(witnessed):
        raise TooLateError(
            f"A place knows that the trail had come to event {max(known)}, further than was entered.",
            remedy="enter the restoration again: `afschrift register restored`; then another person signs.",
        )
    signed = {"event": header.seq, "restored": entered["restored"], "replaced": replaced}
    register.trail.record(
        None, NewEvent(RESTORATION_SIGNED, by, {**signed, "proposed_by": header.actor, "held": authority})
    )
    return signed
