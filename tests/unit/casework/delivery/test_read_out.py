"""The words of a delivery: shown on asking, sent by another channel than the letter, and kept nowhere else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from testbed.register_reader import faults
from testbed.running import drive
from tests.support.deciding import Bureau
from tests.unit.casework.delivery.test_deliveries import do

from afschrift.casework.delivery.read_out import words_sheet
from afschrift.casework.delivery.view import seen_deliveries
from afschrift.casework.letters.make import make
from afschrift.casework.letters.send import enter_sent
from afschrift.domain.errors import AfschriftError, FormError, TooLateError
from afschrift.domain.instants import utc_now
from afschrift.domain.language import say
from afschrift.law.letter import LetterState, SendingChannel
from afschrift.register.deliveries import DeliveryRow
from afschrift.register.outbox import Proof


def delivered(bureau: Bureau, **more: Any) -> tuple[DeliveryRow, str]:
    """A delivery that words open, with its words."""
    request = bureau.store(**more)
    drive(bureau.services, request)
    row = bureau.register.deliveries.of(request)[-1]
    words = bureau.register.deliveries.secret(row.id)
    assert words is not None
    return row, words


def events(bureau: Bureau, row: DeliveryRow) -> list[tuple[str, dict[str, Any]]]:
    rows = bureau.register.evidence.of_types(row.request, "secret_shown", "secret_sent", skip=True)
    return [(header.type, payload or {}) for header, payload in rows]


def test_words_are_shown_on_asking_and_go_by_another_channel_than_the_letter(bureau: Bureau) -> None:
    row, words = delivered(bureau)
    assert events(bureau, row) == []

    done = do(bureau, "words", row)

    assert (done.shown, done.document()["shown"]) == (words, words)
    assert words not in repr(done)
    sheet = words_sheet(bureau.officer(), row.id, words)
    assert [word for word in words.split() if f"<b>{word}</b>" not in sheet] == []
    assert [name for name, _ in events(bureau, row)] == ["secret_shown"]
    line = seen_deliveries(bureau.officer(), row.request)[0].words
    assert line.startswith("The words were shown on") and "read out" not in line

    letter = make(
        bureau.officer(), row.request, "delivery", {"available_until": "2030-01-01", "where": "hier"}
    )
    assert letter.letter is not None
    assert "van ons, aan de telefoon of als u langskomt" in letter.text.text
    assert words not in " ".join(letter.text.text.split())
    proof = Proof("proof.txt", "text/plain", [b"3STEST1"])
    sent = bureau.officer().today("Europe/Amsterdam")
    enter_sent(bureau.officer(), letter.letter.id, sent, SendingChannel.REGISTERED_POST, proof)
    for channel, message in (("post", "by this channel too"), ("email", "do not go this way")):
        with pytest.raises(FormError, match=message):
            do(bureau, "words-sent", row, channel=channel)
    with pytest.raises(FormError, match="in the future"):
        do(bureau, "words-sent", row, channel="phone", on=sent + timedelta(1))
    do(bureau, "words-sent", row, channel="phone")
    assert f"went on {say(str(sent))}: phone" in seen_deliveries(bureau.officer(), row.request)[0].words

    [_, (name, payload)] = events(bureau, row)
    assert (name, payload["channel"], payload["on"]) == ("secret_sent", "phone", str(sent))
    assert "phone" in seen_deliveries(bureau.officer(), row.request)[0].words
    assert faults(bureau.settings.register) == []
    bureau.register.deliveries.destroy_secret(row.id)
    for action in ("words", "words-sent"):
        with pytest.raises(TooLateError, match="No words are kept"):
            do(bureau, action, row, **({"channel": "phone"} if action == "words-sent" else {}))


def test_words_of_a_request_that_was_given_up_or_is_over_are_not_shown(bureau: Bureau) -> None:
    (row, _), (expired, _) = delivered(bureau), delivered(bureau, keys={"customer_id": "3"})
    bureau.clocks().withdraw(row.request, "email")
    bureau.register.deliveries.expire(expired.id, utc_now() - timedelta(hours=1))
    for of in (row, expired):
        for action in ("words", "renew"):
            with pytest.raises(TooLateError, match="is to be removed"):
                do(bureau, action, of)
        assert events(bureau, of) == []


def test_letter_that_was_posted_before_a_revoke_is_entered_as_sent(bureau: Bureau) -> None:
    row, _ = delivered(bureau)
    given = {"available_until": "2030-01-01", "where": "hier"}
    letter = make(bureau.officer(), row.request, "delivery", given).letter
    assert letter is not None
    do(bureau, "revoke", row)
    proof = Proof("proof.txt", "text/plain", [b"3STEST1"])
    on = bureau.officer().today("Europe/Amsterdam")
    sent = enter_sent(bureau.officer(), letter.id, on, SendingChannel.REGISTERED_POST, proof)
    assert sent.state is LetterState.SENT


def test_letter_announces_no_words_that_are_not_kept_and_none_by_its_own_channel(bureau: Bureau) -> None:
    row, _ = delivered(bureau)
    given = {"available_until": "2030-01-01", "where": "hier"}
    with pytest.raises(FormError) as error:
        make(bureau.officer(), row.request, "delivery", {**given, "secret_by": "post"}, keep=False)
    assert "goes by post too" in error.value.fields["secret_by"]
    mailed = {**given, "secret_by": "post", "to": "a@example.org"}
    text = make(bureau.officer(), row.request, "delivery", mailed, keep=False).text.text
    assert "De zes woorden waarmee een bestand opengaat, krijgt u per post." in " ".join(text.split())
    bureau.register.deliveries.destroy_secret(row.id)
    with pytest.raises(FormError) as error:
        make(bureau.officer(), row.request, "delivery", mailed, keep=False)
    assert "no words are kept" in error.value.fields["secret_by"]
    text = make(bureau.officer(), row.request, "delivery", given, keep=False).text.text
    assert "op slot" not in text


class _Gateway(BaseHTTPRequestHandler):
    status, bodies = 200, list[dict[str, Any]]()

    def do_POST(self) -> None:
        type(self).bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Gateway)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _Gateway.bodies.clear()
    yield f"http://127.0.0.1:{server.server_port}/sms"
    server.shutdown()
    server.server_close()


def test_words_go_by_sms_once_and_a_refusal_asks_the_officer(
    bureau: Bureau, gateway: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, words = delivered(bureau)
    file = tmp_path / "sms.json"

    def send(number: str, **options: Any) -> None:
        file.write_text(json.dumps({"url": gateway, "body": {"from": "Winkel"}, **options}))
        file.chmod(0o600)
        object.__setattr__(bureau.settings, "sms", file)
        do(bureau, "words-sms", row, number=number)

    cases = (
        ({}, "geen nummer", 200, "no telephone number"),
        ({"url": "http://sms.example.org"}, "+31612345678", 200, "no https address"),
        ({"url": "http://127.0.0.1:1"}, "+31612345678", 200, "cannot be reached"),
        ({}, "+31612345678", 503, "HTTP 503"),
    )
    for options, number, status, message in cases:
        _Gateway.status = status
        with pytest.raises(AfschriftError, match=message) as error:
            send(number, **options)
        assert not any(part in str(error.value) for part in (words, "31612345678"))
        assert events(bureau, row) == []
    _Gateway.bodies.clear()
    _Gateway.status = 200
    options = tmp_path / "outbox.json"
    options.write_text(json.dumps({"secret_by": "sms"}))
    options.chmod(0o600)
    first = []
    for places in ({}, {"outbox": options}):
        object.__setattr__(bureau.settings, "destination_options", places)
        first.append(seen_deliveries(bureau.officer(), row.request)[0].remarks)
    assert first == [(), ("Send the words by SMS first: the letter says that they come so.",)]

    send("+31 6 1234 5678")

    [body] = _Gateway.bodies
    assert (body["from"], body["to"]) == ("Winkel", "+31612345678")
    assert body["text"].endswith(words)
    [(name, payload)] = events(bureau, row)
    assert (name, payload["channel"]) == ("secret_sent", "sms")
    assert seen_deliveries(bureau.officer(), row.request)[0].remarks == ()
    assert faults(bureau.settings.register) == []
