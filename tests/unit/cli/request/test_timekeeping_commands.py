"""The clock at the terminal: lists, timelines, and what moves them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from testbed.mini import CONTROLLER
from testbed.running import installation, store
from testbed.small import write_database, write_inventory
from typer.testing import CliRunner

from afschrift.cli.main import app
from afschrift.domain.errors import AfschriftError
from afschrift.services import Services

Store = Callable[..., str]


def ago(days: float) -> datetime:
    return datetime.now(ZoneInfo("Europe/Amsterdam")) - timedelta(days=days)


def day(days: float) -> str:
    return ago(days).date().isoformat()


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(write_inventory(tmp_path / "inventory")))
    return installation(tmp_path / "home", tmp_path / "inventory")


@pytest.fixture
def stored(services: Services) -> Store:
    def make(days: float = 5, customer: str = "1", **more: Any) -> str:
        given = {"authenticated": None} | more
        return store(
            services, {"customer_id": customer}, "access", received_at=ago(days).isoformat(), **given
        )

    return make


def run(*words: str, stdin: str = "") -> str:
    done = CliRunner().invoke(app, list(words), input=stdin, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def refused(*words: str) -> str:
    error = CliRunner().invoke(app, list(words)).exception
    assert isinstance(error, AfschriftError)
    return str(error)


def machine(*words: str) -> Any:
    return json.loads(run(*words, "--json"))


def test_the_list_has_what_is_due_first(stored: Store) -> None:
    fresh, overdue, waiting, extended = stored(2), stored(60), stored(9), stored(20)
    run("request", "extend", extended, "--reason", "temporary_flood", *left(15))
    run("request", "suspend", waiting, "--ground", "identity", "--doubt", "unknown_sender", *left(8))
    lines = run("requests").splitlines()
    assert [line.split()[0] for line in lines] == [overdue, waiting, fresh, extended]
    assert "red  overdue" in lines[0]
    assert f"suspended since {day(8)}" in lines[1]
    assert lines[2].endswith("green")
    rows = machine("requests")
    assert [row["id"] for row in rows] == [overdue, waiting, fresh, extended]
    assert rows[0]["clock"]["days_left"] < -20
    assert rows[1]["clock"]["status"][0] == "urn:afschrift:status:suspended"
    assert rows[2]["clock"]["versions"]["algorithm"] == "2"
    run("request", "withdraw", fresh, "--channel", "phone", "--on", day(1))
    assert fresh not in run("requests")
    assert "closed" in run("requests", "--all").splitlines()[-1]


def left(days: float) -> tuple[str, ...]:
    return ("--sent-on", day(days), "--channel", "post", "--proof", "3SABC")


def test_timeline_shows_the_reasons(stored: Store, services: Services) -> None:
    request = stored(10)
    ask = ("request", "suspend", request, "--ground", "identity", "--doubt", "other_address")
    assert "LETTER NOT SENT" in run(*ask)
    asked = machine("request", "show", request)["facts"][0]["id"]
    run("request", "sent", request, "--on", day(9), "--channel", "post", "--proof", "3SABC", "--fact", asked)
    run("request", "resume", request, "--on", day(7), "--insufficient", *left(7))
    shown = run("request", "resume", request, "--on", day(6))
    assert f"why  Suspended from {ago(9):%a} {day(9)} to {ago(6):%a} {day(6)}: 3 days (R42, R43)." in shown
    words = "Zes verwerkers van Anneke."
    extend = ("request", "extend", request, "--reason", "processors_must_answer", "--text-file", "-")
    assert "extension_not_sent" in run(*extend, stdin=words)
    found = machine("request", "sent", request, "--on", day(0), "--channel", "email", "--proof", "4Zk1")
    assert (found["clock"]["extended"], found["clock"]["breaches"]) == (True, [])
    document = machine("request", "show", request)
    assert document["clock"] == found["clock"]
    assert [fact["kind"] for fact in document["facts"]][-2:] == ["extended", "letter_sent"]
    text = run("request", "show", request)
    assert "in the first month: two more months (R39)." in text
    assert "Anneke" not in text
    assert "identity: confirmed" in run(
        "request", "confirm-identity", request, "--method", "login", "--level", "substantial"
    ) + run("request", "show", request)


def test_a_void_extension_is_recorded_and_the_day_stays(stored: Store) -> None:
    request = stored(60)
    before = machine("requests")[0]["clock"]["due"]
    found = machine("request", "extend", request, "--reason", "rights_of_others", *left(1))["clock"]
    assert (found["due"], found["extended"]) == (before, False)
    assert found["breaches"] == ["extension_void:R41", "overdue:R37"]


def test_a_corrected_receipt(stored: Store) -> None:
    request = stored(5)
    moved = ("request", "correct", request, "--reason", "typing_error", "--received-at")
    assert "second signer" in run(*moved, ago(3).isoformat())
    assert "receipt_waits_for_signer" in run("requests")
    assert "four eyes" in refused("request", "correct", request, "--sign")
    assert "second signer" in refused(*moved, ago(9).isoformat())
    assert "in the future" in refused(*moved, ago(-1).isoformat())
    assert "no instant" in refused(*moved, "2026-03-02T09:00")
    expected = refused("request", "correct", request)
    assert "or --sign, or" in expected
    assert (
        "It waits for a second signer: cli:" in expected
    )  # who signs sees what, by whom and instead of what
    assert "(typing_error)" in expected
    other = stored(5)
    earlier = machine(
        "request", "correct", other, "--received-at", ago(9).isoformat(), "--reason", "other_channel"
    )
    assert earlier["clock"]["received"] == day(9)


def test_overlapping_and_repeated_requests(stored: Store) -> None:
    known = {"by": "log-in", "level": "password", "at": ago(9).isoformat()}
    earlier, later = stored(8, authenticated=known), stored(3, authenticated=known)
    assert f"earlier requests of the same person: {earlier}" in run("request", "show", later)
    assert "R55" in refused("request", "link", later, earlier, "--as", "repeat")
    assert f"{later}: merged" in run("request", "merge", later, earlier)
    assert later in run("request", "show", earlier)
    stranger = stored(3, customer="2", authenticated=known)
    assert "R55" in refused("request", "merge", stranger, earlier)
    run("request", "withdraw", earlier, "--channel", "email")
    again = stored(1)
    assert "A reminder of" in run("request", "link", again, earlier, "--as", "reminder")
    known_again = stored(1, authenticated=known)
    [linked] = machine("request", "show", known_again)["facts"]
    assert (linked["kind"], linked["detail"], linked["other"]) == ("linked", {"as": "repeat"}, earlier)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("suspend", "ID", "--ground", "fee"), "R51"),
        (
            ("suspend", "ID", "--ground", "identity", "--sent-on", "2026-01-01"),
            "Day, channel and proof",
        ),
        (("resume", "ID", "--letter", "let-1"), "--insufficient"),
        (("resume", "ID"), "R43"),
        (("resume", "ID", "--on", "soon"), "--on 'soon' is no date"),
        (("extend", "ID", "--reason", "effort"), "R40"),
        (("extend", "ID", "--reason", "rights_of_others", "--text-file", "/nowhere"), "cannot be read"),
        (("withdraw", "ID", "--channel", "By phone"), "no code"),
        (("show", "req-000000000000"), "knows no request"),
        (("suspend", "req-000000000000", "--ground", "identity"), "knows no request"),
        (("merge", "ID", "req-000000000000"), "knows no request"),
    ],
)
def test_a_mistake_leaves_the_register_as_it_is(
    stored: Store, services: Services, words: tuple[str, ...], expected: str
) -> None:
    request = stored()
    before = services.register.trail.events()
    message = refused("request", *(request if word == "ID" else word for word in words))
    assert expected in message
    assert "What to do: " in message
    assert services.register.trail.events() == before


@pytest.mark.parametrize(
    "command", ["suspend", "resume", "extend", "sent", "withdraw", "correct", "merge", "link"]
)
def test_each_command_explains_itself(command: str) -> None:
    assert "--json" in run("request", command, "--help")


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [("country: NL", "ISO 3166-1"), ("zone: Europe/Amsterdam", "IANA"), ("body: private", "controller.yml")],
)
def test_unknown_zone_is_refused_before_anything_is_recorded(
    stored: Store, tmp_path: Path, wrong: str, expected: str
) -> None:
    stored()
    changed = CONTROLLER.replace(wrong, f"{wrong.split()[0]} Atlantis")
    (tmp_path / "inventory" / "controller.yml").write_text(changed, encoding="utf-8")
    assert expected in refused("requests")
    assert expected in refused("inventory", "check")


def test_the_clock_of_a_public_body_goes_on_after_the_term_of_its_question(
    stored: Store, tmp_path: Path
) -> None:
    request = stored(20)
    ask = ("request", "suspend", request, "--ground", "identity", "--doubt", "unknown_sender", *left(18))
    assert "--term" in refused(*ask, "--term", day(18))
    run(*ask, "--term", day(10))
    assert machine("requests")[0]["clock"]["due"] is None
    public = CONTROLLER.replace("body: private", "body: public")
    (tmp_path / "inventory" / "controller.yml").write_text(public, encoding="utf-8")
    assert machine("requests")[0]["clock"]["due"] is not None
    assert f"The term of {day(10)} that the question set is over" in run("request", "show", request)


def test_days_off_by_decree_come_from_the_controller(stored: Store, tmp_path: Path) -> None:
    """In the Netherlands they are not settled, and the earlier reading holds; elsewhere they count."""
    stored(60)
    controller = tmp_path / "inventory" / "controller.yml"
    due = machine("requests")[0]["clock"]["due"]
    controller.write_text(f"{CONTROLLER}days_off: [{due}]\n", encoding="utf-8")
    assert machine("requests")[0]["clock"]["due"] == due
    belgium = CONTROLLER.replace("country: NL", "country: BE")
    controller.write_text(belgium, encoding="utf-8")
    due = machine("requests")[0]["clock"]["due"]
    controller.write_text(f"{belgium}days_off_unsettled: [{due}]\n", encoding="utf-8")
    assert machine("requests")[0]["clock"]["due"] == due
    controller.write_text(f"{belgium}days_off: [{due}]\n", encoding="utf-8")
    assert machine("requests")[0]["clock"]["due"] > due
