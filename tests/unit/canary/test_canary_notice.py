"""A fault of the canary is notified once to each notifier, and again when it changes."""

from pathlib import Path

import pytest
from testbed.registers import set_up

from afschrift.app.settings import Settings
from afschrift.canary import history
from afschrift.canary.history import CanaryCheck, RightOutcome, canary_reminder, evidence
from afschrift.casework.notices.reminder import Message
from afschrift.register.open import open_register
from afschrift.register.register import Register


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
