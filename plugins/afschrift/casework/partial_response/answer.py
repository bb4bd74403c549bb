"""Answer the question about a source that is down, or leave a source for later without being asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from afschrift.casework.officer import Officer
from afschrift.casework.partial_response.question import (
    FORM,
    binding,
    decided_partial,
    hindrance,
    personal_tables,
    taken,
    waits_for,
)
from afschrift.domain.errors import FormError, RefusedError, TooLateError
from afschrift.inventory.model import Inventory
from afschrift.law.clock.clock import Jurisdiction, clock
from afschrift.law.partial_response import KIND, PARTIAL, REMEDIES, TRY_AGAIN, parts, used
from afschrift.questions.forms import check
from afschrift.questions.kind import Answered, GivenAnswer
from afschrift.register.records import DecisionRow, QuestionRow

_NOTHING = "Nothing was recorded."
_INFORM = (
    "The next run delivers what there is. Then inform the person: `afschrift letter make REQUEST "
    "partial_delivery`."
)


def answer_damaged(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    """Take the answer to `damaged_value`: see `PartialResponseService.answer_damaged`."""
    return PartialResponseService(officer, officer.inventory, officer.jurisdiction).answer_damaged(
        question, given
    )


def answer_source_down(officer: Officer, question: QuestionRow, given: GivenAnswer) -> Answered:
    """Take the answer to `source_down`: see `PartialResponseService.answer`."""
    return PartialResponseService(officer, officer.inventory, officer.jurisdiction).answer(question, given)


@dataclass(frozen=True)
class PartialResponseService:
    """Records decisions on a source that is down.

    Attributes:
        officer: the officer at work.
        inventory: the data map.
        jurisdiction: where the controller must act.
    """

    officer: Officer
    inventory: Inventory
    jurisdiction: Jurisdiction

    def answer(self, question: QuestionRow, given: GivenAnswer) -> Answered:
        """Answer the question `source_down`.

        Raises:
            TooLateError, FormError, RefusedError: it cannot be left for later until that day.
        """
        source, partial = str(question.detail["source"]), given.choice == PARTIAL
        detail = {"source": source, "since": question.detail["since"]}
        if partial:
            self._may_wait(question.request, source, given.detail["rest_by"], given.text)
            detail |= {"rest_by": given.detail["rest_by"]}
        elif given.detail:
            raise _form_error({"rest_by": f"goes with the choice `{PARTIAL}` alone"})
        decision = self.officer.register.questions.answer(
            question.id,
            given.choice,
            self.officer.by,
            detail,
            given.text,
            authority=given.authority,
            rules=("R44",) if partial else (),
        )
        return Answered(decision, question.request, next_step=_INFORM if partial else "")

    def answer_damaged(self, question: QuestionRow, given: GivenAnswer) -> Answered:
        """Answer the question `damaged_value`.

        Raises:
            TooLateError, FormError: the column cannot be left for later until that day.
        """
        partial = given.choice == PARTIAL
        if partial:
            self._day_must_fit(question.request, given.detail["rest_by"], given.text)
        elif given.detail:
            raise _form_error({"rest_by": f"goes with the choice `{PARTIAL}` alone"})
        about = replace(given, detail={"place": question.detail["place"], **given.detail})
        answered = self.officer.record_answer(question, about, ("R44",))
        return replace(answered, next_step=_INFORM) if partial else answered

    def leave(self, request_id: str, source: str, rest_by: str, text: str | None) -> DecisionRow:
        """Leave a source for later: as the answer to the open question about it, or unasked.

        Raises:
            UnknownRequestError: no such request.
            NotAllowedError, TooLateError, FormError, RefusedError: as for `answer`.
        """
        self.officer.register.requests.get(request_id)
        if (asked := waits_for(self.officer.register, request_id, source)) is not None:
            authority, detail = self.officer.answering(asked), {"rest_by": rest_by}
            check(asked.form or FORM, asked.options, PARTIAL, detail)
            return self.answer(asked, GivenAnswer(PARTIAL, detail, text=text, authority=authority)).decision
        authority = self.officer.deciding(request_id, KIND)
        check(FORM, (PARTIAL,), PARTIAL, {"rest_by": rest_by})
        self._may_wait(request_id, source, rest_by, text)
        self._still_to_come(request_id, source)
        return self._decided(request_id, source, PARTIAL, {"rest_by": rest_by}, text, authority)

    def take_back(self, request_id: str, source: str) -> DecisionRow:
        """The source is back before its part was delivered: the next run opens it.

        Raises:
            UnknownRequestError, NotAllowedError, TooLateError: as for `leave`.
            RefusedError: it is not left for later.
        """
        self.officer.register.requests.get(request_id)
        authority = self.officer.deciding(request_id, KIND)
        done = used(self.officer.register.facts.timeline(request_id))
        decisions = self.officer.register.decisions.of(request_id)
        left = {later.source: later for later in decided_partial(self.inventory, decisions)}
        if source not in left or left[source].about in done:
            raise RefusedError(
                "This source is not left for later.",
                remedy="a run opens it by itself; nothing is to be done.",
            )
        return self._decided(request_id, source, TRY_AGAIN, {}, None, authority)

    def _decided(
        self,
        request_id: str,
        source: str,
        choice: str,
        detail: Mapping[str, Any],
        text: str | None,
        authority: Mapping[str, str],
    ) -> DecisionRow:
        before = taken(self.officer.register.decisions.of(request_id)).get(source)
        payload = {"source": source, **detail}
        if before is not None and "since" in before[0].detail:
            payload["since"] = before[0].detail["since"]
        bound = binding(self.officer.register, self.inventory, request_id, source)
        return self.officer.register.decisions.take(
            request_id,
            KIND,
            choice,
            self.officer.by,
            about=bound,
            detail=payload,
            text=text,
            authority=authority,
        )

    def _still_to_come(self, request_id: str, source: str) -> None:
        """After a part, only a source that it left open can be left for later unasked: the rest is given.

        Raises:
            RefusedError: no rest of this source is awaited.
        """
        for fact in parts(self.officer.register.facts.timeline(request_id))[-1:]:
            if source not in {later["source"] for later in fact.detail.get("later", ())}:
                raise RefusedError(
                    f"The last part of the answer to request {request_id} left nothing of {source} open.",
                    remedy=f"where a run must read it once more and cannot, it asks. {_NOTHING}",
                )

    def _may_wait(self, request_id: str, source: str, rest_by: str, text: str | None) -> None:
        """Check that a source can be left for later until a day.

        Raises:
            TooLateError, FormError: as `_day_must_fit`.
            RefusedError: other parts of the answer rest on the source.
        """
        if source not in self.inventory.sources or not personal_tables(self.inventory, source):
            known = ", ".join(n for n in self.inventory.sources if personal_tables(self.inventory, n))
            raise RefusedError(
                "The inventory has no source of this name that holds personal data.",
                remedy=f"name one of {known}. {_NOTHING}",
            )
        decisions = self.officer.register.decisions.of(request_id)
        also = [later.source for later in decided_partial(self.inventory, decisions)]
        why = hindrance(self.inventory, source, also)
        if why is not None:
            raise RefusedError(
                f"Source {source} cannot be left for later ({why}, R08).",
                remedy=f"{REMEDIES[why]}. {_NOTHING}",
            )
        self._day_must_fit(request_id, rest_by, text)

    def _day_must_fit(self, request_id: str, rest_by: str, text: str | None) -> None:
        """Check the day on which the rest is promised.

        Raises:
            TooLateError: the request is closed.
            FormError: the day is over or after the last one of the request, or there are no words.
        """
        timeline = self.officer.register.facts.timeline(request_id)
        if not timeline.state.open:
            raise TooLateError(
                f"Request {request_id} is {timeline.state}: nothing is decided on it any more."
            )
        faults = {}
        if not (text or "").strip():
            faults["text"] = "say in words why it cannot be given now; it is kept encrypted"
        today = self.officer.today(timeline.zone)
        due = clock(timeline, self.jurisdiction, today).due
        day = date.fromisoformat(rest_by)
        if day < today:
            faults["rest_by"] = f"lies in the past; today is {today}"
        elif due is not None and today <= due < day:
            faults["rest_by"] = f"is after {due}, the last day of the request: its clock goes on (R37, R44)"
        if faults:
            raise _form_error(faults)


def _form_error(faults: Mapping[str, str]) -> FormError:
    return FormError.listing("The answer does not fit its question.", faults, remedy=_NOTHING)
