"""A person of whom every value can be recognised is found in the bundle and nowhere else."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import traceback
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest
from testbed.delivered import open_delivered
from tests.e2e.hand_sql import MASKED, SECRET, left_out
from tests.e2e.office import RECEIVED, Office, inventory
from tests.e2e.opened import Opened
from tests.privacy.canary import CUSTOMER, EMAIL, NEEDLES, TEXT, Cage, Canary
from tests.privacy.canary_search import search
from tests.support.ground_forms import GROUNDS, complete, in_trail
from tests.support.nightly import nightly_after

from afschrift.app.project import PACKAGE
from afschrift.app.settings import Settings
from afschrift.cli.running import Ended
from afschrift.domain.errors import NeedsPersonError
from afschrift.law.grounds import FieldStorage, Outcome
from afschrift.register.open import initialise
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.close import close
from afschrift.steps.deliver import deliver
from afschrift.steps.extract import extract
from afschrift.steps.package import package
from afschrift.steps.validate import validate
from afschrift.wiring.build_services import build

KEYS = {"customer_id": str(CUSTOMER)}
AFSCHRIFT = "from afschrift.cli.main import main; main()"
LETTER = f"Ik ben {TEXT} en mijn nummer is {CUSTOMER}. Dit mag nergens anders staan."


def expected(canary: Canary, right: str) -> set[str]:
    """The texts that must be in a bundle, by the hand-written lists."""
    return {
        text
        for text, place in canary.columns.items()
        if place not in MASKED.keys() | SECRET
        and (right == "access" or not (left_out(*place) or canary.author.get(text) in ("agent", "bot")))
    }


def check_bundle(canary: Canary, path: Path, right: str) -> None:
    """Exactly the texts that the right covers are in: in the CSV files, in the JSON files, and elsewhere."""
    files = Opened(path).files
    wanted = expected(canary, right)
    assert len(wanted) > 50
    for ending in (".csv", ".json"):
        tables = b"".join(
            c for name, c in files.items() if name.startswith("data/") and name.endswith(ending)
        )
        assert canary.seen(tables) == wanted, ending
    assert canary.seen(b"".join(files.values())) == wanted


@pytest.mark.airflow
@pytest.mark.nightly
def test_through_the_real_airflow(cage: Cage, tmp_path: Path) -> None:
    """Intake on standard input, the real DAG, both rights; everything that the processes wrote is searched."""
    seen = tmp_path / "seen"
    for name in ("home", "tmp", "user", "work"):
        (seen / name).mkdir(parents=True)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PACKAGE.parent),
        "HOME": str(seen / "user"),
        "TMPDIR": str(seen / "tmp"),
        "AFSCHRIFT_HOME": str(seen / "home"),
        "AFSCHRIFT_DEMO": "1",
        "AFSCHRIFT_DEMO_DATA": str(cage.warehouse),
        "AFSCHRIFT_INVENTORY": str(inventory(tmp_path / "inventory", cage.warehouse, {})),
    }
    initialise(Settings.from_environment(environment))
    letter = {
        "message": LETTER,
        "channel": "portal",
        "received_at": RECEIVED,
        "right": ["access", "portability"],
        "keys": KEYS,
        "authenticated": {"by": "log-in", "level": "substantial", "at": RECEIVED},
    }
    with (seen / "stdout").open("wb") as out, (seen / "stderr").open("wb") as err:
        ended = subprocess.run(
            [sys.executable, "-c", AFSCHRIFT, "submit", "-", "--start", "here"],
            input=json.dumps(letter).encode(),
            stdout=out,
            stderr=err,
            cwd=seen / "work",
            env=environment,
            check=False,
        )
    waits = Ended.WAITS  # both bundles are there, to be handed over
    assert ended.returncode == waits, (seen / "stderr").read_text()
    services = build(lambda _line: None, Settings.from_environment(environment))
    needles = dict(NEEDLES)
    for request in services.register.requests.all():
        [delivery] = services.register.deliveries.of(request.id)
        words = str(services.register.deliveries.secret(delivery.id)).split(" ")
        assert len(words) == 6
        needles |= {f"{request.right} words {n}": " ".join(words[n : n + 3]) for n in (0, 3)}
    assert search(seen, needles) == []
    for request in services.register.requests.all():
        bundle = open_delivered(services, request.id)
        assert {hit.needle for hit in search(bundle.parent, NEEDLES)} == NEEDLES.keys()
        check_bundle(cage.canary, bundle, request.right)
    # what was searched holds the places that matter
    names = {str(path.relative_to(seen)) for path in seen.rglob("*") if path.is_file()}
    assert {"home/register.db", "home/keys.json", "stdout", "stderr"} <= names
    assert any(name.endswith("airflow.db") for name in names)
    assert any(name.endswith(".log") for name in names)


@pytest.fixture
def office(cage: Cage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An installation on the canary's warehouse; temporary files go beside it, and are searched too."""
    (tmp_path / "seen" / "tmp").mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "seen" / "tmp"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "seen" / "tmp"))
    return Office.open(tmp_path / "seen", cage.warehouse)


def leaks(office: Office, skip: frozenset[Path] = frozenset()) -> list[str]:
    """Where the canary is below the installation's folder."""
    found = search(office.home, NEEDLES, skip)
    return [f"{hit.place}: {hit.needle} as {hit.form}" for hit in found]


def trail(office: Office, request: str | None = None) -> str:
    return json.dumps([payload for _, payload in office.register.trail.events(request)])


@dataclass
class Terminal:
    """Types commands, and keeps what was printed."""

    printed: list[str] = field(default_factory=list)

    def __call__(self, *words: str, typed: object = "") -> str:
        from typer.testing import CliRunner

        from afschrift.cli.main import app

        stdin = typed if isinstance(typed, str) else json.dumps(typed)
        done = CliRunner().invoke(app, list(words), input=stdin)
        self.printed.append(f"{done.output}{done.exception}")
        return done.output

    def submits(self, content: object) -> str:
        [request, *_] = re.findall(r"req-\w{12}", self("submit", "-", "--start", "no", typed=content))
        return str(request)

    def shows(self, capfd: pytest.CaptureFixture[str], *needles: str) -> list[str]:
        text = "".join([*self.printed, *capfd.readouterr()])
        return [needle for needle in (*NEEDLES.values(), *needles) if needle in text]


@pytest.fixture
def afschrift(office: Office, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("AFSCHRIFT_HOME", str(office.home))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(office.home / "inventory"))
    monkeypatch.setenv("AFSCHRIFT_DEMO", "1")
    return Terminal()


@pytest.mark.parametrize("right", nightly_after(1, ["access", "portability"]))
def test_nothing_is_in_clear_at_any_step(right: str, office: Office, cage: Cage) -> None:
    """What an officer wrote neither."""
    request = office.submit(right, KEYS, message=LETTER, authenticated=None)
    demonstration = f"Gebeld met {TEXT}, die nummer {CUSTOMER} noemde."
    office.register.decisions.take(request, "identity", "confirmed", "officer", text=demonstration)
    services = office.services
    assess(services, request)
    assert leaks(office) == []
    sources = classify(services, request)["sources"]
    assert leaks(office) == []
    for source in sources:
        extract(services, request, source)
    validate(services, request)
    assert leaks(office) == []
    package(services, request)
    assert list((office.home / "staging" / request).rglob("bundle.zip.enc"))
    assert leaks(office) == []
    deliver(services, request)
    close(services, request)
    check_bundle(cage.canary, open_delivered(services, request), right)
    assert leaks(office) == []
    assert not list((office.home / "staging").rglob("*.enc"))
    assert TEXT not in trail(office, request)


def test_personal_data_shown_by_questions_is_nowhere_in_clear(
    office: Office, afschrift: Terminal, capfd: pytest.CaptureFixture[str]
) -> None:
    """Two accounts, the canary's reached by its address; the values are shown on asking, and lie encrypted."""
    request = office.submit("access", {"customer_id": "100006", "email": EMAIL})
    assess(office.services, request)
    with pytest.raises(NeedsPersonError) as asked:
        classify(office.services, request)
    text = "".join(traceback.format_exception(asked.value)) + json.dumps(asked.value.detail)
    asked_now = office.register.questions.all(request_id=request)
    assert "several_persons" in {question.kind for question in asked_now}
    for item in asked_now:
        afschrift("questions", "show", item.id)
    assert afschrift.shows(capfd) == []
    whole = "".join(afschrift("questions", "show", item.id, "--unmask") for item in asked_now)
    assert (EMAIL in whole, str(CUSTOMER) in whole) == (True, True)
    assert not any(needle in text + trail(office, request) for needle in NEEDLES.values())
    assert leaks(office) == []


def test_look_up_results_are_in_the_register_only(
    office: Office, afschrift: Terminal, capfd: pytest.CaptureFixture[str]
) -> None:
    """Keys, findings and corrected keys: nowhere in clear, but at the terminal of the user who asks to see them."""
    request = office.submit("access", {**KEYS, "email": EMAIL}, message=LETTER, authenticated=None)
    afschrift("request", "look-up", request, "--run")
    afschrift("request", "identity", request)
    assert leaks(office) == []
    shown = afschrift("request", "identity", request, "--unmask")
    assert all(word in shown for word in (str(CUSTOMER), EMAIL, TEXT, LETTER))
    afschrift.printed.pop()
    afschrift("request", "keys", request, "--keys-file", "-", typed={"customer_id": "4711", TEXT: TEXT})
    typed = {"email": EMAIL, "customer_id": f"{NEEDLES['number']}1"}
    assert "customer_id corrected" in afschrift("request", "keys", request, "--keys-file", "-", typed=typed)
    afschrift("questions", "--request", request)
    assert leaks(office) == []
    assert office.register.look_ups.found(request) is None
    afschrift.printed.append(trail(office, request))
    assert afschrift.shows(capfd) == []


VIEW = f"""
    ALTER TABLE review RENAME TO review_kept;
    CREATE VIEW review AS SELECT * REPLACE (
      CASE WHEN customer_id = {CUSTOMER} THEN CAST(title AS TINYINT) ELSE rating END AS rating
    ) FROM review_kept"""
ABOVE = "  # ---- Who the person is ----\n"
NOTE = "      staff_note:\n        origin: assigned\n"


@pytest.mark.parametrize(
    ("change", "amend", "stops"),
    [
        (VIEW, {ABOVE: f"{ABOVE}  review_kept: {{copy_of: review}}\n"}, True),
        pytest.param("SELECT 1", {NOTE: f"{NOTE}        kind: json\n"}, False, marks=pytest.mark.nightly),
    ],
    ids=["a cast in a view", "text that is no JSON"],
)
def test_errors_quote_nothing(
    change: str,
    amend: dict[str, str],
    stops: bool,
    cage: Cage,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The first one's own error quotes the value that the database stumbles over; the other is given as text."""
    warehouse, home = tmp_path / "warehouse", tmp_path / "home"
    shutil.copytree(cage.warehouse, warehouse)
    home.mkdir()
    with duckdb.connect(str(warehouse / "shop.duckdb")) as con:
        con.execute(change)
    office = Office.open(home, warehouse, amend)
    request = office.submit("access", KEYS)
    text = ""
    try:
        office.run(request)
    except NeedsPersonError as error:
        text = "".join(traceback.format_exception(error))
    assert bool(text) == stops
    text += "".join(capfd.readouterr())
    assert not any(needle in text for needle in NEEDLES.values())
    assert leaks(office) == []
    assert bool(office.delivered(request)) != stops


def test_demonstration_is_in_clear_in_the_case_file_only(
    office: Office, afschrift: Terminal, capfd: pytest.CaptureFixture[str]
) -> None:
    """Every word of every form, at the terminal: not in the register, the trail, a log, a letter's row."""
    request = office.submit("access", KEYS, message=LETTER)
    for code, choice in (("malicious_intent", "refuse"), ("restriction", "restrict")):
        question = afschrift("request", "decide", request).split()[0]
        fields = GROUNDS.grounds[code].fields
        form = complete(code, Outcome(choice)) | {"places": ["shop.ticket"], "dpo_advice": "x"}
        form = {name: value for name, value in form.items() if name in fields}
        texts = {
            name: [LETTER] if isinstance(value, list) else LETTER
            for name, value in GROUNDS.texts(form).items()
        }
        detail = {"ground": code, **in_trail(form)}
        detail |= {"review_on": "2099-01-01"} if "review_on" in fields else {}
        answer = {"choice": choice, "detail": detail, "texts": texts}
        for wrong in (
            answer | {"detail": detail | {"reasons": LETTER}},
            answer | {"detail": {**detail, LETTER: LETTER}},
            answer | {"choice": LETTER},
            answer | {"texts": texts | {LETTER: LETTER}},
        ):
            assert "Recorded" not in afschrift("answer", question, "--form", "-", typed=wrong)
            assert not afschrift.printed[-1].endswith("None")
        assert "Recorded" in afschrift("answer", question, "--form", "-", typed=answer)
        [signing] = office.register.questions.all(request_id=request)
        office.register.questions.answer(signing.id, "disagree", "airflow:sam", text=LETTER)
        assert leaks(office) == []
    assert {f.kept for n, f in GROUNDS.fields.items() if n in texts} == {FieldStorage.CASE_FILE}
    assert TEXT not in trail(office, request)
    assert afschrift.shows(capfd) == []
    kept = office.register.cases.texts(request, "officer")
    assert sum(LETTER.encode() in (t.text or b"") for t in kept if t.kind == "decision") == 4


MANDATE = {
    "kind": "court_order",
    "checked_on": "2026-07-02",
    "scope": "both",
    "identity_checked": "bar_register",
    "answer_to": "representative",
    "answer_by": "post",
    "secrecy": "care",
}


@pytest.fixture
def born(cage: Cage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    warehouse, day = tmp_path / "warehouse", "2013-02-28"
    shutil.copytree(cage.warehouse, warehouse)
    with duckdb.connect(str(warehouse / "shop.duckdb")) as con:
        con.execute("UPDATE customer SET date_of_birth = ? WHERE customer_id = ?", [day, CUSTOMER])
    monkeypatch.setattr(cage, "warehouse", warehouse)
    return day


def test_representative_of_a_child_is_in_the_case_file_only(
    born: str, office: Office, afschrift: Terminal, capfd: pytest.CaptureFixture[str]
) -> None:
    """The representative, every word of an officer, and the date of birth, which is kept nowhere at all."""
    who = {"name": TEXT, "email": f"{TEXT}@example.org", "phone": str(CUSTOMER)}
    content = {"message": LETTER, "channel": "cleaners", "received_at": RECEIVED, "right": "unclear"}
    content |= {"keys": KEYS, "made_by": "parent", "representative": who, "other_rights": ["erasure"]}
    content["authenticated"] = {"by": "log-in", "level": "high", "at": RECEIVED}
    request = afschrift.submits(content)
    case = office.register.cases.get(request).id
    afschrift("request", "reading", request, "--right", "both", "--text-file", "-", typed=LETTER)
    with pytest.raises(NeedsPersonError):
        assess(office.services, request)
    [question] = office.register.questions.all(request_id=request)
    assert (question.kind, question.detail["minor"]) == ("mandate", "yes")
    for choice, form in (
        ("proven", {**MANDATE, "scope": LETTER}),
        ("proven", {**MANDATE, TEXT: TEXT}),
        ("not_proven", {"lacking": TEXT}),
        ("proven", {**MANDATE, "answer_by": "insecure_portal"}),
        ("proven", MANDATE),
    ):
        body = {"choice": choice, "detail": form, "text": LETTER}
        afschrift("answer", question.id, "--form", "-", typed=body)
    [signing] = office.register.questions.all(request_id=request)
    office.register.questions.answer(signing.id, "agree", "airflow:sam", text=LETTER)
    assess(office.services, request)
    afschrift("request", "mandate-withdrawn", request, "--text-file", "-", typed=LETTER)
    aside = office.register.cases.get(afschrift.submits(content)).id
    afschrift("case", "not-received", aside, "--published-on", "2024-01-01", "--text-file", "-", typed=LETTER)
    afschrift("case", "hand-over", case, "--right", "erasure", "--to", f"{TEXT}@x", "--reference", "T-1")

    assert leaks(office) == []
    assert search(office.home, {"born": born}, frozenset()) == []
    assert TEXT not in trail(office)
    assert afschrift.shows(capfd, born) == []
    kept = [t.text or b"" for t in office.register.cases.texts(request, "officer")]
    assert sum(LETTER.encode() in text for text in kept) == 5  # message, reading, mandate, signature, its end
    assert sum(TEXT.encode() in text for text in kept) == 6
