"""An officer asked about columns, rows, keys or a search sees what they hold, of whom, and how many; no digest."""

import json
from pathlib import Path

import pytest
from testbed.mini import SQLITE_SHOP as SHOP
from tests.support.days import local_today
from tests.support.deciding import ANN, Bureau, values_of

from afschrift.casework.columns.judged_files import ACTIVE_CONTENT
from afschrift.casework.columns.meaning import purpose_words
from afschrift.domain.errors import NeedsPersonError
from afschrift.questions.ask import ask
from afschrift.questions.kind import OpenQuestion
from afschrift.questions.view import Kept, Section
from afschrift.register.records import QuestionRow
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify

BOB = {"customer_id": "2"}
GHOST = {"customer_id": "999", "email": "ghost.canary@example.org"}


@pytest.fixture
def bureau(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    return Bureau.open(tmp_path, monkeypatch, all_tables=True)


def asked(bureau: Bureau, kind: str, keys: dict[str, str], right: str = "access") -> QuestionRow:
    request = bureau.store(right, keys)
    assess(bureau.services, request)
    with pytest.raises(NeedsPersonError):
        classify(bureau.services, request)
    return next(q for q in bureau.questions(request) if q.kind == kind)


def test_a_consent_is_named_with_the_day_of_its_withdrawal(bureau: Bureau) -> None:
    bureau.execute("UPDATE consent SET withdrawn_at = '2024-05-06 07:00Z' WHERE customer_id = 1")
    question = asked(bureau, "consent_missing", ANN, "portability")
    sections = bureau.seen(question)
    [line] = sections["Consents"].lines
    assert (line.label, line.kept) == ("Coaching", Kept.ROLE)
    assert line.value.startswith("given, and taken back on 6 May 2024")
    rows = {row[0]: row for row in sections["What it is about"].rows}
    assert rows["bpm"] == ("bpm", "shop.beat", "no title (observed)", "Coaching", 2)
    events = json.dumps([payload for _, payload in bureau.register.trail.events(question.request)])
    assert "2024-05-06" not in json.dumps(question.detail) + events


def test_a_consent_that_was_never_given_is_shown_so(bureau: Bureau) -> None:
    bureau.execute("DELETE FROM consent WHERE customer_id = 1")
    question = asked(bureau, "consent_missing", ANN, "portability")
    assert values_of(bureau.seen(question)["Consents"]) == {"Coaching": "never given"}


def test_an_undescribed_column_shows_its_table_and_the_rows(bureau: Bureau) -> None:
    bureau.execute("ALTER TABLE orders ADD COLUMN remark VARCHAR")
    [row] = bureau.seen(asked(bureau, "unclassified", ANN))["What it is about"].rows
    assert row == ("remark", "shop.orders", "not described in the inventory", "Account", 2)


def test_columns_about_others_are_shown_by_what_they_hold(bureau: Bureau) -> None:
    about = "body: {origin: provided, about: third_party, "
    title = "title: {nl: Tekst, en: What was written}}"
    bureau.describe(SHOP.replace(f"{about}third_party: own_use}}", f"{about}{title}"))
    [row] = bureau.seen(asked(bureau, "others_undecided", ANN))["What it is about"].rows
    assert row[2] == "What was written (provided, about others)"
    assert row[4] == 3


def test_an_undescribed_table_shows_its_columns(bureau: Bureau) -> None:
    for path in ("shop.secret_profile.note", "nowhere.secret_profile.note"):
        assert purpose_words(bureau.services.inventory, path) == []
    bureau.execute("CREATE TABLE secret_profile (customer_id INTEGER, note VARCHAR)")
    [section] = bureau.seen(asked(bureau, "unlisted_tables", ANN)).values()
    assert section.rows == (("secret_profile", "customer_id, note"),)


def test_rows_of_an_unknown_origin_show_the_origins_that_are_known(bureau: Bureau) -> None:
    [section] = bureau.seen(asked(bureau, "unknown_origin", BOB)).values()
    lines = values_of(section)
    assert (lines["Table"], lines["Rows meant"]) == ("shop.ticket_message", "1")
    assert lines["Origins by author_type"] == "customer: provided, agent: assigned, bot: inferred"
    assert lines["A join reaches it"] == "ticket_id is ticket.ticket_id"


def test_rows_with_another_key_show_which_and_by_which_join(bureau: Bureau) -> None:
    bureau.describe("\n".join(line for line in SHOP.split("\n") if "A parcel is of" not in line))
    [section] = bureau.seen(asked(bureau, "foreign_rows", BOB)).values()
    lines = values_of(section)
    assert (lines["Table"], lines["Rows meant"]) == ("shop.shipment", "1")
    assert lines["A join reaches it"] == "order_id is orders.order_id"
    assert lines["A row bears"] == "customer_id in customer_id"


def test_a_column_that_names_the_person_shows_what_it_holds(bureau: Bureau) -> None:
    bureau.describe("\n".join(line for line in SHOP.split("\n") if "mentions: {settled" not in line))
    bureau.execute("INSERT INTO login VALUES (2, 'ghost.canary@example.org', '2024-01-03 00:00Z')")
    question = asked(bureau, "residual_rows", GHOST)
    [section] = bureau.seen(question).values()
    lines = values_of(section)
    assert lines["Column"] == "shop.login.email"
    assert lines["Rows that hold an identifier of the person"] == "1"
    assert lines["For"] == "Security"


def test_nothing_held_shows_what_was_searched_for_and_where(bureau: Bureau) -> None:
    question = asked(bureau, "nothing_held", GHOST)
    assert "searched" not in question.detail
    assert GHOST["email"] not in json.dumps(question.detail)
    sections = bureau.seen(question, unmask=True)
    by = sections["By what was searched"].lines
    assert ("Email", GHOST["email"], Kept.MASKED) in lines(sections["By what was searched"])
    [spelled] = [line.value.split("\n") for line in by if line.label == "Spelled as email"]
    assert GHOST["email"] in spelled
    where = {row[0]: row[1:] for row in sections["Where was searched"].rows}
    assert where["shop.customer"][0] == 4
    assert where["shop.customer"][2] == "whole"
    # Numbers alone: no row was looked through, so the table was not searched "whole".
    assert where["shop.orders"] == ("", 0, "by its ways alone: no column can hold what was searched for")
    assert values_of(sections["Where was searched"])["Searched on"].startswith(str(local_today().year))
    masked = "\n".join(line.value for section in bureau.seen(question).values() for line in section.lines)
    assert "canary" not in masked.lower()


def test_a_confirmed_nothing_held_is_not_asked_again_for_a_new_row(bureau: Bureau) -> None:
    question = asked(bureau, "nothing_held", GHOST)
    bureau.answer(question, "confirm_none")
    bureau.execute("INSERT INTO orders VALUES (13, 3, '2024-01-01 10:00')")
    with pytest.raises(NeedsPersonError, match="confirmed"):
        classify(bureau.services, question.request)


def test_files_in_which_something_may_run_are_shown_by_their_numbers(bureau: Bureau) -> None:
    request = bureau.store("access", ANN)
    for detail in (
        {"table": "shop.customer", "files": 1, "rows": [3], "found": {"macro": 1}, "where": ["3: Macro in the file itself"]},
        {"source": "mail", "files": 1, "numbers": [2], "found": {"dde": 1}, "where": ["2: DDE link in the file itself"]},
    ):  # fmt: skip
        question = OpenQuestion(ACTIVE_CONTENT, ACTIVE_CONTENT.options, "Asked.", detail)
        ask(bureau.register, request, [question])
    shown = {
        values_of(views["What was found"]).get("System", "table"): views
        for q in bureau.questions(request)
        if q.kind == "active_content"
        for views in [bureau.seen(q)]
    }
    assert values_of(shown["mail"]["What was found"]) == {"System": "mail", "Files": "1", "DDE link": "in 1"}
    assert values_of(shown["table"]["What was found"])["Macro"] == "in 1"
    assert shown["table"]["Where"].rows == (("3: Macro in the file itself",),)


def lines(section: Section) -> list[tuple[str, str, Kept]]:
    return [(line.label, line.value, line.kept) for line in section.lines]


def test_a_shared_key_shows_itself_its_others_and_what_it_finds(bureau: Bureau) -> None:
    question = asked(bureau, "shared_key", {"customer_id": "2"})
    key, found = bureau.seen(question, unmask=True).values()
    assert lines(key) == [
        ("Value", "tab", Kept.MASKED),
        ("This person's", "no days are known", Kept.ROLE),
        ("Used at the same time by", "1 other account", Kept.OPEN),
    ]
    assert found.heads == ("Table", "Rows that it finds", "Rows that nothing else finds")
    assert found.rows == (("shop.beat", 1, 1),)  # of his three: two by his other device


def test_days_on_which_a_key_was_the_persons_are_shown(bureau: Bureau) -> None:
    """Ann had the address until 2023; Cleo has had it since."""
    question = asked(bureau, "several_persons", {"customer_id": "1", "email": "bob@example.org"})
    first, second, held = bureau.seen(question, unmask=True).values()
    assert ("Customer id", "1", Kept.MASKED) in lines(first)
    assert ("Given with the request", "Yes", Kept.OPEN) in lines(first)
    assert ("Reached by Email", "ann@example.org", Kept.MASKED) in lines(first)
    assert ("Which was the requester's", "from 1 January 2023 on", Kept.ROLE) in lines(first)
    assert ("Given with the request", "No", Kept.OPEN) in lines(second)
    assert ("Reached by Email", "bob@example.org", Kept.MASKED) in lines(second)
    assert held.heads == ("Table", "Rows of account 1", "Rows of account 2")
    assert ("shop.orders", 2, 1) in held.rows
    assert ("shop.customer", 1, 1) in held.rows


def test_the_same_is_asked_as_before_and_the_answer_counts(bureau: Bureau) -> None:
    """What is shown is no part of what is asked: a new row in the meantime asks no new question."""
    question = asked(bureau, "shared_key", {"customer_id": "2"})
    for other in bureau.questions(question.request):
        bureau.answer(other, "include" if other.kind == "shared_key" else other.options[0])
    bureau.execute("INSERT INTO beat VALUES ('tab', '2024-03-01 00:00:00Z', 91)")
    classify(bureau.services, question.request)
