"""A person of whom every value can be recognised is found in the bundle and nowhere else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

import duckdb
import pytest
from tests.e2e.office import RECEIVED, Office
from tests.e2e.opened import Opened
from tests.e2e.scope import MASKED, SECRET, left_out
from tests.privacy.canary import CUSTOMER, EMAIL, NEEDLES, TEXT, Canary
from tests.privacy.canary_search import search
from tests.privacy.conftest import Cage

from afschrift.app.project import PACKAGE
from afschrift.app.settings import Settings
from afschrift.cli.running import Ended
from afschrift.domain.errors import AfschriftError, ConfigurationError, NeedsPersonError
from afschrift.register.open import initialise
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.close import close
from afschrift.steps.deliver import deliver
from afschrift.steps.extract import extract
from afschrift.steps.package import package
from afschrift.steps.validate import validate

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
    bundles = list((seen / "home" / "outbox").iterdir())
    for right in ("access", "portability"):
        (bundle,) = (path for path in bundles if path.name.endswith(f"{right}.zip"))
        check_bundle(cage.canary, bundle, right)
    assert {hit.needle for hit in search(seen / "home" / "outbox", NEEDLES)} == NEEDLES.keys()
    assert search(seen, NEEDLES, skip=frozenset(bundles)) == []
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


@pytest.mark.parametrize("right", ["access", "portability"])
def test_nothing_is_in_clear_at_any_step(right: str, office: Office, cage: Cage) -> None:
    request = office.submit(right, KEYS, message=LETTER)
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
    bundle = Path(deliver(services, request)["uri"].removeprefix("file://"))
    close(services, request)
    check_bundle(cage.canary, bundle, right)
    assert leaks(office, frozenset({bundle})) == []
    assert not list((office.home / "staging").rglob("*.enc"))


def test_what_people_write_stays_in_the_case_file(office: Office) -> None:
    request = office.submit("access", KEYS, message=LETTER, authenticated=None)
    demonstration = f"Gebeld met {TEXT}, die nummer {CUSTOMER} noemde."
    office.register.decisions.take(request, "identity", "confirmed", "officer", text=demonstration)
    bundle = office.run(request)
    assert leaks(office, frozenset({bundle})) == []
    assert TEXT not in json.dumps([payload for _, payload in office.register.trail.events(request)])


def test_personal_data_shown_by_questions_is_nowhere_in_clear(
    office: Office, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Two accounts, the canary's reached by its address; the values are shown on asking, and lie encrypted."""
    from typer.testing import CliRunner

    from afschrift.cli.main import app

    monkeypatch.setenv("AFSCHRIFT_HOME", str(office.home))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(office.home / "inventory"))
    request = office.submit("access", {"customer_id": "100006", "email": EMAIL})
    assess(office.services, request)
    with pytest.raises(NeedsPersonError) as asked:
        classify(office.services, request)
    text = "".join(traceback.format_exception(asked.value)) + json.dumps(asked.value.detail)
    asked_now = office.register.questions.all(request_id=request)
    assert "several_persons" in {question.kind for question in asked_now}
    whole = ""
    for item in asked_now:
        shown = CliRunner().invoke(app, ["questions", "show", item.id])
        assert (shown.exit_code, [n for n in NEEDLES.values() if n in shown.output]) == (0, [])
        whole += CliRunner().invoke(app, ["questions", "show", item.id, "--unmask"]).output
    assert (EMAIL in whole, str(CUSTOMER) in whole) == (True, True)
    text += "".join(capfd.readouterr()) + json.dumps([p for _, p in office.register.trail.events(request)])
    assert not any(needle in text for needle in NEEDLES.values())
    assert leaks(office) == []


def test_look_up_results_are_in_the_register_only(
    office: Office, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Keys, findings and corrected keys: nowhere in clear, but at the terminal of the user who asks to see them."""
    from typer.testing import CliRunner

    from afschrift.cli.main import app

    monkeypatch.setenv("AFSCHRIFT_HOME", str(office.home))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(office.home / "inventory"))
    request = office.submit("access", {**KEYS, "email": EMAIL}, message=LETTER, authenticated=None)
    printed: list[str] = []

    def afschrift(*words: str, typed: str = "") -> str:
        done = CliRunner().invoke(app, list(words), input=typed)
        assert done.exception is None, done.output
        return done.output

    printed.append(afschrift("request", "look-up", request, "--run"))
    printed.append(afschrift("request", "identity", request))
    assert leaks(office) == []
    shown = afschrift("request", "identity", request, "--unmask")
    assert all(word in shown for word in (str(CUSTOMER), EMAIL, TEXT, LETTER))
    wrong = {"customer_id": "4711", TEXT: TEXT}
    refused = CliRunner().invoke(app, ["request", "keys", request, "--file", "-"], input=json.dumps(wrong))
    printed.append(f"{refused.output}{refused.exception}")
    typed = json.dumps({"email": EMAIL, "customer_id": f"{NEEDLES['number']}1"})
    printed.append(afschrift("request", "keys", request, "--file", "-", typed=typed))
    printed.append(afschrift("questions", "--request", request))
    assert "customer_id corrected" in printed[-2]
    assert leaks(office) == []
    assert office.register.look_ups.found(request) is None
    text = json.dumps([payload for _, payload in office.register.trail.events(request)])
    seen = capfd.readouterr()
    assert not any(needle in text + seen.out + seen.err + "".join(printed) for needle in NEEDLES.values())


VIEW = f"""
    ALTER TABLE review RENAME TO review_kept;
    CREATE VIEW review AS SELECT * REPLACE (
      CASE WHEN customer_id = {CUSTOMER} THEN CAST(title AS TINYINT) ELSE rating END AS rating
    ) FROM review_kept"""
ABOVE = "  # ---- Who the person is ----\n"
NOTE = "      staff_note:\n        origin: assigned\n"


@pytest.mark.parametrize(
    ("change", "amend", "error"),
    [
        (VIEW, {ABOVE: f"{ABOVE}  review_kept: {{copy_of: review}}\n"}, ConfigurationError),
        ("SELECT 1", {NOTE: f"{NOTE}        kind: json\n"}, ConfigurationError),
    ],
    ids=["a cast in a view", "text that is no JSON"],
)
def test_errors_quote_nothing(
    change: str, amend: dict[str, str], error: type[AfschriftError], cage: Cage, tmp_path: Path
) -> None:
    """The first one's own error quotes the value that the database stumbles over."""
    warehouse, home = tmp_path / "warehouse", tmp_path / "home"
    shutil.copytree(cage.warehouse, warehouse)
    home.mkdir()
    with duckdb.connect(str(warehouse / "shop.duckdb")) as con:
        con.execute(change)
    office = Office.open(home, warehouse, amend)
    request = office.submit("access", KEYS)
    with pytest.raises(error) as failed:
        office.run(request)
    text = "".join(traceback.format_exception(failed.value))
    assert not any(needle in text for needle in NEEDLES.values())
    assert leaks(office) == []
    assert office.delivered(request) == []


def test_demonstration_is_in_clear_in_the_case_file_only(
    office: Office, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Every word of every form, at the terminal: not in the register, the trail, a log, a letter's row."""
    from tests.support.ground_forms import GROUNDS, complete
    from typer.testing import CliRunner

    from afschrift.cli.main import app
    from afschrift.law.grounds import FieldStorage, Outcome

    monkeypatch.setenv("AFSCHRIFT_HOME", str(office.home))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(office.home / "inventory"))
    request = office.submit("access", KEYS, message=LETTER)
    refused = 0
    for code, choice in (("malicious_intent", "refuse"), ("restriction", "restrict")):
        opened = CliRunner().invoke(app, ["questions", "open", request])
        question = opened.output.split()[0]
        form = complete(code, Outcome(choice)) | {"places": ["shop.ticket"], "dpo_advice": "x"}
        form = {name: value for name, value in form.items() if name in GROUNDS.grounds[code].fields}
        texts = {
            name: [LETTER] if isinstance(value, list) else LETTER
            for name, value in GROUNDS.texts(form).items()
        }
        detail = {"ground": code, **GROUNDS.kept_in_trail(form), "review_on": "2099-01-01"}
        detail = {n: v for n, v in detail.items() if n == "ground" or n in GROUNDS.grounds[code].fields}
        answer = {"choice": choice, "detail": detail, "texts": texts}
        for wrong in (
            answer | {"detail": detail | {"reasons": LETTER}},
            answer | {"detail": {**detail, LETTER: LETTER}},
            answer | {"choice": LETTER},
            answer | {"texts": texts | {LETTER: LETTER}},
        ):
            text = CliRunner().invoke(app, ["answer", question, "--form", "-"], input=json.dumps(wrong))
            assert text.exception is not None
            refused += 1
            assert not any(needle in f"{text.output}{text.exception}" for needle in NEEDLES.values())
        done = CliRunner().invoke(app, ["answer", question, "--form", "-"], input=json.dumps(answer))
        assert "Recorded" in done.output, done.exception
        [signing] = office.register.questions.all(request_id=request)
        office.register.questions.answer(signing.id, "disagree", "airflow:sam", text=LETTER)
        assert leaks(office) == []
    assert refused == 8
    assert {f.kept for n, f in GROUNDS.fields.items() if n in texts} == {FieldStorage.CASE_FILE}
    assert TEXT not in json.dumps([payload for _, payload in office.register.trail.events(request)])
    seen = capfd.readouterr()
    assert not any(needle in seen.out + seen.err for needle in NEEDLES.values())
    kept = [
        t.text.decode()
        for t in office.register.cases.texts(request, "officer")
        if t.kind == "decision" and t.text
    ]
    assert sum(LETTER in text for text in kept) == 4


MANDATE = {
    "kind": "court_order",
    "checked_on": "2026-07-02",
    "scope": "both",
    "identity_checked": "bar_register",
    "answer_to": "representative",
    "answer_by": "post",
    "secrecy": "care",
}


def test_representative_of_a_child_is_in_the_case_file_only(
    cage: Cage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The representative, every word of an officer, and the date of birth, which is kept nowhere at all."""
    from typer.testing import CliRunner

    from afschrift.cli.main import app

    warehouse, home, born = tmp_path / "warehouse", tmp_path / "home", "2013-02-28"
    shutil.copytree(cage.warehouse, warehouse)
    home.mkdir()
    with duckdb.connect(str(warehouse / "shop.duckdb")) as con:
        con.execute("UPDATE customer SET date_of_birth = ? WHERE customer_id = ?", [born, CUSTOMER])
    office = Office.open(home, warehouse)
    for name, folder in (("HOME", office.home), ("INVENTORY", office.home / "inventory")):
        monkeypatch.setenv(f"AFSCHRIFT_{name}", str(folder))
    monkeypatch.setenv("AFSCHRIFT_DEMO", "1")
    printed: list[str] = []

    def afschrift(*words: str, typed: str = "") -> str:
        done = CliRunner().invoke(app, list(words), input=typed)
        printed.append(f"{done.output}{done.exception}")
        return done.stdout

    who = {"name": TEXT, "email": f"{TEXT}@example.org", "phone": str(CUSTOMER)}
    content = {"message": LETTER, "channel": "cleaners", "received_at": RECEIVED, "right": "unclear"}
    content |= {"keys": KEYS, "made_by": "parent", "representative": who, "other_rights": ["erasure"]}
    content["authenticated"] = {"by": "log-in", "level": "high", "at": RECEIVED}
    request = afschrift("submit", "-", "--start", "no", typed=json.dumps(content)).split()[0]
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
        afschrift("answer", question.id, "--form", "-", typed=json.dumps(body))
    [signing] = office.register.questions.all(request_id=request)
    office.register.questions.answer(signing.id, "agree", "airflow:sam", text=LETTER)
    assess(office.services, request)
    afschrift("request", "mandate-withdrawn", request, "--text-file", "-", typed=LETTER)
    other = afschrift("submit", "-", "--start", "no", typed=json.dumps(content)).split()[0]
    aside = office.register.cases.get(other).id
    afschrift("case", "not-received", aside, "--published-on", "2024-01-01", "--text-file", "-", typed=LETTER)
    afschrift("case", "handed-over", case, "erasure", "--to", f"{TEXT}@x", "--reference", "T-1")

    assert leaks(office) == []
    found = search(office.home, {"born": born}, frozenset())
    assert [f"{hit.place}: {hit.form}" for hit in found] == []
    assert TEXT not in json.dumps([payload for _, payload in office.register.trail.events()])
    seen = capfd.readouterr()
    printed += [seen.out, seen.err]
    assert not any(needle in "".join(printed) for needle in (*NEEDLES.values(), born))
    kept = [t.text or b"" for t in office.register.cases.texts(request, "officer")]
    assert sum(LETTER.encode() in text for text in kept) == 5  # message, reading, mandate, signature, its end
    assert sum(TEXT.encode() in text for text in kept) == 6
