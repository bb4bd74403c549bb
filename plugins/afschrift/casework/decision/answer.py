"""Take the decision on a flagged request, sign it, and make the letter that it calls for.

A decision that does not pass is refused with its rule and its remedy; nothing is changed then, and the
question stays open.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from afschrift.casework import second_signature
from afschrift.casework.clock import ClockService
from afschrift.casework.decision.advice import ADVICE, with_advice
from afschrift.casework.decision.ground_form import UNCHANGED, must_be_accepted
from afschrift.casework.decision.in_force import RequestDecision, request_decisions
from afschrift.casework.decision.question import flag_sections
from afschrift.casework.decision.triggers import own_keys
from afschrift.casework.letters.make import make
from afschrift.casework.letters.send import court_is_over
from afschrift.casework.officer import Officer
from afschrift.casework.second_signature import decided_lines
from afschrift.domain.errors import AfschriftError, FormError, RefusedError
from afschrift.domain.language import in_served
from afschrift.law.clock.facts import FactKind, NewFact, Timeline
from afschrift.law.clock.suspension import extend, suspend
from afschrift.law.ground_check import Accepted
from afschrift.law.grounds import FieldStorage, Outcome
from afschrift.law.letter import NOT_TO_ARRIVE, LetterRow
from afschrift.law.roles import AGREE
from afschrift.letters.elements import gates
from afschrift.letters.kinds import kind_named
from afschrift.questions.kind import Answered, GivenAnswer
from afschrift.questions.view import NOTHING_KEPT, Kept, Line, Section, in_words, inline
from afschrift.register.records import QuestionRow
from afschrift.register.timelines import MakeFacts, MakePair


def decide(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    """Answer the question `decision`; where a letter follows, make it.

    Args:
        officer: who decides.
        question: that is answered.
        given: an `Outcome`; in `detail`, `ground` and the codes of its form; in `texts` the words of its
            form, of which the trail holds the HMAC.

    Raises:
        TooLateError: what it was about has changed.
        FormError: the form is not filled in right.
        RefusedError: the ground does not carry it; names the rule and the remedy.
    """
    if given.text:
        raise FormError(
            "The words of a decision have fields of their own.",
            {"text": "put them into `texts`"},
            remedy="`afschrift grounds show CODE` names them; nothing was changed.",
        )
    officer.still_asked(question)
    outcome, ground = Outcome(given.choice), given.detail.get("ground")
    ground = ground if isinstance(ground, str) else None
    codes = {name: value for name, value in given.detail.items() if name != "ground"}
    if (known := officer.grounds.grounds.get(ground or "")) and ADVICE in known.fields:
        given = replace(given, texts=with_advice(officer, question.request, given.texts))
    accepted = must_be_accepted(
        officer, question, officer.grounds, outcome, ground, codes, given.texts, _form_error
    )
    form = {**codes, **given.texts}
    detail: dict[str, Any] = {**given.detail}
    if accepted.second_signer:
        detail["second_signer"] = True
    letter = _letter(officer, question.request, outcome, accepted, form)
    makes, pair = _facts(officer, outcome, accepted, form)
    if pair is None and not accepted.second_signer:
        makes = _in_place_of_earlier(makes)
    decided = officer.register.questions.answer(
        question.id,
        given.choice,
        officer.by,
        detail,
        _words(given.texts),
        authority=given.authority,
        rules=accepted.rules,
        facts=makes,
        pair=pair,
    )
    done = Answered(decided, question.request)
    return done if accepted.second_signer else with_letter(officer, done, letter)


def sign_decision(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    """Answer the question `decision_signed`; where they agree and a letter follows, make it."""
    decided = next(
        r for r in request_decisions(officer.register, question.request) if r.decision.about == question.about
    )
    outcome, form = decided.outcome, form_of(officer, decided)
    ground = officer.grounds.grounds[decided.decision.detail["ground"]]
    kind = ground.letter(outcome, form) if given.choice == AGREE else None
    makes = _decided(outcome, ground.code) if kind is not None else None
    facts = _in_place_of_earlier(makes)
    done = second_signature.sign(officer, question, given, rules=ground.rules, facts=facts)
    letter = (kind, _elements(ground.letter_ground, form)) if kind is not None else None
    return with_letter(officer, done, letter)


def letter_due(officer: Officer, request_id: str) -> tuple[str, dict[str, Any]] | None:
    """Kind and elements of the letter that the last decision in force calls for; None: it calls for none.

    Raises:
        UnknownRequestError: no such request.
    """
    taken = [ruling for ruling in request_decisions(officer.register, request_id) if ruling.in_force]
    if not taken:
        return None
    ground = officer.grounds.grounds.get(str(taken[-1].decision.detail.get("ground")))
    if ground is None:
        return None
    form = form_of(officer, taken[-1])
    kind = ground.letter(taken[-1].outcome, form)
    return (kind, _elements(ground.letter_ground, form)) if kind is not None else None


def _letter(
    officer: Officer, request_id: str, outcome: Outcome, accepted: Accepted, form: Mapping[str, Any]
) -> tuple[str, dict[str, Any]] | None:
    """The letter that will go out. It is tried now, so that a fault in it shows before the decision."""
    if accepted.letter is None or accepted.ground is None:
        return None
    elements = _elements(accepted.ground.letter_ground, form)
    if outcome not in (
        Outcome.EXTEND,
        Outcome.SPECIFY,
    ):  # their letters name facts that are recorded with the decision
        make_due(officer, request_id, accepted.letter, elements, keep=False)
    return accepted.letter, elements


def _facts(
    officer: Officer, outcome: Outcome, accepted: Accepted, form: Mapping[str, Any]
) -> tuple[MakeFacts | None, tuple[str, MakePair, Sequence[str]] | None]:
    """What follows from a decision, in the same transaction."""
    jurisdiction = officer.jurisdiction
    clocks = ClockService(officer, jurisdiction)
    if outcome is Outcome.EXTEND:
        reasons = form["complexity"]
        return lambda t: clocks.with_lifting(t, extend(t, jurisdiction, clocks.today(t), reasons)), None
    if outcome is Outcome.SPECIFY:
        asks = partial(suspend, ground="specification", overview=True)
        return lambda t: clocks.with_lifting(t, asks(t, jurisdiction, clocks.today(t))), None
    if outcome is Outcome.MERGE:
        return None, (form["earlier"], clocks.merge_facts, own_keys(officer.inventory))
    if accepted.letter is None or accepted.second_signer or accepted.ground is None:
        return None, None
    return _decided(outcome, accepted.ground.code), None


def _decided(outcome: Outcome, ground: str) -> MakeFacts:
    fact = NewFact(FactKind.DECIDED, detail={"outcome": outcome.value, "ground": ground})
    return lambda _timeline: [fact]


def form_of(officer: Officer, decided: RequestDecision) -> dict[str, Any]:
    """The fields of a decision's form, codes and words; no words once their key was destroyed."""
    codes = {n: v for n, v in decided.decision.detail.items() if n not in ("ground", "second_signer")}
    request, text = decided.question.request, decided.decision.text
    words = officer.register.decisions.text(request, text) if text else None
    return {**codes, **(json.loads(words) if words else {})}


def _in_place_of_earlier(makes: MakeFacts | None) -> MakeFacts:
    """What follows from a decision that counts: it overrules a refusal of which the person is not informed.

    The letter of that refusal may lie ready. Sent later, it must not close a request that has since been
    decided otherwise.
    """

    def overruling(timeline: Timeline) -> Sequence[NewFact]:
        earlier = [NewFact(FactKind.OVERRULED, about=refusal.id) for refusal in timeline.unsent_refusals]
        return [*earlier, *(makes(timeline) if makes else ())]

    return overruling


def _elements(ground: str, form: Mapping[str, Any]) -> dict[str, Any]:
    """The elements of a letter have the names of the form's fields; the letter takes those that it uses.

    Of the weighing of a restriction only the parts that the decision marks are fit for it.
    """
    fit = [form[name] for name in form.get("fit_for_letter", ()) if form.get(name)]
    more = {"weighing": "\n\n".join(fit), "gates": gates(form.get("bases", {}).values())}
    return {"ground": ground, **form, **more}


def _words(texts: Mapping[str, Any]) -> str | None:
    return json.dumps(dict(texts), ensure_ascii=False, indent=2) if texts else None


def _form_error(
    faults: Mapping[str, str], message: str = "A field is in the wrong place.", instead: str = ""
) -> FormError:
    remedy = f"{instead}. " if instead else ""
    return FormError.listing(message, faults, remedy=f"{remedy}{UNCHANGED}")


def said_in(kind: str, elements: Mapping[str, Any]) -> dict[str, Any]:
    """The elements that a kind of letter asks for, and the address."""
    asked = {"to", *(element.name for element in kind_named(kind).asked)}
    return {name: value for name, value in elements.items() if name in asked}


def make_due(
    officer: Officer, request_id: str, kind: str, elements: Mapping[str, Any], *, keep: bool = True
) -> LetterRow | None:
    """Make the letter of a decision; None where it was only tried (`keep` is False).

    Raises:
        RefusedError, ConfigurationError: as for `letters.make.make`.
    """
    return make(officer, request_id, kind, said_in(kind, elements), keep=keep).letter


def with_letter(officer: Officer, done: Answered, due: tuple[str, Mapping[str, Any]] | None) -> Answered:
    """Make the letter that must go out now (kind and elements), if there is one.

    That it is due is recorded, so a person can make it later where it cannot be made now.
    """
    if due is None:
        return done
    kind, elements = due
    try:
        letter = make_due(officer, done.request, kind, elements)
    except AfschriftError as error:
        words = (
            f"The letter '{kind}' could not be made: {error} Then `afschrift letter make`; it must go out."
        )
        return replace(done, next_step=words)
    assert letter is not None  # kept
    words = f"Letter {letter.id} ({kind}) is made and must be sent: `afschrift letter send {letter.id}`."
    return replace(done, letter=letter.id, next_step=words)


def letter_again(
    officer: Officer, letter_id: str, *, to: str | None = None, authority: Mapping[str, str] | None = None
) -> LetterRow:
    """Make a letter of a decision that came back or was discarded anew: only a sent one counts (R45).

    Args:
        officer: who makes it.
        letter_id: of that one.
        to: another e-mail address; None: as the decision has it.
        authority: the role in which they do.

    Raises:
        UnknownRequestError: no such letter.
        RefusedError: it did not come back and was not discarded, or the last decision in force calls for
            another letter or none.
        ConfigurationError: grounds, inventory or texts cannot be used.
    """
    old = officer.register.letters.get(letter_id)
    if old.state not in NOT_TO_ARRIVE and not court_is_over(officer.settings, officer.register, old):
        raise RefusedError(
            f"Letter {letter_id} is {old.state}: it did not come back.",
            remedy="`afschrift letter bounced` enters that it did.",
        )
    due = letter_due(officer, old.request)
    if due is None or due[0] != old.kind:
        raise RefusedError(
            f"No decision in force calls for a letter '{old.kind}'.",
            remedy=f"`afschrift letter make {old.request} {old.kind}` asks for what it says.",
        )
    kind, elements = due
    given = said_in(kind, elements) | ({"to": to} if to else {})
    made = make(officer, old.request, kind, given, authority=authority)
    assert made.letter is not None  # `make` keeps it
    return made.letter


def decision_signed_view(officer: Officer, question: QuestionRow) -> tuple[Section, ...]:
    """The decision with each field of its form, the letter, and the flags on which it was taken."""
    taken = request_decisions(officer.register, question.request)
    decided = next((row for row in taken if row.decision.about == question.about), None)
    if decided is None:
        return (NOTHING_KEPT,)
    form = form_of(officer, decided)
    lines = (*decided_lines(officer, question, decided.decision), *_form_lines(officer, decided, form))
    flags = flag_sections(officer, question.detail["flags"])
    return (Section("What was decided", lines), _letter_section(officer, decided, form), *flags)


def _form_lines(officer: Officer, decided: RequestDecision, form: Mapping[str, Any]) -> Iterator[Line]:
    """The ground, then each field by its title: codes as they are, words for the role alone."""
    code = decided.decision.detail["ground"]
    ground, fields = officer.grounds.grounds.get(code), officer.grounds.fields
    yield Line("Ground", in_served(ground.title) if ground else code)
    for name, value in form.items():
        field = fields.get(name)
        apart = field is None or field.kept is FieldStorage.CASE_FILE
        text = "\n".join(map(str, value)) if apart and isinstance(value, list) else inline(value, name)
        yield Line(
            in_served(field.title) if field else in_words(name), text, Kept.ROLE if apart else Kept.OPEN
        )
    if decided.decision.text and not any(name not in decided.decision.detail for name in form):
        yield Line("Words", "They cannot be read any more: the key of the request was destroyed.")


def _letter_section(officer: Officer, decided: RequestDecision, form: Mapping[str, Any]) -> Section:
    title = "The letter that would go out"
    ground = officer.grounds.grounds.get(decided.decision.detail["ground"])
    if ground is None:
        return Section(
            title, (Line("Letter", "Not known: the table of grounds does not have this ground any more."),)
        )
    kind = ground.letter(decided.outcome, form)
    if kind is None:
        hidden = decided.outcome is Outcome.RESTRICT
        why = "No letter: the restriction stays hidden from the person." if hidden else "No letter goes out."
        return Section(title, (Line("Letter", why),))
    elements = said_in(kind, _elements(ground.letter_ground, form))
    try:
        made = make(officer, decided.question.request, kind, elements, keep=False)
    except AfschriftError as error:
        return Section(title, (Line("Letter", in_words(kind)), Line("It cannot be made now", str(error))))
    lines = (Line("Letter", in_words(kind)), Line("Subject", made.text.subject, Kept.ROLE))
    return Section(title, (*lines, Line("Text", made.text.text, Kept.ROLE)))
