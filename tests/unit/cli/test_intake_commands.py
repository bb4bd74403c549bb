"""Other matters of a message at the terminal: printed, listed, handed over; every fault with its remedy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from testbed import small
from tests.support.family import CONTROLLER, SHOP, dates_of_birth
from typer.testing import CliRunner, Result

from afschrift.app.settings import Settings
from afschrift.cli.main import app
from afschrift.domain.errors import AfschriftError, NeedsPersonError
from afschrift.register.open import initialise, open_register
from afschrift.steps.assess import assess
from afschrift.wiring.build_services import build

SECRET = "zangvogel"
REQUEST = {
    "message": f"Ik vraag al mijn gegevens op. {SECRET}.",
    "channel": "email",
    "received_at": "2026-03-04T10:00:00+01:00",
    "right": "access",
    "keys": {"customer_id": "1"},
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation over the small shop with dates of birth; the user at the terminal has all roles."""
    database = small.write_database(tmp_path / small.FILE)
    small.execute(
        database,
        "ALTER TABLE customer ADD COLUMN born DATE",
        f"UPDATE customer SET born = '{dates_of_birth()[2]}' WHERE customer_id = 2",
    )
    inventory = small.write_inventory(tmp_path / "inventory", SHOP)
    (inventory / "controller.yml").write_text(CONTROLLER, encoding="utf-8")
    (inventory / "identity.yml").write_text(
        small.IDENTITY + "birth_date: shop.customer.born\n", encoding="utf-8"
    )
    monkeypatch.setenv("MINI_SHOP", str(database))
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(inventory))
    initialise(Settings.from_environment())
    return tmp_path


def afschrift(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, list(words), input=typed)


def submitted(**content: object) -> Result:
    whole = {name: value for name, value in (REQUEST | content).items() if value is not None}
    return afschrift("submit", "-", "--start", "no", typed=json.dumps(whole))


def fault(result: Result) -> str:
    assert isinstance(result.exception, AfschriftError)
    return f"{result.output}{result.exception}"


def case_of(result: Result) -> str:
    ids = [line for line in result.stdout.splitlines() if line.startswith(("case-", "req-"))]
    return open_register().cases.get(ids[0]).id


def test_what_is_not_ours_is_named_until_it_is_handed_over(home: Path) -> None:
    done = submitted(other_rights=["erasure", "complaint"], right=["access", "portability"])
    case = case_of(done)
    assert f"afschrift case handed-over {case} erasure" in done.output
    for command in (("case", "waiting"), ("requests",), ("case", "show", case)):
        assert "erasure (Art. 17)" in afschrift(*command).output, command
    [first, *_] = json.loads(afschrift("requests", "--json").stdout)
    assert first["to_hand_over"] == ["erasure", "complaint"]
    rows = json.loads(afschrift("case", "waiting", "--json").stdout)
    assert [(row["right"], row["desk"], row["due"]) for row in rows] == [
        ("erasure", "customer service", "2026-04-07"),
        ("complaint", None, "2026-04-07"),
    ]
    handed = ("case", "handed-over", case, "erasure", "--to", "customer service", "--reference", "T-1")
    assert "Recorded" in afschrift(*handed).output
    assert "already" in fault(afschrift(*handed))
    assert "erasure" not in afschrift("case", "waiting").output
    assert "handed over to customer service" in afschrift("case", "show", case).output
    facts = json.loads(afschrift("case", "show", case, "--json").stdout)["facts"]
    assert [fact["kind"] for fact in facts] == ["matter_recorded", "matter_recorded", "handed_over"]


def test_the_dead_and_what_to_do(home: Path) -> None:
    done = submitted(made_by="heir", keys=None, right=None)
    assert "R17" in done.output
    assert case_of(done) in afschrift("case", "waiting").output
    assert "No open request" in afschrift("requests").output


def test_at_the_prompts_too(home: Path) -> None:
    lines = ["proxy", "n", "unclear", "erasure", "letter", "2026-03-04T10:00:00+01:00", "Alles wat u hebt."]
    lines += ["customer_id=1", "", f"name={SECRET}", "email=merel@example.org", "", "n"]
    done = afschrift("submit", "--start", "no", typed="\n".join(lines) + "\n")
    case = case_of(done)
    shown = afschrift("case", "show", case).output
    assert "made by proxy" in shown
    assert "representative" in shown
    assert SECRET in shown
    assert "right_unclear" in afschrift("requests").output


LOGGED_IN = {"by": "log-in", "level": "high", "at": "2026-03-04T10:00:00+01:00"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"right": "erasure"}, "right"),
        ({"other_rights": ["deletion"]}, "other_rights"),
        ({"right": None}, "other_rights"),
        ({"keys": None, "authenticated": LOGGED_IN}, "keys: a log-in knows"),
        ({"made_by": "aunt"}, "made_by"),
        ({"made_by": "heir"}, "R17"),
        ({"representative": {"name": SECRET}}, "made_by"),
        ({"made_by": "proxy", "representative": {"bsn": SECRET}}, "representative.bsn"),
        (
            {"forwarded": [{"at": "2026-03-04T11:00:00+01:00", "from": f"{SECRET}@x.nl", "to": "desk"}]},
            "desk",
        ),
        ({"forwarded": [{"at": "2026-03-03T11:00:00+01:00", "from": "a desk", "to": "desk"}]}, "R02"),
        ({"why": "out of curiosity"}, "why"),
    ],
)
def test_a_fault_names_the_field_and_stores_nothing(
    home: Path, content: dict[str, object], words: str
) -> None:
    message = fault(submitted(**content))
    assert words in message
    assert SECRET not in message
    assert open_register().cases.all() == ()


def test_an_unclear_right_is_read_by_an_officer(home: Path) -> None:
    request = submitted(right="unclear").stdout.split()[0]
    letter = afschrift("letter", "make", request, "right_question", "--from", "-", "--preview", typed="{}")
    assert "meenemen" in letter.output
    reading = ("request", "reading", request, "--right", "both", "--text-file", "-")
    assert "R05" in fault(afschrift(*reading, typed="Iets dat er niet staat."))
    done = afschrift(*reading, typed="al mijn gegevens")
    assert "portability was opened too" in done.output
    assert len(json.loads(afschrift("requests", "--json").stdout)) == 2
    assert "right_unclear" not in afschrift("requests").output


def test_a_mandate_at_the_terminal(home: Path) -> None:
    request = submitted(
        made_by="proxy",
        authenticated={"by": "log-in", "level": "high", "at": "2026-03-04T10:00:00+01:00"},
    ).stdout.split()[0]
    assert "mandate" in fault(afschrift("plan", request))
    with pytest.raises(NeedsPersonError):
        assess(build(lambda _line: None), request)
    [question] = json.loads(afschrift("questions", "--json").stdout)
    assert question["kind"] == "mandate"
    form = ["kind=lawyer", "checked_on=2026-03-05", "scope=access", "identity_checked=bar_register"]
    form += ["answer_to=representative", "answer_by=insecure_portal"]
    answer = ["answer", question["id"], "--choice", "proven"]
    words = [word for entry in form for word in ("--set", entry)]
    assert "R15" in fault(afschrift(*answer, *words))
    done = afschrift(*answer, *words[:-1], "answer_by=post")
    assert "Recorded: mandate = proven" in done.output, done.exception
    assert "Recorded" in afschrift("request", "mandate-withdrawn", request).output
    assert "R15" in fault(afschrift("request", "mandate-withdrawn", request))


def test_a_message_that_counts_as_not_received(home: Path) -> None:
    case = case_of(submitted(channel="cleaners"))
    propose = ("case", "not-received", case, "--text-file", "-", "--published-on")
    assert "no date" in fault(afschrift(*propose, "soon", typed="x"))
    assert "R03" in fault(afschrift(*propose, "2026-03-05", typed="x"))
    assert "R03" in fault(afschrift(*propose, "2024-01-01", typed=" "))
    done = afschrift(*propose, "2024-01-01", typed=f"Aan de schoonmaak. {SECRET}")
    assert "second signer" in done.output
    question = done.stdout.split()[-1]
    assert "four eyes" in fault(afschrift("answer", question, "--choice", "agree"))
