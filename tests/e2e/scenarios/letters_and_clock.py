"""Scenarios about one request each: a letter counts from the day on which it was really sent, or not at all."""

from __future__ import annotations

import smtplib
from datetime import datetime, timedelta
from email.message import EmailMessage
from urllib.parse import urlsplit

from tests.e2e.scenarios import by_hand
from tests.e2e.scenarios.scenario import SENDER, ZONE, Scenario
from tests.support.mail_server import Manner

_REASONS = "Your data are in five systems, and two processors must still answer us."


def suspended_and_resumed(scenario: Scenario) -> None:
    """Scenario 1: a question about identity, its answer, and the last day that moves by it (R42, R43)."""
    scenario.begin("1. Suspended for identity, and resumed (R10, R42, R43)")
    received = scenario.today - timedelta(20)
    scenario.tell("A request came in twenty days ago from an unknown address.")
    request = scenario.request(20, "Anneke")
    scenario.due(request, by_hand.last_day(received))

    scenario.tell("Four days later the officer asked who it is; the letter went by registered post that day.")
    scenario.types(
        *("request", "suspend", request, "--ground", "identity", "--doubt", "unknown_sender"),
        *("--sent-on", scenario.ago(16), "--channel", "registered_post", "--proof", "3SABC123"),
    )
    clock = scenario.clock(request)
    scenario.must(clock["due"] is None, "while it is suspended, no last day is known")
    scenario.must(
        clock["suspended_since"] == scenario.ago(16), "it is suspended from the day the letter was sent"
    )

    scenario.tell("Five days later the person proved who they are.")
    scenario.types("request", "resume", request, "--on", scenario.ago(11))
    moved = by_hand.last_day(received, days=5)
    scenario.due(request, moved)

    scenario.tell("A letter informs the person of the new last day.")
    letter = scenario.make(request, "resumed", "anneke@example.org", answered_on=scenario.ago(11))
    with scenario.post() as server:
        scenario.types("letter", "send", letter)
    scenario.letter(request, letter, "sent")
    text = server.messages[0][2].decode()
    last_day = f"{moved.day} {moved:%B %Y}"
    scenario.must(
        last_day in " ".join(text.split()), f"the letter that the mail server took names {last_day}"
    )


def extended_in_time(scenario: Scenario) -> None:
    """Scenario 2: an extension whose letter was sent inside the first month (R39)."""
    scenario.begin("2. An extension, sent inside the first month (R39)")
    received = scenario.today - timedelta(20)
    request = scenario.request(20, "Bram")

    scenario.tell("The officer decides on two further months. Nothing was sent, so nothing moves.")
    scenario.types("request", "extend", request, "--reason", "processors_must_answer")
    scenario.due(request, by_hand.last_day(received), "extension_not_sent:R39")

    scenario.tell("The letter is made, and the mail server takes it.")
    letter = scenario.make(request, "extension", "bram@example.org", reasons=_REASONS)
    scenario.due(request, by_hand.last_day(received), "extension_not_sent:R39")
    with scenario.post() as server:
        scenario.types("letter", "send", letter)
    scenario.letter(request, letter, "sent")
    scenario.must(len(server.messages) == 1, "one message arrived at the mail server")
    scenario.due(request, by_hand.last_day(received, months=3))


def extended_too_late(scenario: Scenario) -> None:
    """Scenario 3: an extension whose letter was sent after the first month is void (R41)."""
    scenario.begin("3. An extension, sent after the first month: void (R41)")
    request = scenario.request(20, "Carla")
    scenario.tell("The officer decides on two further months, and makes the letter.")
    scenario.types("request", "extend", request, "--reason", "processors_must_answer")
    letter = scenario.make(request, "extension", "carla@example.org", reasons=_REASONS)

    scenario.tell("It turns out that the request had reached another official mailbox forty days ago (R02).")
    at = datetime.now(ZONE) - timedelta(40)
    scenario.types(
        *("request", "correct", request, "--reason", "other_channel"),
        *("--received-at", at.isoformat(timespec="seconds")),
    )
    due = by_hand.last_day(at.date())
    scenario.due(request, due, "extension_not_sent:R39", "overdue:R37")

    scenario.tell("Such a letter would promise a day that does not hold: it is not sent.")
    with scenario.post() as server:
        text = scenario.types("letter", "send", letter, fails=True)
    scenario.must("R41" in text, "the rule is named")
    scenario.must(server.messages == [], "nothing arrived at the mail server")
    scenario.letter(request, letter, "produced")

    scenario.tell(
        "A colleague had put it into the post yesterday. What happened is recorded, and moves nothing."
    )
    scenario.types(
        *("request", "sent", request, "--on", scenario.ago(1), "--channel", "post", "--proof", "3SXYZ789")
    )
    scenario.due(request, due, "extension_void:R41", "overdue:R37")

    scenario.tell("The person withdraws by phone; that it was late stays on record.")
    scenario.types("request", "withdraw", request, "--channel", "phone")


def extended_and_not_sent(scenario: Scenario) -> None:
    """Scenario 4: the mail server is down; the letter goes exactly once when it is back."""
    scenario.begin("4. An extension that was never sent: the mail server is down")
    received = by_hand.almost_due(scenario.today)
    due = by_hand.last_day(received)
    request = scenario.request((scenario.today - received).days, "Daan")
    scenario.types("request", "extend", request, "--reason", "rights_of_others")
    letter = scenario.make(request, "extension", "daan@example.org", reasons=_REASONS)

    scenario.tell("The mail server is down.")
    scenario.types("letter", "send", letter, fails=True)
    scenario.letter(request, letter, "produced")
    scenario.due(request, due, "extension_not_sent:R39")

    scenario.tell("The hourly check names the letter that did not go, in its table and to the officers.")
    scenario.watches(request)
    mails = [mail for mail in scenario.mailbox() if request in _html(mail)]
    scenario.must(len(mails) == 1, "the officers got one message about it")
    row = _row(_html(mails[0]), request)
    scenario.write(f"     mail: {mails[0]['subject']}")
    scenario.write(f"     mail: {' | '.join(row)}")
    scenario.must("extension_not_sent" in row[-1], "it says that the extension was not sent")
    scenario.must("letter_produced" in row[-1], "it says that a letter was made and did not go")

    scenario.tell("The mail server is back.")
    with scenario.post() as server:
        scenario.types("letter", "send", letter)
        scenario.types("letter", "send", letter, fails=True)
    scenario.must(len(server.messages) == 1, "the letter arrived exactly once")
    scenario.must(letter.encode() in server.messages[0][2], "it bears its own id")
    scenario.due(request, by_hand.last_day(received, months=3))
    checked = scenario.watches(request)
    lines = [line for line in checked.log.splitlines() if request in line]
    scenario.must(not any("not_sent" in line or "letter_" in line for line in lines), "nothing is unsent now")


def bounced(scenario: Scenario) -> None:
    """Scenario 5: letters that come back, at once and later, count as sent no more."""
    scenario.begin("5. Letters that come back")
    received = scenario.today - timedelta(20)
    first = by_hand.last_day(received)
    request = scenario.request(20, "Eefje")
    scenario.types("request", "extend", request, "--reason", "amount_of_data")

    scenario.tell("The mail server turns the address down: 550.")
    letter = scenario.make(request, "extension", "eefje@example.org", reasons=_REASONS)
    with scenario.post(Manner.NO_SUCH_MAILBOX):
        scenario.types("letter", "send", letter)
    scenario.letter(request, letter, "bounced")
    scenario.due(request, first, "extension_not_sent:R39")

    scenario.tell("Made anew, it is taken, and counts.")
    again = scenario.make(request, "extension", "eefje@example.org", reasons=_REASONS)
    with scenario.post() as server:
        scenario.types("letter", "send", again)
    scenario.due(request, by_hand.last_day(received, months=3))

    scenario.tell(
        "Later a bounce comes into the officers' mailbox: the mailbox is full. An officer enters it."
    )
    _bounce(scenario, server.messages[0][2])
    notice = scenario.mailbox()[-1]
    scenario.write(f"     mail: {notice['subject']}: {notice.get_body().get_content().strip()}")  # type: ignore[union-attr]
    scenario.types("letter", "bounced", again, "--on", scenario.ago(0), "--reason", "mailbox_full")
    scenario.letter(request, again, "bounced")
    scenario.due(request, first, "extension_not_sent:R39")
    checked = scenario.watches(request)
    line = next(line for line in checked.log.splitlines() if f"|{request}" in line)
    scenario.must("extension_not_sent" in line and "letter_bounced" in line, "the check names it as open")

    scenario.tell("Made once more and sent by another way, it counts from that day.")
    last = scenario.make(request, "extension", "", reasons=_REASONS)
    receipt = scenario.home.parent / "receipt.txt"
    receipt.write_text("Registered post, item 3SEEFJE1.", encoding="utf-8")
    scenario.types(
        *("letter", "sent", last, "--on", scenario.ago(0), "--channel", "registered_post"),
        *("--proof", str(receipt), "--no-id-copy"),
    )
    scenario.due(request, by_hand.last_day(received, months=3))
    checked = scenario.watches(request)
    line = next(line for line in checked.log.splitlines() if f"|{request}" in line)
    scenario.must("letter_" not in line, "the letters that came back are named no more")


def _html(mail: EmailMessage) -> str:
    body = mail.get_body(("html", "plain"))
    return str(body.get_content()) if body else ""


def _row(html: str, request: str) -> list[str]:
    """The cells of a request's row in a mail."""
    row = next(part for part in html.split("<tr>") if f"<td>{request}</td>" in part)
    return [cell.removeprefix("<td>") for cell in row.split("</tr>")[0].split("</td>")[:-1]]


def _bounce(scenario: Scenario, letter: bytes) -> None:
    """The bounce that a mail server sends to the letter's sender: a message to the officers' mailbox."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "mailer-daemon@example.org", SENDER, "Undelivered mail"
    identity = next(line for line in letter.decode().splitlines() if line.lower().startswith("message-id"))
    mail.set_content(f"452 4.2.2 mailbox full. {identity}")
    server = urlsplit(scenario.office_at)
    with smtplib.SMTP(server.hostname or "", server.port or 0) as connection:
        connection.send_message(mail)
