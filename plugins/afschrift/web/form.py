"""The form of a question on its page, and reading the answer from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from afschrift.app.jurisdiction import load_grounds
from afschrift.app.settings import Settings
from afschrift.casework.actions.action import LONGEST_TEXT
from afschrift.casework.answer import form_of
from afschrift.casework.decision.in_force import DECISION
from afschrift.casework.manual.scan import scan, too_large
from afschrift.casework.question_kinds import kind_named
from afschrift.casework.review.question import REVIEW
from afschrift.domain.errors import FormError, RefusedError
from afschrift.domain.redaction import SHAPE
from afschrift.law.grounds import Grounds, Outcome
from afschrift.law.manual_search import NewFile
from afschrift.questions.kind import GivenAnswer, QuestionKind
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register
from afschrift.web.form_fields import (
    FormField,
    GroundForm,
    OutcomeChoice,
    choices,
    fields_of,
    filled_value,
    ground_form,
)
from afschrift.web.multipart import Sent

REDACTIONS = "f.redactions"
TICKED, ON_GROUND = "f.redactions.line", "f.redactions.ground"
"""Names under which the review page sends lines: as written, and as ticked next to what was pointed out.
Ticked lines have no ground yet; the last name holds the ground for them."""


OPEN_GROUND = "GROUND"
"""Placeholder in a line that has no ground yet."""


@dataclass(frozen=True)
class QuestionForm:
    """The form on a question's page.

    Attributes:
        fields: besides the choice.
        choices: of a decision, as long as its ground is not chosen.
        outcome: of a decision that was chosen.
        ground: on which it rests; None: it needs none.
        reason: it takes a reason in words.
        files: it takes files.
        sent: what was typed already.
    """

    words: QuestionKind
    fields: tuple[FormField, ...]
    choices: tuple[OutcomeChoice, ...] = ()
    outcome: str = ""
    ground: GroundForm | None = None
    reason: bool = False
    files: bool = False
    sent: Sent = field(default_factory=Sent, repr=False)

    @property
    def groups(self) -> list[tuple[str, str, list[FormField]]]:
        """The fields; where a form holds those of several grounds, each ground's with its code and title."""
        found: dict[str, list[FormField]] = {}
        for shown in self.fields:
            found.setdefault(shown.name.partition(".")[0] if "." in shown.name else "", []).append(shown)
        return [
            (code, some[0].title.partition(": ")[0] if code else "", some) for code, some in found.items()
        ]


def form_for(
    register: Register, question: QuestionRow, given: Mapping[str, str], sent: Sent | None = None
) -> QuestionForm:
    """The form of a question.

    Args:
        register: of the installation.
        question: that it answers.
        given: of a decision the `choice` and `ground` that were chosen.
        sent: what was typed already.
    """
    words, sent = kind_named(question.kind), sent or Sent()
    if words.name == DECISION:
        return _decision(load_grounds(), register, question, given, words, sent)
    fields = tuple(fields_of(form_of(question), question.options))
    if question.kind == REVIEW:
        fields = tuple(map(_of_review, fields))
        _with_ticks(sent)
    return QuestionForm(
        words,
        fields,
        reason=words.reason,
        files=takes_files(question),
        sent=sent,
    )


def takes_files(question: QuestionRow) -> bool:
    """Whether files may come with the answer."""
    return kind_named(question.kind).files_with in question.options


def _of_review(field: FormField) -> FormField:
    """What a ground asks for where a line names it, and how a line is written."""
    if "." in field.name:
        return replace(field, need="needed where a line names this ground")
    if field.sent == REDACTIONS:
        return replace(field, hint=f"One a line, as {SHAPE}; the row by the name in front of it.")
    return field


def _with_ticks(sent: Sent) -> None:
    """Add the ticked lines to the written ones, so that none is lost when the page shows a fault."""
    written, ground = sent.value(REDACTIONS), sent.value(ON_GROUND) or OPEN_GROUND
    ticked, known = sent.all(TICKED), set(written.splitlines())
    lines = [line.removesuffix(OPEN_GROUND) + ground for line in ticked]
    if new := [line for line in lines if line not in known]:
        sent.fields = [pair for pair in sent.fields if pair[0] not in (REDACTIONS, TICKED)]
        sent.fields.append((REDACTIONS, "\n".join(filter(None, (written.strip(), *new)))))


def _decision(
    grounds: Grounds,
    register: Register,
    question: QuestionRow,
    given: Mapping[str, str],
    words: QuestionKind,
    sent: Sent,
) -> QuestionForm:
    choice, code = given.get("choice", ""), given.get("ground", "")
    right = register.requests.get(question.request).right
    if choice in question.options:
        offered = grounds.offered(Outcome(choice), right)
        if not offered:
            return QuestionForm(words, (), outcome=choice, sent=sent)
        if code in offered:
            ground = ground_form(grounds, code, Outcome(choice))
            return QuestionForm(words, ground.fields, outcome=choice, ground=ground, sent=sent)
    return QuestionForm(words, (), choices=tuple(choices(grounds, right, question.options)), sent=sent)


def read_form(form: QuestionForm, sent: Sent) -> GivenAnswer:
    """The answer that was filled in.

    Raises:
        FormError: a file cannot be taken, or the reason is too long.
    """
    detail, texts = filled_value(form.fields, sent)
    if form.ground is not None:
        detail = {"ground": form.ground.code, **detail}
    text = sent.value("text").strip() if form.reason else ""
    if len(text) > LONGEST_TEXT:
        raise FormError("The reason is too long.", {"text": f"takes up to {LONGEST_TEXT} characters"})
    return GivenAnswer(sent.value("choice"), detail, texts, text or None, _files(sent) if form.files else ())


def _files(sent: Sent) -> list[NewFile]:
    """The uploaded files, each checked by its content."""
    at_most = Settings.from_environment().manual_bytes
    found = []
    for number, file in enumerate(sent.files, 1):
        try:
            if file.too_large:
                raise too_large(at_most)
            found.append(scan(file.name, file.content, file.content.size, at_most))  # type: ignore[arg-type]
        except RefusedError as error:
            raise FormError("A file is not taken.", {"files": f"no. {number}: {error}"}) from None
    return found
