"""`afschrift health`: what works, what does not, and what has not run, on a real installation."""

import json
import os
import socket
import time
from datetime import timedelta
from pathlib import Path

import pytest
from testbed import postgres as pg
from testbed.small import FILE
from tests.support.command_line import command, in_this_process

from afschrift.app.settings import Settings
from afschrift.domain.event import NewEvent
from afschrift.domain.instants import utc_now
from afschrift.operations import health as module
from afschrift.operations.health import Health, health
from afschrift.operations.sweep import sweep
from afschrift.register.open import initialise
from afschrift.services import Services

OWN = {"register", "keys", "staging", "clock"}
pytestmark = pytest.mark.usefixtures("services")


def looks_of(*words: str) -> tuple[int, dict[str, tuple[str, str]]]:
    """Exit code, and of each look how it ended and what it says."""
    done = in_this_process(("health", "--json", *words))
    return done.code, {load["name"]: (load["health"], load["says"]) for load in json.loads(done.text)}


@pytest.fixture
def ran(services: Services) -> None:
    """The scheduled jobs ran."""
    services.register.trail.record(None, NewEvent("swept"), NewEvent("deadlines_checked"))


def test_a_new_installation_works_and_nothing_ran_yet() -> None:
    code, looks = looks_of()

    assert code == 3
    warned = {name for name, (how, _) in looks.items() if how == "warning"}
    assert warned == {"trail", "sweep", "check_deadlines"}
    assert {name for name, (how, _) in looks.items() if how == "ok"} == OWN | {"destination outbox"}
    assert "the DAG sweep is not paused" in looks["sweep"][1]


def test_health_is_ok_once_scheduled_jobs_ran(ran: None) -> None:
    done = in_this_process(("health",))

    assert done.code == 3
    assert done.text.startswith("trail               warning  No witness: only the height next to the keys")
    assert done.text.count("warning") == 1
    assert "register            ok       answers, with its tables at revision" in done.text
    staging = Path(Settings.from_environment().staging)
    assert list(staging.iterdir()) == []  # the byte is gone


def test_the_sweep_leaves_a_sign_of_life_and_a_dry_one_does_not() -> None:
    sweep(lambda _request, run: run, dry=True)
    assert looks_of()[1]["sweep"][0] == "warning"
    sweep(lambda _request, run: run)
    assert looks_of()[1]["sweep"][0] == "ok"


def test_checks_that_ran_too_long_ago_are_a_warning(ran: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "utc_now", lambda: utc_now() + timedelta(hours=4))

    code, looks = looks_of()

    assert (code, looks["sweep"][0], looks["check_deadlines"][0]) == (3, "warning", "warning")
    assert "ran last at" in looks["sweep"][1]


NO_REGISTER = {"REGISTER": "postgresql+psycopg://u:geheim@127.0.0.1:9/register"}


@pytest.mark.parametrize(
    ("trouble", "failed"),
    [
        (NO_REGISTER, {"trail", "register", "clock", "sweep", "check_deadlines"}),
        ({}, {"trail", "register", "keys", "clock", "sweep", "check_deadlines"}),
        ({"STAGING": "{home}/keys.json"}, {"staging"}),
        ({"DESTINATION_PORTAL": "{home}/not-mounted/outbox"}, {"destination portal"}),
        ({"WITNESS_DPO": "{home}/not-mounted"}, {"witness dpo"}),
    ],
)
def test_what_does_not_work_is_named_with_what_to_do(
    ran: None,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    trouble: dict[str, str],
    failed: set[str],
) -> None:
    for name, value in trouble.items():
        monkeypatch.setenv(f"AFSCHRIFT_{name}", value.format(home=home))
    if not trouble:
        (home / "keys.json").rename(home / "elsewhere.json")

    code, looks = looks_of()

    assert code == 1
    assert {name for name, (how, _) in looks.items() if how == "failed"} == failed
    assert all("What to do: " in looks[name][1] for name in failed)
    assert "geheim" not in str(looks)


def test_a_probe_takes_few_seconds_of_a_processor() -> None:
    before = os.times()
    done = command(("health", "--probe"))
    after = os.times()

    assert done.code == 0, done
    assert {line.split()[0] for line in done.text.splitlines()} == OWN
    assert after.children_user + after.children_system - before.children_user - before.children_system < 4


def test_a_place_that_never_answers_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:  # takes a connection and says nothing
        address = f"postgresql+psycopg://u:p@127.0.0.1:{server.getsockname()[1]}/register"
        monkeypatch.setenv("AFSCHRIFT_REGISTER", address)
        began = time.monotonic()
        looks = {look.name: look for look in health(probe=True, seconds=1)}
    assert time.monotonic() - began < 5
    assert looks["register"].health is Health.FAILED
    assert looks["register"].says.startswith("did not answer within 1 s.")
    assert looks["keys"].health is looks["staging"].health is Health.OK


def test_clocks_ten_minutes_apart(monkeypatch: pytest.MonkeyPatch, postgres: pg.Database) -> None:
    monkeypatch.setenv("AFSCHRIFT_REGISTER", postgres.url)
    initialise(Settings.from_environment())
    assert looks_of("--probe")[0] == 0

    monkeypatch.setattr(module, "utc_now", lambda: utc_now() - timedelta(minutes=10))
    code, looks = looks_of("--probe")

    assert (code, looks["clock"][0]) == (1, "failed")
    assert "differ by 600 s" in looks["clock"][1]


def test_sources_are_opened_only_where_asked(ran: None, tmp_path: Path) -> None:
    (tmp_path / FILE).rename(tmp_path / "elsewhere")
    assert looks_of()[0] == 3  # no witness

    code, looks = looks_of("--sources")

    assert code == 1
    assert {name: how for name, (how, _) in looks.items() if name.startswith(("source", "inventory"))} == {
        "inventory": "ok",
        "source shop": "failed",
    }


def test_a_destination_whose_bundles_are_open_is_named(
    ran: None, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided = {"by": "CISO", "on": "2026-11-30", "why": "a vault that encrypts"}
    options = home / "vault.json"
    for given, code, words in (
        ({"encryption": "none"}, 1, "name in 'open' who decided it (by), on which day"),
        ({"encryption": "none", "open": decided}, 3, "Bundles lie there open: CISO decided so on 2026-11-30"),
    ):
        options.write_text(json.dumps({"url": str(home / "vault"), **given}))
        options.chmod(0o600)
        monkeypatch.setenv("AFSCHRIFT_DESTINATION_VAULT_OPTIONS", str(options))
        (home / "vault").mkdir(exist_ok=True)
        ended, looks = looks_of()
        assert (ended, words in looks["destination vault"][1]) == (code, True), looks
        assert words in in_this_process(("check",)).text
