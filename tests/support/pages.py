"""The plain pages in tests: an installation with people and questions, and a browser's form by hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from tests.airflow_support import AirflowEnv, api_server, log_in
from tests.support.installed import CUSTOMERS, Installation, installed
from tests.support.manual import add_systems, system

ROLES = """
people:
  Anna: {accounts: ["airflow:anna", "cli:anna"], roles: [officer]}
  Otto: {accounts: ["airflow:otto"], roles: [officer]}
  Sam: {accounts: ["airflow:sam"], roles: [second_signer]}
  Kim: {accounts: ["airflow:kim"], roles: [keeper]}
  Dirk: {accounts: ["airflow:dirk"], roles: [dpo]}
  Ivo: {accounts: ["airflow:ivo"], roles: [intake]}
"""


def prepare(installation: Installation) -> None:
    """Give an installation its people."""
    (installation.home / "roles.yml").write_text(ROLES, encoding="utf-8")


Browse = Callable[..., Any]


@pytest.fixture(scope="module")
def installation(demo_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One for all tests of a module; each has a request of its own."""
    with installed(demo_warehouse, tmp_path_factory.mktemp("pages")) as made:
        prepare(made)
        yield made


@pytest.fixture(scope="module")
def customers() -> list[int]:
    """Customers of whom no request is open."""
    return list(CUSTOMERS)


@pytest.fixture
def customer(customers: list[int]) -> int:
    """A customer of whom no other request is open."""
    return customers.pop()


@pytest.fixture(scope="module")
def app(airflow_env: AirflowEnv, installation: Installation) -> Iterator[Any]:
    """Airflow's application, with the pages in it."""
    with api_server() as server:
        yield server


@pytest.fixture
def browse(app: Any) -> Browse:
    """Ask as a user whose browser has Airflow's cookie; None: without a log-in."""
    from starlette.testclient import TestClient

    tokens: dict[str, str] = {}

    def ask(user: str | None, path: str, fields: dict[str, Any] | None = None, **more: Any) -> Any:
        if user is not None and user not in tokens:
            tokens[user] = log_in(user)
        cookies = {"_token": tokens[user]} if user else {}
        client = TestClient(app, raise_server_exceptions=False, cookies=cookies, follow_redirects=False)
        method = more.pop("method", "GET" if fields is None else "POST")
        if method == "POST":
            more["headers"] = from_a_page(more.get("headers", {}))
        if fields is None:
            return client.request(method, f"/afschrift{path}", **more)
        files = [*parts(fields), *more.pop("upload", [])]
        return client.post(f"/afschrift{path}", files=files, **more)

    return ask


def send(browse: Browse, user: str, path: str, fields: dict[str, Any], **more: Any) -> Any:
    """Open a page and send its form."""
    token = token_in(browse(user, path).text)
    return browse(user, path.partition("?")[0], {"token": token, **fields}, **more)


def from_a_page(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers of a form, with which a browser says where it comes from: from our own page, if not said."""
    given = {"Sec-Fetch-Site", "Origin"} & headers.keys()
    return {**headers} if given else {"Sec-Fetch-Site": "same-origin", **headers}


def follow(page: Any, address: str, path: str) -> None:
    """Come to a page of the application as a link on its list leads there; a typed address shows nothing yet."""
    page.goto(f"{address}/")
    with page.expect_navigation():
        page.evaluate("to => location.assign(to)", f"{address}{path}")


def press(page: Any, what: Any) -> None:
    """Click what leads to another page, and come there; the click alone may return before the first page is gone."""
    with page.expect_navigation():
        what.click()


def asked_identity(installation: Installation, customer: int) -> tuple[str, str]:
    """A request that waits for its identity decision: its id, and that of the question."""
    from afschrift.domain.errors import NeedsPersonError
    from afschrift.steps.assess import assess

    request = installation.submit(customer, "access", authenticated=False)
    with suppress(NeedsPersonError):
        assess(installation.services, request)
    [question] = installation.services.register.questions.all(request_id=request)
    return request, question.id


def asked_decision(installation: Installation, customer: int, right: str = "portability") -> tuple[str, str]:
    """A request that an officer put before an officer, and its question."""
    from tests.support.ground_forms import GROUNDS

    from afschrift.casework.decision.require_decision import open_decision

    request = installation.submit(customer, right)
    return request, open_decision(GROUNDS, installation.services.register, request).id


def asked_manual(installation: Installation, customer: int, **more: Any) -> tuple[str, str]:
    """A request whose mailbox is to be searched, and the question about it."""
    from afschrift.casework.manual.question import question
    from afschrift.inventory.load import load
    from afschrift.questions.ask import ask

    folder = installation.home / "with_mailbox"
    if not folder.exists():
        import shutil

        from afschrift.app.settings import Settings

        shutil.copytree(Settings.from_environment().inventory, folder)
        add_systems(folder, system("mailbox", "mailbox"))
    request = installation.submit(customer, "access", **more)
    register = installation.services.register
    ask(register, request, [question(load(folder).manual["mailbox"], "which")])
    [asked] = register.questions.all(request_id=request)
    return request, asked.id


def token_in(html: str) -> str:
    """The token of the form that answers."""
    [found] = re.findall(r'name="token" value="(\w+)"', html.partition('id="answer"')[2])
    return str(found)


def look_token_in(html: str) -> str:
    """The token of the form that shows what was written, or what to search by."""
    [form] = [part for part in html.split("<form") if '/look"' in part]
    return form.partition('name="token" value="')[2].partition('"')[0]


def text_of(html: str) -> str:
    """What a page says, without its marks."""
    body = re.sub(r"<(style|script).*?</\1>", "", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


def parts(fields: dict[str, Any]) -> list[tuple[str, tuple[None, str]]]:
    """Fields as a browser sends them with a form; a list goes one by one."""
    pairs = ((n, v) for n, vs in fields.items() for v in (vs if isinstance(vs, list) else [vs]))
    return [(name, (None, value)) for name, value in pairs]
