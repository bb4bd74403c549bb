"""Answering a review.

What does not do is told with its rule and its remedy; nothing is changed then, and the question stays open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import msgspec

from afschrift.casework.decision.ground_form import kept_apart
from afschrift.casework.decision.request_facts import request_facts
from afschrift.casework.officer import Officer
from afschrift.casework.review.redactions_in_force import (
    HOLD_BACK,
    OPTIONS,
    REDACT,
    REDACTIONS,
    REVIEW,
    REVIEW_SIGNED,
    RedactionWords,
    decided,
    unsigned,
)
from afschrift.domain.errors import FormError, RefusedError, TooLateError
from afschrift.domain.plan import ExtractPlan
from afschrift.domain.redaction import Redaction
from afschrift.law.ground_check import TurnedDown, check_ground
from afschrift.law.grounds import Ground, Outcome
from afschrift.law.restriction import lifted
from afschrift.law.roles import Role
from afschrift.questions.kind import Answered, GivenAnswer
from afschrift.register.records import QuestionRow

_UNCHANGED = "Nothing was changed; the question is open."
_WHY = "why"


def answer_review(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    """Take the answer to `review`: see `ReviewService.answer`."""
    return ReviewService(officer).answer(question, given)


@dataclass(frozen=True)
class ReviewService:
    """The review of a packed bundle.

    Attributes:
        officer: the officer at work.
    """

    officer: Officer

    def answer(self, question: QuestionRow, given: GivenAnswer) -> Answered:
        """Answer the question `review`.

        Args:
            question: that is answered.
            given: `approved`, `redact` or `hold_back`; in `detail`, of `redact`, the codes of its grounds'
                forms, as `ground.field`; in `texts`, of `redact`, the lines under `redactions` and the words
                of those forms, of `hold_back` the reason under `why`.

        Raises:
            TooLateError: the bundle has changed since, or what was redacted before waits for its second
                signer.
            FormError, RefusedError: what was filled in does not do.
            RetriableError: what was staged is gone.
        """
        self._none_waits(question.request)
        self._still_so(question)
        if given.choice == REDACT:
            return self._redact(question, given)
        texts = {name: value for name, value in given.texts.items() if value}
        words = texts.pop(_WHY, None) if given.choice == HOLD_BACK else None
        if texts or given.detail:
            raise _fault({"fields": f"go with {REDACT} alone, but for `why` with {HOLD_BACK}"})
        words = "\n".join(words) if isinstance(words, list) else words
        words = "\n\n".join(one for one in (words, given.text) if one) or None
        if given.choice == HOLD_BACK and words is None:
            raise _fault({_WHY: "is missing; it takes words, which are kept encrypted"})
        decision = self.officer.register.questions.answer(
            question.id, given.choice, self.officer.by, None, words, authority=given.authority
        )
        return Answered(decision, question.request)

    def _none_waits(self, request: str) -> None:
        """What waits for its second signer is signed or turned down before anything else is said."""
        unsigned_ids = {one.question for one in unsigned(self.officer.register.decisions.of(request))}
        if not unsigned_ids:
            return
        asked = self.officer.register.questions.all(request_id=request)
        to_sign = [q.id for q in asked if q.kind == REVIEW_SIGNED and q.detail["question"] in unsigned_ids]
        first = f"they answer {' and '.join(to_sign)} first" if to_sign else "the next run asks them first"
        raise TooLateError(
            f"What was redacted in request {request} waits for its second signer.",
            remedy=f"{first}; the run after that asks about the bundle that comes of it. "
            "Nothing was changed.",
        )

    def _still_so(self, question: QuestionRow) -> None:
        """A review holds for the bundle that it was asked about, as it would leave now."""
        register, request = self.officer.register, question.request
        packed, frozen = register.steps.latest(request, "package"), register.steps.latest(request, "classify")
        asked = [q for q in register.questions.all(request_id=request) if q.kind == REVIEW]
        now = decided(register.decisions.of(request), lifted(register.facts.timeline(request)))
        same = (
            packed is not None
            and frozen is not None
            and packed["bundle"] == question.about
            and packed["plan"] == frozen["plan"]
            and frozen["decisions"] == now
            and asked[-1:] in ([], [question])
        )
        if not same:
            raise TooLateError(
                "What this review was asked about has changed since.",
                remedy="start the next run of the request, which packs anew and asks about that bundle. "
                "Nothing was changed.",
            )

    def _redact(self, question: QuestionRow, given: GivenAnswer) -> Answered:
        register = self.officer.register
        lines = _lines(given.texts.get(REDACTIONS))
        right = register.requests.get(question.request).right
        grounds = {one.code: one for one in self.officer.grounds.redacting(right)}
        found = self._resolved(question, lines, grounds)
        used = [code for code in grounds if any(one.ground == code for one in found)]
        words = {name: value for name, value in given.texts.items() if name != REDACTIONS}
        codes, forms = _by_ground(given.detail, used), _by_ground(words, used)
        two = [self._accepted(question, grounds[code], codes[code], forms[code]) for code in used]
        detail: dict[str, Any] = _masked_counts(found) | {"grounds": {code: codes[code] for code in used}}
        if any(two):
            detail["second_signer"] = True
        whole = {code: {**codes[code], **forms[code]} for code in used}
        if given.text:
            whole["text"] = {"text": given.text}
        decision = register.questions.answer(
            question.id,
            REDACT,
            self.officer.by,
            detail,
            msgspec.json.encode(RedactionWords(lines, whole, list(found))).decode(),
            authority=given.authority,
            rules=sorted({rule for code in used for rule in grounds[code].rules}),
        )
        return Answered(decision, question.request)

    def _resolved(
        self, question: QuestionRow, lines: Sequence[str], grounds: Mapping[str, Ground]
    ) -> tuple[Redaction, ...]:
        # they load libraries that read files, which no other answer needs
        from afschrift.casework.review.resolve import Staged
        from afschrift.extraction.staged_records import staged_record
        from afschrift.extraction.staged_rows import StagedTable
        from afschrift.formats.registry import FORMATS

        register, request = self.officer.register, question.request
        staging = self.officer.staging(request)

        def open_table(part: ExtractPlan) -> StagedTable | None:
            record = staged_record(staging, part.source)
            found = [t for t in record.tables if t.table == part.table] if record else []
            return StagedTable(staging, found[0], part.selected, FORMATS) if found else None

        staged = Staged(
            register.plans.get(request, question.detail["plan"]),
            self.officer.inventory,
            open_table,
            partial(register.data_keys.fingerprint, request),
            {code: ground.rules for code, ground in grounds.items()},
        )
        return staged.resolve(question.id, lines)

    def _accepted(
        self, question: QuestionRow, ground: Ground, codes: Mapping[str, Any], texts: Mapping[str, Any]
    ) -> bool:
        """Hold the form of a ground against it; whether a second person signs (R31, R32, R35)."""
        officer = self.officer
        if faults := kept_apart(officer.grounds, codes, texts):
            raise _fault({f"{ground.code}.{name}": fault for name, fault in faults.items()})
        verdict = check_ground(
            replace(officer.grounds, grounds={ground.code: ground}),
            Outcome.REFUSE_PART,
            ground.code,
            officer.register.requests.get(question.request).right,
            {**codes, **texts},
            [Role(question.role)],
            request_facts(officer, question.request),
        )
        if isinstance(verdict, TurnedDown):
            said = f"This is turned down ({verdict.rule}): {verdict.because}."
            if verdict.fields:
                raise _fault({f"{ground.code}.{name}": fault for name, fault in verdict.fields.items()}, said)
            raise RefusedError(said, remedy=f"{verdict.instead}. {_UNCHANGED}")
        return verdict.second_signer


def _lines(given: Any) -> list[str]:
    lines = given.splitlines() if isinstance(given, str) else given or []
    if not isinstance(lines, list) or not all(isinstance(one, str) for one in lines):
        raise _fault({REDACTIONS: "takes a list of lines"})
    return lines


def _by_ground(given: Mapping[str, Any], used: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Fields named `ground.field`, by ground; of one ground alone, `field` does too."""
    found: dict[str, dict[str, Any]] = {code: {} for code in used}
    strange = 0
    for name, value in given.items():
        code, dot, field = name.partition(".")
        if not dot and len(used) == 1:
            code, field = used[0], name
        if code in found:
            found[code][field] = value
        else:
            strange += bool(value)
    if strange:
        raise _fault({"grounds": f"{strange} field(s) of no ground that a line names; write ground.field"})
    return found


def _masked_counts(found: Iterable[Redaction]) -> dict[str, Any]:
    """What the trail keeps: counts."""
    methods = {"cells": 0, "spans": 0}
    columns: dict[str, int] = {}
    for one in found:
        methods[f"{one.method}s"] += 1
        column_path = f"{one.table}.{one.column}"
        columns[column_path] = columns.get(column_path, 0) + 1
    return {**methods, "columns": columns}


def _fault(faults: Mapping[str, str], said: str = "The answer does not fit its question.") -> FormError:
    instead = f"`afschrift questions` shows its fields, for {' | '.join(OPTIONS)}."
    return FormError.listing(said, faults, remedy=f"{instead} {_UNCHANGED}")
