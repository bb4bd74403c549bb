"""A scenario with people of every role, who answer over HTTP as themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
from tests.e2e.opened import Opened
from tests.e2e.scenarios.scenario import ZONE, Scenario, ScenarioError, yaml
from tests.support.airflow_up import Airflow, RunEnded, patient


@dataclass(kw_only=True)
class ScenarioWithPeople(Scenario):
    """A scenario with a running Airflow and people who are logged in to it.

    Attributes:
        airflow: on which the runs go.
        ran: ids of the runs that were waited for, each once.
    """

    airflow: Airflow
    ran: list[str] = field(default_factory=list)
    _clients: dict[str, httpx.Client] = field(default_factory=dict)

    def submits(
        self, customer: int, right: str | list[str], *, days: int = 5, quiet: bool = False, **more: Any
    ) -> list[str]:
        """A customer asks; ids of the requests.

        Args:
            customer: number in the shop.
            right: one or several.
            days: how long ago it came in.
            quiet: leave the command out of the transcript.
            more: further fields of the intake.
        """
        at = (datetime.now(ZONE) - timedelta(days)).isoformat(timespec="seconds")
        content: dict[str, Any] = {
            "message": "Please send me my data.",
            "channel": "portal",
            "received_at": at,
            "right": right,
            "language": "en",
            "keys": {"customer_id": str(customer)},
            "authenticated": {"by": "login", "level": "substantial", "at": at},
        } | more
        types = self.quietly if quiet else self.types
        output = types("submit", "-", "--start", "no", stdin=yaml(content))
        return [line.strip() for line in output.splitlines() if re.fullmatch(r"\s*req-[a-z0-9]+", line)]

    def goes(self, request: str, state: str) -> RunEnded:
        """A user triggers the next run on Airflow, which leaves the request in this state."""
        from afschrift.airflow_ext.trigger import trigger

        return self.waits(trigger(request, {}), request, state)

    def waits(self, run: str, request: str, state: str) -> RunEnded:
        """A run goes to its end; then the request is in this state."""
        checked = self.airflow.ended(run)
        self.ran.append(run)
        tasks = ", ".join(f"{name} {now}" for name, now in checked.tasks.items())
        self.write(f"   Airflow: run {run} {checked.state}: {tasks}")
        self.is_in(request, state)
        return checked

    def is_in(self, request: str, state: str) -> None:
        """The register says this state of a request."""
        now = self._asked("request", "show", request)["request"]["state"]
        self.must(now == state, f"request {request} is {state}" + (f" and not {now}" * (now != state)))

    def asked(self, name: str, request: str, kind: str) -> dict[str, Any]:
        """The open question of a kind, as a user sees it over HTTP."""
        found = self.http(name, "GET", "/questions").json()
        question = next((q for q in found if (q["request"], q["kind"]) == (request, kind)), None)
        if question is None:
            others = ", ".join(q["kind"] for q in found if q["request"] == request) or "none"
            raise ScenarioError(
                f"Scenario '{self.title}', step '{self.step}': no question '{kind}'; open: {others}."
            )
        self.write(f"   {name} sees {question['id']}: {kind}, for the {question['role']}")
        for line in _lines(question["detail"]):
            self.write(f"     about   {line}")
        self.write(f"     options {', '.join(question['options'])}")
        return dict(question)

    def answers(
        self,
        name: str,
        question: Mapping[str, Any],
        choice: str,
        *,
        turned_down: int | None = None,
        **body: Any,
    ) -> dict[str, Any]:
        """A user answers over HTTP.

        Args:
            name: who.
            question: as `asked` gave it.
            choice: one of its options, or what a user tries.
            turned_down: HTTP status with which the answer must be turned down; None: it is taken.
            body: `detail`, `texts`, `text`.

        Returns:
            What came back.
        """
        self.write(f"   {name} answers: {choice}")
        for part, content in body.items():
            for line in _lines(content if isinstance(content, Mapping) else {part: content}):
                self.write(f"     {line}")
        place = f"/questions/{question['id']}/answer"
        answer = self.http(name, "POST", place, json={"choice": choice, **body})
        document: dict[str, Any] = answer.json()
        if turned_down is not None:
            self.write(f"     {answer.status_code}: {document['detail']}")
            self.must(answer.status_code == turned_down, "it is turned down, and nothing changes")
            return document
        if answer.status_code != httpx.codes.OK:
            raise ScenarioError(
                f"Scenario '{self.title}', step '{self.step}': {answer.status_code}, {document}"
            )
        for line in filter(
            None, (document.get("next"), document["run"] and f"Run {document['run']} starts.")
        ):
            self.write(f"     {line}")
        return document

    def http(self, name: str, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request to the plugin's interface as a user."""
        if name not in self._clients:
            self._clients[name] = self.airflow.log_in(name)
        return patient(self._clients[name], method, f"/afschrift/api{path}", **more)

    def bundle(self, request: str) -> Opened:
        """The last bundle that was delivered for a request."""
        found = sorted((self.home / "outbox").glob(f"{request}-*.zip"), key=lambda file: file.stat().st_mtime)
        if not found:
            raise ScenarioError(f"Scenario '{self.title}', step '{self.step}': no bundle of {request}.")
        self.write(f"   the outbox holds {', '.join(file.name for file in found)}")
        return Opened(found[-1])

    def trail(self, request: str) -> list[tuple[str, dict[str, Any]]]:
        """Type and payload of each event of a request."""
        events = self._asked("request", "show", request)["events"]
        return [(event["type"], event["payload"] or {}) for event in events]

    def quietly(self, *words: str, stdin: str = "") -> str:
        """Type a command that the transcript leaves out; what it said."""
        output = self.run(words, stdin)
        if output.code != 0:
            raise ScenarioError(f"Scenario '{self.title}', step '{self.step}': {output.errors.strip()}")
        return output.text


def _lines(content: Mapping[str, Any]) -> list[str]:
    """One line a name; a list of records one line each."""
    lines = []
    for name, value in content.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            lines += [f"{name}: {', '.join(f'{k} {_short(v)}' for k, v in item.items())}" for item in value]
        else:
            lines.append(f"{name}: {_short(value)}")
    return lines


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) < 150 else f"{text[:150]}..."
