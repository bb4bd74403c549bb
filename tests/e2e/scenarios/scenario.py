"""A scenario: commands as typed, what came of them, and what must hold, written down as it goes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.airflow_up import RunEnded
from tests.support.command_line import CommandResult
from tests.support.mail_server import Manner, Server, serving, unused_port

ZONE = ZoneInfo("Europe/Amsterdam")
SENDER = "privacy@example.org"


class ScenarioError(Exception):
    """Something is not as it must be; names the step."""


@dataclass
class Scenario:
    """Where scenarios are carried out, one after the other.

    Attributes:
        home: of the installation.
        run: runs `afschrift` with words and a standard input.
        check: runs `check_deadlines` on Airflow to its end.
        office: the officers' mailbox: what notifiers send, and bounces.
        office_at: its server, as `smtp://HOST:PORT`.
        write: takes a line of the transcript.
        scheduled: counts the runs that Airflow's scheduler began by itself; None: there is none.
        port: of the mail server for letters, which may be down.
    """

    home: Path
    run: Callable[[tuple[str, ...], str], CommandResult]
    check: Callable[[], RunEnded]
    office: Server
    office_at: str
    write: Callable[[str], None]
    scheduled: Callable[[], int] | None = None
    port: int = field(default_factory=unused_port)
    title: str = ""
    step: str = ""
    _shown: set[str] = field(default_factory=set)

    @property
    def today(self) -> date:
        """Today where the controller must act."""
        return datetime.now(ZONE).date()

    def ago(self, days: int) -> str:
        """A day in the past, as a command takes it."""
        return str(self.today - timedelta(days))

    def begin(self, title: str) -> None:
        """A scenario begins."""
        self.title, self.step = title, "the beginning"
        self._shown.clear()
        self.write(f"\n== {title}")

    def tell(self, step: str) -> None:
        """What happens next, in words."""
        self.step = step
        self._shown.clear()
        self.write(f"\n-- {step}")

    def must(self, holds: bool, what: str) -> None:
        """Something must hold.

        Raises:
            ScenarioError: it does not.
        """
        if not holds:
            raise ScenarioError(f"Scenario '{self.title}', step '{self.step}': not so: {what}.")
        self.write(f"   ok: {what}")

    def types(self, *words: str, stdin: str = "", fails: bool = False) -> str:
        """Type a command; what it said.

        Raises:
            ScenarioError: it ended otherwise than it must.
        """
        shown = " ".join(f"'{word}'" if " " in word else word for word in words)
        self.write(f"   $ afschrift {shown}{' <<END' if stdin else ''}")
        for line in [*stdin.strip().splitlines(), "END"] if stdin else []:
            self.write(f"   {line}")
        output = self.run(words, stdin)
        for line in (output.text + output.errors).strip().splitlines():
            self._shown.add(line.strip().removeprefix("why").strip())
            self.write(f"     {line}")
        if (output.code != 0) is not fails or (fails and not output.errors.startswith("afschrift: ")):
            raise ScenarioError(
                f"Scenario '{self.title}', step '{self.step}': `afschrift {shown}` ended with {output.code}: "
                f"{output.errors.strip()}"
            )
        return output.text + output.errors

    def request(self, days: int, name: str, *, known: bool = False) -> str:
        """A request for access that came in so many days ago, by e-mail; its id."""
        at = datetime.now(ZONE) - timedelta(days)
        content: dict[str, Any] = {
            "message": f"From: {name.lower()}@example.org\n\nAll my data please.\n\n{name}",
            "channel": "email",
            "received_at": at.isoformat(timespec="seconds"),
            "right": "access",
            "language": "en",
            "keys": {"customer_id": name.upper()},
        }
        if known:
            content["authenticated"] = {"by": "login", "level": "substantial", "at": content["received_at"]}
        return self.types("submit", "-", "--start", "no", stdin=yaml(content)).split()[0]

    def clock(self, request: str) -> dict[str, Any]:
        """What the register says of a request: the due date and why."""
        clock: dict[str, Any] = self._asked("request", "show", request)["clock"]
        due = f"due {clock['due']}" if clock["due"] else f"suspended since {clock['suspended_since']}"
        breaches = f"; breaches {', '.join(clock['breaches'])}" if clock["breaches"] else ""
        self.write(f"   register: {due}, {clock['colour']}{breaches}")
        for line in clock["steps"]:
            if line not in self._shown:  # the command itself has just said it
                self.write(f"     why: {line}")
        self._shown.update(clock["steps"])
        return clock

    def due(self, request: str, day: date, *breaches: str) -> None:
        """The register says this last day, and these breaches alone."""
        clock = self.clock(request)
        self.must(clock["due"] == str(day), f"it is due on {day}, as counted by hand")
        self.must(clock["breaches"] == list(breaches), f"breaches: {', '.join(breaches) or 'none'}")

    def make(self, request: str, kind: str, to: str, **elements: Any) -> str:
        """Make a letter; its id."""
        form = yaml({"to": to, **elements})
        output = self.types("letter", "make", request, kind, "--from", "-", stdin=form)
        return next(word for word in output.split() if word.startswith("let-"))

    def letter(self, request: str, letter: str, state: str) -> None:
        """The register says this state of a letter."""
        found = self._asked("letter", "list", "--request", request)
        now = next(row["state"] for row in found if row["id"] == letter)
        self.must(now == state, f"letter {letter} is {state}")

    def _asked(self, *words: str) -> Any:
        """What a command says for machines."""
        output = self.run((*words, "--json"), "")
        if output.code != 0:
            raise ScenarioError(f"Scenario '{self.title}', step '{self.step}': {output.errors.strip()}")
        return json.loads(output.text)

    def aim_mail(self) -> None:
        """Letters go to the mail server of the scenarios, whether it is up or not."""
        file = Path(os.environ["AFSCHRIFT_MAIL"])
        file.touch(mode=0o600)
        file.write_text(json.dumps({"server": f"smtp://127.0.0.1:{self.port}", "sender": SENDER}))

    @contextmanager
    def post(self, manner: Manner = Manner.TAKES) -> Iterator[Server]:
        """The mail server for letters is up while this is open."""
        with serving(manner, self.port) as (server, _):
            yield server

    def watches(self, *requests: str) -> RunEnded:
        """`check_deadlines` runs on Airflow; the lines of its table about some requests are written down."""
        self.write("   Airflow runs check_deadlines ...")
        checked = self.check()
        states = ", ".join(
            f"{name} {state} ({checked.spans[name]:.1f} s)" for name, state in checked.tasks.items()
        )
        self.write(f"   Airflow: run {checked.state}; {states}")
        for line in dict.fromkeys(checked.log.splitlines()):
            if any(request in line for request in requests):
                self.write(f"     {line.strip()}")
        return checked

    def mailbox(self) -> list[EmailMessage]:
        """What came to the officers."""
        found = (message_from_bytes(content, policy=default) for _, _, content in self.office.messages)
        return [mail for mail in found if isinstance(mail, EmailMessage)]


def yaml(content: dict[str, Any]) -> str:
    """One line a name; JSON is YAML."""
    return "".join(f"{name}: {json.dumps(value)}\n" for name, value in content.items())


def utc(day: datetime) -> str:
    """An instant as the register writes it."""
    return day.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
