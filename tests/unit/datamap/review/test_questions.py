"""What a review asks: keys of tables as one question, ways before their columns, and by which default a purpose is."""

import re
from pathlib import Path

import pytest
from tests.support.map_page import ANSWER, HEAD, answer, columns, group, map_folder, names, shop

from afschrift.datamap.review.groups import Group, about_tables
from afschrift.datamap.review.map_files import read_files
from afschrift.datamap.review.offered import decided, effect, must_say_enough, no_to
from afschrift.datamap.review.review_session import Review
from afschrift.datamap.review.written_files import drafted
from afschrift.domain.decision import Action
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.right import Right
from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.document import InventoryError
from afschrift.inventory.load import load
from afschrift.inventory.table import PROVES_LITTLE
from afschrift.inventory.unconfirmed import guessed_ways, progress
from afschrift.selection.table_decision import Classifier, PersonFacts
from afschrift.web.map_review.map_form import GroupAnswer

KEY = "{origin: assigned, category: user.unique_id, review: needed}"
BY_ID = "subject: {customer_id: customer_id}"
KEYS = f"""{HEAD}defaults: {{purposes: [sale]}}
tables:
  customer: {{{BY_ID}, key: [customer_id], columns: {{customer_id: {KEY}}}}}
  orders:
    {BY_ID}
    key: [order_id]
    columns: {{order_id: {KEY}, customer_id: {KEY}}}
  invoice: {{{BY_ID}, key: [invoice_id], columns: {{invoice_id: {KEY}, customer_id: {KEY}, order_id: {KEY}}}}}
  line: {{join: {{order_id: orders.order_id}}, key: [line_id], columns: {{line_id: {KEY}, order_id: {KEY}}}}}
  detail: {{join: {{line_no: line.line_id}}, key: [line_no], columns: {{line_no: {KEY}}}}} # extends a line
  part: {{{BY_ID}, key: [part_id, customer_id], columns: {{part_id: {KEY}, customer_id: {KEY}}}}} # of two columns
"""
OF_ROWS, OF_PERSON = "Keys of rows", "customer_id"
KEYS_OF_ROWS = [
    "shop.orders.order_id", "shop.invoice.invoice_id", "shop.invoice.order_id", "shop.line.line_id",
    "shop.line.order_id", "shop.detail.line_no", "shop.part.part_id",
]  # fmt: skip


def questions(review: Review) -> dict[str, list[str]]:
    return {group.name: [place.path for place in group.places] for group in review.waiting()}


def test_numbers_of_the_person_and_keys_of_rows_are_two_questions(tmp_path: Path) -> None:
    folder = map_folder(tmp_path, KEYS)
    review = Review(folder)
    assert questions(review) == {
        OF_PERSON: [f"shop.{table}.customer_id" for table in ("customer", "orders", "invoice", "part")],
        OF_ROWS: KEYS_OF_ROWS,
    }
    keys = group(review, OF_ROWS)
    assert keys.size == "7 columns of 5 tables"
    assert decided(keys, {}) == "Keys of rows, 7 columns: assigned, user.unique_id"
    review.confirm(keys, ANSWER)
    assert list(questions(review)) == [OF_PERSON]
    review.confirm(group(review, OF_PERSON), ANSWER)
    assert columns(folder)["orders.order_id"].decided is not None


def test_a_question_can_be_taken_apart(tmp_path: Path) -> None:
    review = Review(map_folder(tmp_path, KEYS))
    keys = group(review, OF_ROWS)
    review.take_apart(keys)
    alone = {group.places[0] for group in review.waiting() if len(group.places) == 1}
    assert alone == set(keys.places)
    assert sum(len(group.places) for group in review.waiting()) == 11
    again = Review(map_folder(tmp_path / "again", KEYS))
    again.keep_apart([*review.apart, "shop.nowhere.else"])
    assert [group.id for group in again.waiting()] == [group.id for group in review.waiting()]


ORDER_ID = "{order_id: {origin: assigned,"
OF_ORDERS = "    key: [order_id]\n"


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (ORDER_ID, "{order_id: {origin: observed,"),
        (ORDER_ID, f"{ORDER_ID} about: third_party, third_party: mask,"),
        (ORDER_ID, f"{ORDER_ID} protect: payment,"),
        (ORDER_ID, f"{ORDER_ID} purposes: [sale],"),
        (f"{ORDER_ID} category: user.unique_id,", f"{ORDER_ID} category: user,"),
        (f"{ORDER_ID} category: user.unique_id,", "{order_id: {"),
        (f"{BY_ID}\n{OF_ORDERS}", f"subject: {{customer_id: order_id}}\n{OF_ORDERS}"),
    ],
)
def test_a_key_of_which_something_else_is_proposed_is_another_question(
    tmp_path: Path, was: str, now: str
) -> None:
    assert was in KEYS
    review = Review(map_folder(tmp_path, KEYS.replace(was, now, 1)))
    asked = questions(review)[OF_ROWS]
    assert KEYS_OF_ROWS[0] not in asked
    assert set(KEYS_OF_ROWS[1:]) - set(asked) <= {"shop.line.order_id"}, (
        "it joins that key, and takes words over"
    )


WAYS = f"""{HEAD}tables:
  customer:
    {BY_ID}
    purposes: [sale]
    columns: {{customer_id: {{origin: assigned}}}}
  visit:
    {BY_ID}
    ways: guessed # why
    possible: [{{subject: {{customer_id: customer_id}}, because: 9 of 9 values}}]
    purposes: [sale]
    columns:
      visit_id: {{origin: assigned}}
      customer_id: {{origin: assigned, decided: {{by: Anna, on: 2026-01-01, why: It is so.}}}}
      seen: {{origin: observed}}
  remark: # by a foreign key to a table that is reached by a guess
    join: {{visit_id: visit.visit_id}}
    purposes: [sale]
    columns: {{visit_id: {{origin: assigned}}, body: {{origin: provided}}}}
"""


def actions(folder: Path, table: str, right: Right) -> set[Action]:
    inventory, text = load(folder), ColumnType("VARCHAR", ValueKind.TEXT, "{column}")
    source = inventory.sources["shop"]
    columns_of_it = dict.fromkeys(source.tables[table].columns, text)
    decision = Classifier(inventory, right, PersonFacts()).table(source, table, columns_of_it)
    return {field.action for field in decision.fields}


@pytest.mark.parametrize("right", list(Right))
def test_nothing_leaves_by_a_guess(tmp_path: Path, right: Right) -> None:
    folder = map_folder(tmp_path, WAYS)
    assert actions(folder, "visit", right) == actions(folder, "remark", right) == {Action.ASK}
    assert Action.ASK not in actions(folder, "customer", right)
    assert len(progress(load(folder))[1]) == 5

    Review(folder).confirm(Review(folder).waiting()[0], ANSWER)
    assert Action.ASK not in actions(folder, "visit", right) | actions(folder, "remark", right)


@pytest.mark.parametrize("right", list(Right))
def test_nothing_is_given_by_a_key_not_confirmed_as_the_projects(tmp_path: Path, right: Right) -> None:
    """Of the people it is asked once; what bears their number by a foreign key rests on that answer."""
    text = re.sub(
        r"    ways: guessed.*\n.*because.*\n", "    references: {customer_id: customer.customer_id}\n", WAYS
    )
    before = map_folder(tmp_path / "before", text)
    assert Action.ASK not in actions(before, "visit", right) | actions(before, "remark", right)
    folder = map_folder(tmp_path, text.replace(f"{BY_ID}\n", f"{BY_ID}\n    ways: guessed\n", 1))
    for table in ("customer", "visit", "remark"):
        assert actions(folder, table, right) == {Action.ASK}
    [question] = Review(folder).waiting()
    assert (question.name, [place.path for place in question.takers]) == ("customer", ["shop.visit"])
    Review(folder).confirm(question, ANSWER)
    assert Action.ASK not in actions(folder, "visit", right) | actions(folder, "remark", right)


def test_way_is_asked_before_its_columns(tmp_path: Path) -> None:
    folder = map_folder(tmp_path, WAYS.replace("seen: {origin: observed}", "seen: {}"))
    review = Review(folder)
    [question] = review.waiting()
    assert question.is_table and question.proposed == {"ways": "subject customer_id: customer_id"}
    assert ("possible", "visit.customer_id: 9 of 9 values") in about_tables(review.inventory, question), (
        "the evidence is shown"
    )
    before = (folder / "shop.yml").read_text()

    review.confirm(question, ANSWER)

    assert names(review) == ["seen"], "now its columns are asked"
    assert guessed_ways(review.inventory) == []
    assert (folder / "shop.yml").read_text() == before
    assert ANSWER.why in (folder / "shop.confirmed.yml").read_text()
    review.undo()
    assert not (folder / "shop.confirmed.yml").exists()


def test_a_guess_without_a_way_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match="there is no way here"):
        load(map_folder(tmp_path, f"{WAYS}  land: {{personal: false, ways: guessed}}\n"))


PURPOSES = f"""{HEAD}\
  safety: {{basis: A6-1-f, title: {{nl: Veiligheid, en: Safety}}, retention: P2Y, recipients: []}}
defaults: {{purposes: [sale]}}
tables:
  customer: {{{BY_ID}, columns: {{customer_id: {{origin: assigned}}, email: {{origin: provided}}}}}}
  visit:
    {BY_ID}
    purposes: [safety]
    columns: {{customer_id: {{origin: assigned}}, body: {{origin: provided, review: needed}}}}
"""
PROPOSED = {"origin": "provided", "review": "needed"}
DRAFT = {
    "subject": {"customer_id": "customer_id"},
    "columns": {
        "customer_id": {"origin": "assigned", "review": "needed"},
        "body": PROPOSED,
        "about": PROPOSED | {"purposes": ["safety"]},
    },
}


def asked(review: Review) -> dict[str, Group]:
    return {group.places[0].path: group for group in review.waiting()}


def test_the_question_says_by_which_default_a_new_table_has_a_legal_basis(tmp_path: Path) -> None:
    folder = map_folder(tmp_path, PURPOSES)
    found = drafted(folder / "shop.yml", read_files(folder), {"tables": {"complaint": DRAFT}})
    assert found.added == ("tables.complaint",)
    found.file.write_bytes(found.written)
    review = Review(folder)
    by_default = "sale (A6-1-b) by the defaults of the source"
    assert {path: group.proposed.get("purposes") for path, group in asked(review).items()} == {
        "shop.complaint.customer_id": by_default,
        "shop.complaint.body": by_default,
        "shop.complaint.about": ["safety"],  # its own
        "shop.visit.body": None,  # named for the table
    }
    review.confirm(asked(review)["shop.visit.body"], ANSWER)
    assert columns(folder)["visit.body"].decided is not None
    assert "confirmed" not in shop(folder).tables["complaint"].model_fields_set
    assert "shop.complaint.body" in asked(Review(folder))


SEEN = "because: 40 of 40 values are in customer.customer_id"
ASKED = f"""{HEAD}tables:
  customer: {{{BY_ID}, purposes: [sale], columns: {{customer_id: {{origin: assigned}}}}}}
  conditions:
    ways: asked
    possible:
      - {{subject: {{customer_id: PATIENT}}, {SEEN}}}
      - {{join: {{PATIENT: customer.customer_id}}, {SEEN}}}
    purposes: [sale]
    columns: {{PATIENT: {{origin: assigned}}, body: {{origin: provided, review: needed}}}}
"""


@pytest.mark.parametrize(
    ("chosen", "words", "then"),
    [
        ("no_one", {"personal": False}, []),
        ("PATIENT:customer_id", {"subject": {"customer_id": "PATIENT"}}, ["body"]),
        ("PATIENT:customer.customer_id", {"join": {"PATIENT": "customer.customer_id"}}, ["body"]),
    ],
)
def test_a_person_says_whose_rows_a_table_holds(
    tmp_path: Path, chosen: str, words: dict[str, object], then: list[str]
) -> None:
    folder = map_folder(tmp_path, ASKED)
    review = Review(folder)
    [question] = review.waiting()
    assert {answer: dict(of) for answer, of in question.whose.items()}[chosen] == words
    for answered in (lambda: must_say_enough(question, {}), lambda: review.confirm(question, answer())):
        with pytest.raises(ConfigurationError, match="Nothing says whose"):
            answered()
    with pytest.raises(ConfigurationError, match="asks about a table"):
        must_say_enough(question, {"subject": {"customer_id": "body"}})
    must_say_enough(question, words)
    review.confirm(question, answer(**words))
    table = shop(folder).tables["conditions"]
    assert (names(review), table.asked, table.possible) == (then, False, ())
    assert table.personal is (chosen != "no_one")
    file = folder / "shop.yml"
    assert file.read_text() == ASKED
    file.write_text(ASKED.replace("40 of 40", "3 of 40"))
    assert shop(folder).tables["conditions"].asked, "the evidence is another one: it is asked again"


def test_tables_in_which_small_numbers_fit_are_one_question_with_evidence(tmp_path: Path) -> None:
    small = ASKED.replace(SEEN, f"because: '{SEEN[9:]}{PROVES_LITTLE}'")
    entry = small.partition("  conditions:")[2]
    sure = ASKED.partition("  conditions:")[2]
    personal = entry.replace("review: needed", "category: user.contact.email, review: needed")
    text = f"{small}  visit:{entry}  code:{entry.replace('PATIENT', 'c')}  case:{sure}  mail:{personal}"
    folder = map_folder(tmp_path, text)
    review = Review(folder)
    asked = {question.name: question for question in review.waiting()}
    together = asked["Tables in which small numbers are those of people too"]
    assert [place.table for place in together.places] == ["conditions", "visit", "code"]
    assert {"case", "mail"} < asked.keys()
    assert list(together.whose) == ["no_one"], "the columns differ"
    shown = [words for what, words in about_tables(review.inventory, together) if what == "possible"]
    assert len(shown) == 7
    assert shown[0] == "too few or small numbers, which prove nothing alone", "once for all"
    assert shown[3] == f"visit.PATIENT: {SEEN[9:]}"
    with pytest.raises(ConfigurationError, match="Nothing says whose"):
        must_say_enough(together, {})
    review.take_apart(together)
    alone = {question.name: question for question in review.waiting()}
    assert set(alone) >= {"conditions", "visit", "code"}
    review.confirm(alone["code"], answer(personal=False))
    again = Review(folder)
    [both] = [question for question in again.waiting() if len(question.places) == 2]
    must_say_enough(both, both.whose["PATIENT:customer_id"])
    again.confirm(both, answer(**both.whose["PATIENT:customer_id"]))
    tables = shop(folder).tables
    assert [tables[name].personal for name in ("conditions", "visit", "code")] == [True, True, False]
    assert tables["visit"].subject["customer_id"].column == "PATIENT"


@pytest.mark.parametrize(("no", "left"), [(True, []), (False, ["seen"])])
def test_no_to_a_guessed_way_says_whose_rows_these_are(tmp_path: Path, *, no: bool, left: list[str]) -> None:
    text = WAYS.replace("seen: {origin: observed}", "seen: {}").partition("  remark:")[0]
    folder = map_folder(tmp_path, text)
    review = Review(folder)
    [question] = review.waiting()
    with pytest.raises(ConfigurationError, match="does not say what its rows are about"):
        no_to(question)
    faults = [GroupAnswer("other", whose="no_one", seen=seen).fault(question, ("nl",)) for seen in ("", "1")]
    assert (faults[0][:22], faults[1]) == ("look at its rows first", "")
    words = question.whose["no_one"] if no else {}
    must_say_enough(question, words)
    assert effect(question, words).startswith("never read" if no else "their rows are the person's")
    review.confirm(question, answer(**words))
    visit = shop(folder).tables["visit"]
    assert (names(review), visit.ways, visit.personal) == (left, None, not no)
    assert load(folder).digest == Review(folder).inventory.digest


def test_the_same_guessed_way_of_several_tables_is_one_question(tmp_path: Path) -> None:
    more = WAYS.partition("  visit:")[2].partition("  remark:")[0]
    review = Review(
        map_folder(
            tmp_path, f"{WAYS}  call:{more}  stay:{more.replace(BY_ID, 'join: {visit_id: visit.visit_id}')}"
        )
    )
    ways = {question.name: [place.table for place in question.places] for question in review.waiting()}
    assert ways == {"Rows of people by subject customer_id: customer_id": ["visit", "call"], "stay": ["stay"]}
    review.take_apart(review.waiting()[0])
    assert len(review.waiting()) == 3


ILL = "{category: user.health_and_medical, review: needed}"
RECORD = f"""{HEAD}tables:
  customer: {{{BY_ID}, columns: {{customer_id: {{origin: assigned}}}}}}
  finding: {{{BY_ID}, columns: {{customer_id: {{origin: assigned}}, code: {ILL}, text: {ILL}}}}}
  device: {{{BY_ID}, columns: {{customer_id: {{origin: assigned}}, code: {ILL}, race: {{review: needed}}}}}}
"""


def test_a_clinical_record_is_one_question_and_taken_apart_by_table_first(tmp_path: Path) -> None:
    review = Review(map_folder(tmp_path, RECORD))
    [record] = review.waiting()
    assert (record.size, effect(record, {})[:17]) == ("4 columns of 2 tables", "given with access")
    review.take_apart(record)
    assert [question.size for question in review.waiting()] == ["2 columns of 1 table"] * 2
    review.take_apart(review.waiting()[0])
    assert [len(question.places) for question in review.waiting()] == [2, 1, 1]


@pytest.mark.parametrize("chosen", ["no_one", "PATIENT:customer_id"])
def test_the_number_of_questions_left_never_rises(tmp_path: Path, chosen: str) -> None:
    review = Review(map_folder(tmp_path, ASKED.replace("{PATIENT: {origin: assigned}", "{PATIENT: {}")))
    counts = [review.left()]
    while waiting := review.waiting():
        words = waiting[0].whose.get(chosen, {"origin": "assigned"})
        review.confirm(waiting[0], answer(**words))
        counts.append(review.left())
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == 0
