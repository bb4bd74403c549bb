"""Texts that people see and from tables of the product: titles, roles, states and other codes."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from tests.support.sentences import sentences

from afschrift.app.jurisdiction import load_grounds
from afschrift.casework import answer_form
from afschrift.casework.actions.actions import ACTIONS
from afschrift.casework.columns.meaning import NOT_DESCRIBED
from afschrift.casework.columns.search_ledger import WORDS, ledger_section
from afschrift.casework.decision import question as decision
from afschrift.casework.desk.next_action import TITLES
from afschrift.casework.intake.entry import GROUPS, ORIGINAL
from afschrift.casework.letters.letter_form import help_of
from afschrift.casework.partial_response.damaged import _DAY
from afschrift.casework.partial_response.question import FORM
from afschrift.casework.question_kinds import KINDS
from afschrift.casework.review.question import REDACTIONS
from afschrift.casework.review.refutation import KINDS as REFUTATIONS
from afschrift.casework.review.require_review import review_form
from afschrift.datamap.review import decisions, groups
from afschrift.datamap.scan import proposal
from afschrift.datamap.scan.concepts import vocabulary
from afschrift.datamap.scan.evidence import NAMES
from afschrift.domain import keys, plan, state
from afschrift.domain.decision import REASONS as DECIDED
from afschrift.domain.decision import About, Action, ThirdParty
from afschrift.domain.extracted import NotSearched, Passed
from afschrift.domain.files import ActiveKind
from afschrift.domain.language import in_english
from afschrift.domain.redaction import SHAPE, PointerKind
from afschrift.domain.right import Right
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.base import fides_categories
from afschrift.inventory.column import Column
from afschrift.law import case_facts, dispute, grounds, letter, partial_response, person, restriction
from afschrift.law.clock import clock, facts
from afschrift.law.destruction import REASONS, Destroying
from afschrift.law.manual_search import NOT_SEARCHED_BECAUSE
from afschrift.law.roles import Role
from afschrift.letters.element_values import _TAKES
from afschrift.letters.elements import ELEMENTS, Giver
from afschrift.letters.kinds import KINDS as LETTERS
from afschrift.questions.forms import fields
from afschrift.report.document import CHARTS
from afschrift.report.document import TITLES as FIGURES
from afschrift.report.report_figures import SUBJECTS

_ENUMS: tuple[type[StrEnum], ...] = (
    *(Action, ActiveKind, NotSearched, Origin, Passed, PointerKind, Right, Role),
    *(case_facts.Matter, clock.Colour, facts.FactKind, facts.SuspensionGround, grounds.Outcome),
    *(letter.Bounce, letter.Discard, letter.LetterState, letter.SendingChannel),
    *(dispute.Ending, dispute.HoldGround, dispute.Sender, restriction.ReviewOutcome),
    *(partial_response.Given, partial_response.Hindrance, person.Factor, person.Level, person.Minor),
    *(plan.ManualStatus, plan.Medium, plan.Portion, state.State, state.StatusTerm, keys.KeyMatch),
)
_DETAILS = (
    "answer_by answer_to answered incident known_at notify_by bundle bytes code columns damage factors fields findings hindrance in_files "
    "policy changed reviewed letter masked_otherwise medium minor names_unread part_left_out place plan pointed_out purposes readable "
    "recorded_in redacted redactions refuted removed_by rest_by retention_over risk rows searched_by since "
    "source tables why with"
)
"""Names in the details of questions."""

_OF_THE_MAP = "about category columns key label meaning origin personal points possible purposes special title values ways"
"""Words of the data map that its page shows as labels."""

_EVIDENCE = (
    "name|comment|the comment says so too|the comment says {origin}|but the comment says {origin}|but the type is {kind}|"
    "{some} of {count} samples are {form}|but {some} of {count} samples are {form}|points to people|distinguishes the rows|"
    "in a look-up table without data of people|the look-up table holds {people}|says what {column} points to|"
    "the name says nothing known|one of the list {table}, in a table of {topic}|left open|what it holds decides|"
    "no way leads to a person: whose rows they are decides|of other people than those who ask: whose it is decides|"
    "who gave it decides|whose they are decides|who typed it decides|what that means decides|whether its rows are people or places of theirs decides|"
    "a few values come again and again: what they mean decides|it is one of the list {table}: who chose it decides|"
    "about a child, for whom a parent asks up to 16 (R16)|secret: that it exists is said, its value never leaves (R87)|"
    "a figure over several values|a second one beside the person's own|they are about no person: never read|"
    "each table has its own evidence, which proves nothing alone|the names are alike|both hold an e-mail address|"
    "its name says a person|values were not compared|there is no value to compare|{found} of {number} values are in {key}|"
    "they are spelled in two ways, so give the table a view that has one|{found} of {number} values of a sample are in {key}|"
    "{found} of its {number} values, each in {least} to {most} rows|{found} of its {number} values|"
    "but too few or small numbers|too few or small numbers|which prove nothing alone"
)
"""Reasons of a proposal for a column or a table."""

_TEXT_KINDS = "request received representative parties reason decision answer"


def table_words() -> Iterator[str]:
    """English texts that pages translate when they show them."""
    yield from action_words()
    yield from (reason.title for reason in REASONS.values() if Destroying.SHRED in reason.of)
    yield from question_words()
    yield from map(in_english, codes())
    yield from sentences()
    yield from ground_words()
    yield from (*answer_form._WHILE.values(), "Why it was not searched")
    yield from (*WORDS.values(), NOT_DESCRIBED, *decision._FLAGS.values())
    yield from TITLES.values()
    yield from (*FIGURES.values(), *SUBJECTS.values(), *CHARTS.values())
    yield from intake_words()
    yield from letter_words()
    yield from review_words()
    yield from evidence_words()


def action_words() -> Iterator[str]:
    """Titles, help and fields of the actions."""
    for action in ACTIONS:
        yield from (action.title, action.help)
        for field in action.fields().values():
            yield from filter(None, (field["title"], field.get("description")))


def question_words() -> Iterator[str]:
    """What each choice of a question does, and the fields of forms that a run makes."""
    for kind in KINDS.values():
        yield from kind.does.values()
    yield from (field["title"] for field in (*fields(FORM).values(), *_DAY.values()))


def evidence_words() -> Iterator[str]:
    """Why the data map proposes what it does: meanings of columns, and what speaks for them."""
    yield from (concept.title for concept in vocabulary().concepts)
    yield from (
        part for concept in vocabulary().concepts if concept.open for part in concept.open.split("; ")
    )
    yield from (kind.value for kind in decisions.Kind if kind is not decisions.Kind.NAME)
    yield from (groups._NOT_SAID, groups._NO_ONES, groups._SMALL_NUMBERS, "Rows of people by {ways}")
    yield "{purposes} by the defaults of the source"
    yield from (*NAMES.values(), *(caution for _, caution in proposal._CAUTIONS), *_EVIDENCE.split("|"))


def ground_words() -> Iterator[str]:
    """Why the table of grounds turns something down, and what to do instead."""
    table = load_grounds()
    refusals = [refusal for field in table.fields.values() for refusal in field.turned_down.values()]
    for refusal in (*refusals, *table.never.values()):
        yield from (refusal.because, refusal.instead)
    for field in table.fields.values():
        yield from filter(None, [field.schema.get("description")])


def codes() -> Iterator[object]:
    """Every code that people see."""
    yield from (code for kind in _ENUMS for code in kind)
    yield from (True, False, *_DETAILS.split(), *_TEXT_KINDS.split(), *_OF_THE_MAP.split(), *LETTERS)
    yield from (*About, *ThirdParty, *(Column.model_fields.keys() - groups._NOT_ASKED), "nothing")
    for question in KINDS.values():
        yield from (question.name, *question.options)
        yield from _choices(question.form)
    table = load_grounds()
    yield from (*decision._FLAGS, *NOT_SEARCHED_BECAUSE, *partial_response.DAMAGES)
    yield from (category.rpartition(".")[2] for category in fides_categories())
    for field in table.fields.values():
        if "x-titles" not in field.schema:
            yield from _enum(field.schema)
    for action in ACTIONS:
        for field in action.fields().values():
            yield from _enum(field)


def _choices(form: Mapping[str, Any] | None) -> Iterator[str]:
    for field in fields(form).values():
        yield from _enum(field)


def _enum(schema: Mapping[str, Any]) -> Iterator[str]:
    for part in (schema, schema.get("items", {}), schema.get("propertyNames", {})):
        yield from part.get("enum", ())
    yield from (
        schema.get("additionalProperties", {}).get("enum", ()) if schema.get("type") == "object" else ()
    )


def intake_words() -> Iterator[str]:
    """Headings, titles and hints of the form of a new request."""
    for heading, group in {**GROUPS, "": ORIGINAL}.items():
        yield from filter(None, (heading,))
        for field in group.values():
            yield from (field["title"], *filter(None, (field.get("description"),)))
            yield from (words for words in field.get("x-titles", {}).values() if not words.isupper())
    yield from ("Of the answer.", "needed", "One a line.")
    yield "`unclear` is given alone: a right that the message names is not unclear"
    yield "goes with `made_by`: parent, guardian or proxy (R15)"
    yield "give name, organisation, email, phone or address"
    yield (
        "keys, authenticated, limits: leave them out: of a deceased person nothing is read, so nothing would "
        "use them; the message itself is kept (R17)"
    )


def letter_words() -> Iterator[str]:
    """Elements of the letters: what they are, and the codes of those that a person fills in."""
    for name, element in ELEMENTS.items():
        if element.giver is not Giver.TEMPLATE:
            yield help_of(name)
        if element.giver is Giver.OFFICER:
            yield from map(in_english, element.codes)
    yield from map(help_of, ("kind", "announces", "text"))
    yield from ("it is missing: {words}; it takes {form}", *_TAKES.values())


def review_words() -> Iterator[str]:
    """Why a column goes or stays, what refutes an answer, and the fields of a review."""
    yield from DECIDED.values()
    yield from (f"{{place}}, {{rows}} row(s), {words}" for words in REFUTATIONS.values())
    form = review_form(load_grounds(), Right.ACCESS)["properties"]
    yield from (form[name]["title"] for name in (REDACTIONS, "why"))
    yield SHAPE
    section = ledger_section((), ())
    yield from (section.title, *section.heads)
