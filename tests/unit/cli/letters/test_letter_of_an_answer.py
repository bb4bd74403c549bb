"""The letter of an answer at a terminal: each kind can be made, and one that came back leads on."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from testbed.running import drive
from tests.support.command_line import in_this_process
from tests.support.days import local_today
from tests.support.deciding import Bureau
from tests.support.mail_server import Manner, serving
from tests.support.restricted import open_bureau

from afschrift.domain.errors import NeedsPersonError
from afschrift.domain.state import State

QUOTE = "Only your price list."


@pytest.fixture
def bureau(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    return open_bureau(tmp_path, monkeypatch, all_tables=True)


def run(bureau: Bureau, request: str) -> None:
    with suppress(NeedsPersonError):
        drive(bureau.services, request)


def typed(*words: str, stdin: str = "") -> str:
    result = in_this_process(words, stdin)
    assert result.code == 0, result.errors
    return result.text + result.errors


def asked(bureau: Bureau, request: str) -> dict[str, str]:
    return {question.kind: question.id for question in bureau.register.questions.all(request_id=request)}


def test_that_their_own_limits_leave_nothing_ends_by_its_letter(bureau: Bureau) -> None:
    limits = {"tables": ["shop.sku"], "quote": QUOTE}
    request = bureau.store(message=QUOTE, limits=limits)
    run(bureau, request)
    shown = typed("questions", "show", asked(bureau, request)["nothing_in_limits"])
    assert f"Quote: {QUOTE}" in shown  # in one piece, to be judged
    typed("answer", asked(bureau, request)["nothing_in_limits"], "--choice", "answer_none")
    run(bureau, request)

    typed("answer", asked(bureau, request)["tell_person"], "--choice", "make_letter")
    [letter] = [letter for letter in bureau.register.letters.all(request_id=request) if letter.fact]
    assert letter.kind == "nothing_in_limits"
    bureau.send(letter.id)

    assert bureau.register.requests.get(request).state is State.ANSWERED_NOTHING_HELD


def test_bounced_letter_asks_to_notify_the_person_again(bureau: Bureau) -> None:
    request = bureau.store()
    run(bureau, request)
    typed("answer", asked(bureau, request)["tell_person"], "--choice", "make_letter", "--set",
          f"available_until={local_today()}", "--text-file", "-", stdin="At the counter.")  # fmt: skip
    [letter] = [letter for letter in bureau.register.letters.all(request_id=request) if letter.fact]
    bureau.send(letter.id)

    result = typed("letter", "bounced", letter.id, "--on", str(local_today()), "--reason", "returned_by_post")

    assert "refused" not in result
    assert "letter again" not in result  # that is for the letter of a decision
    assert asked(bureau, request)["tell_person"] in result


def test_gone_mailbox_asks_to_notify_the_person_another_way(
    bureau: Bureau, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = bureau.store()
    run(bureau, request)
    form = {"where": "At the counter.", "available_until": str(local_today()), "to": "ann@example.org"}
    typed("letter", "make", request, "delivery", "--from", "-", stdin=json.dumps(form))
    [letter] = [letter for letter in bureau.register.letters.all(request_id=request) if letter.fact]
    bureau.register.questions.answer(asked(bureau, request)["tell_person"], "make_letter", "cli:anna")
    with serving(Manner.NO_SUCH_MAILBOX) as (_, url):
        mail = tmp_path / "mail.json"
        mail.write_text(json.dumps({"server": url, "sender": "privacy@example.org"}), encoding="utf-8")
        mail.chmod(0o600)
        monkeypatch.setenv("AFSCHRIFT_MAIL", str(mail))
        result = typed("letter", "send", letter.id)

    assert asked(bureau, request)["tell_person"] in result
