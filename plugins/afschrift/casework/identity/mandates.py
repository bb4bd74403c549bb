"""Who asks for whom and receives the answer: whether the person is a minor, and the status of a mandate.

Asked after the identity, before anything else is read. For the age, one field of one source is read (R16).
Neither date nor age is kept, logged or handed on: the register gets `yes`, `no` or `unknown`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

from afschrift.casework.columns.question import NO_RIGHT
from afschrift.casework.identity.confirmed import (
    identity_decision,
    identity_question,
    mandate_decision,
    person_digest,
    risk_of,
)
from afschrift.casework.identity.question import (
    ANSWER_CHILD,
    BOUND,
    MANDATE,
    MANDATE_KIND,
    MANDATE_SIGNED,
    MINOR,
    MINOR_KIND,
    NOT_PROVEN,
    PROVEN,
    WITH_REPRESENTATIVE,
    signature,
)
from afschrift.casework.second_signature import counts, is_due
from afschrift.domain.errors import NeedsPersonError
from afschrift.domain.event import NewEvent, digest
from afschrift.domain.keys import Key
from afschrift.domain.request import Request
from afschrift.law.clock.deadline import local_date
from afschrift.law.person import ANSWER_TO, Minor, minor
from afschrift.questions.ask import Answers, ask, asking
from afschrift.questions.kind import OpenQuestion
from afschrift.register.records import DecisionRow
from afschrift.register.register import Register
from afschrift.selection.identity_graph import Expansion
from afschrift.selection.statements import Statements
from afschrift.services import Services


@dataclass(frozen=True)
class MandateStatus:
    """The status of the representative's authority.

    Attributes:
        needed: a representative asks for the person.
        decision: the last one on it, about what holds today; None: none was taken.
        proven: it was found to be proven, and signed where a second signer was due.
        waits: it waits for its second signer.
        expired: the last day of the mandate is over.
    """

    needed: bool
    decision: DecisionRow | None = None
    proven: bool = False
    waits: bool = False
    expired: bool = False

    @property
    def holds(self) -> bool:
        """The request may go on."""
        return not self.needed or (self.proven and not self.expired)


def require_representation(services: Services, request_id: str) -> None:
    """Return where the person may ask alone and does, or where a representative's authority is proven.

    Raises:
        NeedsPersonError: a person must decide; the question is in the register.
        RetriableError: the source that holds the person's age does not answer.
    """
    register = services.register
    request = register.requests.get(request_id)
    found = minority(services, request)
    if found is Minor.YES and _represented(register, request, found):
        found = minority(services, request, _today(services, request))  # parental authority ends with the age
    made_by = register.requests.made_by(request_id)
    if made_by == "self" and found is Minor.YES:
        asked = minor_question(register, request, services.age_of_consent)
        if Answers(register.decisions.of(request_id)).to(asked) is None:
            raise ask(register, request_id, [asked])
    status = mandate_status(register, request, found, _today(services, request))
    if status.holds:
        return
    raise asked_for(register, request, status, found)


def mandate_status_now(services: Services, request: Request) -> MandateStatus:
    """The status of the authority to ask for the person now, by the age as it was read before."""
    found = known_minority(services, request.id)
    return mandate_status(services.register, request, found, _today(services, request))


def asked_for(register: Register, request: Request, status: MandateStatus, found: Minor) -> NeedsPersonError:
    """Write the question that is due into the register; returns the error to raise."""
    if status.waits and status.decision is not None and not status.expired:
        return ask(register, request.id, [signature(status.decision)])
    return ask(register, request.id, [mandate_question(register, request, found)])


def mandate_status(register: Register, request: Request, found: Minor, today: date) -> MandateStatus:
    """The status of the authority to ask for the person on a local date."""
    if not _represented(register, request, found):
        return MandateStatus(needed=False)
    decisions = register.decisions.of(request.id)
    taken = [row for row in decisions if row.kind == MANDATE]
    last = taken[-1] if taken else None
    if last is None or last.choice != PROVEN:
        return MandateStatus(needed=True, decision=last)
    if last.about != mandate_question(register, request, found, number=len(taken) - 1).about:
        return MandateStatus(needed=True)  # other keys, another right, another age
    until = last.detail.get("valid_until")
    expired = until is not None and date.fromisoformat(until) < today
    signed = [row.choice for row in decisions if row.kind == MANDATE_SIGNED and row.about == last.about]
    proven = counts(last, signed[-1] if signed else None)
    return MandateStatus(True, last, proven, waits=is_due(last) and not signed, expired=expired)


def minor_question(register: Register, request: Request, limit: int) -> OpenQuestion:
    """The question what to do with a child that asks alone."""
    words = f"The person is under {limit} and asks alone."
    asked = OpenQuestion(
        MINOR_KIND, (WITH_REPRESENTATIVE, ANSWER_CHILD), words, {"minor": "yes", "limit": limit}
    )
    return replace(asked, bound=_bound(register, request, asked))


def mandate_question(
    register: Register, request: Request, found: Minor, *, number: int | None = None
) -> OpenQuestion:
    """The question whether a representative's authority is proven.

    Args:
        register: of the installation.
        request: the request.
        found: what the source says of the person's age; a parent asks for no adult (R16).
        number: how many decisions were taken on it before; default: all that there are.
    """
    if number is None:
        number = sum(row.kind == MANDATE for row in register.decisions.of(request.id))
    made_by = register.requests.made_by(request.id)
    detail: dict[str, Any] = {"made_by": made_by, "minor": found.value, "right": request.right.value}
    detail["earlier_decisions"] = number
    who = "A child asked" if made_by == "self" else f"A {made_by} asked for the person"
    words = f"{who}: is the representative's authority proven?"
    if made_by == "parent" and found is Minor.NO:
        words += " The person is of age, so parental authority does not reach this (R16)."
    asked = OpenQuestion(MANDATE_KIND, (PROVEN, NOT_PROVEN), words, detail)
    return replace(asked, bound=_bound(register, request, asked))


def _represented(register: Register, request: Request, found: Minor) -> bool:
    if register.requests.made_by(request.id) != "self":
        return True
    chosen = [row for row in register.decisions.of(request.id) if row.kind == MINOR]
    return found is Minor.YES and bool(chosen) and chosen[-1].choice == WITH_REPRESENTATIVE


def _bound(register: Register, request: Request, asked: OpenQuestion) -> str:
    """An answer holds for the person that the request is about now, and for what the question said."""
    keys = person_digest(register, request.id)
    return digest({"kind": asked.kind, "detail": asked.detail, "keys": keys})


def _today(services: Services, request: Request) -> date:
    return local_date(services.now(), request.zone)


@dataclass(frozen=True)
class AnswerRecipient:
    """Who receives the answer of a request (R71).

    Attributes:
        to: one of `ANSWER_TO`.
        by: one of `law.person.ANSWER_BY`; empty: no mandate says how.
        destination: that was bound to them; empty: decided before destinations were bound.
        represented: a representative asks, or must.
    """

    to: str = ANSWER_TO[0]
    by: str = ""
    destination: str = ""
    represented: bool = False

    def is_at(self, destination: str) -> bool:
        """Whether a destination is theirs."""
        return self.destination in ("", destination)


def recipient(register: Register, request_id: str) -> AnswerRecipient:
    """Whom the last mandate names, or the person whose identity was confirmed."""
    chosen = [row.choice for row in register.decisions.of(request_id) if row.kind == MINOR]
    if register.requests.made_by(request_id) == "self" and chosen[-1:] != [WITH_REPRESENTATIVE]:
        identity = identity_decision(register, request_id)
        return AnswerRecipient(destination=identity.detail.get(BOUND, "") if identity else "")
    mandate = mandate_decision(register, request_id)
    if mandate is None or mandate.choice != PROVEN:
        return AnswerRecipient(represented=True)
    detail = mandate.detail
    return AnswerRecipient(
        detail.get("answer_to", ANSWER_TO[0]), detail.get("answer_by", ""), detail.get(BOUND, ""), True
    )


def require_bound(services: Services, request: Request) -> None:
    """Return unless the destination changed since identity or mandate were decided.

    Raises:
        NeedsPersonError: they must be decided anew, for the destination of now.
    """
    register, found = services.register, recipient(services.register, request.id)
    if found.is_at(request.destination):
        return
    if found.represented:
        status = MandateStatus(needed=True)
        raise asked_for(register, request, status, known_minority(services, request.id))
    needed = risk_of(register, services.inventory, services.grounds.trigger_limits, request)
    raise ask(register, request.id, [identity_question(register, request.id, needed)])


STEP = "age"


def minority(services: Services, request: Request, day: date | None = None) -> Minor:
    """Whether the person was under age on a local day, by default that of receipt; read once, then kept.

    `UNKNOWN` where the inventory names no column, or the column does not say. Also instead of `NO` where what
    the column holds or whose it is, is only proposed: an unconfirmed proposal must not make a person an
    adult. A source that is down is not left for later (`casework/partial_response/question.py`).

    Raises:
        RetriableError: the source does not answer.
        NeedsPersonError: the connection may not read the table; the question is in the register.
    """
    column_path = services.inventory.identity.age_column
    if column_path is None:
        return Minor.UNKNOWN
    register, received = services.register, local_date(request.received_at, request.zone)
    later = {"day": str(day)} if day and day > received else {}
    inputs = digest(
        {
            "keys": person_digest(register, request.id),
            "column": column_path,
            "inventory": services.inventory.digest,
            "received_at": request.received_at,
            "limit": services.age_of_consent,
            **later,
        }
    )
    source, table, column = column_path.split(".")
    sure = services.inventory.sources[source].may_follow(table, column)
    done = register.steps.result(request.id, STEP, inputs)
    if done is None:
        with asking(register, request.id, {NO_RIGHT.name: NO_RIGHT}):  # no source asks anything else
            values = _values(services, request, column_path)
        found = minor(
            values,
            born=services.inventory.identity.birth_date is not None,
            day=day or received,
            limit=services.age_of_consent,
        )
        found = Minor.UNKNOWN if found is Minor.NO and not sure else found
        result = {"minor": found.value, "limit": services.age_of_consent}
        event = NewEvent("age_read", payload={"rules": ["R16"], "column": column_path, **result})
        done = register.steps.finish(request.id, STEP, inputs, result, event)
    return Minor(done["minor"])


def known_minority(services: Services, request_id: str) -> Minor:
    """As `minority`, by what was read before; reads no source."""
    done = services.register.steps.latest(request_id, STEP)
    named = services.inventory.identity.age_column is not None
    return Minor(done["minor"]) if done is not None and named else Minor.UNKNOWN


def _values(services: Services, request: Request, column_path: str) -> tuple[str, ...]:
    source, table, column = column_path.split(".")
    declared = services.inventory.sources[source]
    with services.open_source(source, tag=request.id) as session:
        statements = Statements(
            services.sql, declared, services.inventory.identity, session.dialect, session.catalogue()
        )
        session.bind(_keys(services, request), request.received_at)
        _, statement = statements.names(table, column)
        return tuple(str(row[0]) for row in session.rows(statement))


def _keys(services: Services, request: Request) -> Sequence[Key]:
    """The person's own key where it was given; else the keys that the given ones lead to."""
    given = services.register.identities.of(request.id)
    own = [key for key in given if key.name == services.inventory.identity.person]
    if own:
        return own
    open_source = partial(services.open_source, tag=request.id)
    return Expansion(services.inventory, open_source, services.sql, request.received_at).run(given).keys
