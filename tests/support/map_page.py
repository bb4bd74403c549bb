"""The page of the data map in tests: an installation with open questions, and a browser's form by hand."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from testbed.mini import SHOP, write_database, write_inventory
from testbed.running import installation
from tests.airflow_support import AirflowEnv, api_server, log_in
from tests.support.pages import ROLES, from_a_page, parts, text_of

from afschrift.datamap.review.groups import Group
from afschrift.datamap.review.review_session import Review
from afschrift.datamap.review.written_files import Answer
from afschrift.inventory.column import Column
from afschrift.inventory.load import load
from afschrift.inventory.model import SourceFile
from afschrift.services import Services

PAGE = "/afschrift/inventory"
WHY = "Gone through with the shop."


def proposed(text: str = SHOP) -> str:
    """The shop with four questions: `name`, `email` of two tables, a secret, and a table."""
    name = "name: {origin: provided, review: needed, proposed: {confidence: 0.9, because: the <b>name</b>}}\n"
    text = text.replace("name: {origin: provided}\n", name, 1)
    text = text.replace("email: {origin: provided}\n", "email: {}\n")
    return text.replace("    personal: false\n", "    personal: false\n    review: needed\n", 1)


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.duckdb")))
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(write_inventory(tmp_path / "map", proposed())))
    made = installation(tmp_path / "home", tmp_path / "map")
    (tmp_path / "home" / "roles.yml").write_text(ROLES, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def app(airflow_env: AirflowEnv) -> Iterator[Any]:
    with api_server() as server:
        yield server


Visit = Callable[..., "Visitor"]


class Visitor:
    """A user's browser on the page: it sends all its fields with those that are filled in."""

    def __init__(self, app: Any, user: str) -> None:
        from starlette.testclient import TestClient

        self._client = TestClient(
            app, raise_server_exceptions=False, cookies={"_token": log_in(user)}, follow_redirects=False
        )
        self.html = self.text = ""
        self.status = 0

    def open(self, query: str = "") -> Visitor:
        return self._came(self._client.get(f"{PAGE}{query}", headers={"Sec-Fetch-Site": "same-origin"}))

    def send(self, do: str, answers: dict[str, Any] | None = None, **headers: str) -> Visitor:
        fields = self.held() | {"do": do} | (answers or {})
        made = from_a_page({name.replace("_", "-"): value for name, value in headers.items()})
        return self._came(self._client.post(PAGE, files=parts(fields), headers=made))

    def held(self) -> dict[str, Any]:
        """Every field of the page as it is, as a browser would send it."""
        found: dict[str, Any] = {}
        for tag in re.findall(r"<input[^>]*>", self.html):
            at = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
            if at.get("type") == "radio" and " checked" not in tag:
                continue
            if "name" in at:
                found.setdefault(at["name"], []).append(unescape(at.get("value", "")))
        for name, options in re.findall(r'<select[^>]* name="([^"]*)">(.*?)</select>', self.html, re.DOTALL):
            found[name] = re.findall(r'value="([^"]*)" selected', options) or [""]
        return found

    def id(self, title: str) -> str:
        ids = re.findall(rf'name="n\.(\w+)" value="{re.escape(title)}"', self.html)
        assert ids, f"{title} is not on the page"
        return str(ids[0])

    def _came(self, reply: Any) -> Visitor:
        self.status, self.html = reply.status_code, reply.text
        self.text = text_of(reply.text)
        self.headers = reply.headers
        return self


@pytest.fixture
def visit(services: Services, app: Any) -> Visit:
    return lambda user="anna", query="": Visitor(app, user).open(query)


def map_text() -> str:
    """What people wrote, and what they confirmed."""
    folder = Path(os.environ["AFSCHRIFT_INVENTORY"])
    return "".join(path.read_text() for path in sorted(folder.glob("shop*.yml"), reverse=True))


def change(old: str, new: str) -> None:
    file = Path(os.environ["AFSCHRIFT_INVENTORY"]) / "shop.yml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def events(services: Services, *types: str) -> list[dict[str, Any]]:
    return [payload or {} for _, payload in services.register.evidence.of_types(None, *types)]


def both(page: Visitor) -> dict[str, str]:
    """Answers to two questions: an origin for `email`, and `name` as it is proposed."""
    email, name = page.id("email"), page.id("name")
    return {f"a.{email}": "other", f"o.{email}": "provided", f"a.{name}": "yes", "why": WHY}


HEAD = """\
source: shop
kind: duckdb
purposes:
  sale: {basis: A6-1-b, title: {nl: Verkoop, en: Sale}, retention: P2Y, recipients: []}
"""

ANSWER = Answer("cli:anna", date(2026, 11, 28), "Looked at with the shop: it is so.", date(2027, 11, 28))


def answer(**words: Any) -> Answer:
    """The answer, with words that the question does not propose."""
    return replace(ANSWER, words=words)


def map_folder(folder: Path, text: str) -> Path:
    """The folder of a map whose source is described so."""
    return write_inventory(folder / "map", text)


def shop(folder: Path) -> SourceFile:
    """What the map says of the shop by now."""
    return load(folder).sources["shop"]


def columns(folder: Path) -> dict[str, Column]:
    """The same, by `table.column`."""
    tables = shop(folder).tables
    return {f"{name}.{column}": known for name, t in tables.items() for column, known in t.columns.items()}


def group(review: Review, name: str, words: str = "") -> Group:
    """The first open question of a name, in whose proposal there are words."""
    return next(found for found in review.waiting() if found.name == name and words in str(found.proposed))


def names(review: Review) -> list[str]:
    """What is asked, in its order."""
    return [question.name for question in review.waiting()]
