"""Nothing that is open is missing: each state, letter and run gives a next action, and it is the right one."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import clock_requests as at
from tests.support.clock_requests import NL, RECEIVED, TODAY, march, request, sent

from afschrift.casework.desk.next_action import (
    TITLES,
    WAITS,
    ActionKind,
    DeskPolicy,
    NextAction,
    RequestRecord,
    next_actions,
    words_of,
)
from afschrift.casework.notices.reviews import DueReview
from afschrift.casework.question_kinds import KINDS
from afschrift.domain.request import LOST, RequestStatus, Run
from afschrift.domain.state import State
from afschrift.law.case_facts import Matter, Referral
from afschrift.law.clock.clock import clock
from afschrift.law.clock.facts import FactKind, NewFact
from afschrift.law.letter import UNSETTLED, LetterRow, LetterState
from afschrift.law.manual_search import Chase, ChaseDays, chase
from afschrift.law.roles import Role
from afschrift.letters.kinds import KINDS as KINDS_OF_LETTERS
from afschrift.register.records import QuestionRow

NOW = datetime(2026, 3, 16, 12, tzinfo=UTC)
POLICY = DeskPolicy(NL.calendar, NOW)
RUNS = {
    "none": (),
    "going": ((f"{TODAY}T11:30:00.000000Z", None, None),),
    "lost": ((at.at(march(3)), at.at(march(4)), LOST), (at.at(march(5)), at.at(march(6)), LOST)),
    "failed": ((at.at(march(3)), at.at(march(4)), "accepted"),),
    "ended": ((at.at(march(3)), at.at(march(4)), "needs_person"),),
}
FACTS = {
    "extended": (at.EXTENDED, ActionKind.MAKE),
    "asked": (at.ASKED, ActionKind.MAKE),
    "refused": (at.REFUSED, ActionKind.MAKE),
    "proposed": (NewFact(FactKind.RECEIPT_PROPOSED, instant=at.at(march(9))), ActionKind.SIGN),
    "unclear": (NewFact(FactKind.RIGHT_UNCLEAR, detail={"right": "access"}), ActionKind.READ_RIGHT),
    "complained": (NewFact(FactKind.COMPLAINED, TODAY, proof="K1"), ActionKind.COMPLAINT),
    "held": (NewFact(FactKind.HELD, detail={"hold": "h", "ground": "court"}), ActionKind.HOLD),
    "ready": (
        NewFact(FactKind.ANSWER_READY, detail={"state": "ready", "letter": "delivery"}),
        ActionKind.INFORM,
    ),
}


def letter(state: LetterState, kind: str = "delivery") -> LetterRow:
    nothing: dict[str, Any] = dict.fromkeys(
        ("claimed_at", "sent_on", "sent_at", "sent_by", "channel", "proof", "bounced_on", "bounce")
    )
    return LetterRow(
        "let-1", "req-000000000001", kind, "nl", state, None, "msg-1", False, at.at(TODAY), "cli:anna",
        detail={}, **nothing,
    )  # fmt: skip


def question(kind: str, role: Role = Role.OFFICER, **detail: Any) -> QuestionRow:
    asked = at.at(march(9))
    return QuestionRow("q-1", "req-000000000001", kind, role.value, ("a",), detail, None, asked, None)


def record(state: State, run: str, *facts: NewFact, **more: Any) -> RequestRecord:
    timeline = request(*facts, state=state, closed_at=None if state.open else at.at(march(12)))
    runs = [Run(timeline.request, f"{timeline.request}.1", s, s, e, o) for s, e, o in RUNS[run]]
    asked = len(more.get("questions", ()))
    status = RequestStatus(
        timeline.request, state, True, at.at(RECEIVED), at.at(march(6)), tuple(runs), open_questions=asked
    )
    return RequestRecord(timeline, clock(timeline, NL, TODAY), status, **more)


def actions(*given: Any, **more: Any) -> list[NextAction]:
    return list(next_actions(record(*given, **more), POLICY, TODAY))


def test_each_state_with_each_letter_and_run() -> None:
    for state, of_letter, run, kind in product(State, [None, *LetterState], RUNS, [None, "identity"]):
        nothing_is_missing(state, of_letter, run, set(), kind)


@given(
    st.sampled_from(State),
    st.sampled_from([None, *LetterState]),
    st.sampled_from(sorted(RUNS)),
    st.sets(st.sampled_from(sorted(FACTS))),
    st.sampled_from([None, *sorted(KINDS)]),
)
def test_nothing_open_is_missing(
    state: State, of_letter: LetterState | None, run: str, facts: set[str], kind: str | None
) -> None:
    nothing_is_missing(state, of_letter, run, facts, kind)


def nothing_is_missing(
    state: State, of_letter: LetterState | None, run: str, facts: set[str], kind: str | None
) -> None:
    asked = [question(kind, KINDS[kind].role, source="mail")] if kind else []
    letters = [letter(of_letter)] if of_letter else []
    found = actions(state, run, *(FACTS[name][0] for name in sorted(facts)), letters=letters, questions=asked)
    kinds = {action.kind for action in found}
    assert found or not state.open
    assert (ActionKind.QUESTION in kinds) == bool(asked)
    assert (of_letter in UNSETTLED) == bool(kinds & {ActionKind.SEND, ActionKind.FIND_OUT})
    assert (of_letter is LetterState.BOUNCED) == (ActionKind.MAKE_AGAIN in kinds)
    if run == "going" and state.open:
        assert ActionKind.RUN in kinds
    if run in ("failed", "lost") and state in (State.ACKNOWLEDGED, State.ACCEPTED) and not asked:
        assert found[0].kind is ActionKind.REPAIR_RUN
    if state.open:
        assert all(FACTS[name][1] in kinds for name in facts - {"ready", "refused", "asked", "extended"})
    assert kinds <= {*TITLES}
    assert all(
        action.path.startswith(("/requests/req-", "/questions/q-", "/review/req-", "/letters/let-"))
        for action in found
    )
    assert all(words_of(action)[0] for action in found)


CASES: dict[str, tuple[RequestRecord, ActionKind, Role, str | None]] = {
    **{
        name: (record(State.ACCEPTED, "going", fact), kind, Role.OFFICER, None)
        for name, (fact, kind) in FACTS.items()
        if name not in ("proposed", "ready")
    },
    "to sign": (record(State.ACCEPTED, "going", FACTS["proposed"][0]), ActionKind.SIGN, Role.SECOND_SIGNER, None),
    "to inform": (record(State.READY, "ended", FACTS["ready"][0]), ActionKind.INFORM, Role.OFFICER, None),
    "due": (
        record(State.RECEIVED, "none", letters_due=("acknowledgement",)), ActionKind.MAKE, Role.OFFICER, None,
    ),
    "periods": (record(State.READY, "ended", periods=("p",)), ActionKind.PERIOD, Role.OFFICER, None),
    "reply": (record(State.NEEDS_PERSON, "ended", at.ASKED, sent(march(4), 1), questions=[question("identity")]), ActionKind.REPLY, Role.OFFICER, None),
    "begins": (record(State.RECEIVED, "none"), ActionKind.RUN, Role.OFFICER, None),
    "owned": (
        record(State.ACCEPTED, "failed", NewFact(FactKind.ASSIGNED, detail={"to": "Bea"})),
        ActionKind.REPAIR_RUN, Role.OFFICER, "Bea",
    ),
    "assigned": (
        record(
            State.NEEDS_PERSON, "ended",
            NewFact(FactKind.QUESTION_ASSIGNED, detail={"question": "q-1", "to": "Karel"}),
            questions=[question("manual", Role.SOURCE_OWNER, source="mail")],
        ),
        ActionKind.QUESTION, Role.SOURCE_OWNER, "Karel",
    ),
    "restriction": (
        record(
            State.DELIVERED, "ended",
            restrictions=[DueReview("req-000000000001", march(9), "cli:anna", "restriction", "q-2")],
        ),
        ActionKind.RESTRICTION, Role.OFFICER, None,
    ),
    "referral": (
        record(
            State.ACCEPTED, "going",
            referrals=[Referral("cf-1", "case-1", Matter.ERASURE, at.at(RECEIVED), march(20), None)],
        ),
        ActionKind.HAND_OVER, Role.OFFICER, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_first_action_and_whose_it_is(name: str) -> None:
    of_case, kind, role, person = CASES[name]
    found = next_actions(of_case, POLICY, TODAY)[0]
    assert (found.kind, found.role, found.person) == (kind, role, person)
    if kind is ActionKind.MAKE:  # a kind of letter, or what it is about
        named = f"?kind={found.what}" if found.what in KINDS_OF_LETTERS else ""
        assert found.path == f"/requests/{found.request}/do/letter{named}"


@pytest.mark.parametrize("state", [state for state in State if not state.open])
def test_a_closed_request_without_a_matter_has_no_action(state: State) -> None:
    assert actions(state, "ended") == []


def test_a_keeper_is_chased_in_three_levels() -> None:
    """The search of a request that was received on 2 March is due on 24 March, a Tuesday."""
    due, days = march(24), ChaseDays(remind=4, escalate=7)
    asked = march(9)
    levels = {day: chase(asked, due, march(day), NL.calendar, days) for day in (12, 13, 17, 18, 24, 25)}
    far, order = list(levels.values()), list(Chase)
    assert far == [order[n] for n in (0, 1, 1, 2, 2, 3)]
    assert chase(asked, None, march(25), NL.calendar, days) is Chase.ASKED
    search = question("manual", Role.SOURCE_OWNER, source="mail")
    of_search = record(State.NEEDS_PERSON, "ended", questions=[search])
    for policy, kinds in (
        (replace(POLICY, chased=ChaseDays(9, 9)), [ActionKind.QUESTION]),
        (replace(POLICY, chased=ChaseDays(5, 9)), [ActionKind.QUESTION, ActionKind.CHASE]),
    ):
        found = next_actions(of_search, policy, TODAY)
        assert [(a.kind, a.what) for a in found if a.kind not in WAITS] == [(kind, "mail") for kind in kinds]


def test_every_kind_has_a_title() -> None:
    assert list(TITLES) == list(ActionKind)
