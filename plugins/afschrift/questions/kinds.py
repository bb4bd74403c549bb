"""Questions to a person and the answers that stand in the register, bound to what was asked about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from afschrift.casework.identity.mandate_forms import MANDATE, MANDATE_FORM, MANDATE_SIGNED, MINOR, MINOR_FORM
from afschrift.casework.review.redactions import OPTIONS as REVIEW_OPTIONS
from afschrift.casework.review.redactions import REVIEW, REVIEW_SIGNED
from afschrift.domain.errors import NeedsPersonError
from afschrift.domain.event import digest
from afschrift.domain.redaction import LOST
from afschrift.law.clock.facts import FactKind, NewFact, Timeline
from afschrift.law.grounds.grounds import Outcome
from afschrift.law.manual import KIND as MANUAL
from afschrift.law.manual import OPTIONS as MANUAL_OPTIONS
from afschrift.law.partial_response import KIND as SOURCE_DOWN
from afschrift.law.partial_response import NOT_HELD, REST_GONE, REST_GONE_OPTIONS
from afschrift.law.partial_response import OPTIONS as SOURCE_DOWN_OPTIONS
from afschrift.law.roles import SIGNS, Role
from afschrift.questions.forms import form
from afschrift.register.records import DecisionRow, QuestionRow
from afschrift.register.register import Register

INCLUDE_OR_NOT = ("include", "exclude")
NOT_RECEIVED = "not_received"
_CONFIRMED = ("confirmed", "not_confirmed")

IDENTITY_FORM = form(
    _CONFIRMED,
    {
        "method": {
            "title": "How it was checked",
            "enum": ["login", "eid", "call_back", "known_address", "counter", "video", "mandate"],
        },
        "level": {"title": "How sure it is", "enum": ["low", "substantial", "high"]},
        "checked_on": {"title": "When it was checked", "type": "string", "format": "date"},
        "doubt": {
            "title": "Why more was asked than the message showed (R10)",
            "enum": ["unknown_sender", "other_address", "keys_disagree", "special_data", "sent_by_another"],
        },
    },
    {"confirmed": ("method", "level"), "not_confirmed": ("doubt",)},
)
"""What is kept of an identity check: codes and a date, never a copy of a document (R11)."""


@dataclass(frozen=True)
class Kind:
    """A kind of question.

    Attributes:
        asks: what it asks, in a clause.
        options: every choice it may offer; a question may offer some of them.
        role: who answers.
        form: JSON Schema of `choice` and the fields besides it; None: none.
        reason: whether the terminal asks for a reason in words.
        in_words: choices that are not complete without one.
    """

    asks: str
    options: tuple[str, ...]
    role: Role = Role.OFFICER
    form: Mapping[str, Any] | None = None
    reason: bool = True
    in_words: tuple[str, ...] = ()


KINDS: dict[str, Kind] = {
    "identity": Kind("is the requester who they say", _CONFIRMED, form=IDENTITY_FORM, reason=False),
    "several_persons": Kind(
        "the keys lead to several accounts: whose are they", ("all_accounts", "only_given", "none")
    ),
    "shared_key": Kind("somebody else uses this key too: do its rows leave", INCLUDE_OR_NOT),
    "unclassified": Kind("nobody has said what these columns hold: do they leave", INCLUDE_OR_NOT),
    "mixed": Kind("these columns hold data of several origins: do they leave", INCLUDE_OR_NOT),
    "basis_unknown": Kind("these columns have no purpose with a legal basis: do they leave", INCLUDE_OR_NOT),
    "special_condition_unknown": Kind(
        "these columns hold special data without a condition of Art. 9: do they leave", INCLUDE_OR_NOT
    ),
    "special_condition_other": Kind(
        "these columns hold special data on a condition other than consent: do they leave", INCLUDE_OR_NOT
    ),
    "consent_missing": Kind(
        "the only purpose of these columns lacks the person's consent: do they leave", INCLUDE_OR_NOT
    ),
    "others_undecided": Kind(
        "these columns hold data about others: how are they treated", ("include", "mask", "exclude")
    ),
    "unlisted_tables": Kind("the inventory does not describe these tables", ("leave_out",)),
    "no_right": Kind("the connection may not read these tables", ("try_again",)),
    "unknown_origin": Kind("these rows have an origin that the inventory does not name", ("leave_out",)),
    "file_missing": Kind("uploaded files are gone, or are others by now", ("leave_out",)),
    "sheet_incomplete": Kind(
        "the inventory does not say what an access answer must tell of the processing", ("try_again",)
    ),
    "decision": Kind(
        "the request was flagged: is it fulfilled", tuple(outcome.value for outcome in Outcome), reason=False
    ),
    "decision_signed": Kind("a decision takes a second person: do you sign it", SIGNS, Role.SECOND_SIGNER),
    MINOR: Kind(
        "a child asks alone: through its representative, or itself",
        ("with_representative", "answer_child"),
        form=MINOR_FORM,
    ),
    MANDATE: Kind(
        "somebody asks for another person: is their authority proven",
        ("proven", "not_proven"),
        form=MANDATE_FORM,
    ),
    MANDATE_SIGNED: Kind(
        "something must stay secret from a representative: do you sign the mandate",
        SIGNS,
        Role.SECOND_SIGNER,
    ),
    NOT_RECEIVED: Kind(
        "a message to an address not meant for it counts as not received: do you sign that",
        SIGNS,
        Role.SECOND_SIGNER,
    ),
    REVIEW: Kind("the bundle is packed: may it go as it is", REVIEW_OPTIONS),
    REVIEW_SIGNED: Kind("a redaction takes a second person: do you sign it", SIGNS, Role.SECOND_SIGNER),
    LOST: Kind("what was redacted has changed at its source, or is gone", ("review_again",)),
    MANUAL: Kind(
        "a system that no query reaches: search it, and say what is held", MANUAL_OPTIONS, Role.KEEPER
    ),
    SOURCE_DOWN: Kind("a source cannot be reached: try again, or give the rest now", SOURCE_DOWN_OPTIONS),
    REST_GONE: Kind(
        "a promised rest is not in the inventory any more: why is it not given",
        REST_GONE_OPTIONS,
        in_words=(NOT_HELD,),
    ),
    "nothing_in_limits": Kind("the person's own limits leave nothing to give", ("ask_the_person",)),
    "nothing_held": Kind("no system holds anything under these keys", ("confirm_none", "search_again")),
}
"""Every kind there is; docs/questions.md explains each."""


@dataclass(frozen=True)
class OpenQuestion:
    """A question a run ends at.

    Attributes:
        kind: one of `KINDS`.
        options: codes to choose from; none is a default.
        detail: tables, columns and counts; never values.
        words: one sentence for the log.
        bound: what an answer holds for, where that is more than kind and detail.
        form: JSON Schema, where it is not that of the kind.
        role: who answers, where that is not the role of the kind.
        person: name of the one person that it is assigned to at once.
    """

    kind: str
    options: tuple[str, ...]
    words: str
    detail: dict[str, Any] = field(default_factory=dict)
    bound: str | None = None
    form: Mapping[str, Any] | None = None
    role: Role | None = None
    person: str | None = None

    def __post_init__(self) -> None:
        if not set(self.options) <= set(KINDS[self.kind].options):
            raise ValueError(f"a question of kind {self.kind} offers an option that the kind does not have")

    @property
    def about(self) -> str:
        """Digest of what is asked: an answer to something else does not count."""
        return self.bound or digest({"kind": self.kind, "detail": self.detail})


IDENTITY = OpenQuestion("identity", _CONFIRMED, "Nobody has confirmed who the requester is.")


class Answers:
    """The decisions taken so far, found by what they were about; the last one counts."""

    def __init__(self, decisions: Sequence[DecisionRow]) -> None:
        self._decisions = decisions

    def to(self, question: OpenQuestion) -> str | None:
        """The choice of a person, or None where nobody answered yet."""
        found = [d.choice for d in self._decisions if d.kind == question.kind and d.about == question.about]
        return found[-1] if found else None

    def of_kind(self, kind: str) -> DecisionRow | None:
        """The last decision of a kind."""
        found = [d for d in self._decisions if d.kind == kind]
        return found[-1] if found else None


def ask(register: Register, request_id: str, questions: Sequence[OpenQuestion]) -> NeedsPersonError:
    """Write the questions into the register; the error to raise says what a person has to do.

    Whatever is asked now comes before a review that is still open, and its answer makes another plan to
    look at: that review is overtaken, so that the next run waits for nobody who answers it.
    """
    rows = []
    for q in questions:
        kind = KINDS[q.kind]
        rows.append(
            register.questions.ask(
                request_id,
                q.kind,
                options=q.options,
                detail=q.detail,
                about=q.about,
                role=q.role or kind.role,
                form=q.form or kind.form,
                overtakes=(REVIEW,),
            )
        )
        if q.person is not None:
            register.facts.record(request_id, partial(_to, rows[-1].id, q.person), "system")
    listing = " ".join(f"{q.words} (question {row.id})" for q, row in zip(questions, rows, strict=True))
    first: Mapping[str, Any] = questions[0].detail
    return NeedsPersonError(
        listing,
        question=questions[0].kind,
        detail=dict(first),
        way_out=_how(rows[0]),
    )


def _how(question: QuestionRow) -> str:
    if question.kind == MANUAL:
        return f"search it: `afschrift manual show {question.request} {question.detail['source']}` says how."
    return f"answer with `afschrift answer {question.id} --choice {'|'.join(question.options)}`."


def _to(question_id: str, name: str, timeline: Timeline) -> list[NewFact]:
    """Assign a question once; whoever assigned it to another since has the last word."""
    assigned = timeline.of(FactKind.QUESTION_ASSIGNED)
    if any(fact.detail["question"] == question_id for fact in assigned):
        return []
    return [NewFact(FactKind.QUESTION_ASSIGNED, detail={"question": question_id, "to": name})]


@contextmanager
def asking(register: Register, request_id: str) -> Iterator[None]:
    """What only a person can mend and a source met while it was read becomes a question.

    Raises:
        NeedsPersonError: with the question that now stands in the register.
    """
    try:
        yield
    except NeedsPersonError as met:
        question = OpenQuestion(met.question, KINDS[met.question].options, str(met.args[0]), met.detail)
        raise ask(register, request_id, [question]) from None
