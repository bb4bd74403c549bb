"""The office of `make scenario-morning`: an officer at a terminal, colleagues on the pages, and runs.

Anna sits at the terminal and has the pages open too; Sam, the second signer, and Kim, who keeps the paper
archive, have the pages alone. Runs go in this process, step by step, as the tasks of the DAG make them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from testbed.running import drive
from tests.e2e.scenarios.scenario import ZONE, Scenario, ScenarioError, yaml
from tests.support.ground_forms import GROUNDS, complete
from tests.support.manual import system
from tests.support.pages import look_token_in, text_of, token_in
from tests.support.parts import Club

from afschrift.casework.answer import has_view
from afschrift.casework.partial_response.question import ask_about
from afschrift.casework.question_kinds import kind_named
from afschrift.domain.errors import AfschriftError, GateError, NeedsPersonError, SourceDownError
from afschrift.domain.state import State
from afschrift.law.grounds import Outcome
from afschrift.law.letter import LetterState
from afschrift.register.open import open_register
from afschrift.register.register import Register
from afschrift.services import Services
from afschrift.wiring.build_services import build

Pages = Callable[..., Any]
"""Asks the application as a user: user, path, fields or None -> the reply."""


@dataclass(frozen=True)
class Case:
    """A request of the morning: its number, what kind it is, and its id."""

    number: int
    kind: str
    id: str


@dataclass(kw_only=True)
class Morning(Scenario):
    """A morning at the office.

    Attributes:
        club: the source that can go down.
        pages: the pages, as a logged-in user.
        rest: user, path and body of a POST -> the reply.
        cases: the requests in the order in which they came.
        services: what runs work with.
    """

    club: Club
    pages: Pages
    rest: Callable[[str, str, dict[str, Any]], Any]
    cases: list[Case] = field(default_factory=list)
    services: Services = field(default_factory=lambda: build(lambda _line: None))

    def arrives(
        self,
        kind: str,
        customer: int | None,
        right: str | list[str] = "access",
        *,
        days: int = 5,
        known: bool = True,
        keys: dict[str, str] | None = None,
        **more: Any,
    ) -> str:
        """A message comes in and is stored; the id of its first request.

        Args:
            kind: what the table calls it.
            customer: number in the shop; None: the message gives no key.
            right: which right it uses.
            days: how long ago it came.
            known: the channel had authenticated the person.
            keys: beside the customer's number.
            more: further fields of the intake.
        """
        number = len(self.cases) + 1
        self.tell(f"Request {number}: {kind}.")
        content = self._message(number, customer, days, known=known, keys=keys or {}) | {"right": right}
        output = self.types("submit", "-", "--start", "no", stdin=yaml(content | more))
        [first, *_] = re.findall(r"^\s*(req-[a-z0-9]+)$", output, re.MULTILINE)
        self.cases.append(Case(number, kind, first))
        return str(first)

    def not_stored(self, customer: int, **more: Any) -> None:
        """A message is entered in a way that is turned down."""
        number = len(self.cases) + 1
        content = self._message(number, customer, 5, known=False, keys={}) | {"right": "access"}
        self.tell(f"Request {number}, entered wrongly first.")
        self.types("submit", "-", "--start", "no", stdin=yaml(content | more), fails=True)

    def _message(
        self, number: int, customer: int | None, days: int, *, known: bool, keys: dict[str, str]
    ) -> dict[str, Any]:
        at = (datetime.now(ZONE) - timedelta(days)).isoformat(timespec="seconds")
        content: dict[str, Any] = {
            "message": f"Please send me my data. ({number})",
            "channel": "portal",
            "received_at": at,
            "language": "en",
            "formats": ["csv"],
            "keys": ({"customer_id": str(customer)} if customer else {}) | keys,
        }
        return content | ({"authenticated": {"by": "login", "level": "high", "at": at}} if known else {})

    def goes(self, request: str) -> None:
        """The next run, as far as it goes."""
        try:
            drive(self.services, request)
        except SourceDownError as error:
            ask_about(self.services, request, error)
        except (NeedsPersonError, GateError):
            pass
        except AfschriftError as error:
            raise ScenarioError(f"{self.step}: a run that no answer helps: {error}") from error
        self.write(f"   the run goes: {self.state(request)}, {self.asked(request) or 'no question'}")

    @property
    def register(self) -> Register:
        """As it is now."""
        return open_register()

    def state(self, request: str) -> State:
        """Of a request, now."""
        return self.register.requests.get(request).state

    def asked(self, request: str) -> str:
        """What is asked about a request, by kind."""
        return ", ".join(f"{question.kind}?" for question in self.register.questions.all(request_id=request))

    def question(self, request: str, kind: str) -> str:
        """The id of the open question of a kind."""
        found = {question.kind: question.id for question in self.register.questions.all(request_id=request)}
        if kind not in found:
            raise ScenarioError(f"{self.step}: no question '{kind}' of {request}; open: {sorted(found)}.")
        return found[kind]

    def answers(self, request: str, kind: str, choice: str, text: str = "", /, **fields: str) -> str:
        """Anna looks at a question at the terminal and answers it; a run goes where one would."""
        question = self.question(request, kind)
        if has_view(self.register.questions.get(question)):
            self.types("questions", "show", question)
        sets = [word for name, value in fields.items() for word in ("--set", f"{name}={value}")]
        words = ["answer", question, "--choice", choice, *sets, *(["--text-file", "-"] if text else [])]
        output = self.types(*words, stdin=text)
        self._goes_on(request, kind)
        return output

    def decides(self, request: str, outcome: str, code: str | None = None, **given: Any) -> None:
        """Anna fills in the form of a decision at the terminal."""
        question = self.question(request, "decision")
        self.types("questions", "show", question)
        form = (complete(code, Outcome(outcome)) if code else {}) | given
        form = {name: value for name, value in form.items() if value is not None}
        content: dict[str, Any] = {"choice": outcome}
        if code:
            content["detail"] = {"ground": code, **GROUNDS.kept_in_trail(form)}
            content["texts"] = GROUNDS.texts(form)
        output = self.types("answer", question, "--form", "-", stdin=yaml(content))
        if "second person" not in output:
            self._goes_on(request, "decision")

    def signs(self, request: str, kind: str = "decision_signed", choice: str = "agree") -> None:
        """Sam opens the page, which must show what is signed, and signs there."""
        self.on_page("sam", request, kind, {"choice": choice})

    def on_page(self, user: str, request: str, kind: str, fields: dict[str, Any], **more: Any) -> None:
        """A user opens the page of a question, reads what it shows, and sends its form."""
        question = self.question(request, kind)
        path = f"/questions/{question}"
        query = f"?choice={fields['choice']}&ground={fields.get('ground', '')}" if kind == "decision" else ""
        page = self.pages(user, path + query)
        if page.status_code != 200:
            raise ScenarioError(f"{self.step}: {user} opens {path}: {page.status_code} {text_of(page.text)}")
        self.write(f"   {user} opens /afschrift/questions/{question} ({kind})")
        for line in judged(page.text):
            self.write(f"     {line}")
        if kind == "manual":
            self.pages(user, f"{path}/look", {"token": look_token_in(page.text)})
        reply = self.pages(user, path, {"token": token_in(page.text), **fields}, **more)
        if reply.status_code != 303:
            raise ScenarioError(f"{self.step}: {user} answers: {reply.status_code} {text_of(reply.text)}")
        output = self.pages(user, reply.headers["location"].removeprefix("/afschrift"))
        self.write(f"   {user} answers {', '.join(f'{n}: {v}' for n, v in fields.items())}")
        page = output.text
        self.write(f"     {text_of(page[page.index('<main') :])}")
        self._goes_on(request, kind)

    def _goes_on(self, request: str, kind: str) -> None:
        left = self.register.questions.all(request_id=request)
        runs = kind_named(kind).runs and not any(kind_named(question.kind).runs for question in left)
        if runs and self.state(request).open:
            self.goes(request)

    def letter_of(self, request: str, *, state: str = "produced") -> str:
        """The last letter of a request in a state."""
        found = self.register.letters.all(request_id=request, states=[LetterState(state)])
        if not found:
            raise ScenarioError(f"{self.step}: no letter of {request} is {state}.")
        return found[-1].id

    def by_post(self, request: str) -> None:
        """The letter that is made goes by registered post today, and Anna enters it with the receipt."""
        receipt = self.home.parent / "receipt.txt"
        receipt.write_text("Registered post, item 3SABC123.", encoding="utf-8")
        self.types(
            *("letter", "sent", self.letter_of(request), "--on", self.ago(0)),
            *("--channel", "registered_post", "--proof", str(receipt), "--no-id-copy"),
        )

    def made(self, request: str, kind: str, **elements: Any) -> str:
        """Anna makes a letter from a form; its id."""
        output = self.types("letter", "make", request, kind, "--from", "-", stdin=yaml(elements) or "{}\n")
        return next(word for word in output.split() if word.startswith("let-"))

    def tells(self, request: str, text: str = "At the counter, on a stick.") -> None:
        """The letter of the answer is made by the question `tell_person`, and goes by post."""
        self.answers(request, "tell_person", "make_letter", text, available_until=self.on(20))
        self.by_post(request)

    def letters(self, request: str) -> list[str]:
        """The letters of a request that are made and did not go."""
        found = self.register.letters.all(request_id=request, states=[LetterState.PRODUCED])
        return [question.id for question in found]

    def signs_review(self, request: str, restriction: str) -> None:
        """Sam signs that a restriction was looked at again, over REST."""
        path = f"/requests/{request}/restrictions/{restriction}/sign"
        reply = self.rest("sam", path, {"agree": True})
        self.write(f"   sam: POST /afschrift/api{path}: {reply.status_code}")
        self.must(reply.status_code == 200, "it is signed")

    def redact(self, request: str, lines: list[str]) -> None:
        """Anna masks what lines name, with the three answers of R32."""
        form = {
            "detail": {"right_of_others": "privacy"},
            "texts": {
                "redactions": lines,
                "effect": "A neighbour is named.",
                "mitigation": "Her name can go.",
                "prevails": "She knows of nothing.",
            },
        }
        self.types("review", "redact", request, "--form", "-", stdin=yaml(form))

    def has_paper(self) -> None:
        """The paper archive is entered into the data map."""
        text = system("archive", "paper", holds="provided", owner="keeper")
        folder = self.home.parent / "inventory"
        (folder / "archive.yml").write_text(text, encoding="utf-8")
        self.services = build(lambda _line: None)

    def sees(self, user: str) -> None:
        """A user opens the page of open questions."""
        page = self.pages(user, "/").text
        shown = len(set(re.findall(r"/questions/(q-[a-z0-9]+)", page)))
        self.write(f"   {user} opens /afschrift/: {shown} questions")

    def relative(self, day: str) -> str:
        """A day, as seen from today."""
        days = (self.today - datetime.fromisoformat(day).date()).days
        return "today" if days == 0 else f"{days} days before"

    def on(self, days: int) -> str:
        """A day to come."""
        return str(datetime.now(ZoneInfo("Europe/Amsterdam")).date() + timedelta(days))


def judged(html: str) -> list[str]:
    """What a question's page shows beside its form, a line each."""
    main = html.partition("<main")[2].partition('<form id="answer"')[0]
    lines = (text_of(f"<p {part}") for part in re.split(r"<(?=h1|h2|p|dt|tr|li)", main))
    found = [line for line in lines if line]
    answers = next((n for n, line in enumerate(found) if line.startswith("Answers ")), -1)
    return found[answers + 1 :]  # before it is what every question has
