"""A hidden restriction leaves no gap: the answer is that of a person who has no such data (R09, R84)."""

import difflib
import io
import json
import re
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from testbed.delivered import stem
from testbed.running import drive, members, run
from tests.support.deciding import Bureau
from tests.support.in_parts import SOON, Club, run_to_its_end
from tests.support.letter_samples import given as sample
from tests.support.manual import add_systems, system
from tests.support.nightly import nightly_after
from tests.support.restricted import hide_as_before, open_bureau, restrict, set_evasive

from afschrift.casework.answer import answer_question
from afschrift.casework.decision.require_decision import open_decision
from afschrift.casework.letters.make import make
from afschrift.casework.manual.scan import scan
from afschrift.casework.officer import Officer
from afschrift.casework.review.look import begin
from afschrift.casework.review.review_overview import overview
from afschrift.domain.errors import FormError, NeedsPersonError
from afschrift.domain.state import State
from afschrift.law.roles import Person, Role, Roles
from afschrift.letters.kinds import KINDS
from afschrift.register.records import QuestionRow
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.wiring.build_services import build
from afschrift.wiring.dry_run import preview

Files = dict[str, bytes]


# What two requests never share: ids, digests and signatures, moments, tokens of masks.
_OWN = [
    (rb"req-[0-9a-z]{12}", b"req-"),
    (rb"q-[0-9a-z]{12}", b"q-"),
    (rb"\b[0-9a-f]{64}\b", b"<digest>"),
    (rb"\[(masked|afgeschermd) [0-9a-f]{8}\]", rb"[\1 token]"),
    (rb"2026-1\d-\d\dT[0-9:.]+(Z|\+00:00)", b"<moment>"),
    (rb"\d?\d:\d\d(:\d\d)?", b"<time>"),
    (rb"(Signing-Key|Public-Key): \S+", rb"\1: <key>"),
]

_SIGNED = "tagmanifest-sha256.txt.sig"


def opened_in(folder: Path, patch: pytest.MonkeyPatch, *, all_tables: bool = False) -> Bureau:
    folder.mkdir()
    return open_bureau(folder, patch, all_tables=all_tables, evasive=["shop"])


def twin(
    bureau: Bureau, right: str, language: str, hidden: Sequence[str], sql: Sequence[str], **more: object
) -> tuple[Bureau, str]:
    """A person of whom a hidden restriction keeps these places back, or an equal one without these data."""
    bureau.execute(*sql)
    bureau.answered(2, right)
    request = bureau.store(right, language=language, **more)
    question = bureau.asked(request)
    if hidden:
        restrict(bureau, request, question, list(hidden))
    else:
        bureau.answer(question, "fulfil")
    return bureau, request


def given(bureau: Bureau, request: str) -> Files:
    """What the person gets; and the sources that have a task in Airflow, whose grid others see too."""
    bundle = members(run(bureau.services, request))
    frozen = bureau.services.register.steps.latest(request, "classify") or {}
    return bundle | {"sources": " ".join(frozen["sources"]).encode()}


def neutral(content: bytes) -> bytes:
    for pattern, instead in _OWN:
        content = re.sub(pattern, instead, content)
    return content


def differences(hidden: Files, other: Files) -> list[str]:
    """What tells two bundles apart: names, their order, sizes, and every line."""
    found = [] if list(hidden) == list(other) else [f"files: {list(hidden)} / {list(other)}"]
    for name in [name for name in hidden if name in other and name != _SIGNED]:
        if len(hidden[name]) != len(other[name]):
            found.append(f"{name}: {len(hidden[name])} / {len(other[name])} bytes")
        lines = [
            neutral(content).decode(errors="replace").splitlines() for content in (hidden[name], other[name])
        ]
        found += [f"{name}: {line}" for line in difflib.unified_diff(*lines, lineterm="", n=0)][2:]
    return found


pytestmark = pytest.mark.slow
KEEPER = Roles((Person("Bea", frozenset({"cli:bea"}), frozenset({Role.SOURCE_OWNER})),))
NO_CARDS = "DELETE FROM visit WHERE card_id <> 2; DELETE FROM card WHERE customer_id = 1;"
TABLES = ["customer", "orders", "ticket", "ticket_message"]


def office(folder: Path, patch: pytest.MonkeyPatch) -> tuple[Bureau, Club]:
    """The small shop with a club and a mailbox beside it."""
    bureau, club = opened_in(folder, patch), Club(folder)
    club.declare(add_systems(folder / "inventory", system("mail", "mailbox")))
    bureau.services = build(lambda _line: None, bureau.settings)
    set_evasive(bureau, "club", "mail")
    return bureau, club


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
    [question] = [q for q in bureau.questions(request) if q.kind == "manual"]
    mail = b"From: ann@example.org\r\nTo: b\r\n\r\nkwikstaart"
    files = [scan("a.eml", io.BytesIO(mail), len(mail), 10_000)] if choice == "given" else []
    answer_question(Officer(bureau.register, KEEPER, "cli:bea"), question.id, choice, detail={}, files=files)


@pytest.mark.parametrize("right", ["access", "portability"])
def test_a_whole_source_and_a_mailbox(right: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bureau, _ = office(tmp_path / "one", monkeypatch)
    request = bureau.store(right, language="en")
    hide(bureau, request, ["club.card", "club.visit", "mail"])
    searches(bureau, request, "given")
    shown = "\n".join(preview(bureau.services, request, sql=False))
    assert "mail: mailbox, held_back" in shown
    assert "club.card: kept back by a restriction" in shown
    hidden = given(bureau, request)

    bureau, club = office(tmp_path / "other", monkeypatch)
    with closing(sqlite3.connect(club.path)) as connection:
        connection.executescript(NO_CARDS)
    request = bureau.store(right, language="en")
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
    request = bureau.store("access", language="en")
    with pytest.raises(FormError):
        restrict(bureau, request, opened(bureau, request), ["mail"], "open")


def test_officers_see_what_is_hidden(bureau: Bureau) -> None:
    request = bureau.store("access", language="en")
    hide(bureau, request, ["shop.ticket", "shop.customer.score"])
    run(bureau.services, request)
    assert overview(begin(bureau.officer(), request, None)).view.hidden == (
        "shop.customer.score",
        "shop.ticket",
    )
    [frozen] = bureau.events("plan_frozen", request)
    assert frozen["hidden"] == ["shop.customer.score", "shop.ticket"]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_with_only_hidden_data_the_letter_is_that_of_nothing_held(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters, questions = [], []
    for name, keys in (("hidden", None), ("nothing", {"customer_id": "4711"})):
        bureau = opened_in(tmp_path / name, monkeypatch)
        request = bureau.store("access", keys, language=language)
        hidden = [f"shop.{table}" for table in TABLES]
        if name == "hidden":
            hide(bureau, request, hidden)
        assess(bureau.services, request)
        with pytest.raises(NeedsPersonError) as caught:
            classify(bureau.services, request)
        assert caught.value.question == "nothing_held"
        assert caught.value.detail.get("hidden", []) == (sorted(hidden) if name == "hidden" else [])
        question = bureau.questions(request)[-1]
        questions.append(str(caught.value))
        bureau.answer(question, "confirm_none")
        with pytest.raises(NeedsPersonError):
            classify(bureau.services, request)
        assert bureau.state(request) is State.NOTHING_HELD
        made = make(bureau.officer(), request, "nothing_held", sample(KINDS["nothing_held"], language))
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
    for name in ("hidden", "nothing"):
        bureau = opened_in(tmp_path / name, monkeypatch, all_tables=True)
        if name == "hidden":
            bureau.execute(
                "INSERT INTO wishlist VALUES (4, 'wish')",
                "INSERT INTO member VALUES (4, 4)",
                "INSERT INTO orders VALUES (40, 4, '2024-01-01 10:00:00')",
            )
        request = bureau.store("portability", {"customer_id": "4"}, language="en")
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
        assert bureau.state(request) is State.NOTHING_PORTABLE
    assert details[0] == details[1]


def second_part(folder: Path, patch: pytest.MonkeyPatch, *, hidden: bool) -> dict[str, bytes]:
    """The rest of an answer; between its parts something is hidden, or the club has nothing of the person."""
    bureau, club = office(folder, patch)
    request = bureau.store("access", language="en")
    bureau.answer(opened(bureau, request), "fulfil")
    searches(bureau, request, "nothing_held")
    with club.away():
        assert run_to_its_end(bureau.services, request) is None
        [down] = bureau.questions(request)
        answer_question(bureau.officer(), down.id, "partial", detail={"rest_by": SOON}, text="In repair.")
        run(bureau.services, request)
    question = opened(bureau, request)
    if hidden:
        places = ["shop.ticket", "shop.ticket_message.body", "club.card", "club.visit", "mail"]
        restrict(bureau, request, question, places)
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
    message = tables["ticket_message"]
    assert (message["status"], message["before"]["status"]) == ("given_before", "rows")
    assert tables["card"]["status"] == "nothing_given"


CASES = yaml.safe_load(Path(__file__).with_name("data").joinpath("hidden.yml").read_text("utf-8"))
ANSWERS = [("access", "nl"), ("portability", "en")]

DAILY = [
    ("tables", "access", "en"),
    ("a table that leads to keys", "portability", "nl"),
    ("the only table of a purpose", "access", "nl"),
    ("a column that dates the period", "portability", "en"),
    ("a column that names recipients", "access", "nl"),
    ("a masked column", "portability", "en"),
    ("a secret", "access", "nl"),
]

NIGHTLY = [(case, *ANSWERS[number % 2]) for number, case in enumerate(CASES)] + [("a column", "access", "nl")]


@pytest.mark.parametrize(
    ("case", "right", "language"),
    nightly_after(len(DAILY), [*DAILY, *(case for case in NIGHTLY if case not in DAILY)]),
)
def test_what_is_hidden_and_what_is_not_there_look_the_same(
    case: str, right: str, language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    formats = ["csv", "json", "xml"] if language == "nl" else ["csv", "ndjson", "parquet"]
    bureaus = (
        opened_in(tmp_path / name, monkeypatch, all_tables="of" in CASES[case]) for name in ("one", "other")
    )
    hide, delete = CASES[case]["hide"], CASES[case]["sql"]
    hidden = given(*twin(next(bureaus), right, language, hide, (), formats=formats))
    other = given(*twin(next(bureaus), right, language, (), delete, formats=formats))
    assert differences(hidden, other) == []


@pytest.mark.parametrize(("right", "language"), ANSWERS)
def test_twins_are_equal_in_bundle_and_letter_whatever_the_register_did_before(
    right: str,
    language: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    next_register: Callable[[], None],
) -> None:
    """Nothing that the person gets counts events, questions or rows of the register."""
    answers, heads = [], []
    hidden, gone = CASES["tables"]["hide"], CASES["tables"]["sql"]
    for name, hide, delete in (("hidden", hidden, ()), ("quiet", (), gone), ("busy", (), gone)):
        next_register()
        bureau = opened_in(tmp_path / name, monkeypatch)
        for _ in range(3 if name == "busy" else 0):
            opened(bureau, bureau.store("access", {"customer_id": "3"}))
        _, request = twin(bureau, right, language, hide, delete)
        answer = given(bureau, request)
        elements = {**sample(KINDS["delivery"], language), "secret_by": None}
        made = make(bureau.officer(), request, "delivery", elements)
        answers.append(
            answer | {"letter.html": made.text.html.encode(), "letter.txt": made.text.text.encode()}
        )
        heads.append(bureau.register.trail.head()[0])
    assert len(set(heads)) == 3
    assert differences(answers[0], answers[1]) == differences(answers[1], answers[2]) == []


def test_twins_are_equal_where_an_earlier_version_hid_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, next_register: Callable[[], None]
) -> None:
    answers = []
    for hide, delete in ((CASES["tables"]["hide"], ()), ((), CASES["tables"]["sql"])):
        (folder := tmp_path / str(len(answers))).mkdir()
        next_register()
        bureau = open_bureau(folder, monkeypatch)
        hide_as_before(bureau, monkeypatch, bureau.store("access", {"customer_id": "2"}), ["shop.orders"])
        answers.append(given(*twin(bureau, "access", "nl", hide, delete)))
    assert differences(*answers) == []
    assert b"mogen wij gegevens volgens de wet niet geven" in answers[0]["index.html"]


def test_a_decision_after_the_bundle_arrived_gives_twins_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number would say that a person decided again before the answer was sent."""
    names, answers = [], []
    for hide, delete in ((CASES["tables"]["hide"], ()), ((), CASES["tables"]["sql"])):
        bureau, request = twin(opened_in(tmp_path / str(len(names)), monkeypatch), "access", "nl", (), delete)
        drive(bureau.services, request)
        question = opened(bureau, request)
        restrict(bureau, request, question, hide) if hide else bureau.answer(question, "fulfil")
        bundle = drive(bureau.services, request)
        names.append(stem(bundle).removeprefix(request))
        answers.append(members(bundle))
    assert names == ["-access"] * 2
    assert differences(*answers) == []


def test_the_comparison_of_twins_sees_a_single_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = ["DELETE FROM ticket_message WHERE id = 1"]
    first = given(*twin(opened_in(tmp_path / "one", monkeypatch), "access", "en", (), ()))
    other = given(*twin(opened_in(tmp_path / "other", monkeypatch), "access", "en", (), row))
    found = differences(first, other)
    assert any("data/shop/ticket_message.csv" in line for line in found)
    assert any("coverage.json" in line for line in found)
