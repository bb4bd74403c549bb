"""Scenes about one request each: a letter counts from the day on which it was really sent, or not at all."""

from __future__ import annotations

import smtplib
from datetime import datetime, timedelta
from email.message import EmailMessage
from urllib.parse import urlsplit

from tests.support.mail_server import Manner

from plays import by_hand
from plays.stage import SENDER, ZONE, Stage

_REASONS = "Your data are in five systems, and two processors must still answer us."


def suspended_and_resumed(stage: Stage) -> None:
    """Scene 1: a question about identity, its answer, and the last day that moves by it (R42, R43)."""
    stage.begin("1. Suspended for identity, and resumed (R10, R42, R43)")
    received = stage.today - timedelta(20)
    stage.tell("A request came in twenty days ago from an address that nobody knows.")
    request = stage.request(20, "Anneke")
    stage.due(request, by_hand.last_day(received))

    stage.tell("Four days later the officer asked who it is; the letter went by registered post that day.")
    stage.types(
        *("request", "suspend", request, "--ground", "identity", "--doubt", "unknown_sender"),
        *("--sent-on", stage.ago(16), "--channel", "registered_post", "--proof", "3SABC123"),
    )
    clock = stage.clock(request)
    stage.must(clock["due"] is None, "while it is suspended, no last day is known")
    stage.must(clock["suspended_since"] == stage.ago(16), "it stands still from the day the letter was sent")

    stage.tell("Five days later the person proved who they are.")
    stage.types("request", "resume", request, "--on", stage.ago(11))
    moved = by_hand.last_day(received, days=5)
    stage.due(request, moved)

    stage.tell("The person is told the new last day.")
    letter = stage.make(request, "resumed", "anneke@example.org", answered_on=stage.ago(11))
    with stage.post() as server:
        stage.types("letter", "send", letter)
    stage.letter(request, letter, "sent")
    said = server.messages[0][2].decode()
    told = f"{moved.day} {moved:%B %Y}"
    stage.must(told in " ".join(said.split()), f"the letter that the mail server took names {told}")


def extended_in_time(stage: Stage) -> None:
    """Scene 2: an extension whose letter was sent inside the first month (R39)."""
    stage.begin("2. An extension, sent inside the first month (R39)")
    received = stage.today - timedelta(20)
    request = stage.request(20, "Bram")

    stage.tell("The officer decides on two further months. Nothing was sent, so nothing moves.")
    stage.types("request", "extend", request, "--reason", "processors_must_answer")
    stage.due(request, by_hand.last_day(received), "extension_not_sent:R39")

    stage.tell("The letter is made, and the mail server takes it.")
    letter = stage.make(request, "extension", "bram@example.org", reasons=_REASONS)
    stage.due(request, by_hand.last_day(received), "extension_not_sent:R39")
    with stage.post() as server:
        stage.types("letter", "send", letter)
    stage.letter(request, letter, "sent")
    stage.must(len(server.messages) == 1, "one message arrived at the mail server")
    stage.due(request, by_hand.last_day(received, months=3))


def extended_too_late(stage: Stage) -> None:
    """Scene 3: an extension whose letter was sent after the first month is void (R41)."""
    stage.begin("3. An extension, sent after the first month: void (R41)")
    request = stage.request(20, "Carla")
    stage.tell("The officer decides on two further months, and makes the letter.")
    stage.types("request", "extend", request, "--reason", "processors_must_answer")
    letter = stage.make(request, "extension", "carla@example.org", reasons=_REASONS)

    stage.tell("It turns out that the request had reached another official mailbox forty days ago (R02).")
    at = datetime.now(ZONE) - timedelta(40)
    stage.types(
        *("request", "correct", request, "--reason", "other_channel"),
        *("--received-at", at.isoformat(timespec="seconds")),
    )
    due = by_hand.last_day(at.date())
    stage.due(request, due, "extension_not_sent:R39", "overdue:R37")

    stage.tell("Such a letter would promise a day that does not hold: it is not sent.")
    with stage.post() as server:
        said = stage.types("letter", "send", letter, fails=True)
    stage.must("R41" in said, "the rule is named")
    stage.must(server.messages == [], "nothing arrived at the mail server")
    stage.letter(request, letter, "produced")

    stage.tell(
        "A colleague had put it into the post yesterday. What happened is recorded, and moves nothing."
    )
    stage.types(
        *("request", "sent", request, "--on", stage.ago(1), "--channel", "post", "--proof", "3SXYZ789")
    )
    stage.due(request, due, "extension_void:R41", "overdue:R37")

    stage.tell("The person withdraws by phone; that it was late stays on record.")
    stage.types("request", "withdraw", request, "--channel", "phone")


def extended_and_not_sent(stage: Stage) -> None:
    """Scene 4: the mail server is down; the letter goes exactly once when it is back."""
    stage.begin("4. An extension that was never sent: the mail server is down")
    received = by_hand.almost_due(stage.today)
    due = by_hand.last_day(received)
    request = stage.request((stage.today - received).days, "Daan")
    stage.types("request", "extend", request, "--reason", "rights_of_others")
    letter = stage.make(request, "extension", "daan@example.org", reasons=_REASONS)

    stage.tell("Nobody listens at the mail server.")
    stage.types("letter", "send", letter, fails=True)
    stage.letter(request, letter, "produced")
    stage.due(request, due, "extension_not_sent:R39")

    stage.tell("The hourly check names the letter that did not go, in its table and to the officers.")
    stage.watches(request)
    told = [one for one in stage.mailbox() if request in _html(one)]
    stage.must(len(told) == 1, "the officers got one message about it")
    row = _row(_html(told[0]), request)
    stage.write(f"     mail: {told[0]['subject']}")
    stage.write(f"     mail: {' | '.join(row)}")
    stage.must("extension_not_sent" in row[-1], "it says that the extension was not sent")
    stage.must("letter_produced" in row[-1], "it says that a letter was made and did not go")

    stage.tell("The mail server is back.")
    with stage.post() as server:
        stage.types("letter", "send", letter)
        stage.types("letter", "send", letter, fails=True)
    stage.must(len(server.messages) == 1, "the letter arrived exactly once")
    stage.must(letter.encode() in server.messages[0][2], "it bears its own id")
    stage.due(request, by_hand.last_day(received, months=3))
    checked = stage.watches(request)
    lines = [line for line in checked.log.splitlines() if request in line]
    stage.must(not any("not_sent" in line or "letter_" in line for line in lines), "nothing is unsent now")


def bounced(stage: Stage) -> None:
    """Scene 5: letters that come back, at once and later, count as sent no more."""
    stage.begin("5. Letters that come back")
    received = stage.today - timedelta(20)
    first = by_hand.last_day(received)
    request = stage.request(20, "Eefje")
    stage.types("request", "extend", request, "--reason", "amount_of_data")

    stage.tell("The mail server turns the address down: 550.")
    letter = stage.make(request, "extension", "eefje@example.org", reasons=_REASONS)
    with stage.post(Manner.NO_SUCH_MAILBOX):
        stage.types("letter", "send", letter)
    stage.letter(request, letter, "bounced")
    stage.due(request, first, "extension_not_sent:R39")

    stage.tell("Made anew, it is taken, and counts.")
    again = stage.make(request, "extension", "eefje@example.org", reasons=_REASONS)
    with stage.post() as server:
        stage.types("letter", "send", again)
    stage.due(request, by_hand.last_day(received, months=3))

    stage.tell("Later a bounce comes into the officers' mailbox: the mailbox is full. An officer enters it.")
    _bounce(stage, server.messages[0][2])
    notice = stage.mailbox()[-1]
    stage.write(f"     mail: {notice['subject']}: {notice.get_body().get_content().strip()}")  # type: ignore[union-attr]
    stage.types("letter", "bounced", again, "--on", stage.ago(0), "--reason", "mailbox_full")
    stage.letter(request, again, "bounced")
    stage.due(request, first, "extension_not_sent:R39")
    checked = stage.watches(request)
    line = next(line for line in checked.log.splitlines() if request in line)
    stage.must("extension_not_sent" in line and "letter_bounced" in line, "the check names it as open")

    stage.tell("Made once more and sent by another way, it counts from that day.")
    last = stage.make(request, "extension", "", reasons=_REASONS)
    receipt = stage.home.parent / "receipt.txt"
    receipt.write_text("Registered post, item 3SEEFJE1.", encoding="utf-8")
    stage.types(
        *("letter", "sent", last, "--on", stage.ago(0), "--channel", "registered_post"),
        *("--proof", str(receipt), "--no-id-copy"),
    )
    stage.due(request, by_hand.last_day(received, months=3))
    checked = stage.watches(request)
    line = next(line for line in checked.log.splitlines() if request in line)
    stage.must("letter_" not in line, "the letters that came back are named no more")


def _html(mail: EmailMessage) -> str:
    body = mail.get_body(("html", "plain"))
    return str(body.get_content()) if body else ""


def _row(html: str, request: str) -> list[str]:
    """The cells of a request's row in a mail."""
    row = next(part for part in html.split("<tr>") if f"<td>{request}</td>" in part)
    return [cell.removeprefix("<td>") for cell in row.split("</tr>")[0].split("</td>")[:-1]]


def _bounce(stage: Stage, letter: bytes) -> None:
    """The bounce that a mail server sends to the letter's sender: a message to the officers' mailbox."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "mailer-daemon@example.org", SENDER, "Undelivered mail"
    identity = next(line for line in letter.decode().splitlines() if line.lower().startswith("message-id"))
    mail.set_content(f"452 4.2.2 mailbox full. {identity}")
    server = urlsplit(stage.office_at)
    with smtplib.SMTP(server.hostname or "", server.port or 0) as connection:
        connection.send_message(mail)
