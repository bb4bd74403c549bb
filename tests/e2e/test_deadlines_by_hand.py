"""The clock of a request and its letters, as typed at a terminal and counted by hand (R37, R39, R41, R42, R43).

Letters go to a real mail server on loopback. The calendar of the Netherlands below comes from nothing of the
product.
"""

import json
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from testbed import small
from testbed.running import drive, store
from tests.support.command_line import in_this_process
from tests.support.days import local_today
from tests.support.installed import set_up
from tests.support.mail_server import Manner, Server, serving, unused_port

from afschrift.domain.state import State
from afschrift.law.clock.calendar import calendar
from afschrift.law.clock.deadline import deadline
from afschrift.wiring.build_services import build

ZONE = ZoneInfo("Europe/Amsterdam")
REASONS = "Your data are in five systems, and two processors must still answer us."
NOT_SENT = "extension_not_sent:R39"


def last_day(received: date, *, months: int = 1, days: int = 0) -> date:
    """So many months later, clamped to the month's end, days added, then rolled over days off."""
    count = received.month - 1 + months
    year, month = received.year + count // 12, count % 12 + 1
    day = date(year, month, min(received.day, monthrange(year, month)[1])) + timedelta(days)
    while day.weekday() > 4 or day in days_off(day.year):
        day += timedelta(1)
    return day


def days_off(year: int) -> set[date]:
    """Public holidays as the Dutch law on time limits has them; Good Friday is a working day."""
    sunday, king = easter(year), date(year, 4, 27)
    fixed = {date(year, 1, 1), date(year, 5, 5), date(year, 12, 25), date(year, 12, 26)}
    return fixed | {sunday + timedelta(n) for n in (1, 39, 50)} | {king - timedelta(king.weekday() == 6)}


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    f = (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    n = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * n) // 451
    month, day = divmod(h + n - 7 * m + 114, 31)
    return date(year, month, day + 1)


def almost_due(today: date) -> date:
    """A receipt whose last day comes next: tomorrow, or after the days off that follow."""
    days = (today - timedelta(back) for back in range(20, 40))
    return min((day for day in days if last_day(day) > today), key=last_day)


def ago(days: int) -> str:
    return str(local_today() - timedelta(days))


def yaml(content: dict[str, Any]) -> str:
    return "".join(f"{name}: {json.dumps(value)}\n" for name, value in content.items())


@dataclass
class Terminal:
    """An officer at work; `port`: of the mail server for letters, which may be down."""

    home: Path
    port: int = field(default_factory=unused_port)

    def types(self, *words: str, stdin: str = "", code: int = 0) -> str:
        done = in_this_process(words, stdin)
        assert done.code == code, (words, done)
        return done.text + done.errors

    def request(self, days: int) -> str:
        """A request of someone unknown that came in so many days ago."""
        at = (datetime.now(ZONE) - timedelta(days)).isoformat(timespec="seconds")
        message = "From: ann@example.org\n\nAll my data please.\n\nAnn"
        content = {"message": message, "channel": "email", "received_at": at, "right": "access"}
        content |= {"language": "en", "keys": {"customer_id": "1"}}
        return self.types("submit", "-", "--start", "no", stdin=yaml(content)).split()[0]

    def due(self, request: str, day: date | None, *breaches: str) -> None:
        """The register says this last day, and these breaches alone."""
        clock = json.loads(self.types("request", "show", request, "--json"))["clock"]
        assert (clock["due"], clock["breaches"]) == (day and str(day), [*breaches])

    def extends(self, request: str) -> str:
        self.types("request", "extend", request, "--reason", "processors_must_answer")
        return self.make(request, "extension", reasons=REASONS)

    def make(self, request: str, kind: str, to: str = "ann@example.org", **elements: Any) -> str:
        form = yaml({"to": to, **elements})
        printed = self.types("letter", "make", request, kind, "--from", "-", stdin=form)
        return next(word for word in printed.split() if word.startswith("let-"))

    def send(self, letter: str, manner: Manner = Manner.TAKES, code: int = 0) -> Server:
        with serving(manner, self.port) as (server, _):
            self.types("letter", "send", letter, code=code)
        return server

    def is_in(self, request: str, letter: str, state: str) -> None:
        letters = json.loads(self.types("letter", "list", "--request", request, "--json"))
        assert [row["state"] for row in letters if row["id"] == letter] == [state]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    from afschrift.cli.common import actor

    variables = {
        "AFSCHRIFT_INVENTORY": str(small.write_inventory(tmp_path / "inventory")),
        "AFSCHRIFT_MAIL": str(tmp_path / "mail.json"),
        "AFSCHRIFT_DEMO": "0",
        "MINI_SHOP": str(small.write_database(tmp_path / small.FILE)),
    }
    with set_up(tmp_path / "home", variables):
        made = Terminal(tmp_path / "home")
        roles = f"people:\n  Anna: {{accounts: [{actor()}], roles: [officer, intake]}}\n"
        (made.home / "roles.yml").write_text(roles, encoding="utf-8")
        mail = {"server": f"smtp://127.0.0.1:{made.port}", "sender": "privacy@example.org"}
        (tmp_path / "mail.json").write_text(json.dumps(mail))
        (tmp_path / "mail.json").chmod(0o600)
        yield made


def test_the_calendar_by_hand_agrees_with_the_product_for_twenty_years() -> None:
    netherlands = calendar("NL")
    for day in (date(2020, 1, 1) + timedelta(days) for days in range(20 * 365)):
        assert last_day(day) == deadline(day, netherlands).due


def test_days_of_a_suspension_are_added(terminal: Terminal) -> None:
    request, received = terminal.request(20), local_today() - timedelta(20)
    terminal.due(request, last_day(received))
    terminal.types(
        *("request", "suspend", request, "--ground", "identity", "--doubt", "unknown_sender"),
        *("--sent-on", ago(16), "--channel", "registered_post", "--proof", "3SABC123"),
    )
    terminal.due(request, None)
    terminal.types("request", "resume", request, "--on", ago(11))
    moved = last_day(received, days=5)
    terminal.due(request, moved)
    letter = terminal.make(request, "resumed", answered_on=ago(11))
    [(_, _, mail)] = terminal.send(letter).messages
    terminal.is_in(request, letter, "sent")
    assert f"{moved.day} {moved:%B %Y}" in " ".join(mail.decode().split())


def test_an_extension_counts_once_its_letter_is_sent(terminal: Terminal) -> None:
    """The mail server is down, turns the address down, and lastly a letter comes back."""
    received = almost_due(local_today())
    request = terminal.request((local_today() - received).days)
    letter = terminal.extends(request)
    terminal.types("letter", "send", letter, code=1)
    terminal.is_in(request, letter, "produced")
    terminal.due(request, last_day(received))
    sent = terminal.send(letter)
    terminal.types("letter", "send", letter, code=1)
    assert [letter.encode() in mail for _, _, mail in sent.messages] == [True]
    terminal.due(request, last_day(received, months=3))
    terminal.types("letter", "bounced", letter, "--on", ago(0), "--reason", "mailbox_full")
    terminal.due(request, last_day(received))

    again = terminal.make(request, "extension", reasons=REASONS)
    terminal.send(again, Manner.NO_SUCH_MAILBOX)
    terminal.is_in(request, again, "bounced")
    terminal.due(request, last_day(received))
    by_post = terminal.make(request, "extension", "", reasons=REASONS)
    receipt = terminal.home / "receipt.txt"
    receipt.write_text("Registered post, item 3SEEFJE1.", encoding="utf-8")
    terminal.types(
        *("letter", "sent", by_post, "--on", ago(0), "--channel", "registered_post"),
        *("--proof", str(receipt), "--no-id-copy"),
    )
    terminal.due(request, last_day(received, months=3))


def test_an_extension_after_the_first_month_is_void(terminal: Terminal) -> None:
    """It turns out that another mailbox had the request forty days ago (R02)."""
    request = terminal.request(20)
    letter = terminal.extends(request)
    at = datetime.now(ZONE) - timedelta(40)
    terminal.types(
        *("request", "correct", request, "--reason", "other_channel"),
        *("--received-at", at.isoformat(timespec="seconds")),
    )
    due = last_day(at.date())
    terminal.due(request, due, NOT_SENT, "overdue:R37")
    assert terminal.send(letter, code=1).messages == []
    terminal.is_in(request, letter, "produced")
    terminal.types(*("request", "sent", request, "--on", ago(1), "--channel", "post", "--proof", "3SXYZ789"))
    terminal.due(request, due, "extension_void:R41", "overdue:R37")


def test_an_answer_handed_over_at_the_counter_is_delivered(terminal: Terminal) -> None:
    services = build(lambda _line: None)
    request = store(services, {"customer_id": "1"}, received_at=services.now())
    drive(services, request)
    proof = ("--on", ago(0), "--channel", "by_hand", "--proof", "receipt-7")
    terminal.types("request", "handed-over", request, *proof)
    assert services.register.requests.get(request).state is State.DELIVERED
