"""Where all that there is is hidden: a source, a system that people search, or everything (R09, R84)."""

from __future__ import annotations

import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from testbed.running import members, run
from tests.support.deciding import Bureau
from tests.support.in_parts import SOON
from tests.support.letter_samples import given as sample
from tests.support.manual import add_systems, system
from tests.support.parts import Club, run_to_its_end
from tests.support.restricted import open_bureau, restrict
from tests.support.twins import differences, given, neutral

from afschrift.casework.answer import answer_question
from afschrift.casework.decision.require_decision import open_decision
from afschrift.casework.letters.make import make
from afschrift.casework.manual.scan import scan
from afschrift.casework.officer import Officer
from afschrift.casework.review.view import review_view
from afschrift.domain.errors import FormError, NeedsPersonError
from afschrift.domain.state import State
from afschrift.law.roles import Person, Role, Roles
from afschrift.letters.kinds import KINDS
from afschrift.register.records import QuestionRow
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.wiring.build_services import build
from afschrift.wiring.preview import preview

pytestmark = pytest.mark.slow

KEEPER = Roles((Person("Bea", frozenset({"cli:bea"}), frozenset({Role.SOURCE_OWNER})),))
NO_CARDS = "DELETE FROM visit WHERE card_id <> 2; DELETE FROM card WHERE customer_id = 1;"
UNKNOWN = {"customer_id": "4"}
TABLES = ["customer", "orders", "ticket", "ticket_message"]


def office(folder: Path, patch: pytest.MonkeyPatch) -> tuple[Bureau, Club]:
    """The mini shop with a club and a mailbox beside it."""
    folder.mkdir()
    bureau = open_bureau(folder, patch, all_tables=True)
    club = Club(folder)
    club.declare(add_systems(folder / "inventory", system("mail", "mailbox")))
    bureau.services = build(lambda _line: None, bureau.settings)
    return bureau, club


def asked(bureau: Bureau, right: str, keys: dict[str, str] | None = None, language: str = "en") -> str:
    return bureau.store(right, keys, language=language)


def opened(bureau: Bureau, request: str) -> QuestionRow:
    """The decision on a request, put there by an officer."""
    return open_decision(bureau.services.grounds, bureau.register, request)


def hide(bureau: Bureau, request: str, places: list[str]) -> None:
    restrict(bureau, request, opened(bureau, request), places)


def searches(bureau: Bureau, request: str, choice: str) -> None:
    """The keeper of the mailbox searches it."""
    assess(bureau.services, request)
    with pytest.raises(NeedsPersonError):
        classify(bureau.services, request)
    [question] = [q for q in bureau.register.questions.all(request_id=request) if q.kind == "manual"]
    mail = b"From: ann@example.org\r\nTo: b\r\n\r\nkwikstaart"
    files = [scan("a.eml", io.BytesIO(mail), len(mail), 10_000)] if choice == "given" else []
    answer_question(Officer(bureau.register, KEEPER, "cli:bea"), question.id, choice, detail={}, files=files)


@pytest.mark.parametrize("right", ["access", "portability"])
def test_a_whole_source_and_a_mailbox(right: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bureau, _ = office(tmp_path / "one", monkeypatch)
    request = asked(bureau, right)
    hide(bureau, request, ["club.card", "club.visit", "mail"])
    searches(bureau, request, "given")
    shown = "\n".join(preview(bureau.services, request, sql=False))
    assert "mail: mailbox, held_back" in shown
    assert "club.card: kept back by a restriction" in shown
    hidden = given(bureau, request)

    bureau, club = office(tmp_path / "other", monkeypatch)
    with closing(sqlite3.connect(club.path)) as connection:
        connection.executescript(NO_CARDS)
    request = asked(bureau, right)
    bureau.answer(opened(bureau, request), "fulfil")
    searches(bureau, request, "nothing_held")
    assert differences(hidden, given(bureau, request)) == []
    coverage = json.loads(hidden["data/coverage.json"])
    assert {t["status"] for t in coverage["tables"] if t["source"] == "club"} == {"nothing_given"}
    assert [searched["status"] for searched in coverage["searched"]] == ["nothing_given"]


def test_a_system_is_named_by_a_hidden_restriction_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bureau, _ = office(tmp_path / "one", monkeypatch)
    request = asked(bureau, "access")
    with pytest.raises(FormError):
        restrict(bureau, request, opened(bureau, request), ["mail"], "open")


def test_officers_see_what_is_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bureau = open_bureau(tmp_path, monkeypatch)
    request = asked(bureau, "access")
    hide(bureau, request, ["shop.ticket", "shop.customer.score"])
    run(bureau.services, request)
    assert review_view(bureau.officer("cli:anna"), request).hidden == ("shop.customer.score", "shop.ticket")
    [frozen] = [p for h, p in bureau.register.trail.events(request) if h.type == "plan_frozen"]
    assert frozen["hidden"] == ["shop.customer.score", "shop.ticket"]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_with_only_hidden_data_the_letter_is_that_of_nothing_held(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters, questions = [], []
    for name, keys in (("hidden", None), ("nothing", {"customer_id": "4711"})):
        folder = tmp_path / name
        folder.mkdir()
        bureau = open_bureau(folder, monkeypatch)
        request = asked(bureau, "access", keys, language)
        hidden = [f"shop.{table}" for table in TABLES]
        if name == "hidden":
            hide(bureau, request, hidden)
        assess(bureau.services, request)
        with pytest.raises(NeedsPersonError) as caught:
            classify(bureau.services, request)
        assert caught.value.question == "nothing_held"
        assert caught.value.detail.get("hidden", []) == (sorted(hidden) if name == "hidden" else [])
        question = bureau.register.questions.all(request_id=request)[-1]
        questions.append(str(caught.value))
        bureau.answer(question, "confirm_none")
        with pytest.raises(NeedsPersonError):
            classify(bureau.services, request)
        assert bureau.register.requests.get(request).state is State.NOTHING_HELD
        made = make(
            bureau.officer("cli:anna"), request, "nothing_held", sample(KINDS["nothing_held"], language)
        )
        letters.append(neutral(made.text.html.encode()).decode())
        assert bureau.register.letters.all(request_id=request)[-1].kind == "nothing_held"
    assert letters[0] == letters[1]
    assert "except what a hidden restriction keeps back" in questions[0]
    assert "restriction" not in questions[1]
    false = ("found no data", "vonden geen gegevens", "have no data about you.", "geen gegevens over u.")
    assert not [words for words in false if words in letters[0]]


def test_nothing_portable_is_the_same_where_what_is_portable_is_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    details = []
    for name, keys in (("hidden", UNKNOWN), ("nothing", UNKNOWN)):
        folder = tmp_path / name
        folder.mkdir()
        bureau = open_bureau(folder, monkeypatch, all_tables=True)
        if name == "hidden":
            bureau.execute(
                "INSERT INTO wishlist VALUES (4, 'wish')",
                "INSERT INTO member VALUES (4, 4)",
                "INSERT INTO orders VALUES (40, 4, '2024-01-01 10:00:00')",
            )
        request = asked(bureau, "portability", keys)
        if name == "hidden":
            hide(bureau, request, ["shop.wishlist", "shop.member", "shop.orders"])
        else:
            bureau.answer(opened(bureau, request), "fulfil")
        assess(bureau.services, request)
        with pytest.raises(NeedsPersonError) as caught:
            classify(bureau.services, request)
        assert caught.value.question == "nothing_portable"
        events = bureau.register.trail.events(request)
        [recorded] = [payload for header, payload in events if header.type == "nothing_portable"]
        details.append({key: value for key, value in (recorded or {}).items() if key != "hidden"})
        assert bureau.register.requests.get(request).state is State.NOTHING_PORTABLE
    assert details[0] == details[1]


def second_part(folder: Path, patch: pytest.MonkeyPatch, *, hidden: bool) -> dict[str, bytes]:
    """The rest of an answer; between its parts something is hidden, or the club has nothing of the person."""
    bureau, club = office(folder, patch)
    request = asked(bureau, "access")
    bureau.answer(opened(bureau, request), "fulfil")
    searches(bureau, request, "nothing_held")
    with club.away():
        assert run_to_its_end(bureau.services, request) is None
        [down] = bureau.register.questions.all(request_id=request)
        answer_question(
            bureau.officer("cli:anna"), down.id, "partial", detail={"rest_by": SOON}, text="In repair."
        )
        run(bureau.services, request)
    question = opened(bureau, request)
    if hidden:
        restrict(
            bureau, request, question, ["shop.ticket", "shop.message.body", "club.card", "club.visit", "mail"]
        )
    else:
        bureau.answer(question, "fulfil")
        with closing(sqlite3.connect(club.path)) as connection:
            connection.executescript(NO_CARDS)
    return members(run(bureau.services, request))


def test_what_is_hidden_after_a_part_was_given_stays_given_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = [second_part(tmp_path / str(hidden), monkeypatch, hidden=hidden) for hidden in (True, False)]
    assert differences(*parts) == []
    tables = {t["table"]: t for t in json.loads(parts[0]["data/coverage.json"])["tables"]}
    assert (tables["ticket"]["status"], tables["ticket"]["before"]["status"]) == ("given_before", "rows")
    assert (tables["message"]["status"], tables["message"]["before"]["status"]) == ("given_before", "rows")
    assert tables["card"]["status"] == "nothing_given"
