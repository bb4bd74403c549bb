"""The questions about a packed bundle: what they show, and which redactions count."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from afschrift.casework.columns.meaning import column_words, described
from afschrift.casework.officer import Officer
from afschrift.casework.second_signature import decided_lines, is_due
from afschrift.domain.errors import RefusedError
from afschrift.domain.event import digest
from afschrift.domain.language import in_served
from afschrift.domain.plan import Plan
from afschrift.domain.redaction import LOST, Redaction, together
from afschrift.law.roles import AGREE, SIGNS, Role
from afschrift.questions.kind import OpenQuestion, QuestionKind
from afschrift.questions.view import NOTHING_KEPT, Kept, Line, Section, in_words, inline
from afschrift.register.records import DecisionRow, QuestionRow
from afschrift.register.register import Register

REVIEW, REVIEW_SIGNED = "review", "review_signed"
OPTIONS = APPROVED, REDACT, HOLD_BACK = "approved", "redact", "hold_back"
REDACTIONS = "redactions"
"""Field of an answer `redact`: a line for each place that is masked."""


class RedactionWords(msgspec.Struct, frozen=True):
    """The words of an answer `redact`, as the case file keeps them.

    Attributes:
        lines: as the reviewer wrote them.
        forms: ground -> its form, the three answers of R32 among them.
        redactions: made from the lines.
    """

    lines: list[str]
    forms: dict[str, dict[str, object]]
    redactions: list[Redaction]


def waits(decision: DecisionRow) -> bool:
    """Whether it redacts on a ground that takes a second signer; only their signature ends the waiting."""
    return decision.kind == REVIEW and decision.choice == REDACT and is_due(decision)


def to_sign(decision: DecisionRow) -> dict[str, Any]:
    """What the second signer is asked about: this one answer, whatever bundle was packed since."""
    detail = {name: value for name, value in decision.detail.items() if name != "second_signer"}
    return {**detail, "question": decision.question, "words": decision.text}


def in_force(decisions: Sequence[DecisionRow]) -> Iterator[DecisionRow]:
    """The answers `redact` that count: no second signer is due, or one agreed."""
    unsigned_answers: dict[str | None, DecisionRow] = {}
    for row in decisions:
        if waits(row):
            unsigned_answers[_signed_about(row)] = row
        elif row.kind == REVIEW and row.choice == REDACT:
            yield row
        elif row.kind == REVIEW_SIGNED:
            signed = unsigned_answers.pop(row.about, None)
            if signed is not None and row.choice == AGREE:
                yield signed


def unsigned(decisions: Sequence[DecisionRow]) -> tuple[DecisionRow, ...]:
    """The answers `redact` that wait for their second signer, oldest first; another bundle ends none."""
    signed = {row.about for row in decisions if row.kind == REVIEW_SIGNED}
    return tuple(row for row in decisions if waits(row) and _signed_about(row) not in signed)


def _signed_about(decision: DecisionRow) -> str:
    return digest({"kind": REVIEW_SIGNED, "detail": to_sign(decision)})


def decided(decisions: Sequence[DecisionRow], over: Collection[str] = ()) -> str:
    """Digest of the decisions that a plan rests on. Of reviews only the redactions in force count.

    `over`: ids of restrictions that were lifted (R84).
    """
    others = [d for d in decisions if d.kind not in (REVIEW, REVIEW_SIGNED)]
    counted: list[Any] = [[d.kind, d.choice, d.about] for d in others]
    counted += [[d.kind, d.choice, d.about, d.question] for d in in_force(decisions)]
    return digest([*counted, sorted(over)] if over else counted)


def redactions_of(register: Register, plan: Plan) -> tuple[Redaction, ...]:
    """All redactions that count for the request of a plan, decrypted.

    Raises:
        RefusedError: the words of one cannot be read any more, so it is not known what to mask.
    """
    request_id = plan.request
    decisions = register.decisions.of(request_id)
    found: tuple[Redaction, ...] = ()
    for row in in_force(decisions):
        words = register.decisions.text(request_id, row.text) if row.text else None
        if words is None:
            raise RefusedError(
                f"What was redacted for request {request_id} cannot be read any more: its key was destroyed.",
                remedy="nothing leaves without it. Where the key went by mistake, restore it with the "
                "register (docs/operator/keys.md); else close the request, and the person asks anew.",
            )
        found = together(found, msgspec.json.decode(words, type=RedactionWords).redactions)
    answered = {d.question for d in decisions if d.kind == LOST}
    if not found or not answered:
        return found
    asked = register.questions.all(open_only=False, request_id=request_id)
    lost = {id_ for q in asked if q.id in answered for id_ in q.detail["redactions"]}
    return tuple(redaction for redaction in found if redaction.id not in lost)


def signature(decision: DecisionRow, _question: QuestionRow | None = None) -> OpenQuestion:
    """The question whether a second person signs what was redacted."""
    detail = to_sign(decision)
    words = f"A second person signs a redaction on {', '.join(detail['grounds'])}."
    return OpenQuestion(REVIEW_SIGNED_KIND, SIGNS, words, detail)


REVIEW_KIND = QuestionKind(
    "review",
    "Review of the bundle",
    "The bundle is packed. May it go as it is? The answer holds for this very bundle.",
    {
        "approved": "It is delivered by the next run.",
        "redact": "What the lines name is masked and the bundle packed anew; that one is reviewed too.",
        "hold_back": "Nothing is delivered. Say why.",
    },
    on_grounds=True,
    note="`why` says why it is asked, `tables` how many rows of each go ([below](#what-will-be-sent)).",
)

REVIEW_SIGNED_KIND = QuestionKind(
    "review_signed",
    "Second signature on a redaction",
    "A redaction takes a second person. Do you sign it?",
    {
        "agree": "It is masked, and the bundle is packed anew.",
        "disagree": "Nothing is masked, and the review is asked for again.",
    },
    Role.SECOND_SIGNER,
    note="Until then nothing leaves and no other review is taken, whatever is packed meanwhile. It shows who "
    "redacted what and when, each line, its ground and the words.",
)

REDACTION_LOST = QuestionKind(
    "redaction_lost",
    "A redacted text has changed",
    "What was redacted has changed at its source since, or is gone.",
    {
        "review_again": "These redactions fall away, and the new bundle is reviewed.",
    },
)

KINDS = (REVIEW_KIND, REVIEW_SIGNED_KIND, REDACTION_LOST)


def review_signed_view(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """Who redacted what, on which grounds with which words, and in which columns."""
    taken = officer.register.decisions.of(question.request)
    decision = next((d for d in taken if d.question == question.detail["question"]), None)
    if decision is None:
        return (NOTHING_KEPT,)
    text = officer.register.decisions.text(question.request, decision.text) if decision.text else None
    words = msgspec.json.decode(text, type=RedactionWords) if text else None
    lines = [*decided_lines(officer, question, decision)]
    if words is not None:
        lines.append(Line("Lines", "\n".join(words.lines), Kept.ROLE))
    else:
        lines.append(Line("Lines", "gone with the key of the request"))
    rows = tuple(
        (path, column_words(described(officer.inventory, path)[2]), number)
        for path, number in decision.detail["columns"].items()
    )
    masked = Section("What would be masked", (), ("Column", "What it holds", "Places"), rows)
    grounds = decision.detail["grounds"]
    forms = (_ground(officer, code, grounds[code], words) for code in grounds)
    return (Section("What was decided", tuple(lines)), masked, *forms)


def _ground(officer: Officer, code: str, codes: Mapping[str, Any], words: RedactionWords | None) -> Section:
    ground = officer.grounds.grounds.get(code)
    form = {**codes, **(words.forms.get(code, {}) if words is not None else {})}
    title = in_served(ground.title) if ground is not None else in_words(code)
    return Section(f"Ground: {title}", tuple(_fields(officer, form, codes)))


def _fields(officer: Officer, form: Mapping[str, Any], codes: Mapping[str, Any]) -> Iterator[Line]:
    for name, value in form.items():
        field = officer.grounds.fields.get(name)
        kept = Kept.OPEN if name in codes else Kept.ROLE
        text = "\n".join(map(str, value)) if kept is Kept.ROLE and isinstance(value, list) else None
        title = in_served(field.title) if field is not None else in_words(name)
        yield Line(title, text or (str(value) if kept is Kept.ROLE else inline(value, name)), kept)
