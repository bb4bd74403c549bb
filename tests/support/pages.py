"""The plain pages in tests: an installation with people and questions, and a browser's form by hand."""

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from tests.airflow_support import Flow, api_server, log_in
from tests.support.installed import CUSTOMERS
from tests.support.manual import add_systems, system
from tests.support.moves import moved

from afschrift.domain.state import State
from afschrift.register.deliveries import DeliveryRow

ROLES = """
people:
  Iris: {accounts: ["airflow:iris"], roles: [officer, intake]}
  Anna: {accounts: ["airflow:anna", "cli:anna"], roles: [officer]}
  Otto: {accounts: ["airflow:otto"], roles: [officer]}
  Sam: {accounts: ["airflow:sam"], roles: [second_signer]}
  Kim: {accounts: ["airflow:kim"], roles: [keeper]}
  Dirk: {accounts: ["airflow:dirk"], roles: [dpo]}
  Ivo: {accounts: ["airflow:ivo"], roles: [intake]}
  Ada: {accounts: ["airflow:ada"], roles: [auditor]}
  Vera: {accounts: ["airflow:vera"], roles: [officer]}
  Moe: {accounts: ["airflow:moe"], roles: [map_owner]}
"""


@dataclass
class Desk(Flow):
    """An installation with people, and their browsers in Airflow's application."""

    app: Any
    customers: list[int] = field(default_factory=lambda: list(CUSTOMERS))
    tokens: dict[str, str] = field(default_factory=dict)

    def client(self, user: str | None, **more: Any) -> Any:
        """A browser that has Airflow's cookie of a user; None: without a log-in."""
        from starlette.testclient import TestClient

        if user is not None and user not in self.tokens:
            self.tokens[user] = log_in(user)
        cookies = {"_token": self.tokens[user]} if user else {}
        return TestClient(
            self.app, raise_server_exceptions=False, cookies=cookies, follow_redirects=False, **more
        )

    def browse(self, user: str | None, path: str, fields: dict[str, Any] | None = None, **more: Any) -> Any:
        """Open a page, or send fields to it."""
        method = more.pop("method", "GET" if fields is None else "POST")
        if method == "POST":
            more["headers"] = from_a_page(more.get("headers", {}))
        if fields is not None:
            more["files"] = [*parts(fields), *more.pop("upload", [])]
        return self.client(user).request(method, f"/afschrift{path}", **more)

    def send(self, user: str, path: str, fields: dict[str, Any], **more: Any) -> Any:
        """Open a page and send its form."""
        token = token_in(self.browse(user, path).text)
        return self.browse(user, path.partition("?")[0], {"token": token, **fields}, **more)

    def ask(self, user: str | None, method: str, path: str, **more: Any) -> Any:
        """Ask the REST interface with a token; all may start runs but `vera`."""
        headers = more.pop("headers", {})
        if user is not None:
            headers |= {"Authorization": f"Bearer {log_in(user, 'viewer' if user == 'vera' else 'user')}"}
        return self.client(None).request(method, f"/afschrift/api{path}", headers=headers, **more)

    def identity(self, customer: int | None = None, **more: Any) -> tuple[str, str]:
        """A request that waits for its identity decision: its id, and that of the question."""
        from afschrift.domain.errors import NeedsPersonError
        from afschrift.steps.assess import assess

        request = self.submit(customer or self.customers.pop(), "access", authenticated=False, **more)
        with suppress(NeedsPersonError):
            assess(self.services, request)
        [question] = self.register.questions.all(request_id=request)
        return request, question.id

    def decision(self, right: str = "portability") -> tuple[str, str]:
        """A request that an officer put before an officer, and its question."""
        from tests.support.ground_forms import GROUNDS

        from afschrift.casework.decision.require_decision import open_decision

        request = self.submit(self.customers.pop(), right)
        return request, open_decision(GROUNDS, self.register, request).id

    def delivered(self) -> DeliveryRow:
        """An encrypted delivery of a request that is answered."""
        request = self.submit(self.customers.pop(), "access", language="nl")
        for state in (State.ACCEPTED, State.DELIVERED):
            moved(self.register, request, state)
        deliveries, words = self.register.deliveries, {"encryption": "zip", "secret": "een twee"}
        begun = deliveries.begin(request, "outbox", f"{request}-access.zip", "0" * 64, **words)
        receipt = self.services.destination("outbox").deliver(begun.name, iter([b"encrypted"]))
        return deliveries.arrive(begun.id, receipt)

    def asked(self, kind: str = "unclassified", **more: Any) -> tuple[str, str]:
        """A request of which something is asked, and the question."""
        request = self.submit(self.customers.pop(), "access")
        given = {"options": ["include", "exclude"], "detail": {"columns": ["shop.login.at"]}} | more
        return request, self.register.questions.ask(request, kind, **given).id

    def manual(self) -> tuple[str, str]:
        """A request whose mailbox is to be searched, and the question about it."""
        from afschrift.app.settings import Settings
        from afschrift.casework.manual.question import question
        from afschrift.inventory.load import load
        from afschrift.questions.ask import ask

        folder = self.home / "with_mailbox"
        if not folder.exists():
            shutil.copytree(Settings.from_environment().inventory, folder)
            add_systems(folder, system("mailbox", "mailbox"))
        request = self.submit(self.customers.pop(), "access")
        ask(self.register, request, [question(load(folder).manual["mailbox"], "which")])
        [asked] = self.register.questions.all(request_id=request)
        return request, asked.id


@contextmanager
def desk_on(flow: Flow, roles: str = ROLES) -> Iterator[Desk]:
    """Airflow's application, with the pages of an installation in it."""
    (flow.home / "roles.yml").write_text(roles, encoding="utf-8")
    with api_server() as app:
        yield Desk(flow.home, flow.warehouse, flow.env, flow.logged, app)


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


def token_in(html: str) -> str:
    """The token of the form that answers."""
    [found] = re.findall(r'name="token" value="(\w+)"', html.partition('id="answer"')[2])
    return str(found)


def token_of(html: str, words: str = '/look"') -> str:
    """The token of the form with these words: by default, of that which shows what was written, or is searched by."""
    [form] = [part for part in html.split("<form") if words in part]
    return form.partition('name="token" value="')[2].partition('"')[0]


def text_of(html: str) -> str:
    """What a page says, without its marks."""
    body = re.sub(r"<(style|script).*?</\1>", "", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


def parts(fields: dict[str, Any]) -> list[tuple[str, tuple[None, str]]]:
    """Fields as a browser sends them with a form; a list goes one by one."""
    pairs = ((n, v) for n, vs in fields.items() for v in (vs if isinstance(vs, list) else [vs]))
    return [(name, (None, value)) for name, value in pairs]
