"""A Dutch morning with thirty-six requests in all states, each page of it looked at by the role whose work it is."""

import re
import shutil
from contextlib import suppress
from datetime import timedelta
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page
from testbed.running import run
from tests.dags.test_pages_dutch import DETAILS, PEOPLE, faults
from tests.support.browsing import keep, must_fit_and_be_accessible, opened
from tests.support.days import local_today
from tests.support.moves import moved
from tests.support.nightly import nightly_after
from tests.support.pages import Desk, follow

from afschrift.app.roles_file import load_roles
from afschrift.app.settings import Settings
from afschrift.casework.desk.desk import desk_rows
from afschrift.casework.letters.make import make
from afschrift.casework.officer import Officer
from afschrift.casework.question_kinds import KINDS
from afschrift.domain.errors import NeedsPersonError
from afschrift.domain.instants import utc_now
from afschrift.domain.state import State
from afschrift.law.clock.facts import FactKind, NewFact
from afschrift.law.roles import Role
from afschrift.register.register import Register

pytestmark = [pytest.mark.airflow, pytest.mark.slow, pytest.mark.needs_program("chromium")]

ASKED = (
    "identity",
    "unclassified",
    "decision",
    "shared_key",
    "source_down",
    "special_condition_unknown",
)
ASKED += ("residual_rows", "unlisted_tables", "tell_person", "basis_unknown", "damaged_value", "minor")
REQUESTS = 36


def facts() -> dict[str, NewFact]:
    today, complaint = local_today(), {"from": "authority", "complaint": "c-1"}
    return {
        "extended": NewFact(FactKind.EXTENDED, detail={"reasons": ["rights_of_others"]}),
        "suspended": NewFact(FactKind.SUSPENDED, detail={"ground": "identity"}),
        "complained": NewFact(FactKind.COMPLAINED, today, proof="K1", detail=complaint),
        "held": NewFact(FactKind.HELD, today, detail={"hold": "h", "ground": "court"}),
        "assigned": NewFact(FactKind.ASSIGNED, detail={"to": "Anna"}),
    }


def morning(desk: Desk) -> Register:
    """Fill a register: requests of each state, letter, run and kind of question, received on days of their own."""
    register, officer = desk.register, Officer(desk.register, load_roles(), "airflow:anna")

    def stored(right: str = "access", **more: Any) -> str:
        days = 33 - len(desk.customers) if len(desk.customers) > 4 else 29
        at = (utc_now() - timedelta(days=max(days, 0), hours=2)).isoformat()
        return desk.submit(desk.customers.pop(), right, authenticated=False, received_at=at, **more)

    for kind in (KINDS[name] for name in ASKED):
        request = stored()
        moved(register, request, State.NEEDS_PERSON)
        detail = DETAILS.get(kind.name, {})
        register.questions.ask(request, kind.name, options=list(kind.options), detail=detail, role=kind.role)
    reviewed = desk.submit(desk.customers.pop(), "access")
    with suppress(NeedsPersonError):
        run(desk.services, reviewed)
    assert [question.kind for question in register.questions.all(request_id=reviewed)] == ["review"]
    for state in State:  # the end of a merge needs another request
        if state is not State.MERGED:
            moved(register, stored("portability" if "portable" in state else "access"), state)
    for fact in facts().values():
        register.facts.record(stored(), lambda _, fact=fact: [fact], "airflow:anna")  # type: ignore[misc]
    stored(other_rights=["erasure"])
    make(officer, stored(), "acknowledgement", {})
    running = stored()
    register.runs.begin(running, f"{running}.1", timedelta(hours=1))
    desk.manual()
    return register


@pytest.fixture
def reviewed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every bundle is reviewed."""
    folder = desk.home / "reviewed"
    if not folder.exists():
        shutil.copytree(Settings.from_environment().inventory, folder)
        text = (folder / "policy.yml").read_text(encoding="utf-8")
        (folder / "policy.yml").write_text(
            text.replace("choice: flagged", "choice: always"), encoding="utf-8"
        )
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(folder))


def looked_at(page: Page, path: str, width: int, name: str) -> set[str]:
    """What on a page is not Dutch; it fits, and axe finds nothing."""
    keep(page, f"morning_{width}_{re.sub(r'[^a-z_]+', '_', name)}")
    must_fit_and_be_accessible(page, width, path, scrolls=True)
    return faults(page.content()) - {"search"}  # a table of the demo


def rows_of(page: Page) -> list[tuple[str, str]]:
    """Request and address of the next action of each line."""
    lines = page.locator("main table.stack tbody tr").all()
    return [
        (
            line.locator("td a.whole").inner_text(),
            str(line.locator("th a").get_attribute("href")).removeprefix("/afschrift"),
        )
        for line in lines
    ]


@pytest.mark.usefixtures("reviewed")
@pytest.mark.parametrize(("width", "scheme"), nightly_after(0, [(1280, "light"), (390, "dark")]))
def test_a_morning_with_thirty_six_requests(
    browser: Browser, desk: Desk, address: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    size = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme, "locale": "nl-NL"}
    if not desk.register.requests.all():
        morning(desk)
    rows = desk_rows(Officer(desk.register, load_roles(), "airflow:anna"))
    found: dict[str, set[str]] = {}
    for role, user in PEOPLE.items():
        page = opened(browser, address, user, **size)
        page.goto(f"{address}/")
        found[f"today of {role}"] = looked_at(page, "/", width, f"today_{role}")
        shown = rows_of(page)
        assert len({request for request, _ in shown}) == len(shown), role
        if role is Role.OFFICER:
            assert {request for request, _ in shown} == {row.request for row in rows}
        kinds = {}
        for request, path in shown:
            [row] = [row for row in rows if row.request == request]
            for action in row.actions[:1]:
                kinds.setdefault((action.kind, action.what), path)
        for (kind, what), path in kinds.items():
            follow(page, address, path)
            found[f"{role} {kind} {what} {path}"] = looked_at(page, path, width, f"{role}_{kind}_{what}")
        if role is Role.INTAKE:
            follow(page, address, "/new")
            found["new"] = looked_at(page, "/new", width, "new")
        if role is Role.OFFICER:
            for row in rows:
                path = f"/requests/{row.request}"
                follow(page, address, path)
                found[f"request {row.state} {path}"] = looked_at(
                    page, path, width, f"request_{row.request[4:]}"
                )
    wrong = {name: sorted(words) for name, words in found.items() if words}
    assert not wrong, "\n".join(f"{name}: {', '.join(words)}" for name, words in wrong.items())
