"""The form of an answer, for pages and prompts alike, and reading the answer from what was typed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from afschrift.casework.actions.action import LONGEST_TEXT
from afschrift.casework.answer_rows import form_of
from afschrift.casework.decision.in_force import DECISION
from afschrift.casework.officer import Officer
from afschrift.casework.question_kinds import kind_named
from afschrift.casework.review.question import REDACTIONS, REVIEW
from afschrift.domain.errors import FormError
from afschrift.domain.language import gettext, in_served
from afschrift.domain.redaction import SHAPE
from afschrift.domain.right import Right
from afschrift.law.grounds import (
    FieldStorage,
    FourEyes,
    Ground,
    GroundField,
    Grounds,
    Need,
    OnlyWhile,
    Outcome,
)
from afschrift.law.manual_search import NewFile
from afschrift.questions.form_fields import FormField, Typed, fields_of, form_field, read_fields
from afschrift.questions.kind import GivenAnswer, QuestionKind
from afschrift.questions.view import in_words
from afschrift.register.records import QuestionRow


@dataclass(frozen=True)
class AnswerForm:
    """The form of an answer.

    Attributes:
        fields: besides the choice.
        choices: of a decision, as long as its ground is not chosen.
        outcome: of a decision that was chosen.
        ground: on which it rests; None: it needs none.
        reason: it takes a reason in words.
        files: it takes files.
    """

    words: QuestionKind
    fields: tuple[FormField, ...] = ()
    choices: tuple[OutcomeChoice, ...] = ()
    outcome: str = ""
    ground: GroundForm | None = None
    reason: bool = False
    files: bool = False

    @property
    def groups(self) -> list[tuple[str, str, list[FormField]]]:
        """The fields; where a form holds those of several grounds, each ground's with its code and title."""
        found: dict[str, list[FormField]] = {}
        for shown in self.fields:
            found.setdefault(shown.name.partition(".")[0] if "." in shown.name else "", []).append(shown)
        return [
            (code, some[0].title.partition(": ")[0] if code else "", some) for code, some in found.items()
        ]

    def read(
        self, choice: str, typed: Typed, text: str | None = None, files: Iterable[NewFile] = ()
    ) -> GivenAnswer:
        """The answer that was filled in.

        Raises:
            FormError: the reason is too long.
        """
        detail, texts = read_fields(self.fields, typed)
        if self.ground is not None:
            detail = {"ground": self.ground.code, **detail}
        text = (text or "").strip() if self.reason else ""
        if len(text) > LONGEST_TEXT:
            raise FormError("The reason is too long.", {"text": f"takes up to {LONGEST_TEXT} characters"})
        return GivenAnswer(choice, detail, texts, text or None, tuple(files) if self.files else ())


def answer_form(officer: Officer, question: QuestionRow, given: Mapping[str, str]) -> AnswerForm:
    """The form of a question.

    Args:
        officer: who looks.
        question: that it answers.
        given: of a decision the `choice` and `ground` that were chosen.
    """
    words = kind_named(question.kind)
    if words.name == DECISION:
        right = officer.register.requests.get(question.request).right
        return _decision(officer.grounds, right, question, given, words)
    fields = tuple(fields_of(form_of(question), question.options))
    if question.kind == REVIEW:
        fields = tuple(_of_review(field, officer.grounds) for field in fields)
    return AnswerForm(words, fields, reason=words.reason, files=takes_files(question))


def takes_files(question: QuestionRow) -> bool:
    """Whether files may come with the answer."""
    return kind_named(question.kind).files_with in question.options


def _of_review(field: FormField, grounds: Grounds) -> FormField:
    """What a ground asks for where a line names it, and how a line is written."""
    if "." in field.name:
        code, _, name = field.name.partition(".")
        title = f"{in_served(grounds.grounds[code].title)}: {in_served(grounds.fields[name].title)}"
        return replace(field, title=title, need=gettext("needed where a line names this ground"))
    if field.name == REDACTIONS:
        return replace(
            field,
            hint=gettext("One a line, as {shape}; the row by the name in front of it.", shape=gettext(SHAPE)),
        )
    return field


def _decision(
    grounds: Grounds,
    right: Right,
    question: QuestionRow,
    given: Mapping[str, str],
    words: QuestionKind,
) -> AnswerForm:
    choice, code = given.get("choice", ""), given.get("ground", "")
    if choice in question.options:
        offered = grounds.offered(Outcome(choice), right)
        if not offered:
            return AnswerForm(words, outcome=choice)
        if code in offered:
            ground = ground_form(grounds, code, Outcome(choice))
            return AnswerForm(words, ground.fields, outcome=choice, ground=ground)
    return AnswerForm(words, choices=tuple(choices(grounds, right, question.options)))


@dataclass(frozen=True)
class GroundForm:
    """A ground for one outcome, in words.

    Attributes:
        fits: when it may be chosen.
        signs: who signs.
        letter: which letter follows.
        fields: of its form, codes and words alike, in the order of the table.
    """

    code: str
    title: str
    rules: tuple[str, ...]
    fits: str
    signs: str
    letter: str
    fields: tuple[FormField, ...]


@dataclass(frozen=True)
class OutcomeChoice:
    """An outcome with the grounds on which it may rest; without any it needs none."""

    code: str
    title: str
    does: str
    grounds: tuple[GroundForm, ...]


def choices(grounds: Grounds, right: Right, options: Sequence[str]) -> list[OutcomeChoice]:
    """The outcomes that can be chosen; none is a default."""
    return [
        OutcomeChoice(
            option,
            in_words(option),
            gettext(kind_named("decision").does.get(option, "")),
            tuple(
                ground_form(grounds, code, Outcome(option))
                for code in grounds.offered(Outcome(option), right)
            ),
        )
        for option in options
    ]


def ground_form(grounds: Grounds, code: str, outcome: Outcome) -> GroundForm:
    """The form of a ground for an outcome."""
    ground = grounds.grounds[code]
    shown = []
    for name in ground.asks(outcome):
        field = grounds.fields[name]
        schema = {"title": in_served(field.title), **_titled(grounds, field), "x-kept": field.kept.value}
        shown.append(form_field(name, schema, _ground_needs(grounds, ground, outcome, name), _example(field)))
    return GroundForm(
        code,
        in_served(ground.title),
        ground.rules,
        _fits(ground),
        _signs(ground),
        _letter(grounds, ground, outcome),
        tuple(shown),
    )


def _titled(grounds: Grounds, field: GroundField) -> Mapping[str, Any]:
    """Its schema; laws to choose from are named in the language that is served."""
    if "x-titles" not in field.schema:
        return field.schema
    laws = grounds.provisions.items()
    named = {code: f"{in_served(law.name)}: {in_served(law.protects)}" for code, law in laws}
    return {**field.schema, "x-titles": named}


def _example(field: GroundField) -> str:
    """An example for a field of codes that cannot be chosen from a list."""
    patterned = (
        "pattern" in {**field.schema, **field.schema.get("items", {})} and field.kept is FieldStorage.TRAIL
    )
    return str(field.example[0] if isinstance(field.example, list) else field.example) if patterned else ""


_WHILE = {
    OnlyWhile.UNIDENTIFIED: "the identity is not confirmed",
    OnlyWhile.WITHOUT_MANDATE: "the representative's authority is not proven",
}


def _fits(ground: Ground) -> str:
    rights = gettext(" and ").join(in_words(right).lower() for right in ground.rights)
    if ground.only:
        return gettext(
            "For requests for {rights}, while {only}.", rights=rights, only=gettext(_WHILE[ground.only])
        )
    return gettext("For requests for {rights}.", rights=rights)


def _signs(ground: Ground) -> str:
    first = gettext(" or ").join(in_words(role).lower() for role in ground.signers)
    match ground.four_eyes:
        case FourEyes.ALWAYS:
            return gettext(
                "You as {role}; it counts once a second signer agrees, who is another person.", role=first
            )
        case FourEyes.FIRST_REQUEST:
            return gettext(
                "You as {role}; of the person's first request in a year, a second signer too.", role=first
            )
    return gettext("You as {role}, alone.", role=first)


def _letter(grounds: Grounds, ground: Ground, outcome: Outcome) -> str:
    kind = ground.outcomes[outcome]
    if kind is None:
        return gettext("No letter follows.")
    unless = gettext(" and ").join(_is(grounds, *pair) for pair in ground.no_letter_when.items())
    if unless:
        return gettext(
            "The letter “{kind}”, unless {unless}. It must be sent.", kind=in_words(kind), unless=unless
        )
    return gettext("The letter “{kind}”. It must be sent.", kind=in_words(kind))


def _is(grounds: Grounds, name: str, value: object) -> str:
    return gettext(
        "“{field}” is “{value}”", field=in_served(grounds.fields[name].title), value=in_words(value)
    )


def _ground_needs(grounds: Grounds, ground: Ground, outcome: Outcome, name: str) -> str:
    if name in ground.required(outcome, first_request=False, form={}):
        return gettext("needed")
    every = [
        gettext(" and ").join(_ground_when(grounds, need)) for need in ground.needed if name in need.fields
    ]
    whens = gettext(" or where ").join(filter(None, every))
    return gettext("needed where {whens}", whens=whens) if whens else ""


def _ground_when(grounds: Grounds, need: Need) -> Iterator[str]:
    for name, value in need.when.items():
        if name == "first_request":
            yield gettext("this is the person's first request in a year")
        elif name == "effect":
            yield gettext("the provision {effect} it", effect=gettext(str(value)))
        elif name != "outcome":
            yield _is(grounds, name, value)
