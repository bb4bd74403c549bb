"""Take the answer to a review.

An answer that does not pass is refused with its rule and its remedy; nothing is changed then, and the
question stays open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from afschrift.casework.decision.ground_form import UNCHANGED, must_be_accepted
from afschrift.casework.officer import Officer
from afschrift.casework.review.question import (
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
from afschrift.domain.errors import FormError, TooLateError
from afschrift.domain.plan import ExtractPlan
from afschrift.domain.redaction import Redaction
from afschrift.law.grounds import Ground, Outcome
from afschrift.law.restriction import lifted
from afschrift.questions.kind import Answered, GivenAnswer
from afschrift.register.records import QuestionRow

if TYPE_CHECKING:
    from afschrift.casework.review.resolve import Staged
    from afschrift.extraction.file_texts import Texts

_UNFIT = "The answer does not fit its question."
_WHY = "why"


def answer_review(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    """Answer the question `review`.

    Args:
        officer: who answers.
        question: that is answered.
        given: `approved`, `redact` or `hold_back`; in `detail`, of `redact`, the codes of its grounds'
            forms, as `ground.field`; in `texts`, of `redact`, the lines under `redactions` and the words
            of those forms, of `hold_back` the reason under `why`.

    Raises:
        TooLateError: the bundle has changed since, or what was redacted before waits for its second
            signer.
        FormError, RefusedError: what was filled in does not pass.
        RetriableError: what was staged is gone.
    """
    _none_waits(officer, question.request)
    _still_so(officer, question)
    if given.choice == REDACT:
        return _redact(officer, question, given)
    texts = {name: value for name, value in given.texts.items() if value}
    words = texts.pop(_WHY, None) if given.choice == HOLD_BACK else None
    if texts or given.detail:
        raise _fault({"fields": f"go with {REDACT} alone, but for `why` with {HOLD_BACK}"})
    words = "\n".join(words) if isinstance(words, list) else words
    words = "\n\n".join(text for text in (words, given.text) if text) or None
    if given.choice == HOLD_BACK and words is None:
        raise _fault({_WHY: "is missing; it takes words, which are kept encrypted"})
    return officer.record_answer(question, replace(given, text=words))


def _none_waits(officer: Officer, request: str) -> None:
    """Refuse while a redaction waits for its second signer, who must sign it or turn it down first."""
    unsigned_ids = {row.question for row in unsigned(officer.register.decisions.of(request))}
    if not unsigned_ids:
        return
    asked = officer.register.questions.all(request_id=request)
    to_sign = [q.id for q in asked if q.kind == REVIEW_SIGNED and q.detail["question"] in unsigned_ids]
    first = f"they answer {' and '.join(to_sign)} first" if to_sign else "the next run asks them first"
    raise TooLateError(
        f"What was redacted in request {request} waits for its second signer.",
        remedy=f"{first}; the run after that asks about the bundle that comes of it. Nothing was changed.",
    )


def _still_so(officer: Officer, question: QuestionRow) -> None:
    """Refuse unless the bundle that the review is about is the one that would leave now."""
    register, request = officer.register, question.request
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


def _redact(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    register = officer.register
    lines = _lines(given.texts.get(REDACTIONS))
    right = register.requests.get(question.request).right
    grounds = {ground.code: ground for ground in officer.grounds.redacting(right)}
    found = staged_of(officer, question, grounds).resolve(question.id, lines)
    used = [code for code in grounds if any(redaction.ground == code for redaction in found)]
    words = {name: value for name, value in given.texts.items() if name != REDACTIONS}
    codes, forms = _by_ground(given.detail, used), _by_ground(words, used)
    two = [_accepted(officer, question, grounds[code], codes[code], forms[code]) for code in used]
    detail: dict[str, Any] = _masked_counts(found) | {"grounds": {code: codes[code] for code in used}}
    if any(two):
        detail["second_signer"] = True
    whole = {code: {**codes[code], **forms[code]} for code in used}
    if given.text:
        whole["text"] = {"text": given.text}
    decision = register.questions.answer(
        question.id,
        REDACT,
        officer.by,
        detail,
        msgspec.json.encode(RedactionWords(lines, whole, list(found))).decode(),
        authority=given.authority,
        rules=sorted({rule for code in used for rule in grounds[code].rules}),
    )
    return Answered(decision, question.request)


def staged_of(officer: Officer, question: QuestionRow, grounds: Mapping[str, Ground]) -> Staged:
    """What is staged of the bundle that a review is about, against which lines are resolved."""
    # imported here, because they load libraries that read files and no other answer needs them
    from afschrift.casework.review.resolve import Staged
    from afschrift.extraction.manual_files import given_texts
    from afschrift.extraction.staged_records import staged_record
    from afschrift.extraction.staged_rows import StagedTable
    from afschrift.formats.registry import FORMATS

    register, request = officer.register, question.request
    staging = officer.staging(request)

    def open_table(part: ExtractPlan) -> StagedTable | None:
        record = staged_record(staging, part.source)
        found = [t for t in record.tables if t.table == part.table] if record else []
        return StagedTable(staging, found[0], part.selected, FORMATS) if found else None

    def texts(source: str, number: int) -> Texts | None:
        record = staged_record(staging, source)
        given = [file for file in record.given if file.number == number] if record else []
        return given_texts(staging, given[0]) if given else None

    return Staged(
        register.plans.get(request, question.detail["plan"]),
        officer.inventory,
        open_table,
        partial(register.data_keys.fingerprint, request),
        {code: ground.rules for code, ground in grounds.items()},
        texts,
    )


def _accepted(
    officer: Officer,
    question: QuestionRow,
    ground: Ground,
    codes: Mapping[str, Any],
    texts: Mapping[str, Any],
) -> bool:
    """Check the form of a ground; returns whether a second person signs (R31, R32, R35)."""

    def fault(faults: Mapping[str, str], message: str = _UNFIT, _instead: str = "") -> FormError:
        return _fault({f"{ground.code}.{name}": words for name, words in faults.items()}, message)

    only = replace(officer.grounds, grounds={ground.code: ground})
    accepted = must_be_accepted(
        officer, question, only, Outcome.REFUSE_PART, ground.code, codes, texts, fault
    )
    return accepted.second_signer


def _lines(given: Any) -> list[str]:
    lines = given.splitlines() if isinstance(given, str) else given or []
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise _fault({REDACTIONS: "takes a list of lines"})
    return lines


def _by_ground(given: Mapping[str, Any], used: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Fields named `ground.field`, by ground; with a single ground, `field` is enough."""
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


def _masked_counts(found: Sequence[Redaction]) -> dict[str, Any]:
    """Counts, for the trail."""
    methods = Counter(redaction.method for redaction in found)
    columns = Counter(f"{redaction.table}.{redaction.column}" for redaction in found)
    return {"cells": methods["cell"], "spans": methods["span"], "columns": dict(columns)}


def _fault(faults: Mapping[str, str], message: str = _UNFIT) -> FormError:
    instead = f"`afschrift questions` shows its fields, for {' | '.join(OPTIONS)}."
    return FormError.listing(message, faults, remedy=f"{instead} {UNCHANGED}")
