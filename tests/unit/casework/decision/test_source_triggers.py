"""What only the sources know, and what the register knows of earlier answers, before a person decides."""

from collections.abc import Callable
from pathlib import Path

import pytest
from testbed.running import run
from testbed.small import SHOP, write_inventory
from tests.support.deciding import Bureau, trigger_codes
from tests.support.restricted import open_bureau

from afschrift.domain.errors import NeedsPersonError
from afschrift.domain.instants import utc_now
from afschrift.inventory.document import InventoryError
from afschrift.inventory.load import load
from afschrift.register.records import QuestionRow
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.wiring.dry_run import preview

pytestmark = pytest.mark.slow
TICKETS = ["shop.ticket.customer_id", "shop.ticket.ticket_id"]
CASE = SHOP.replace(
    "  ticket:\n    subject: {customer_id: customer_id}\n",
    "  ticket:\n    review: case\n    subject: {customer_id: customer_id}\n",
).replace(
    "email: {origin: provided, category: user.contact.email}",
    "email: {origin: provided, category: user.contact.email, review: case}",
)
CHANGED = SHOP.replace(
    "    subject: {customer_id: customer_id, email: {column: email, match: casefold}}\n    key: [customer_id]",
    "    subject:\n      customer_id: customer_id\n      email: {column: email, match: casefold, changed: email_changed_at}\n    key: [customer_id]",
).replace("      password_hash:", "      email_changed_at: {origin: observed}\n      password_hash:")
Set = Callable[..., Bureau]


@pytest.fixture
def with_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Set:
    """An installation with another data map."""

    def make(shop: str, more: str = "") -> Bureau:
        return open_bureau(tmp_path, monkeypatch, more).describe(shop)

    return make


def stopped(bureau: Bureau, request: str) -> QuestionRow:
    """The question at which `classify` ends."""
    assess(bureau.services, request)
    with pytest.raises(NeedsPersonError):
        classify(bureau.services, request)
    return bureau.questions(request)[-1]


def columns(question: QuestionRow) -> list[str]:
    assert set(trigger_codes(question)) == {"case_column"}
    return sorted(flag["column"] for flag in question.detail["flags"])


def test_columns_of_each_case_are_asked_about_where_the_person_has_values(with_shop: Set) -> None:
    bureau = with_shop(CASE)
    request = bureau.store()
    assert any("decided in each case" in line for line in preview(bureau.services, request, sql=False))
    question = stopped(bureau, request)
    assert columns(question) == ["shop.customer.email", *TICKETS]
    assert stopped(bureau, request).id == question.id
    portability = bureau.store("portability")
    assert columns(stopped(bureau, portability)) == ["shop.customer.email"]  # nothing else of it leaves
    without_values = bureau.store(keys={"customer_id": "4"})  # without e-mail address or ticket
    assess(bureau.services, without_values)
    classify(bureau.services, without_values)


def test_decided_once_a_later_run_does_not_ask_again(with_shop: Set) -> None:
    bureau = with_shop(CASE)
    request = bureau.store()
    bureau.answer(
        stopped(bureau, request), "refuse_part", "rights_of_others", places=["shop.ticket.ticket_id"]
    )
    bureau.sign(request)
    assess(bureau.services, request)
    plan = bureau.register.plans.get(request, classify(bureau.services, request)["plan"])
    [ticket] = [table for table in plan.extracts if table.table == "ticket"]
    assert [f.name for f in ticket.selected] == ["customer_id"]
    assert run(bureau.services, request).exists()


def test_a_case_category_counts_for_all_its_columns(with_shop: Set) -> None:
    bureau = with_shop(SHOP, "case_categories: [user.contact]\n")
    assert columns(stopped(bureau, bureau.store())) == ["shop.customer.email"]


@pytest.mark.parametrize(
    ("shop", "policy", "words"),
    [
        (SHOP, "case_categories: [user.contakt]\n", "not in the Fides taxonomy"),
        (CASE.replace("review: case", "review: often"), "", "review"),
        (CHANGED.replace("changed: email_changed_at", "changed: nowhere"), "", "no column nowhere"),
    ],
)
def test_a_wrong_word_in_the_inventory_is_refused_with_its_place(
    tmp_path: Path, shop: str, policy: str, words: str
) -> None:
    folder = write_inventory(tmp_path, shop)
    with (folder / "policy.yml").open("a") as file:
        file.write(policy)
    with pytest.raises(InventoryError, match=words):
        load(folder)


@pytest.mark.parametrize(("days", "asked"), [(3, True), (29, True), (33, False), (None, False)])
def test_the_source_knows_that_a_contact_detail_was_changed(
    with_shop: Set, tmp_path: Path, days: int | None, asked: bool
) -> None:
    bureau = with_shop(CHANGED)
    bureau.execute("ALTER TABLE customer ADD COLUMN email_changed_at TIMESTAMPTZ")
    for customer, before in (("1", days), ("2", 0)):
        if before is not None:
            at = f"strftime('%Y-%m-%d %H:%M:%SZ', 'now', '-{before} days')"
            bureau.execute(f"UPDATE customer SET email_changed_at = {at} WHERE customer_id = {customer}")
    request = bureau.store(days=0)
    if not asked:
        assess(bureau.services, request)
        classify(bureau.services, request)
        return
    question = stopped(bureau, request)
    [flag] = question.detail["flags"]
    assert (flag["flag"], flag["keys"], flag["table"]) == ("contact_changed", ["email"], "shop.customer")
    assert str(utc_now().year) not in repr(flag)
    bureau.answer(question, "fulfil")
    classify(bureau.services, request)
    plan = bureau.register.plans.get(request, bureau.register.steps.latest(request, "classify")["plan"])  # type: ignore[index]
    assert plan.extracts


def test_a_repetition_says_what_changed_as_far_as_the_register_knows(with_shop: Set, tmp_path: Path) -> None:
    bureau = with_shop(SHOP)
    first = bureau.store(days=60)
    run(bureau.services, first)
    bureau.execute(
        "INSERT INTO orders VALUES (13, 1, '2025-02-01 10:00:00')",
        "UPDATE customer SET name = 'Anne' WHERE customer_id = 1",
    )
    second = bureau.store(days=30)
    run(bureau.services, second)
    bureau.describe(SHOP + "# noted\n")

    question = bureau.asked(bureau.store(days=0))

    earliest, latest = question.detail["since"]
    assert (earliest["request"], latest["request"], latest["compared_with"]) == (first, second, first)
    assert (latest["tables_changed"], latest["rows_more"]) == (2, 1)
    assert "2 tables differ" in latest["words"]
    assert latest["inventory_changed"] is True
    assert "data map changed" in latest["words"]
    assert "bye" not in repr(question)
    third = bureau.register.questions.get(question.id).request
    bureau.answer(question, "fulfil")
    assess(bureau.services, third)
    bureau.describe(SHOP + "# noted again\n")
    assess(bureau.services, third)  # what is shown beside the flags asks no new question
