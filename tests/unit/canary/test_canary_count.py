"""Recall and precision are counted by row and value, however a number or a moment is spelt."""

from pathlib import Path

import pytest
from testbed.registers import set_up

from afschrift.app.settings import Settings
from afschrift.canary import history
from afschrift.canary.canary_file import Canary, CanaryFile, Pattern
from afschrift.canary.count import Bundle, Cells, count, is_same, leaked_places
from afschrift.canary.history import CanaryCheck, RightOutcome, canary_reminder, evidence
from afschrift.canary.leaks import Needles, is_distinctive
from afschrift.casework.notices.reminder import Message
from afschrift.domain.right import Right
from afschrift.register.open import open_register
from afschrift.register.register import Register

TYPES = {"id": "integer", "name": "string", "score": "integer"}


def canary(*rows: dict[str, object]) -> Canary:
    planted = [{"table": "shop.t", **row} for row in rows]
    decided = {"by": "Data office", "on": "2026-11-28", "why": "a test"}
    content = {"keys": {"k": "1"}, "decided": decided, "planted": planted}
    return Canary(CanaryFile.model_validate(content), "0" * 64, Path())


def bundle(*rows: dict[str, str | None], **texts: bytes) -> Bundle:
    return Bundle({"shop.t": tuple(Cells(row, TYPES) for row in rows)}, texts)


WHOLE = {"id": "7", "name": "kwikstaart", "score": "812"}
ONE = {"row": WHOLE, "kept_back": {"portability": ["score"]}}
TWO = {"row": {"id": "8", "name": "boomklever"}}


def test_each_planted_row_goes_with_the_row_most_like_it() -> None:
    rows = [{"id": "8", "name": "boomklever"}, {**WHOLE, "score": "813"}]
    found = count(canary(ONE, TWO), Right.ACCESS, bundle(*rows))
    assert (found.planted, found.found, found.rows, found.others) == (5, 4, 2, 0)
    assert (found.below, found.others_in) == ({"shop.t": (4, 5)}, {})


@pytest.mark.parametrize(
    ("planted", "rows", "counted"),
    [
        ([ONE], [{**WHOLE, "score": "813"}, WHOLE], (3, 3, 2, 1)),  # one that is less like it is too much
        ([ONE], [WHOLE, WHOLE], (3, 3, 2, 1)),
        ([ONE, ONE], [WHOLE], (6, 3, 1, 0)),  # a row matches a single planted row
        ([ONE], [{"id": "1", "name": "Ann", "score": "812"}], (3, 0, 1, 1)),
    ],
)
def test_rows_beyond_the_planted_ones_are_too_much(
    planted: list[dict[str, object]], rows: list[dict[str, str | None]], counted: tuple[int, ...]
) -> None:
    found = count(canary(*planted), Right.ACCESS, bundle(*rows))
    assert (found.planted, found.found, found.rows, found.others) == counted
    assert found.others_in == ({"shop.t": counted[3]} if counted[3] else {})
    assert found.below == ({"shop.t": (counted[1], counted[0])} if counted[1] < counted[0] else {})


def test_rows_of_a_table_that_nothing_was_planted_in_are_too_much() -> None:
    other = Bundle({"shop.u": (Cells({"id": "1"}, TYPES),)}, {})
    assert count(canary(ONE), Right.ACCESS, other).others_in == {"shop.u": 1}


def test_nothing_packed_is_nothing_found() -> None:
    found = count(canary(ONE), Right.ACCESS, None, (), "identity")
    assert (found.found, found.planted, found.whole) == (0, 3, False)
    assert found.words == "access: nothing was packed, the run ended at the question identity"


def test_a_value_kept_back_is_looked_for_in_its_column_and_in_every_file() -> None:
    row = {"id": "7", "name": "kwikstaart"}
    secret = {"row": {**row, "hash": "geheim-4711"}, "kept_back": {"access": ["hash"]}}
    needles = Needles(["geheim-4711"])
    clean = count(canary(secret), Right.ACCESS, bundle(row), needles)
    assert (clean.given, clean.kept_back) == (0, 1)
    page = bundle(row, page=b"<td>geheim-4711</td>")
    assert leaked_places(canary(secret), Right.ACCESS, page, needles) == {"page: hash"}
    assert count(canary(secret), Right.ACCESS, page, needles).given == 1
    cell = bundle({**row, "score": "0812"})
    assert leaked_places(canary(ONE), Right.PORTABILITY, cell, needles) == {"shop.t.score"}


@pytest.mark.parametrize(
    ("planted", "found", "kind", "same"),
    [
        ("1.50", "1.5", "number", True),
        ("007", "7", "integer", True),
        ("007", "7", "string", False),
        ("2024-03-05T07:39:18Z", "2024-03-05T07:39:18.000000Z", "datetime", True),
        ("2024-03-05T08:39:18+01:00", "2024-03-05T07:39:18Z", "datetime", True),
        ("2024-03-05T07:39:18", "2024-03-05T07:39:18Z", "datetime", False),
        ('{"a": 1}', '{"a":1}', "any", True),
        ("x", "y", "any", False),
        ("kwik", None, "string", False),
        (Pattern(matches="[0-9]+"), "4711", "integer", True),
        (Pattern(matches="[0-9]+"), "4711x", "string", False),
    ],
)
def test_what_is_the_same_value(planted: str | Pattern, found: str | None, kind: str, same: bool) -> None:
    assert is_same(planted, found, kind) is same


def test_only_what_nothing_else_could_be_is_looked_for() -> None:
    texts = ("kwikstaart", "goud", "2024-03-05", "2024-03-05T07:39:18Z")
    assert [text for text in texts if is_distinctive(text)] == ["kwikstaart"]
    needles = Needles(["kwikstaart", "newsletter", "goud"], [b"purpose: newsletter"])
    assert len(needles) == 1
    assert needles.in_(b"x", b"KWIKSTAART") == 1
    assert needles.in_(b"newsletter goud") == 0
    documents = Needles(['{"a": ["kwikstaart", 1], "b": "goud"}', "{no document"])  # its texts are
    assert documents.in_(b"{'a': ['kwikstaart', 1]}") == 1
    assert documents.in_(b"{no document") == 1


@pytest.fixture
def register(tmp_path: Path) -> Register:
    env = dict.fromkeys(("AFSCHRIFT_HOME", "AFSCHRIFT_INVENTORY"), str(tmp_path))
    settings = Settings.from_environment(env)
    set_up(settings)
    return open_register(settings)


def check(register: Register, found: int, leaks: int = 0) -> None:
    below = {} if found == 60 else {"shop.orders": [found, 60]}
    right = RightOutcome("access", 60, found, 18, 0, 2, 0, below, {}, None, {})
    history.record(
        register, CanaryCheck("a" * 64, "b" * 64, (right,), {"log": leaks}, 28), "airflow:check_canary"
    )


def messages(register: Register, notifier: str = "mail", *roles: str) -> list[Message]:
    sent: list[Message] = []
    canary_reminder(register, "system").remind(notifier, sent.append, roles)
    return sent


def test_same_fault_is_notified_once(register: Register) -> None:
    assert messages(register) == []
    check(register, 60)
    assert messages(register) == []
    check(register, 57)
    [message] = messages(register)
    assert "57 of 60 planted values found, less than planted in shop.orders 57 of 60" in message.text
    check(register, 57)
    assert messages(register) == []
    assert len(messages(register, "chat")) == 1, "another notifier has sent nothing yet"
    check(register, 50)
    assert "50 of 60" in messages(register)[0].text, "it fell further"
    check(register, 60)
    assert messages(register) == []
    check(register, 57)
    assert len(messages(register)) == 1, "it is new again"
    check(register, 60, leaks=1)
    assert "1 in clear (log 1)" in messages(register)[0].text


@pytest.mark.parametrize(("role", "number"), [("officer", 1), ("dpo", 1), ("auditor", 1), ("keeper", 0)])
def test_fault_goes_to_officers_dpo_and_auditors(register: Register, role: str, number: int) -> None:
    check(register, 57)
    assert len(messages(register, "mail", role)) == number


def test_the_auditor_s_line_counts_every_check(register: Register) -> None:
    assert evidence(register) == ""
    for found in (60, 57, 60):
        check(register, found)
    history.record_search(register, 2, 1, "airflow:check_canary")
    line = evidence(register)
    assert "60 of 60 planted values found" in line
    assert line.endswith("Of 3 checks 1 found something missing or too much; 1 value found in task logs.")
