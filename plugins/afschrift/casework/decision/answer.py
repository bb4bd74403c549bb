"""Taking the decision on a flagged request, and signing it: the one way for the terminal and REST.

What does not do is told with its rule and its remedy; nothing is changed then, and the question stays open.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afschrift.casework import second_signature
from afschrift.casework.clock.record import ClockService
from afschrift.casework.decision.ground_form import kept_apart
from afschrift.casework.decision.in_force import RequestDecision, request_decisions
from afschrift.casework.decision.letter import make_due, with_letter
from afschrift.casework.decision.request_facts import request_facts
from afschrift.casework.decision.triggers import own_keys
from afschrift.casework.officer import Officer
from afschrift.domain.errors import FormError, RefusedError
from afschrift.law.clock import overlap
from afschrift.law.clock.facts import FactKind, NewFact, Timeline
from afschrift.law.clock.suspension import extend, suspend
from afschrift.law.ground_check import Accepted, TurnedDown, check_ground
from afschrift.law.grounds import Outcome
from afschrift.law.roles import AGREE, Role
from afschrift.questions.kind import Answered, GivenAnswer
from afschrift.register.records import QuestionRow
from afschrift.register.timelines import Make, Pair


def decide(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    """Take the answer to `decision`: see `DecisionService.decide`."""
    return DecisionService(officer).decide(question, given)


def sign_decision(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    """Take the answer to `decision_signed`: see `DecisionService.sign`."""
    return DecisionService(officer).sign(question, given)


@dataclass(frozen=True)
class DecisionService:
    """The decision on a flagged request, its second signature and the letter that is due after it.

    Attributes:
        officer: the officer at work.
    """

    officer: Officer

    def decide(self, question: QuestionRow, given: GivenAnswer) -> Answered:
        """Answer the question `decision`; where a letter follows, make it.

        Args:
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
        self.officer.still_asked(question)
        outcome, ground = Outcome(given.choice), given.detail.get("ground")
        ground = ground if isinstance(ground, str) else None
        codes = {name: value for name, value in given.detail.items() if name != "ground"}
        accepted = self._accepted(question, outcome, ground, codes, given.texts)
        form = {**codes, **given.texts}
        detail: dict[str, Any] = {**given.detail}
        if accepted.second_signer:
            detail["second_signer"] = True
        letter = self._letter(question.request, outcome, accepted, form)
        makes, pair = self._facts(outcome, accepted, form)
        if pair is None and not accepted.second_signer:
            makes = _in_place_of_earlier(makes)
        decided = self.officer.register.questions.answer(
            question.id,
            given.choice,
            self.officer.by,
            detail,
            _words(given.texts),
            authority=given.authority,
            rules=accepted.rules,
            facts=makes,
            pair=pair,
        )
        done = Answered(decided, question.request)
        return done if accepted.second_signer else with_letter(self.officer, done, letter)

    def sign(self, question: QuestionRow, given: GivenAnswer) -> Answered:
        """Answer the question `decision_signed`; where they agree and a letter follows, make it."""
        decided = next(
            r
            for r in request_decisions(self.officer.register, question.request)
            if r.decision.about == question.about
        )
        outcome, form = decided.outcome, self.form_of(decided)
        ground = self.officer.grounds.grounds[decided.decision.detail["ground"]]
        kind = ground.letter(outcome, form) if given.choice == AGREE else None
        makes = self._decided(outcome, ground.code) if kind is not None else None
        facts = _in_place_of_earlier(makes)
        done = second_signature.sign(self.officer, question, given, rules=ground.rules, facts=facts)
        letter = (kind, _elements(ground.letter_ground, form)) if kind is not None else None
        return with_letter(self.officer, done, letter)

    def letter_due(self, request_id: str) -> tuple[str, dict[str, Any]] | None:
        """Kind and elements of the letter that the last decision in force calls for; None: it calls for none.

        Raises:
            UnknownRequestError: no such request.
        """
        taken = [one for one in request_decisions(self.officer.register, request_id) if one.in_force]
        ground = (
            self.officer.grounds.grounds.get(str(taken[-1].decision.detail.get("ground"))) if taken else None
        )
        if ground is None:
            return None
        form = self.form_of(taken[-1])
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
            raise RefusedError(said, remedy=f"{verdict.instead}. Nothing was changed; the question is open.")
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
        jurisdiction = self.officer.jurisdiction
        clocks = ClockService(self.officer, jurisdiction)
        if outcome is Outcome.EXTEND:
            reasons = form["complexity"]
            return lambda t: clocks.with_lifting(t, extend(t, jurisdiction, clocks.today(t), reasons)), None
        if outcome is Outcome.SPECIFY:
            ground = "specification"
            return (
                lambda t: clocks.with_lifting(
                    t, suspend(t, jurisdiction, clocks.today(t), ground, overview=True)
                ),
                None,
            )
        if outcome is Outcome.MERGE:

            def merge(
                later: Timeline, earlier: Timeline, same: bool, narrower: bool
            ) -> tuple[list[NewFact], list[NewFact]]:
                of_later, of_earlier = overlap.merge(later, earlier, same=same, narrower=narrower)
                return [of_later], clocks.with_lifting(earlier, [of_earlier])

            return None, (form["earlier"], merge, own_keys(self.officer.inventory))
        if accepted.letter is None or accepted.second_signer or accepted.ground is None:
            return None, None
        return self._decided(outcome, accepted.ground.code), None

    def _decided(self, outcome: Outcome, ground: str) -> Make:
        fact = NewFact(FactKind.DECIDED, detail={"outcome": outcome.value, "ground": ground})
        return lambda _timeline: [fact]

    def form_of(self, decided: RequestDecision) -> dict[str, Any]:
        """The fields of a decision's form, codes and words; no words once their key was destroyed."""
        codes = {n: v for n, v in decided.decision.detail.items() if n not in ("ground", "second_signer")}
        request, text = decided.question.request, decided.decision.text
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
    remedy = f"{instead}. " if instead else ""
    return FormError.listing(said, faults, remedy=f"{remedy}Nothing was changed; the question is open.")
