"""A restriction is named when its day has come, also after its request was answered, and told once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from testbed.running import run
from tests.support.days import days_away
from tests.support.deciding import Bureau
from tests.support.restricted import open_bureau

from afschrift.casework.notices.reminder import Message
from afschrift.casework.notices.reviews import due_reviews, review_reminder

LATER = days_away(50)
UNTIL = LATER.date()


def test_a_restriction_in_force_is_named_from_its_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bureau = open_bureau(tmp_path, monkeypatch)
    request, question = bureau.flagged()
    bureau.answer(
        question, "restrict", "restriction", places=["shop.ticket"], existence="hidden",
        review_on=UNTIL.isoformat(), refused=None, given=None, reasons=None,
    )  # fmt: skip
    assert due_reviews(bureau.register, LATER) == []  # nobody signed it yet
    bureau.sign(request)
    run(bureau.services, request)
    assert due_reviews(bureau.register, LATER - timedelta(days=1)) == []

    [review] = due_reviews(bureau.register, LATER)

    assert (review.request, review.on) == (request, UNTIL)
    sent: list[Message] = []
    reminder = review_reminder(bureau.register, "check", LATER)
    told = [reminder.remind("mail", sent.append) for _ in range(2)]
    assert told == [1, 0]
    assert request in sent[0].text
    assert "shop.ticket" not in sent[0].text
    assert reminder.remind("another", sent.append) == 1


def test_a_notifier_that_fails_is_told_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bureau = Bureau.open(tmp_path, monkeypatch)
    request, question = bureau.flagged()
    bureau.answer(question, "restrict", "restriction", places=["shop.ticket"], review_on=UNTIL.isoformat())
    bureau.sign(request)

    def broken(_message: Message) -> None:
        raise ConnectionError

    reminder = review_reminder(bureau.register, "check", LATER)
    with pytest.raises(ConnectionError):
        reminder.remind("mail", broken)
    assert reminder.remind("mail", [].append) == 1
