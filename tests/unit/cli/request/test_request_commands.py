"""Commands for one request: its clock (`due` without one), and the keys and identity of who made it."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from testbed.mini import CONTROLLER
from testbed.running import installation, store
from testbed.small import SHOP
from tests.support.command_line import refused, run_command

from afschrift.domain.errors import ConfigurationError, NotAllowedError
from afschrift.domain.keys import Key
from afschrift.law.clock.deadline import ALGORITHM
from afschrift.services import Services

Store = Callable[..., str]


def ago(days: float) -> datetime:
    return datetime.now(ZoneInfo("Europe/Amsterdam")) - timedelta(days=days)


def day(days: float) -> str:
    return ago(days).date().isoformat()


@pytest.fixture
def stored(services: Services) -> Store:
    def make(days: float = 5, customer: str = "1", **more: Any) -> str:
        given = {"authenticated": None} | more
        return store(services, {"customer_id": customer}, received_at=ago(days).isoformat(), **given)

    return make


def machine(*words: str) -> Any:
    return json.loads(run_command(*words, "--json"))


def test_the_list_has_what_is_due_first(stored: Store) -> None:
    fresh, overdue, waiting, extended = stored(2), stored(60), stored(9), stored(20)
    run_command("request", "extend", extended, "--reason", "temporary_flood", *left(15))
    run_command("request", "suspend", waiting, "--ground", "identity", "--doubt", "unknown_sender", *left(8))
    lines = run_command("requests").splitlines()
    assert [line.split()[0] for line in lines] == [overdue, waiting, fresh, extended]
    assert "red  overdue" in lines[0]
    assert f"suspended since {day(8)}" in lines[1]
    assert "green  make acknowledgement" in lines[2]
    rows = machine("requests")
    assert [row["id"] for row in rows] == [overdue, waiting, fresh, extended]
    assert rows[0]["clock"]["days_left"] < -20
    assert rows[1]["clock"]["status"][0] == "urn:afschrift:status:suspended"
    assert rows[2]["clock"]["versions"]["algorithm"] == "2"
    run_command("request", "withdraw", fresh, "--channel", "phone", "--on", day(1))
    assert fresh not in run_command("requests")
    assert "closed" in run_command("requests", "--all").splitlines()[-1]


def left(days: float) -> tuple[str, ...]:
    return ("--sent-on", day(days), "--channel", "post", "--proof", "3SABC")


def test_timeline_shows_the_reasons(stored: Store, services: Services) -> None:
    request = stored(10)
    ask = ("request", "suspend", request, "--ground", "identity", "--doubt", "other_address")
    assert "LETTER NOT SENT" in run_command(*ask)
    asked = machine("request", "show", request)["facts"][0]["id"]
    run_command(
        "request", "sent", request, "--on", day(9), "--channel", "post", "--proof", "3SABC", "--fact", asked
    )
    run_command("request", "insufficient", request, "--on", day(7), *left(7))
    shown = run_command("request", "resume", request, "--on", day(6))
    assert f"why  Suspended from {ago(9):%a} {day(9)} to {ago(6):%a} {day(6)}: 3 days (R42, R43)." in shown
    words = "Zes verwerkers van Anneke."
    extend = ("request", "extend", request, "--reason", "processors_must_answer", "--text-file", "-")
    assert "LETTER NOT SENT" in run_command(*extend, stdin=words)
    [found] = machine("request", "sent", request, "--on", day(0), "--channel", "email", "--proof", "4Zk1")[
        "requests"
    ]
    assert (found["clock"]["extended"], found["clock"]["breaches"]) == (True, [])
    document = machine("request", "show", request)
    assert document["clock"] == found["clock"]
    assert [fact["kind"] for fact in document["facts"]][-2:] == ["extended", "letter_sent"]
    text = run_command("request", "show", request)
    assert "in the first month: two more months (R39)." in text
    assert "Anneke" not in text
    run_command("request", "confirm-identity", request, "--method", "login", "--level", "substantial")
    assert "identity: confirmed" in run_command("request", "show", request)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("suspend", "ID", "--ground", "fee"), "R51"),
        (("suspend", "ID", "--ground", "identity", "--sent-on", "2026-01-01"), "Day, channel and proof"),
        (("resume", "ID"), "R43"),
        (("resume", "ID", "--on", "soon"), "on: is no date"),
        (("extend", "ID", "--reason", "effort"), "R40"),
        (("extend", "ID", "--reason", "rights_of_others", "--text-file", "/nowhere"), "cannot be read"),
        (("withdraw", "ID", "--channel", "By phone"), "no code"),
        (("show", "req-000000000000"), "knows no request"),
        (("suspend", "req-000000000000", "--ground", "identity"), "knows no request"),
        (("merge", "ID", "--into", "req-000000000000"), "knows no request"),
    ],
)
def test_a_mistake_leaves_the_register_as_it_is(
    stored: Store, services: Services, words: tuple[str, ...], expected: str
) -> None:
    request = stored()
    before = services.register.trail.events()
    message = str(refused("request", *(request if word == "ID" else word for word in words)))
    assert expected in message
    assert "What to do: " in message
    assert services.register.trail.events() == before


def test_the_clock_of_a_public_body_goes_on_after_the_term_of_its_question(
    stored: Store, tmp_path: Path
) -> None:
    request = stored(20)
    ask = ("request", "suspend", request, "--ground", "identity", "--doubt", "unknown_sender", *left(18))
    assert "--term" in str(refused(*ask, "--term", day(18)))
    run_command(*ask, "--term", day(10))
    assert machine("requests")[0]["clock"]["due"] is None
    public = CONTROLLER.replace("body: private", "body: public")
    (tmp_path / "inventory" / "controller.yml").write_text(public, encoding="utf-8")
    assert machine("requests")[0]["clock"]["due"] is not None
    assert f"The term of {day(10)} that the question set is over" in run_command("request", "show", request)


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


@pytest.fixture
def identifying(inventory: Path, home: Path) -> Services:
    """An installation in which a column tells an officer who a person is."""
    marked = SHOP.replace("name: {origin: provided}", "name: {origin: provided, identifies: true}", 1)
    assert marked != SHOP
    (inventory / "shop.yml").write_text(marked, encoding="utf-8")
    return installation(home, inventory)


@pytest.fixture
def request_(identifying: Services) -> str:
    return store(identifying, {"customer_id": "2"}, authenticated=None)


def test_looked_up_masked_and_shown(identifying: Services, request_: str) -> None:
    assert "No officer asked to look them up" in run_command("request", "identity", request_)
    assert "It is not started yet" in run_command("request", "look-up", request_)
    assert "not looked up yet" in run_command("request", "identity", request_)
    assert isinstance(refused("request", "look-up", request_, "--run", "--airflow"), ConfigurationError)
    run_command("request", "look-up", request_, "--run")

    masked = run_command("request", "identity", request_)
    assert "customer_id: 2•••••" in masked
    assert "by customer_id: name: B•••••" in masked
    assert "Bob" not in masked
    assert "Please send me my data." not in masked
    shown = run_command("request", "identity", request_, "--unmask")
    assert "by customer_id: name: Bob" in shown
    assert "Please send me my data." in shown
    kinds = [header.type for header, _ in identifying.register.trail.events(request_)]
    assert kinds.count("identity_read") == 1


def test_keys_from_standard_input_and_from_a_file(
    identifying: Services, request_: str, tmp_path: Path
) -> None:
    keys = ("request", "keys", request_)
    message = run_command(*keys, "--keys-file", "-", stdin='customer_id: "1"\nemail: ann@example.org\n')
    assert "email added; customer_id corrected." in message
    assert "ann@" not in message
    (tmp_path / "keys.yml").write_text('email: ""\n', encoding="utf-8")
    assert "email taken out." in run_command(*keys, "--keys-file", tmp_path / "keys.yml")
    run_command(*keys, "--keys-file", "-", stdin='customer_id: "2"')
    assert identifying.register.identities.of(request_) == (Key("customer_id", "2"),)
    number = str(refused(*keys, "--keys-file", "-", stdin="customer_id: 4711"))
    assert "keys" in number
    assert "4711" not in number


def test_only_an_officer_can_look_up(request_: str, tmp_path: Path) -> None:
    (tmp_path / "home" / "roles.yml").write_text(
        'people:\n  Kim: {accounts: ["cli:kim"], roles: [officer]}\n', encoding="utf-8"
    )
    for words in (["look-up"], ["identity"], ["identity", "--unmask"], ["keys"]):
        assert isinstance(refused("request", words[0], request_, *words[1:]), NotAllowedError), words


due = partial(run_command, "due")


def test_a_date_and_why() -> None:
    lines = due("--received", "2025-03-05", "--country", "NL").splitlines()
    assert lines[0].split() == ["due", "2025-04-07"]
    assert lines[-1].startswith("Not a working day (Saturday, Sunday): Mon 2025-04-07")
    received = ("--received", "2025-03-05")
    assert "due     2025-06-05" in due(*received, "--extended")
    assert "due     2025-04-07" in due(*received, "--extension-sent", "2025-04-08")
    assert "due     2025-04-09" in due(*received, "--suspended", "2025-03-06:2025-03-10")
    assert "due     2025-04-08" in due(*received, "--suspended", "2025-03-06:2025-03-10", "--public-body")
    assert "not known while an answer is awaited" in due(*received, "--suspended", "2025-03-06")
    asked = (*received, "--suspended", "2025-03-06", "--term", "2025-03-10")
    assert "not known" in (waits := due(*asked))
    assert "asked for by 2025-03-10" in waits
    assert "due     2025-04-08" in (ended := due(*asked, "--public-body"))  # as with an answer on that day
    assert "Awb 4:15" in ended
    came = due(*received, "--suspended", "2025-03-06:2025-03-08", "--term", "2025-03-10", "--public-body")
    assert ("due     2025-04-07" in came, "in time" in came) == (True, True)
    assert "due     2025-04-08" in due(*received, "--country", "BE", "--holiday", "2025-04-07")
    assert "due     2025-04-07" in due(*received, "--country", "BE", "--unsettled", "2025-04-07")


def test_for_machines() -> None:
    found = json.loads(due("--received", "2025-06-04T22:00:00Z", "--timezone", "Europe/Amsterdam", "--json"))
    days = (found["received"], found["due"], found["zone"])
    assert days == ("2025-06-05", "2025-07-07", "Europe/Amsterdam")
    assert found["calendar"].startswith("holidays ")
    assert found["algorithm"] == ALGORITHM
    found = json.loads(due("--received", "2026-04-30T02:00:00Z", "--country", "fr-gp", "--json"))
    assert (found["zone"], found["received"]) == ("America/Guadeloupe", "2026-04-29")
    assert "--timezone" in due("--received", "2026-04-30", "--country", "FR-PF", code=1)


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (("--received", "5 March"), "write 2025-03-05"),
        (("--received", "2025-03-05", "--country", "XX"), "ISO 3166-1"),
        (("--received", "2025-03-05", "--country", "JP"), "--timezone"),
        (("--received", "2025-03-05", "--timezone", "Mars"), "IANA"),
        (("--received", "2025-03-05T10:00:00"), "offset"),
        (("--received", "2025-03-05", "--suspended", "soon"), "--suspended"),
        (("--received", "2025-03-05", "--holiday", "soon"), "--holiday"),
        (("--received", "2025-03-05", "--term", "2025-03-20"), "--suspended or --clarified"),
        (("--received", "2025-03-05", "--suspended", "2025-03-06", "--term", "2025-03-06"), "a later day"),
        (("--received", "2025-03-05", "--unsettled", "soon"), "--unsettled"),
    ],
)
def test_a_mistake_names_the_way_out(words: tuple[str, ...], remedy: str) -> None:
    assert remedy in due(*words, code=1)
