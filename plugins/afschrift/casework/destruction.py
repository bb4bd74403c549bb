"""Destroy something for good: it takes a role, a reason from the closed list and, where due, a second person.

A proposal is an event of the trail, as most of what is destroyed belongs to no open request. It waits until
another person signs it or turns it down, or what it was about is gone. A refused attempt is an event too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from afschrift.casework.officer import Officer
from afschrift.domain.errors import RefusedError, TooLateError
from afschrift.domain.event import NewEvent
from afschrift.law.clock.clock import closed_on_day
from afschrift.law.destruction import RETENTION, Destroying, reason_for
from afschrift.law.dispute import under_hold
from afschrift.register.trail.differences import ForgedError

PROPOSED, TURNED_DOWN, REFUSED = "destruction_proposed", "destruction_turned_down", "destruction_refused"
_DONE = {Destroying.SHRED: "data_key_destroyed", Destroying.SHRED_STRAYS: "stray_data_keys_destroyed"}


@dataclass(frozen=True)
class ProposedDestruction:
    """A destruction that waits for a second person.

    Attributes:
        by: who proposed it.
        rule: code of its reason.
        owners: whose data keys it is about.
    """

    by: str
    rule: str
    owners: tuple[str, ...]


@dataclass(frozen=True)
class DestructionService:
    """Destroys on an officer's order.

    Attributes:
        officer: at work.
    """

    officer: Officer

    def allow(self, act: Destroying, rule: str) -> None:
        """Check that the officer may order, alone, what the end of a period or of a key's use decides.

        Raises:
            NotAllowedError: they do not decide on requests; the attempt is an event `answer_refused`.
            RefusedError: no such reason; the attempt is an event `destruction_refused`.
        """
        self.officer.deciding(None, act.value)
        with self.refusals(act, None):
            reason_for(act, rule)

    def propose_shredding(self, request_id: str, rule: str) -> bool:
        """Propose to destroy the data key of a closed request; False where it was destroyed before.

        Raises:
            UnknownRequestError: no such request.
            NotAllowedError, RefusedError: as `allow`; or it is open, under hold, or proposed already.
        """
        register, act = self.officer.register, Destroying.SHRED
        register.requests.get(request_id)
        held = self.officer.deciding(request_id, act.value)
        with self.refusals(act, request_id):
            reason = reason_for(act, rule)
            self._must_be_closed(request_id)
            if rule == RETENTION:
                self._must_be_over(request_id)
            if found := register.disputes.holds(request_id):
                raise under_hold(request_id, found, "its data key stays")
            if not register.data_keys.left(request_id):
                return False
            self._must_not_wait(act, request_id, f"afschrift request sign-destruction {request_id} --agree")
        payload = {"act": act.value, "rule": reason.code, "article": reason.article, "held": held}
        register.trail.record(request_id, NewEvent(PROPOSED, self.officer.by, payload))
        return True

    def stage(self, request_id: str) -> ProposedDestruction | str:
        """The proposal to destroy the key of a closed request; else `possible`, or empty: it is gone."""
        if not self.officer.register.data_keys.left(request_id):
            return ""
        found = self._waiting(Destroying.SHRED, request_id)
        return replace(found, by=self.officer.roles.person(found.by).name) if found else "possible"

    def propose_strays(self) -> tuple[str, ...]:
        """Propose to destroy the data keys whose request or case the register does not know; whose they are.

        Raises:
            NotAllowedError, RefusedError: as `allow`; or it is proposed already.
        """
        register, act = self.officer.register, Destroying.SHRED_STRAYS
        held = self.officer.deciding(None, act.value)
        owners = register.data_keys.strays()
        if owners:
            with self.refusals(act, None):
                self._must_not_wait(act, None, "afschrift register shred-strays --sign")
            reason = reason_for(act, "restoration")
            payload = {"act": act.value, "rule": reason.code, "article": reason.article, "held": held}
            register.trail.record(
                None, NewEvent(PROPOSED, self.officer.by, payload | {"owners": list(owners)})
            )
        return owners

    def sign(self, act: Destroying, request_id: str | None = None, *, agree: bool = True) -> tuple[str, ...]:
        """The second person's word; where they agree, it is destroyed now. Gives whose data keys went.

        Raises:
            NotAllowedError: they are no second signer, or the one who proposed it (four eyes); an event.
            RefusedError: nothing waits for it, it is open again or under hold, what it is about changed, or
                the register was set back; an event.
        """
        register, by = self.officer.register, self.officer.by
        with self.officer.signing(request_id, act.value) as held, self.refusals(act, request_id):
            proposal = self._waiting(act, request_id)
            if proposal is None:
                raise RefusedError(
                    "No destruction waits for a second person here.",
                    remedy="a person proposes it first, by the command without `sign`.",
                )
            self.officer.roles.need_another(by, [proposal.by])
            if not agree:
                register.trail.record(request_id, NewEvent(TURNED_DOWN, by, {"act": act.value, "held": held}))
                return ()
            signed = {"proposed_by": proposal.by, "held": held}
            if request_id is not None:
                self._must_be_closed(request_id)  # a letter may have come back since it was proposed
                gone = register.data_keys.shred(request_id, proposal.rule, by, signed)
                return (request_id,) if gone else ()
            if register.data_keys.strays() != proposal.owners:
                raise TooLateError(
                    "Other data keys than those that were proposed would go.",
                    remedy="turn it down (--turn-down), and propose it anew.",
                )
            return register.data_keys.shred_strays(proposal.rule, by, signed)

    @contextmanager
    def refusals(self, act: Destroying, request_id: str | None) -> Iterator[None]:
        """Record a refused attempt as an event: what was tried, never the words of the officer."""
        try:
            yield
        except RefusedError as error:
            # `refusals` of the trail enters a lack of roles.
            if type(error) in (RefusedError, TooLateError, ForgedError):
                event = NewEvent(REFUSED, self.officer.by, {"act": act.value})
                self.officer.register.trail.record(request_id, event)
            raise

    def _must_be_closed(self, request_id: str) -> None:
        if self.officer.register.requests.get(request_id).state.open:
            raise RefusedError(
                f"Request {request_id} is open, and its data key protects what it takes to answer it.",
                remedy="close it first: deliver, refuse or withdraw it.",
            )

    def _must_be_over(self, request_id: str) -> None:
        timeline, weeks = self.officer.register.facts.timeline(request_id), self.officer.settings.case_weeks
        closed = closed_on_day(timeline)
        day = closed + timedelta(weeks=weeks) if closed else date.max
        if self.officer.today(timeline.zone) < day:
            raise RefusedError(
                f"The records of request {request_id} are kept until {day}: the person may go to court.",
                remedy="destroy them after that day, or give the reason that holds now. The period is "
                "AFSCHRIFT_CASE_WEEKS.",
            )

    def _must_not_wait(self, act: Destroying, request_id: str | None, sign: str) -> None:
        if self._waiting(act, request_id) is not None:
            raise TooLateError(
                "It is proposed already, and waits for a second person.",
                remedy=f"another person: `{sign}`, or turn it down.",
            )

    def _waiting(self, act: Destroying, request_id: str | None) -> ProposedDestruction | None:
        """The proposal that is neither signed nor turned down yet."""
        waiting: ProposedDestruction | None = None
        found = self.officer.register.evidence.of_types(request_id, PROPOSED, TURNED_DOWN, _DONE[act])
        for header, payload in found:
            known: dict[str, Any] = payload or {}
            if header.type == PROPOSED and known.get("act") == act:
                waiting = ProposedDestruction(header.actor, known["rule"], tuple(known.get("owners", ())))
            elif header.type == _DONE[act] or known.get("act") == act:
                waiting = None
        return waiting
