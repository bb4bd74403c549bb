"""Taking the decision on a flagged request, and signing it: the one way for the terminal and REST.

What does not do is told with its rule and its way out; nothing is changed then, and the question stays open.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afschrift.casework.clock.record import ClockService
from afschrift.casework.decision.ground_form import kept_apart
from afschrift.casework.decision.letter import make_due
from afschrift.casework.decision.request_facts import request_facts
from afschrift.casework.decision.require import (
    SIGNATURE,
    Ruling,
    rulings,
    signature,
)
from afschrift.casework.decision.triggers import own_keys
from afschrift.casework.officer import Officer
from afschrift.domain.errors import FormError, RefusedError
from afschrift.law.clock import overlap
from afschrift.law.clock.extension import extend
from afschrift.law.clock.facts import FactKind, NewFact, Timeline
from afschrift.law.clock.suspension import suspend
from afschrift.law.grounds.check import Accepted, TurnedDown, check_ground
from afschrift.law.grounds.grounds import Outcome
from afschrift.law.roles import AGREE, Role
from afschrift.questions.forms import check
from afschrift.questions.kinds import KINDS, ask
from afschrift.register.facts import Make, Pair
from afschrift.register.records import DecisionRow, QuestionRow


@dataclass(frozen=True)
class Taken:
    """A decision or signature that was recorded.

    Attributes:
        ruling: in force by it; None: it waits for a second signer, or it was turned down.
        letter: kind of the letter that must go out now, and its elements; None: none.
        asked: the question to the second signer.
    """

    decision: DecisionRow
    ruling: Ruling | None
    letter: tuple[str, dict[str, Any]] | None = None
    asked: QuestionRow | None = None


@dataclass(frozen=True)
class DecisionService:
    """The decision on a flagged request, its second signature and the letter that is due after it.

    Attributes:
        officer: whoever is at work.
    """

    officer: Officer

    def decide(
        self, question_id: str, choice: str, detail: Mapping[str, Any], texts: Mapping[str, Any]
    ) -> Taken:
        """Answer the question `decision`.

        Args:
            question_id: the question.
            choice: an `Outcome`.
            detail: `ground` and the codes of its form.
            texts: the words of its form; kept encrypted, the trail holds the HMAC of all of them.

        Raises:
            NotAllowedError: they lack the role, or it is assigned to somebody else.
            TooLateError: answered already, closed, or what it was about has changed.
            FormError: the form is not filled in right.
            RefusedError: the ground does not carry it; names the rule and the way out.
        """
        question = self.officer.register.questions.get(question_id)
        held = self.officer.answering(question)
        if question.answered_at is not None:  # the register says who was first
            return Taken(
                self.officer.register.questions.answer(question_id, choice, self.officer.by, held=held), None
            )
        if choice not in question.options:
            check(None, question.options, choice, {})
        self.officer.still_asked(question)
        outcome, ground = Outcome(choice), detail.get("ground")
        ground = ground if isinstance(ground, str) else None
        codes = {name: value for name, value in detail.items() if name != "ground"}
        accepted = self._accepted(question, outcome, ground, codes, texts)
        form = {**codes, **texts}
        told: dict[str, Any] = {**detail}
        if accepted.second_signer:
            told["second_signer"] = True
        letter = self._letter(question.request, outcome, accepted, form)
        makes, pair = self._facts(outcome, accepted, form)
        if pair is None and not accepted.second_signer:
            makes = _in_place_of_earlier(makes)
        decided = self.officer.register.questions.answer(
            question_id,
            choice,
            self.officer.by,
            told,
            _words(texts),
            held=held,
            rules=accepted.rules,
            facts=makes,
            pair=pair,
        )
        ruling = Ruling(decided, question, None)
        if accepted.second_signer:
            return Taken(decided, None, asked=self._ask_signer(question.request, ruling))
        return Taken(decided, ruling, letter)

    def sign(self, question_id: str, choice: str, text: str | None = None) -> Taken:
        """Answer the question `decision_signed`: by another person than the one who decided.

        Raises:
            NotAllowedError: they lack the role, or decided themselves (four eyes).
            TooLateError: answered already, or the request is closed.
            FormError: it is neither `agree` nor `disagree`.
        """
        question = self.officer.register.questions.get(question_id)
        held = self.officer.answering(question)
        check(None, KINDS[SIGNATURE].options, choice, {})
        ruling = next(
            r for r in rulings(self.officer.register, question.request) if r.decision.about == question.about
        )
        outcome, form = ruling.outcome, self._form_of(ruling)
        ground = self.officer.grounds.grounds[ruling.decision.detail["ground"]]
        kind = ground.letter(outcome, form) if choice == AGREE else None
        makes = self._decided(outcome, ground.code) if kind is not None else None
        decided = self.officer.register.questions.answer(
            question_id,
            choice,
            self.officer.by,
            None,
            text,
            held=held,
            rules=ground.rules,
            facts=_in_place_of_earlier(makes) if choice == AGREE else None,
        )
        if choice != AGREE:
            return Taken(decided, None)
        letter = (kind, _elements(ground.letter_ground, form)) if kind is not None else None
        return Taken(decided, Ruling(ruling.decision, ruling.question, AGREE), letter)

    def letter_due(self, request_id: str) -> tuple[str, dict[str, Any]] | None:
        """Kind and elements of the letter that the last decision in force calls for; None: it calls for none.

        Raises:
            UnknownRequestError: no such request.
        """
        taken = [one for one in rulings(self.officer.register, request_id) if one.in_force]
        ground = (
            self.officer.grounds.grounds.get(str(taken[-1].decision.detail.get("ground"))) if taken else None
        )
        if ground is None:
            return None
        form = self._form_of(taken[-1])
        kind = ground.letter(taken[-1].outcome, form)
        return (kind, _elements(ground.letter_ground, form)) if kind is not None else None

    def _accepted(
        self,
        question: QuestionRow,
        outcome: Outcome,
        ground: str | None,
        codes: Mapping[str, Any],
        texts: Mapping[str, Any],
    ) -> Accepted:
        right = self.officer.register.requests.get(question.request).right
        if faults := kept_apart(self.officer.grounds, codes, texts):
            raise _form_error("A field stands where it does not belong.", faults)
        verdict = check_ground(
            self.officer.grounds,
            outcome,
            ground,
            right,
            {**codes, **texts},
            [Role(question.role)],
            request_facts(self.officer, question.request),
        )
        if isinstance(verdict, TurnedDown):
            said = f"This is turned down ({verdict.rule}): {verdict.because}."
            if verdict.fields:
                raise _form_error(said, verdict.fields, verdict.instead)
            raise RefusedError(said, way_out=f"{verdict.instead}. Nothing was changed; the question is open.")
        return verdict

    def _letter(
        self, request_id: str, outcome: Outcome, accepted: Accepted, form: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]] | None:
        """The letter that will go out; tried now, so that what keeps it from being made is told now."""
        if accepted.letter is None or accepted.ground is None:
            return None
        elements = _elements(accepted.ground.letter_ground, form)
        if outcome not in (Outcome.EXTEND, Outcome.SPECIFY):  # their letters tell of facts still to come
            make_due(self.officer, request_id, accepted.letter, elements, keep=False)
        return accepted.letter, elements

    def _facts(
        self, outcome: Outcome, accepted: Accepted, form: Mapping[str, Any]
    ) -> tuple[Make | None, tuple[str, Pair, Sequence[str]] | None]:
        """What follows from a decision, in the same transaction."""
        place = self.officer.place
        clocks = ClockService(self.officer, place)
        if outcome is Outcome.EXTEND:
            reasons = form["complexity"]
            return lambda t: clocks.told(t, extend(t, place, clocks.today(t), reasons)), None
        if outcome is Outcome.SPECIFY:
            ground = "specification"
            return (
                lambda t: clocks.told(t, suspend(t, place, clocks.today(t), ground, overview=True)),
                None,
            )
        if outcome is Outcome.MERGE:

            def merge(
                later: Timeline, earlier: Timeline, same: bool, narrower: bool
            ) -> tuple[list[NewFact], list[NewFact]]:
                of_later, of_earlier = overlap.merge(later, earlier, same=same, narrower=narrower)
                return [of_later], clocks.told(earlier, [of_earlier])

            return None, (form["earlier"], merge, own_keys(self.officer.inventory))
        if accepted.letter is None or accepted.second_signer or accepted.ground is None:
            return None, None
        return self._decided(outcome, accepted.ground.code), None

    def _decided(self, outcome: Outcome, ground: str) -> Make:
        fact = NewFact(FactKind.DECIDED, detail={"outcome": outcome.value, "ground": ground})
        return lambda _timeline: [fact]

    def _ask_signer(self, request_id: str, ruling: Ruling) -> QuestionRow:
        asked = signature(ruling)
        ask(self.officer.register, request_id, [asked])
        return next(
            q
            for q in self.officer.register.questions.all(request_id=request_id)
            if q.kind == SIGNATURE and q.about == asked.about
        )

    def _form_of(self, ruling: Ruling) -> dict[str, Any]:
        codes = {n: v for n, v in ruling.decision.detail.items() if n not in ("ground", "second_signer")}
        request, text = ruling.question.request, ruling.decision.text
        words = self.officer.register.decisions.text(request, text) if text else None
        return {**codes, **(json.loads(words) if words else {})}


def _in_place_of_earlier(makes: Make | None) -> Make:
    """What follows from a decision that counts: a refusal that nobody was told of is overruled by it.

    Its letter may be lying ready; sent later, it must not close what was decided otherwise since.
    """

    def make(timeline: Timeline) -> Sequence[NewFact]:
        earlier = [NewFact(FactKind.OVERRULED, about=one.id) for one in timeline.untold_refusals]
        return [*earlier, *(makes(timeline) if makes else ())]

    return make


def _elements(ground: str, form: Mapping[str, Any]) -> dict[str, Any]:
    """The elements of a letter bear the names of the form's fields; the letter takes those that it says."""
    return {"ground": ground, **form}


def _words(texts: Mapping[str, Any]) -> str | None:
    return json.dumps(dict(texts), ensure_ascii=False, indent=2) if texts else None


def _form_error(said: str, faults: Mapping[str, str], instead: str = "") -> FormError:
    listing = " ".join(f"{name}: {fault}." for name, fault in faults.items())
    way_out = f"{instead}. " if instead else ""
    return FormError(
        f"{said} {listing}", faults, way_out=f"{way_out}Nothing was changed; the question is open."
    )
