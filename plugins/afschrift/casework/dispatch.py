"""Answers to every kind of question, for the terminal and for REST; the letter that a decision calls for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from afschrift.app.jurisdiction import place_of
from afschrift.app.settings import Settings
from afschrift.casework.answer import answer
from afschrift.casework.decision.answer import Bench, Taken
from afschrift.casework.decision.require import DECISION, SIGNATURE
from afschrift.casework.decision.triggers import own_keys
from afschrift.casework.identity.representation import KINDS_HERE, answer_represented
from afschrift.casework.identity.risk import risk_of
from afschrift.casework.intake.not_received import sign
from afschrift.casework.letters.make import make
from afschrift.casework.partial_response.answer import Counter
from afschrift.casework.review.redactions import REVIEW, REVIEW_SIGNED
from afschrift.domain.errors import AfschriftError, FormError
from afschrift.inventory.grounds import load_grounds as read_grounds
from afschrift.inventory.load import load
from afschrift.inventory.model import Inventory
from afschrift.law.grounds.grounds import Grounds
from afschrift.law.manual import NewFile
from afschrift.law.partial_response import KIND as SOURCE_DOWN
from afschrift.law.partial_response import PARTIAL
from afschrift.law.person.assurance import Risk
from afschrift.law.roles import Roles
from afschrift.letters.kinds import kind_named
from afschrift.questions.kinds import NOT_RECEIVED
from afschrift.register.database.instants import utc_now
from afschrift.register.records import DecisionRow, QuestionRow
from afschrift.register.register import Register


@dataclass(frozen=True)
class Answered:
    """What came of an answer.

    Attributes:
        letter: id of the letter that was made and must be sent.
        signer: id of the question to the second signer.
        said: what is left to do, in words; empty: nothing beside the next run.
    """

    decision: DecisionRow
    request: str
    letter: str | None = None
    signer: str | None = None
    said: str = ""


def load_grounds(settings: Settings | None = None) -> Grounds:
    """The table of grounds of this installation.

    Raises:
        ConfigurationError: lists what is wrong with it.
    """
    return read_grounds((settings or Settings.from_environment()).include / "grounds")


def answer_question(
    register: Register,
    roles: Roles,
    question_id: str,
    choice: str,
    by: str,
    *,
    detail: Mapping[str, Any] | None = None,
    texts: Mapping[str, Any] | None = None,
    text: str | None = None,
    files: Sequence[NewFile] = (),
    settings: Settings | None = None,
    now: datetime | None = None,
) -> Answered:
    """Answer a question of any kind; where a decision calls for a letter, make it.

    Args:
        register: of the installation.
        roles: who may do what.
        question_id: the question.
        choice: one of its options.
        by: account of whoever answers.
        detail: codes of its form, and of a decision its `ground`.
        texts: words of a decision's form, by field; kept encrypted.
        text: a reason in words for the other kinds; kept encrypted.
        files: what was found in a system that no query reaches.
        settings: default: from the environment.
        now: the present moment; default: the clock of the machine.

    Raises:
        UnknownQuestionError, NotAllowedError, TooLateError, FormError, RefusedError: nothing was changed.
    """
    question = register.questions.get(question_id)
    if question.kind in KINDS_HERE:
        _no_texts(texts)
        represented = answer_represented(
            register, roles, question, choice, by, now or utc_now(), detail=detail or {}, text=text
        )
        signer = represented.signer.id if represented.signer else None
        return Answered(represented.decision, question.request, signer=signer, said=represented.said)
    if question.kind == NOT_RECEIVED:
        _no_texts(texts)
        decided, said = sign(register, roles, question, choice, by, text)
        return Answered(decided, question.request, said=said)
    if question.kind == SOURCE_DOWN:
        _no_texts(texts)
        counter = open_counter(settings or Settings.from_environment(), register, roles, by, now or utc_now())
        decided = counter.answer(question_id, choice, detail or {}, text)
        return Answered(decided, question.request, said=_part_letter(choice))
    if question.kind in (REVIEW, REVIEW_SIGNED):
        bench = open_bench(settings or Settings.from_environment(), register, roles, by, now or utc_now())
        return _reviewed(settings, register, bench, question, choice, detail or {}, texts or {}, text)
    if question.kind not in (DECISION, SIGNATURE):
        _no_texts(texts)
        decided = answer(register, roles, question_id, choice, by, detail=detail, text=text, files=files)
        return Answered(decided, question.request)
    settings = settings or Settings.from_environment()
    bench = open_bench(settings, register, roles, by, now or utc_now())
    if question.kind == SIGNATURE:
        _no_texts(texts)
        return _followed(settings, register, question, bench.sign(question_id, choice, text), bench)
    if text:
        raise FormError(
            "The words of a decision have fields of their own.",
            {"text": "put them into `texts`"},
            way_out="`afschrift grounds show CODE` names them; nothing was changed.",
        )
    taken = bench.decide(question_id, choice, detail or {}, texts or {})
    return _followed(settings, register, question, taken, bench)


def _reviewed(
    settings: Settings | None,
    register: Register,
    bench: Bench,
    question: QuestionRow,
    choice: str,
    detail: Mapping[str, Any],
    texts: Mapping[str, Any],
    text: str | None,
) -> Answered:
    """A review, or its second signature."""
    from afschrift.casework.review.service import open_desk  # reads staged files: heavier than the rest

    desk = open_desk(settings or Settings.from_environment(), register, bench)
    if question.kind == REVIEW_SIGNED:
        _no_texts(texts)
        return Answered(desk.sign(question.id, choice, text).decision, question.request)
    done = desk.answer(question.id, choice, detail, texts, text)
    if done.asked is None:
        return Answered(done.decision, question.request)
    said = f"It counts once a second person signs: question {done.asked.id}, role second_signer."
    return Answered(done.decision, question.request, signer=done.asked.id, said=said)


def open_counter(settings: Settings, register: Register, roles: Roles, by: str, now: datetime) -> Counter:
    """Where somebody decides on a source that is down.

    Raises:
        ConfigurationError: the inventory cannot be used.
    """
    inventory = load(settings.inventory)
    return Counter(register, roles, inventory, place_of(inventory.controller), now, by)


def _part_letter(choice: str) -> str:
    """What is left to do after a source was left for later."""
    if choice != PARTIAL:
        return ""
    return (
        "The next run delivers what there is. Then tell the person: `afschrift letter make REQUEST "
        "partial_delivery`."
    )


def open_bench(settings: Settings, register: Register, roles: Roles, by: str, now: datetime) -> Bench:
    """Where somebody decides.

    Raises:
        ConfigurationError: grounds or inventory cannot be used.
    """
    inventory = load(settings.inventory)
    tables, columns = places(inventory)
    return Bench(
        register=register,
        roles=roles,
        grounds=load_grounds(settings),
        place=place_of(inventory.controller),
        now=now,
        by=by,
        own=own_keys(inventory),
        tables=tables,
        columns=columns,
        preview=partial(_letter, settings, register, by, keep=False),
    )


def needed_level(register: Register, request_id: str, settings: Settings | None = None) -> Risk:
    """How sure the identity behind a request must be (R12).

    Raises:
        UnknownRequestError: no such request.
        ConfigurationError: grounds or inventory cannot be used.
    """
    settings = settings or Settings.from_environment()
    request = register.requests.get(request_id)
    return risk_of(register, load(settings.inventory), load_grounds(settings).flags, request)


def places(inventory: Inventory) -> tuple[frozenset[str], frozenset[str]]:
    """Names of all personal tables, and of their columns."""
    tables = {
        f"{name}.{table}": one
        for name, source in inventory.sources.items()
        for table, one in source.tables.items()
        if one.personal
    }
    columns = frozenset(f"{place}.{column}" for place, one in tables.items() for column in one.columns)
    return frozenset(tables), columns


def _no_texts(texts: Mapping[str, Any] | None) -> None:
    if texts:
        fault = {"texts": "this question has no fields for words; put a reason into `text`"}
        raise FormError(
            "The answer does not fit its question.", fault, way_out="nothing was changed; answer again."
        )


def _followed(
    settings: Settings, register: Register, question: QuestionRow, taken: Taken, bench: Bench
) -> Answered:
    """Make the letter. It is recorded that it is due, so one that cannot be made now is made by a person."""
    told = Answered(taken.decision, question.request)
    if taken.asked is not None:
        said = f"It counts once a second person signs: question {taken.asked.id}, role second_signer."
        return Answered(taken.decision, question.request, signer=taken.asked.id, said=said)
    if taken.letter is None:
        return told
    kind, elements = taken.letter
    try:
        letter = _letter(settings, register, bench.by, question.request, kind, elements)
    except AfschriftError as error:
        said = f"The letter '{kind}' could not be made: {error} Then `afschrift letter make`; it must go out."
        return Answered(taken.decision, question.request, said=said)
    said = f"Letter {letter} ({kind}) is made and must be sent: `afschrift letter send {letter}`."
    return Answered(taken.decision, question.request, letter=letter, said=said)


def _letter(
    settings: Settings,
    register: Register,
    by: str,
    request_id: str,
    kind: str,
    elements: Mapping[str, Any],
    *,
    keep: bool = True,
) -> str | None:
    """The id of a letter with those of the elements that it says; None where it was only tried."""
    asked = {"to", *(element.name for element in kind_named(kind).asked)}
    given = {name: value for name, value in elements.items() if name in asked}
    made = make(settings, register, request_id, kind, given, by, keep=keep)
    return made.letter.id if made.letter is not None else None
