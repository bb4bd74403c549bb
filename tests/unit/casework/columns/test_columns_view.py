"""An officer asked about columns, rows or a search sees what they hold, of whom, and how many."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from testbed.mini import SQLITE_SHOP as SHOP
from testbed.running import installation
from tests.support.days import local_today
from tests.support.deciding import ANN, Bureau

from afschrift.casework.answer import look
from afschrift.casework.columns.judged_files import ACTIVE_CONTENT
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


def inventory(bureau: Bureau, text: str) -> None:
    (bureau.settings.home.parent / "inventory" / "shop.yml").write_text(text, encoding="utf-8")
    bureau.services = installation(bureau.settings.home, bureau.settings.home.parent / "inventory")


def asked(bureau: Bureau, kind: str, keys: dict[str, str], right: str = "access") -> QuestionRow:
    request = bureau.store(right, keys)
    assess(bureau.services, request)
    with pytest.raises(NeedsPersonError):
        classify(bureau.services, request)
    return next(q for q in bureau.register.questions.all(request_id=request) if q.kind == kind)


def seen(bureau: Bureau, question: QuestionRow, *, unmask: bool = False) -> dict[str, Section]:
    found = look(bureau.officer("cli:anna"), question.id, unmask=unmask)
    assert found is not None
    return {section.title: section for section in found.sections}


def values_of(section: Section) -> dict[str, str]:
    return {line.label: line.value for line in section.lines}


def test_a_consent_is_named_with_the_day_of_its_withdrawal(bureau: Bureau) -> None:
    bureau.execute("UPDATE consent SET withdrawn_at = '2024-05-06 07:00Z' WHERE customer_id = 1")
    question = asked(bureau, "consent_missing", ANN, "portability")
    sections = seen(bureau, question)
    [line] = sections["Consents"].lines
    assert (line.label, line.kept) == ("Coaching (coaching)", Kept.ROLE)
    assert line.value.startswith("given, and taken back on 2024-05-06")
    rows = {row[0]: row for row in sections["What it is about"].rows}
    assert rows["bpm"] == ("bpm", "shop.beat", "no title (origin observed)", "Coaching (coaching)", 2)
    events = json.dumps([payload for _, payload in bureau.register.trail.events(question.request)])
    assert "2024-05-06" not in json.dumps(question.detail) + events


def test_a_consent_that_was_never_given_is_shown_so(bureau: Bureau) -> None:
    bureau.execute("DELETE FROM consent WHERE customer_id = 1")
    question = asked(bureau, "consent_missing", ANN, "portability")
    assert values_of(seen(bureau, question)["Consents"]) == {"Coaching (coaching)": "never given"}


def test_an_undescribed_column_shows_its_table_and_the_rows(bureau: Bureau) -> None:
    bureau.execute("ALTER TABLE orders ADD COLUMN remark VARCHAR")
    [row] = seen(bureau, asked(bureau, "unclassified", ANN))["What it is about"].rows
    assert row == ("remark", "shop.orders", "not described in the inventory", "Account (account)", 2)


def test_columns_about_others_are_shown_by_what_they_hold(bureau: Bureau) -> None:
    inventory(
        bureau,
        SHOP.replace(
            "body: {origin: provided, about: third_party, third_party: own_use}",
            "body: {origin: provided, about: third_party, title: {nl: Tekst, en: What was written}}",
        ),
    )
    [row] = seen(bureau, asked(bureau, "others_undecided", ANN))["What it is about"].rows
    assert row[2] == "What was written (origin provided, about others)"
    assert row[4] == 3


def test_an_undescribed_table_shows_its_columns(bureau: Bureau) -> None:
    bureau.execute("CREATE TABLE secret_profile (customer_id INTEGER, note VARCHAR)")
    [section] = seen(bureau, asked(bureau, "unlisted_tables", ANN)).values()
    assert section.rows == (("secret_profile", "customer_id, note"),)


def test_rows_of_an_unknown_origin_show_the_origins_that_are_known(bureau: Bureau) -> None:
    [section] = seen(bureau, asked(bureau, "unknown_origin", BOB)).values()
    lines = values_of(section)
    assert (lines["Table"], lines["Rows meant"]) == ("shop.ticket_message", "1")
    assert lines["Origins by author_type"] == "customer: provided, agent: assigned, bot: inferred"
    assert lines["A join reaches it"] == "ticket_id is ticket.ticket_id"


def test_rows_with_another_key_show_which_and_by_which_join(bureau: Bureau) -> None:
    inventory(bureau, "\n".join(line for line in SHOP.split("\n") if "A parcel is of" not in line))
    [section] = seen(bureau, asked(bureau, "foreign_rows", BOB)).values()
    lines = values_of(section)
    assert (lines["Table"], lines["Rows meant"]) == ("shop.shipment", "1")
    assert lines["A join reaches it"] == "order_id is orders.order_id"
    assert lines["A row bears"] == "customer_id in customer_id"


def test_a_column_that_names_the_person_shows_what_it_holds(bureau: Bureau) -> None:
    inventory(
        bureau,
        SHOP.replace(
            "        mentions: {settled: not_given, by: Data office, on: 2026-11-27, why: Someone else typed the address there.}\n",
            "",
        ),
    )
    bureau.execute("INSERT INTO login VALUES (2, 'ghost.canary@example.org', '2024-01-03 00:00Z')")
    question = asked(bureau, "residual_rows", GHOST)
    [section] = seen(bureau, question).values()
    lines = values_of(section)
    assert lines["Column"] == "shop.login.email"
    assert lines["Rows that hold an identifier of the person"] == "1"
    assert lines["For"] == "Security (security)"


def test_nothing_held_shows_what_was_searched_for_and_where(bureau: Bureau) -> None:
    question = asked(bureau, "nothing_held", GHOST)
    assert "searched" not in question.detail
    assert GHOST["email"] not in json.dumps(question.detail)
    sections = seen(bureau, question, unmask=True)
    by = sections["By what was searched"].lines
    assert ("email", GHOST["email"], Kept.MASKED) in [(line.label, line.value, line.kept) for line in by]
    [spelled] = [line.value.split("\n") for line in by if line.label == "Spelled as email"]
    assert GHOST["email"] in spelled
    where = {row[0]: row[1:] for row in sections["Where was searched"].rows}
    assert where["shop.customer"][0] == 4
    assert where["shop.customer"][2] == "whole"
    assert values_of(sections["Where was searched"])["Searched on"].startswith(str(local_today().year))
    masked = "\n".join(line.value for section in seen(bureau, question).values() for line in section.lines)
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
        ask(
            bureau.register, request, [OpenQuestion(ACTIVE_CONTENT, ACTIVE_CONTENT.options, "Asked.", detail)]
        )
    shown = {
        values_of(views["What was found"]).get("System", "table"): views
        for q in bureau.register.questions.all(request_id=request)
        if q.kind == "active_content"
        for views in [seen(bureau, q)]
    }
    assert values_of(shown["mail"]["What was found"]) == {"System": "mail", "Files": "1", "DDE link": "in 1"}
    assert values_of(shown["table"]["What was found"])["Macro"] == "in 1"
    assert shown["table"]["Where"].rows == (("3: Macro in the file itself",),)
