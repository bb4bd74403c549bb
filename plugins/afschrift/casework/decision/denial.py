"""Whether an answer says plainly that nothing was found, or in evasive words (R09, R84).

The evasive words are a policy for a source. Two people set it or lift it, and it holds for requests that are
received from then on: so the words of an answer never depend on whether something is hidden from its person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from afschrift.casework.decision.in_force import keeping_back
from afschrift.casework.officer import Officer
from afschrift.domain.errors import RefusedError, TooLateError
from afschrift.domain.event import NewEvent
from afschrift.domain.instants import rfc3339
from afschrift.domain.plan import Plan
from afschrift.domain.request import Request
from afschrift.law.ground_check import sources_of
from afschrift.register.register import Register

POLICY = "denial_policy"
EVASIVE, PART, PLAIN = "evasive", "part", "plain"
_ROWS_LEFT = {
    "several_persons",
    "shared_key",
    "foreign_rows",
    "unknown_origin",
    "rows_not_given",
    "residual_rows",
}
"""Questions by which an officer leaves rows out."""
PROPOSED, SIGNED, TURNED_DOWN = "proposed", "signed", "turned_down"


class Signed(NamedTuple):
    """A policy that two people signed; `since`: the instant from which it is in force (RFC 3339)."""

    since: str
    source: str
    evasive: bool


def signed_policies(register: Register) -> list[Signed]:
    """Every policy that was signed, in the order in which they come into force.

    One that would start on the day of a later signature on the same source, or after it, never does.
    """
    signed: list[Signed] = []
    for _, row in register.evidence.of_types(None, POLICY):
        if row and row.get("act") == SIGNED:
            signed = [s for s in signed if s.source != row["source"] or s.since < row["since"]]
            signed.append(Signed(row["since"], row["source"], row["evasive"]))
    return sorted(signed, key=lambda policy: policy.since)


def sources_at(register: Register, received_at: str) -> set[str]:
    """The sources with evasive words for a request that is received at an instant (RFC 3339).

    They have the policy; or a hidden restriction from before there was a policy names them, and two people
    did not lift it before the instant.
    """
    signed = signed_policies(register)
    return _in_force(signed, received_at, _restricted_before(register, signed))


def evasive_sources(register: Register, request: Request) -> frozenset[str]:
    """The sources of which an answer to a request does not say whether nothing is held.

    What a hidden restriction on the request names is always among them.
    """
    of_request = map(_hidden, keeping_back(register, request.id))
    return frozenset(sources_at(register, request.received_at).union(*of_request))


def denial(register: Register, request: Request, plan: Plan) -> str:
    """How an answer by a plan says that nothing is held: `EVASIVE`, `PART` or `PLAIN`.

    It is evasive if it searches a source with the policy. It says only what can be had (`PART`) where
    something is kept back, the person set limits, or an officer left rows out that may be theirs.
    """
    parts = (plan.extracts, plan.withheld, plan.manual, plan.later, plan.before, plan.gone)
    searched = {part.source for kind in parts for part in kind}
    if not searched.isdisjoint(evasive_sources(register, request)):
        return EVASIVE
    asked = {decision.kind for decision in register.decisions.of(request.id)}
    doubt = request.limits or any(keeping_back(register, request.id)) or not asked.isdisjoint(_ROWS_LEFT)
    return PART if doubt else PLAIN


def _in_force(signed: Iterable[Signed], received_at: str, earlier: Iterable[str] = ()) -> set[str]:
    found = set(earlier)
    for policy in signed:
        if policy.since <= received_at:  # text order is time order
            (found.add if policy.evasive else found.discard)(policy.source)
    return found


def _restricted_before(register: Register, signed: Iterable[Signed]) -> Iterator[str]:
    """The sources with a hidden restriction to which no policy applied: they are of an earlier version."""
    for request_id, detail in register.decisions.restrictions():
        if hidden := _hidden(detail):
            yield from hidden - _in_force(signed, register.requests.get(request_id).received_at)


def _hidden(detail: Mapping[str, Any]) -> set[str]:
    """The sources of a decision of which the person may not know."""
    return sources_of(detail["places"]) if detail.get("existence") == "hidden" else set()


def known_source(officer: Officer, source: str) -> str:
    """A source of the data map.

    Raises:
        RefusedError: it has none of this name.
    """
    known = sorted({*officer.inventory.sources, *officer.inventory.manual})
    if source not in known:
        raise RefusedError(
            "The data map has no such source.", remedy=f"name one of {', '.join(known)}; nothing was changed."
        )
    return source


def propose(officer: Officer, source: str, *, evasive: bool, since: date | None = None) -> None:
    """Propose to set the evasive words for a source, or to lift them.

    Raises:
        NotAllowedError: they do not decide on requests; the attempt is an event `answer_refused`.
        RefusedError: no such source, or it is proposed already.
    """
    held = officer.deciding(None, POLICY)
    known_source(officer, source)
    if waiting(officer.register, source) is not None:
        raise TooLateError(
            f"A change of the words on {source} waits for a second person already.",
            remedy=f"another person: `afschrift grounds sign-evasive {source} --agree`, or --disagree.",
        )
    payload: dict[str, Any] = {"act": PROPOSED, "source": source, "evasive": evasive, "held": held}
    if since is not None:
        zone = ZoneInfo(officer.inventory.controller.zone)
        payload["since"] = rfc3339(datetime.combine(since, time(), zone))
    _record(officer, payload)


def sign(officer: Officer, source: str, *, agree: bool = True) -> bool:
    """The second person's word; where they agree, it is in force from the day proposed, or from now.

    Returns:
        whether it is about evasive words; else they are lifted.

    Raises:
        NotAllowedError: they are no second signer, or the one who proposed it (four eyes); an event.
        RefusedError: nothing waits for them.
    """
    with officer.signing(None, POLICY) as held:
        found = waiting(officer.register, source)
        if found is None:
            raise RefusedError(
                "No change of the words on this source waits for a second person.",
                remedy="an officer proposes it first: `afschrift grounds evasive SOURCE`, or with --lift.",
            )
        by, proposed = found
        officer.roles.need_another(officer.by, [by])
    payload = {"source": source, "evasive": proposed["evasive"], "proposed_by": by, "held": held}
    # Never backwards: beside an answer that was given already, a later one would show what is hidden.
    since = max(proposed.get("since", ""), rfc3339(officer.now))
    _record(officer, payload | ({"act": SIGNED, "since": since} if agree else {"act": TURNED_DOWN}))
    return bool(proposed["evasive"])


def waiting(register: Register, source: str) -> tuple[str, dict[str, Any]] | None:
    """Account and payload of a proposal for a source that is neither signed nor turned down yet."""
    events = register.evidence.of_types(None, POLICY)
    found = [(header.actor, row) for header, row in events if row and row.get("source") == source]
    return found[-1] if found and found[-1][1]["act"] == PROPOSED else None


def any_waits(register: Register) -> bool:
    """Whether a proposal for any source is neither signed nor turned down yet."""
    last = {row["source"]: row["act"] for _, row in register.evidence.of_types(None, POLICY) if row}
    return PROPOSED in last.values()


def _record(officer: Officer, payload: dict[str, Any]) -> None:
    officer.register.trail.record(None, NewEvent(POLICY, officer.by, payload))
