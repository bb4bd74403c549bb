"""A value that cannot be read: its column is given as the database's own text, else left for later (R44)."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from babel.dates import format_date
from testbed import small
from testbed.running import drive, installation, members, run, store
from tests.support.days import days_away
from tests.support.deciding import ANN, ROLES
from tests.support.driving import payloads, planned, stopped
from tests.support.in_parts import RECEIVED, SOON, WHY, answered, coverage

from afschrift.app.settings import Settings
from afschrift.casework.letters.make import make
from afschrift.casework.officer import Officer
from afschrift.casework.partial_response.damaged import STEP, damage_lines
from afschrift.domain.errors import (
    AfschriftError,
    DamagedValueError,
    FormError,
    NeedsPersonError,
    RetriableError,
)
from afschrift.domain.state import State
from afschrift.law.partial_response import awaited
from afschrift.register.records import QuestionRow
from afschrift.services import Services
from afschrift.sources.table_errors import no_right
from afschrift.steps.classify import classify
from afschrift.steps.extract import extract

WRONG_TIME = "UPDATE orders SET ordered_at = 'yesterday' WHERE order_id = 10"
BLOB = "UPDATE customer SET name = x'00ff' WHERE customer_id = 1"
TITLES = {"nl": "Wanneer besteld", "en": "When it was ordered"}
Damage = Callable[..., Services]
Waiting = tuple[Services, str, QuestionRow]


@pytest.fixture
def damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Damage:
    """The small shop with damaged values."""

    def make_shop(*statements: str) -> Services:
        shop = small.write_database(tmp_path / small.FILE)
        small.execute(shop, *statements)
        monkeypatch.setenv("MINI_SHOP", str(shop))
        monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(tmp_path / "inventory"))
        title = "{origin: observed, title: {nl: Wanneer besteld, en: When it was ordered}}"
        text = small.SHOP.replace("ordered_at: {origin: observed}", f"ordered_at: {title}")
        small.write_inventory(tmp_path / "inventory", text)
        return installation(tmp_path / "home", tmp_path / "inventory")

    return make_shop


@pytest.fixture
def waiting(damage: Damage) -> Waiting:
    """A request that waits for what to do with a name that cannot be read."""
    services = damage(BLOB)
    request = asked(services)
    stopped(drive, services, request)
    [question] = services.register.questions.all(request_id=request)
    return services, request, question


def asked(services: Services, language: str = "en", right: str = "access") -> str:
    return store(services, ANN, right, received_at=RECEIVED, language=language, formats=["csv"])


def values(bundle: Path, table: str, column: str, source: str = "shop") -> list[str]:
    text = members(bundle)[f"data/{source}/{table}.csv"].decode()
    return [row.get(column, "-") for row in csv.DictReader(io.StringIO(text, newline=""))]


def letter(services: Services, request: str, kind: str) -> str:
    officer = Officer(services.register, ROLES, "cli:anna", settings=Settings.from_environment())
    given = {"where": "https://example.org/x", "available_until": str(days_away(30).date())}
    return " ".join(make(officer, request, kind, given, keep=False).text.text.split())


def field(bundle: Path, table: str, column: str) -> dict[str, Any]:
    package = json.loads(members(bundle)["data/datapackage.json"])
    fields = [f for resource in package["resources"] for f in resource.get("schema", {}).get("fields", ())]
    [found] = [f for f in fields if f.get("afschrift:column") == f"{table}.{column}"]
    return found


@pytest.mark.parametrize("language", ["nl", "en"])
def test_damaged_column_is_given_as_text_and_named(damage: Damage, language: str) -> None:
    services = damage(WRONG_TIME)
    request = asked(services, language)
    bundle = drive(services, request)
    assert values(bundle, "orders", "ordered_at") == ["yesterday", r"\N"]
    assert field(bundle, "orders", "ordered_at")["afschrift:asStored"] == "wrong_type"
    assert field(bundle, "orders", "ordered_at")["type"] == "string"
    sentence = {"nl": "zoals een datum die niet bestaat", "en": "such as a date that does not exist"}[
        language
    ]
    assert sentence in members(bundle)["index.html"].decode()
    text = letter(services, request, "delivery")
    assert sentence in text and TITLES[language] in text
    assert services.register.requests.get(request).state is State.READY


def test_damage_is_recorded_once_without_a_value(damage: Damage) -> None:
    services = damage(WRONG_TIME)
    request = planned(services)
    first = services.register.steps.latest(request, "classify")
    opened: list[str] = []

    def opening(*given: Any, **more: Any) -> Any:
        opened.append("session")
        return services.open_source(*given, **more)

    extract(replace(services, open_source=opening), request, "shop")
    assert len(opened) == 5  # and not one for each column
    frozen = services.register.steps.latest(request, "classify")
    assert first is not None and frozen is not None and frozen["plan"] != first["plan"]
    extract(services, request, "shop")
    classify(services, request)
    assert services.register.steps.latest(request, "classify") == frozen
    [record] = services.register.steps.results(request).every(STEP)
    found = {"place": ["shop", "orders", "ordered_at"], "damage": "wrong_type", "given": "as_text"}
    assert record.result == found
    event = {"step": "damaged", "part": "shop.orders.ordered_at", **found}
    assert payloads(services, request, "step_finished") == [event]


def test_a_column_without_text_follows_in_a_second_part(damage: Damage, tmp_path: Path) -> None:
    services = damage(BLOB)
    request = asked(services)
    assert stopped(drive, services, request).question == "damaged_value"
    [question] = services.register.questions.all(request_id=request)
    assert question.detail == {"source": "shop", "place": "shop.customer.name", "damage": "no_text"}
    answered(services, question, "partial", {"rest_by": SOON}, WHY)
    first = run(services, request)
    assert values(first, "customer", "name") == ["-"]
    assert values(first, "customer", "email") == ["ann@example.org"]
    assert values(first, "orders", "order_id") == ["10", "12"]
    rest = [{"source": "shop", "column": "customer.name", "restBy": SOON}]
    assert coverage(first)["part"] == {"kind": "partial", "rest": rest}
    day = format_date(date.fromisoformat(SOON), "d MMMM", "en")
    page = members(first)["index.html"].decode()
    assert "something in these data that we cannot read yet" in page and day in page
    assert "No, not yet. We could not fetch some data" in page
    assert "This is everything" not in page
    text = letter(services, request, "partial_delivery")
    assert "name from customer: there is something in it" in text.replace("‘", "").replace("’", "")
    assert day in text
    timeline = services.register.facts.timeline(request)
    assert timeline.state is State.ACCEPTED and awaited(timeline) is not None

    assert stopped(drive, services, request).question == "damaged_value", "the value is damaged still"
    assert services.register.requests.get(request).state is not State.READY
    small.execute(tmp_path / small.FILE, "UPDATE customer SET name = 'Ann' WHERE customer_id = 1")
    [question] = services.register.questions.all(request_id=request)
    assert question.options == ("try_again", "partial", "given_otherwise"), "it was read once more"
    answered(services, question, "try_again")
    second = run(services, request)
    assert values(second, "customer", "name") == ["Ann"]
    assert not [path for path in members(second) if path.startswith("data/shop/orders")]
    assert "name from" in letter(services, request, "supplement").replace("‘", "").replace("’", "")
    assert services.register.requests.get(request).state is State.DELIVERED


def test_a_column_given_otherwise_ends_the_request_in_words(waiting: Waiting) -> None:
    services, request, question = waiting
    with pytest.raises(FormError):
        answered(services, question, "given_otherwise")
    answered(services, question, "given_otherwise", text="On paper, by registered mail.")
    bundle = run(services, request)
    [left] = [e for e in coverage(bundle)["tables"] if e["table"] == "customer"]
    why = {"action": "exclude", "reason": "damaged_given_otherwise", "rules": ["R44"]}
    assert {"column": "name", **why} in left["leftOut"]
    assert "We give you these in another way" in members(bundle)["index.html"].decode()
    assert services.register.requests.get(request).state is State.DELIVERED


@pytest.mark.parametrize(
    ("day", "text", "field"), [(SOON, "", "text"), (str(days_away(-9).date()), WHY, "rest_by")]
)
def test_a_promise_needs_a_day_to_come_and_words(waiting: Waiting, day: str, text: str, field: str) -> None:
    services, _, question = waiting
    with pytest.raises(FormError) as caught:
        answered(services, question, "partial", {"rest_by": day}, text)
    assert field in caught.value.fields


@pytest.mark.parametrize(
    ("error", "raised"),
    [(RetriableError("Connection lost."), RetriableError), (no_right("shop.orders"), NeedsPersonError)],
)
def test_an_outage_or_a_missing_right_meanwhile_is_no_damage(
    damage: Damage, monkeypatch: pytest.MonkeyPatch, error: AfschriftError, raised: type[AfschriftError]
) -> None:
    services = damage(WRONG_TIME)
    request = planned(services)
    errors = iter([DamagedValueError("A value of shop.orders.ordered_at is text.")])

    def stream(*_args: Any) -> None:
        raise next(errors, error)

    monkeypatch.setattr("afschrift.sources.sqlite.source.Sqlite.stream", stream)
    with pytest.raises(raised):
        extract(services, request, "shop")
    assert not services.register.steps.results(request).every(STEP)


def test_sources_read_before_are_read_again_under_the_new_plan(services: Services, tmp_path: Path) -> None:
    small.execute(tmp_path / small.FILE, WRONG_TIME)
    request = asked(services)
    bundle = drive(services, request)
    read = [payload["source"] for payload in payloads(services, request, "extracted")]
    assert read == ["club", "shop", "club"]
    assert values(bundle, "visit", "visit_id", "club") == ["1", "3", "4"]
    [line] = damage_lines(services.register, request)
    assert line.startswith("shop.orders.ordered_at holds a value that does not fit its type: the database's")


def test_a_hidden_column_is_not_promised(waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    services, request, question = waiting
    answered(services, question, "partial", {"rest_by": SOON}, WHY)
    for module in ("draft", "plan_gates", "classify"):
        monkeypatch.setattr(
            f"afschrift.steps.{module}.hidden_places", lambda *_: frozenset({"shop.customer.name"})
        )
    bundle = drive(services, request)
    assert "part" not in coverage(bundle)
    assert "damaged" not in json.dumps(coverage(bundle))
    assert values(bundle, "customer", "name") == [r"\N"]
