"""Every row that is given is held against its period; an officer decides when late ones are removed."""

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from testbed.running import drive, members, run
from testbed.small import SHOP
from tests.support.data import document
from tests.support.days import days_away, local_today
from tests.support.deciding import Bureau
from tests.support.driving import extracted
from tests.support.restricted import open_bureau, restrict, set_evasive

from afschrift.casework.retention import ask_removals
from afschrift.domain.errors import FormError, NeedsPersonError
from afschrift.extraction import row_ages
from afschrift.extraction.staged_records import read_record
from afschrift.register.records import QuestionRow

DAYS = {"old": -800, "older": -900, "new": -20, "future": 4000}
RETENTION = "retention: {period: P40Y, from: orders.ordered_at}"


def shop(case: dict[str, Any], bureau: Bureau) -> None:
    """The small shop with these days of Ann's orders and tickets, and these purposes."""
    bureau.execute(
        "DELETE FROM orders WHERE customer_id = 1", "DELETE FROM ticket_message; DELETE FROM ticket"
    )
    bureau.execute("ALTER TABLE ticket ADD COLUMN closed_at TIMESTAMP")
    for table, place in (
        ("orders", "(order_id, customer_id, ordered_at)"),
        ("ticket", "(ticket_id, customer_id, closed_at)"),
    ):
        for number, day in enumerate(case.get(table, ()), start=100):
            moment = days_away(DAYS[day]).strftime("'%Y-%m-%d 10:00:00'") if day else "NULL"
            bureau.execute(f"INSERT INTO {table} {place} VALUES ({number}, 1, {moment})")
    if orders := case.get("of_order"):
        bureau.execute("ALTER TABLE ticket ADD COLUMN order_id INTEGER")
        for number, order in enumerate(orders, start=100):
            bureau.execute(f"UPDATE ticket SET order_id = {order} WHERE ticket_id = {number}")
    for number, ticket in enumerate(case.get("messages", ()), start=100):
        bureau.execute(f"INSERT INTO ticket_message VALUES ({number}, {ticket}, 'customer', 'Ann', 'x')")
    more = "".join(
        f"  {name}:\n    basis: A6-1-b\n    title: {{nl: Voor {name}, en: For {name}}}\n    retention: {text}\n    recipients: []\n    automated_decision: false\n"
        for name, text in case.get("purposes", {}).items()
    )
    text = SHOP.replace(RETENTION, f"retention: {case['account']}").replace(
        "purposes:\n", f"purposes:\n{more}", 1
    )
    text = text.replace(
        "      ticket_id: {origin: assigned}\n      customer_id: {origin: assigned}\n",
        "      ticket_id: {origin: assigned}\n      customer_id: {origin: assigned}\n      closed_at: {origin: observed}\n",
    )
    if "of_order" in case:
        text = text.replace(
            "closed_at: {origin: observed}\n",
            "closed_at: {origin: observed}\n      order_id: {origin: assigned}\n",
        )
        text = text.replace("  ticket:\n", "  ticket:\n    references: {order_id: orders.order_id}\n")
    for table, purposes in case.get("tables", {}).items():
        head, _, rest = text.partition(f"  {table}:\n")
        text = head + f"  {table}:\n" + rest.replace("purposes: [account]", f"purposes: {purposes}", 1)
    bureau.describe(text)


@pytest.mark.parametrize("case", document(__file__, "retention.yml"), ids=lambda case: case["case"])
def test_rows_past_every_period_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: dict[str, Any]
) -> None:
    bureau = open_bureau(tmp_path, monkeypatch)
    shop(case, bureau)
    if "most" in case:
        monkeypatch.setattr(row_ages, "MOST_KEYS", case["most"])
    request = extracted(bureau.services, right=case.get("right", "access"))
    overdue = read_record(bureau.services.staging(request), "shop").overdue
    assert {table: late.rows for table, late in overdue.items()} == case["expected"]
    if "oldest" in case:
        assert {late.oldest for late in overdue.values()} == {
            days_away(DAYS[case["oldest"]]).date().isoformat()
        }


def at_question(bureau: Bureau, request: str) -> QuestionRow:
    with pytest.raises(NeedsPersonError):
        drive(bureau.services, request)
    return bureau.questions(request)[-1]


CASE = {"account": "{period: P1Y, from: orders.ordered_at}", "orders": ["old", "new", "older"]}


def test_officer_decides_the_day_that_the_person_reads(bureau: Bureau) -> None:
    shop(CASE, bureau)
    request = bureau.store(language="en")
    question = at_question(bureau, request)
    assert (question.kind, question.detail) == (
        "past_period",
        {"tables": {"shop.orders": {"rows": 2, "of": 3}}},
    )
    assert [line.value for line in bureau.seen(question)["Rows past their period"].lines] == ["2 of 3"]
    today = local_today("Europe/Amsterdam")
    for day in (today, today + timedelta(days=400)):
        with pytest.raises(FormError, match="more than a year ahead"):
            bureau.reply(question, "remove", removed_by=day.isoformat())
    day = today + timedelta(days=30)
    bureau.reply(question, "remove", removed_by=day.isoformat())
    sheet = json.loads(members(drive(bureau.services, request))["data/information.json"])
    [storage] = [purpose["storage"] for purpose in sheet["purposes"]]
    oldest = days_away(DAYS["older"]).date()
    [late] = storage["late"]
    assert (late["rows"], late["of"], date.fromisoformat(late["oldest"])) == (2, 3, oldest)
    assert late["removedBy"] == day.isoformat()
    assert "Of the 3 rows in ‘orders’, we should have deleted 2 already." in storage["text"]
    assert storage["text"].endswith(f"by {day.day} {day:%B} {day.year} at the latest. This is your copy.")


def test_day_that_passed_before_packing_is_asked_again(bureau: Bureau) -> None:
    shop(CASE, bureau)
    request = bureau.store()
    question = at_question(bureau, request)
    gone = days_away(-3).date().isoformat()
    bureau.register.questions.answer(question.id, "remove", "cli:anna", {"removed_by": gone})
    assert at_question(bureau, request).detail["lapsed"] == gone


def test_day_of_removal_that_passes_is_asked_until_the_rows_are_gone(bureau: Bureau) -> None:
    """Also of a closed request; nothing before the day, and nothing where no answer left."""
    shop(CASE, bureau)
    request, register = bureau.store(), bureau.register
    question = at_question(bureau, request)
    first, second = (local_today("Europe/Amsterdam") + timedelta(days=days) for days in (30, 60))
    bureau.reply(question, "remove", removed_by=first.isoformat())
    assert ask_removals(register, days_away(40)) == ()
    run(bureau.services, request)
    assert not register.requests.get(request).state.open
    for promised, choice, more in ((first, "remove", second), (second, "removed", None)):
        noon = datetime.combine(promised, time(12), UTC)
        assert ask_removals(register, noon) == ()
        for _ in range(2):
            assert ask_removals(register, noon + timedelta(days=1)) == (request,)
        [asked] = register.questions.all()
        assert (asked.kind, asked.detail["lapsed"]) == ("removal_due", promised.isoformat())
        assert next(line.value for line in bureau.seen(asked)["Rows past their period"].lines) == "2 of 3"
        detail = {"removed_by": more.isoformat()} if more else {}
        bureau.reply(asked, choice, text="The nightly job was off." if more else None, **detail)
    assert ask_removals(register, days_away(300)) == ()
    assert register.questions.all() == ()


def test_hidden_rows_are_counted_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person with hidden late orders is asked nothing and reads what one without orders reads."""
    found = []
    for name, orders in (("hidden", ["old", "new"]), ("without", [])):
        bureau = open_bureau(tmp_path / name, monkeypatch)
        shop(CASE | {"orders": orders}, bureau)
        set_evasive(bureau, "shop")
        request, question = bureau.flagged()
        if orders:
            restrict(bureau, request, question, ["shop.orders"])
        else:
            bureau.reply(question, "fulfil")
        sheet = members(drive(bureau.services, request))["data/information.json"].decode()
        found.append((sheet.replace(request, ""), [asked.kind for asked in bureau.questions(request)][:1]))
        assert "late" not in sheet
    (hidden, _), (without, _) = found
    texts = [[purpose["storage"] for purpose in json.loads(sheet)["purposes"]] for sheet in (hidden, without)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("books", "tables", "orders", "sentence"),
    [
        (
            "P40Y",
            ("orders", "ticket"),
            ["old", "new"],
            "We still keep what is older in ‘orders’ for another purpose: For books.",
        ),
        (
            "P40Y",
            ("customer", "orders"),
            ["old", "older"],
            "We still keep the data in ‘customer’, ‘orders’ for another purpose: For books.",
        ),
        ("P40Y", ("customer",), ["old", "new"], None),
        ("P40Y", ("orders",), ["new", "new"], None),
        ("P1Y", ("orders",), ["old", "new"], None),
    ],
)
def test_sheet_names_the_purpose_for_which_rows_of_a_table_are_kept(
    bureau: Bureau, books: str, tables: tuple[str, ...], orders: list[str], sentence: str | None
) -> None:
    """Two purposes that end on the same day do not name each other as the reason."""
    more = {"purposes": {"books": f"{{period: {books}, from: orders.ordered_at}}"}}
    places = dict.fromkeys(tables, "[account, books]")
    shop(CASE | more | {"orders": orders, "tables": places}, bureau)
    request = bureau.store(language="en")
    if "orders" not in tables or books == "P1Y":
        day = local_today("Europe/Amsterdam") + timedelta(days=30)
        bureau.reply(at_question(bureau, request), "remove", removed_by=day.isoformat())
    sheet = json.loads(members(drive(bureau.services, request))["data/information.json"])
    texts = {purpose["id"]: purpose["storage"]["text"] for purpose in sheet["purposes"]}
    named = {purpose for purpose, text in texts.items() if "another purpose" in text}
    assert named == ({"shop.account"} if sentence else set())
    assert sentence is None or texts["shop.account"].endswith(sentence)
