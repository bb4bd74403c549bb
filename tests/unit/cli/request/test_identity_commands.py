"""`afschrift request look-up`, `identity` and `keys` at a terminal, and a message without a key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from testbed.running import RECEIVED, installation, store
from testbed.small import SHOP, write_database, write_inventory
from typer.testing import CliRunner

from afschrift.cli.main import app
from afschrift.domain.errors import ConfigurationError, NotAllowedError
from afschrift.domain.keys import Key
from afschrift.services import Services

pytestmark = pytest.mark.slow


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    folder = write_inventory(tmp_path / "inventory")
    marked = SHOP.replace("name: {origin: provided}", "name: {origin: provided, identifies: true}", 1)
    assert marked != SHOP
    (folder / "shop.yml").write_text(marked, encoding="utf-8")
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(folder))
    return installation(tmp_path / "home", folder)


@pytest.fixture
def request_(services: Services) -> str:
    return store(services, {"customer_id": "2"}, authenticated=None)


def run(*words: str, typed: str = "") -> str:
    done = CliRunner().invoke(app, list(words), input=typed)
    assert done.exception is None, done.output
    return done.output


def test_looked_up_masked_and_shown(services: Services, request_: str) -> None:
    assert "No officer asked to look them up" in run("request", "identity", request_)
    assert "It is not started yet" in run("request", "look-up", request_)
    assert "not looked up yet" in run("request", "identity", request_)
    run("request", "look-up", request_, "--run")

    masked = run("request", "identity", request_)
    assert "customer_id: 2•••••" in masked
    assert "by customer_id: name: B•••••" in masked
    assert "Bob" not in masked
    assert "Please send me my data." not in masked
    shown = run("request", "identity", request_, "--unmask")
    assert "by customer_id: name: Bob" in shown
    assert "Please send me my data." in shown
    kinds = [header.type for header, _ in services.register.trail.events(request_)]
    assert kinds.count("identity_read") == 1


def test_it_looks_in_one_place(request_: str) -> None:
    done = CliRunner().invoke(app, ["request", "look-up", request_, "--run", "--airflow"])
    assert isinstance(done.exception, ConfigurationError)


def test_keys_from_standard_input_from_a_file_and_as_a_flag(
    services: Services, request_: str, tmp_path: Path
) -> None:
    message = run(
        "request", "keys", request_, "--file", "-", typed='customer_id: "1"\nemail: ann@example.org\n'
    )
    assert "email added; customer_id corrected." in message
    assert "ann@" not in message
    (tmp_path / "keys.yml").write_text('email: ""\n', encoding="utf-8")
    assert "email taken out." in run("request", "keys", request_, "--file", str(tmp_path / "keys.yml"))
    flagged = run("request", "keys", request_, "--key", "customer_id=2")
    assert "shows in the process list" in flagged
    assert services.register.identities.of(request_) == (Key("customer_id", "2"),)
    number = CliRunner().invoke(app, ["request", "keys", request_, "--file", "-"], input="customer_id: 4711")
    assert "in quotes" in str(number.exception)
    assert "4711" not in str(number.exception)


def test_only_an_officer_can_look_up(request_: str, tmp_path: Path) -> None:
    (tmp_path / "home" / "roles.yml").write_text(
        'people:\n  Kim: {accounts: ["cli:kim"], roles: [officer]}\n', encoding="utf-8"
    )
    for words in (["look-up"], ["identity"], ["identity", "--unmask"], ["keys", "--key", "customer_id=1"]):
        done = CliRunner().invoke(app, ["request", words[0], request_, *words[1:]])
        assert isinstance(done.exception, NotAllowedError), words


def test_a_message_without_a_key_is_submitted_acknowledged_and_asked_about(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFSCHRIFT_DEMO", "1")
    content = {"message": "Alles graag.", "channel": "letter", "received_at": RECEIVED, "right": "access"}
    request = run("submit", "-", "--start", "no", typed=json.dumps(content)).split()[0]

    assert "none: the message gave no key" in run("request", "identity", request)
    assert services.register.facts.timeline(request).state.open
