"""Taking the decision on a flagged request, and signing it: the one way for the terminal and REST.

What does not do is told with its rule and its way out; nothing is changed then, and the question stays open.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from afschrift.casework.answer import answering
from afschrift.casework.clock.record import Desk
from afschrift.casework.decision.ground_form import kept_apart
from afschrift.casework.decision.request_facts import request_facts
from afschrift.casework.decision.require import (
    DECISION,
    SIGNATURE,
    Ruling,
    rulings,
    signature,
)
from afschrift.domain.errors import FormError, RefusedError, TooLateError
from afschrift.law.clock import overlap
from afschrift.law.clock.clock import Place
from afschrift.law.clock.extension import extend
from afschrift.law.clock.facts import FactKind, NewFact, Timeline
from afschrift.law.clock.suspension import suspend
from afschrift.law.grounds.check import Accepted, TurnedDown, check_ground
from afschrift.law.grounds.grounds import Grounds, Outcome
from afschrift.law.roles import AGREE, Role, Roles
from afschrift.questions.forms import check
from afschrift.questions.kinds import KINDS, ask
from afschrift.register.facts import Make, Pair
from afschrift.register.records import DecisionRow, QuestionRow
from afschrift.register.register import Register

Preview = Callable[[str, str, Mapping[str, Any]], object]
"""Tries whether a letter can be made: request, kind, elements; raises what would keep it from being made."""


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
class Bench:
    """Where decisions are taken.

    Attributes:
        register: of the installation.
        roles: who may do what.
        grounds: the table.
        place: where the controller must act.
        now: the present moment, aware.
        by: account of the one who decides.
        own: identity keys that belong to one person alone.
        tables: `source.table` of all that is personal.
        columns: `source.table.column` likewise.
        preview: tries the letter that would follow.
    """

    register: Register
    roles: Roles
    grounds: Grounds
    place: Place
    now: datetime
    by: str
    own: Sequence[str]
    tables: frozenset[str]
    columns: frozenset[str]
    preview: Preview

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
        question = self.register.questions.get(question_id)
        held = answering(self.register, self.roles, question, self.by)
        if question.answered_at is not None:  # the register says who was first
            return Taken(self.register.questions.answer(question_id, choice, self.by, held=held), None)
        if choice not in question.options:
            check(None, question.options, choice, {})
        self._still_so(question)
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
        decided = self.register.questions.answer(
            question_id,
            choice,
            self.by,
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
        question = self.register.questions.get(question_id)
        held = answering(self.register, self.roles, question, self.by)
        check(None, KINDS[SIGNATURE].options, choice, {})
        ruling = next(
            r for r in rulings(self.register, question.request) if r.decision.about == question.about
        )
        outcome, form = ruling.outcome, self._form_of(ruling)
        ground = self.grounds.grounds[ruling.decision.detail["ground"]]
        kind = ground.letter(outcome, form) if choice == AGREE else None
        makes = self._decided(outcome, ground.code) if kind is not None else None
        decided = self.register.questions.answer(
            question_id,
            choice,
            self.by,
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
        taken = [one for one in rulings(self.register, request_id) if one.in_force]
        ground = self.grounds.grounds.get(str(taken[-1].decision.detail.get("ground"))) if taken else None
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
        right = self.register.requests.get(question.request).right
        if faults := kept_apart(self.grounds, codes, texts):
            raise _form_error("A field stands where it does not belong.", faults)
        verdict = check_ground(
            self.grounds,
            outcome,
            ground,
            right,
            {**codes, **texts},
            [Role(question.role)],
            request_facts(self, question.request),
        )
        if isinstance(verdict, TurnedDown):
            said = f"This is turned down ({verdict.rule}): {verdict.because}."
            if verdict.fields:
                raise _form_error(said, verdict.fields, verdict.instead)
            raise RefusedError(said, way_out=f"{verdict.instead}. Nothing was changed; the question is open.")
        return verdict

    def _still_so(self, question: QuestionRow) -> None:
        """A decision holds for what it was asked about: it must be the last one that was asked."""
        asked = [q for q in self.register.questions.all(request_id=question.request) if q.kind == DECISION]
        if asked and asked[-1].id != question.id:
            raise TooLateError(
                "What this question was about has changed since; another one stands in its place.",
                way_out=f"look at it and answer: `afschrift answer {asked[-1].id}`. Nothing was changed.",
            )

    def _letter(
        self, request_id: str, outcome: Outcome, accepted: Accepted, form: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]] | None:
        """The letter that will go out; tried now, so that what keeps it from being made is told now."""
        if accepted.letter is None or accepted.ground is None:
            return None
        elements = _elements(accepted.ground.letter_ground, form)
        if outcome not in (Outcome.EXTEND, Outcome.SPECIFY):  # their letters tell of facts still to come
            self.preview(request_id, accepted.letter, elements)
        return accepted.letter, elements

    def _facts(
        self, outcome: Outcome, accepted: Accepted, form: Mapping[str, Any]
    ) -> tuple[Make | None, tuple[str, Pair, Sequence[str]] | None]:
        """What follows from a decision, in the same transaction."""
        desk = Desk(self.register, self.roles, self.place, self.now, self.by)
        if outcome is Outcome.EXTEND:
            reasons = form["complexity"]
            return lambda t: desk.told(t, extend(t, self.place, desk.today(t), reasons)), None
        if outcome is Outcome.SPECIFY:
            ground = "specification"
            return (
                lambda t: desk.told(t, suspend(t, self.place, desk.today(t), ground, overview=True)),
                None,
            )
        if outcome is Outcome.MERGE:

            def merge(
                later: Timeline, earlier: Timeline, same: bool, narrower: bool
            ) -> tuple[list[NewFact], list[NewFact]]:
                of_later, of_earlier = overlap.merge(later, earlier, same=same, narrower=narrower)
                return [of_later], desk.told(earlier, [of_earlier])

            return None, (form["earlier"], merge, self.own)
        if accepted.letter is None or accepted.second_signer or accepted.ground is None:
            return None, None
        return self._decided(outcome, accepted.ground.code), None

    def _decided(self, outcome: Outcome, ground: str) -> Make:
        fact = NewFact(FactKind.DECIDED, detail={"outcome": outcome.value, "ground": ground})
        return lambda _timeline: [fact]

    def _ask_signer(self, request_id: str, ruling: Ruling) -> QuestionRow:
        asked = signature(ruling)
        ask(self.register, request_id, [asked])
        return next(
            q
            for q in self.register.questions.all(request_id=request_id)
            if q.kind == SIGNATURE and q.about == asked.about
        )

    def _form_of(self, ruling: Ruling) -> dict[str, Any]:
        codes = {n: v for n, v in ruling.decision.detail.items() if n not in ("ground", "second_signer")}
        request, text = ruling.question.request, ruling.decision.text
        words = self.register.decisions.text(request, text) if text else None
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
