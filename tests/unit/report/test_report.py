"""The report of a made year: every figure equals the SQL of docs/report.md, and forged rows are in none."""

import csv
import io
import json
import random
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.support.command_line import refused, run_command
from tests.support.deciding import Bureau
from tests.support.made_year import FIRST, LAST, Year

from afschrift.domain.errors import NotAllowedError, RefusedError
from afschrift.register.periods import Doubts, ReportedRequest
from afschrift.report import document
from afschrift.report.document import ReadPeriod, ReportPeriod, hidden, read, report, withheld
from afschrift.report.measure import measured
from afschrift.report.report_figures import Figure, FigureGroup, days_taken
from afschrift.report.report_files import made

DOCS = Path(__file__).parents[3] / "docs" / "report.md"
YEAR = ReportPeriod(FIRST, LAST)


@contextmanager
def of_made_year(folder: Path, requests: int) -> Iterator[Bureau]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Europe/Amsterdam")  # SQLite counts days by it
        time.tzset()
        bureau = Bureau.open(folder, patch)
        Year(bureau.register, random.Random(7)).fill(requests)
        yield bureau
    time.tzset()


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    with of_made_year(tmp_path_factory.mktemp("year"), 100) as bureau:
        yield bureau


@pytest.fixture(
    scope="module",
    params=["100", pytest.param("2000", marks=[pytest.mark.nightly, pytest.mark.timeout(1800)])],
)
def each_year(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    """Of two sizes, for what the number of requests could change."""
    if request.param == "100":
        yield request.getfixturevalue("bureau")
        return
    with of_made_year(tmp_path_factory.mktemp("whole_year"), int(request.param)) as bureau:
        yield bureau


def by_hand(bureau: Bureau) -> dict[str, Any]:
    """Figure -> its value by the SQL of the page, over the register and the days of the export."""
    views, *statements = re.findall(r"```sql\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    every = ReportPeriod(date(2020, 1, 1), LAST)
    exported = made(bureau.officer(), "requests", every, "csv").decode("utf-8-sig")
    found: dict[str, Any] = {}
    with closing(sqlite3.connect(bureau.settings.home / "register.db")) as db:
        db.execute("CREATE TEMP TABLE exported (request, due, notice_due)")
        rows = csv.DictReader(io.StringIO(exported))
        db.executemany(
            "INSERT INTO exported VALUES (?, ?, ?)", [(r["request"], r["due"], r["notice_due"]) for r in rows]
        )
        db.executescript(views.replace(":since", f"'{FIRST}'").replace(":until", f"'{LAST}'"))
        for statement in filter(str.strip, ";".join(statements).split(";")):
            found |= dict(db.execute(statement).fetchall())
    return found


def test_months_without_known_last_days_allow_none(bureau: Bureau) -> None:
    rows = [row for row in read(bureau.officer(), YEAR).known if row.in_time is not None]
    month, _, allowed, number, _ = days_taken([replace(rows[0], due=None)], rows[0].closed or LAST)[0]
    assert (month, allowed, number) == (str(rows[0].closed)[:7], None, 1)
    assert "NaN" not in made(bureau.officer(), "figures", YEAR, "json").decode()


def figures(document: dict[str, Any]) -> dict[str, Any]:
    return {f["id"]: f["value"] for group in document["groups"] for f in group["figures"]}


def test_every_figure_equals_its_sql(each_year: Bureau) -> None:
    ours, theirs = figures(report(each_year.officer(), YEAR)), by_hand(each_year)
    assert {name for name, value in ours.items() if value} == {
        name for name, value in theirs.items() if value
    }
    assert {n: (v, theirs.get(n)) for n, v in ours.items() if v and v != theirs.get(n)} == {}


def test_figures_for_outside_hide_small_numbers_and_name_no_request(each_year: Bureau) -> None:
    inside, outside = (report(each_year.officer(), YEAR, outside=o) for o in (False, True))
    ours, shown = figures(inside), figures(outside)
    assert any(value == "<5" for value in shown.values())
    for name, value in shown.items():
        wanted = {"<5": 0 < (ours[name] or 0) < 5 or "days" in name, ">=5": (ours[name] or 0) >= 0}
        assert wanted.get(value, value == ours[name] and not 0 < (value or 0) < 5), name
    assert "req-" not in json.dumps(outside) and "req-" in json.dumps(inside)
    assert "req-" not in made(each_year.officer(), "visit", YEAR, "json", outside=True).decode()
    with pytest.raises(RefusedError, match="names requests"):
        made(each_year.officer(), "requests", YEAR, "json", outside=True)


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({"a": 3, "b": 9, "c": 20}, {"a": "<5", "b": ">=5"}),
        ({"": 12, "a": 3, "b": 4, "c": 5}, {"": ">=5", "a": "<5", "b": "<5"}),
        ({"a": 0, "b": 9}, {}),
        ({"": 2}, {"": "<5"}),
    ],
)
def test_one_small_number_hides_the_next(values: dict[str, int], shown: dict[str, str]) -> None:
    assert hidden(FigureGroup("right", tuple(Figure(*item) for item in values.items()))) == shown


def test_days_of_few_suspensions_are_withheld_too() -> None:
    few, days = (
        (Figure("", 9), Figure("identity", 2), Figure("specification", 7)),
        (Figure("identity", 30), Figure("specification", 80)),
    )
    shown = withheld([FigureGroup("suspended", few), FigureGroup("suspended_days", days)])
    assert shown["suspended_days"] == {"identity": "<5"}


def test_files_of_each_format_hold_the_same_figures(bureau: Bureau) -> None:
    officer = bureau.officer()
    files = {form: made(officer, "figures", YEAR, form) for form in ("csv", "json", "parquet", "html")}
    wanted = {n: v for n, v in figures(json.loads(files["json"])).items() if v is not None}
    as_csv = pd.read_csv(io.BytesIO(files["csv"])).set_index("figure")["value"].dropna().to_dict()
    parquet = pd.read_parquet(io.BytesIO(files["parquet"])).set_index("figure")["value"].dropna().to_dict()
    assert as_csv == parquet == wanted
    assert b"<script" not in files["html"] and b"Refused, by ground" in files["html"]


def test_export_of_requests_is_an_event_and_takes_a_filter(bureau: Bureau) -> None:
    rows = json.loads(made(bureau.officer(), "requests", YEAR, "json", only={"outcome": "refused"}))
    document = report(bureau.officer(), YEAR)
    assert len(rows) == figures(document)["outcome.refused"]
    assert {row["request"] for row in rows} == {
        i for g in document["groups"] for f in g["figures"] if f["id"] == "refuse" for i in f["requests"]
    }
    received, days = rows[0]["received"], rows[0]["days"]
    assert date.fromisoformat(received).year == 2025 and isinstance(days, int)
    for form in ("csv", "html"):
        text = made(bureau.officer(), "requests", YEAR, form).decode()
        assert received in text and "00:00" not in text and ".0," not in text and ">nan<" not in text.lower()
    frame = pd.read_parquet(io.BytesIO(made(bureau.officer(), "requests", YEAR, "parquet")))
    assert str(frame["days"].dtype) == "Int64" and frame["received"].iloc[0].year == 2025
    made(bureau.officer(), "requests", YEAR, "json", only={"outcome": "refused"})
    last = bureau.register.oversight.last_of_system("requests_exported")
    assert last == {
        "since": str(FIRST),
        "until": str(LAST),
        "rows": len(rows),
        "form": "json",
        "outcome": "refused",
    }


def test_questions_of_an_authority_name_every_refusal_and_extension(bureau: Bureau) -> None:
    document = json.loads(made(bureau.officer(), "visit", YEAR, "json"))
    asked = {question["id"]: question for question in document["questions"]}
    assert len(asked) == 21 and all(question["evidence"] for question in asked.values())
    as_csv = pd.read_csv(io.BytesIO(made(bureau.officer(), "visit", YEAR, "csv")))
    parquet = pd.read_parquet(io.BytesIO(made(bureau.officer(), "visit", YEAR, "parquet")))
    for frame in (as_csv, parquet):
        assert [*dict.fromkeys(frame["question"])] == [question["asks"] for question in asked.values()]
    assert len(as_csv) == sum(len(question["figures"]) or 1 for question in asked.values())
    assert "nan" not in {*parquet["given"]} and frame["unit"].isin(["requests", "days", None]).all()
    ours = figures(document)
    for name, figure in (("refused", "refuse"), ("extended", "extension.valid")):
        [found] = [f for f in asked[name]["figures"] if f["id"] == figure]
        assert len(found["requests"]) == ours[figure] > 0


def test_forged_rows_are_said_and_in_no_figure(bureau: Bureau) -> None:
    register, before = bureau.settings.home / "register.db", figures(report(bureau.officer(), YEAR))
    with closing(sqlite3.connect(register)) as db:
        [(forged, state)] = db.execute(
            "SELECT id, state FROM request WHERE state = 'refused' LIMIT 1"
        ).fetchall()
        db.execute("UPDATE request SET state = 'delivered' WHERE id = ?", [forged])
        db.commit()
        document = report(bureau.officer(), YEAR)
        after = figures(document)
        assert after["received"] == before["received"] - 1
        assert after["refuse"] == before["refuse"] - 1
        assert after.get("outcome.delivered", 0) == before.get("outcome.delivered", 0)
        assert [forged in note for note in document["notes"]] == [True]
        assert "Fewer than 5 requests" in report(bureau.officer(), YEAR, outside=True)["notes"][0]
        db.execute("UPDATE request SET state = ? WHERE id = ?", [state, forged])
        db.execute("CREATE TRIGGER t AFTER INSERT ON fact BEGIN SELECT 1; END")
        db.commit()
        document = report(bureau.officer(), YEAR)
        assert document["groups"] == [] and "schema_changed" in document["notes"][0]
        db.execute("DROP TRIGGER t")
        db.commit()
    assert figures(report(bureau.officer(), YEAR)) == before


@pytest.mark.parametrize(
    ("doubts", "counted", "outside", "note"),
    [
        (Doubts("schema_changed"), (), True, "(schema_changed): no figure"),
        (Doubts(requests=frozenset({"req-1"})), (), False, "1 request was changed without the software"),
        (Doubts(requests=frozenset({"req-1"})), (), True, "Fewer than 5 requests"),
        (Doubts(cases=6), (), True, "6 cases were taken out"),
        (Doubts(cases=1), (), True, "Fewer than 5 cases"),
        (Doubts(dropped=(2019,)), (), True, "The trail of 2019 was destroyed"),
        (Doubts(), ("2, NL 1",), True, ""),
        (Doubts(), ("1, NL 1", "2, NL 1"), True, "other rules when a letter was sent (1, NL 1)"),
    ],
)
def test_a_report_says_what_its_figures_lack(
    bureau: Bureau, doubts: Doubts, counted: tuple[str, ...], outside: bool, note: str
) -> None:
    of_period = [replace(row, counted=frozenset(counted)) for row in read(bureau.officer(), YEAR).of_period]
    notes = document._notes(ReadPeriod(YEAR, LAST, doubts, "2, NL 1", of_period, ()), outside=outside)
    assert [note in text for text in notes] == ([True] if note else [])
    assert "req-1" not in str(notes) or not outside


def test_days_that_were_counted_by_other_rules_are_said(bureau: Bureau) -> None:
    rows = (r for r in bureau.register.periods.read("2025", "2026") if isinstance(r, ReportedRequest))
    row = next(row for row in rows if row.timeline.facts)
    evidence = {"due": "2025-02-01", "algorithm": "1", "calendar": "NL 2024"}
    fact = replace(row.timeline.facts[0], detail={**row.timeline.facts[0].detail, "clock": evidence})
    changed = replace(row, timeline=replace(row.timeline, facts=(fact,)))
    assert measured(changed, bureau.officer().jurisdiction, LAST).counted == {"1, NL 2024"}


def test_periods_without_requests_and_roles_without_history(bureau: Bureau) -> None:
    empty = report(bureau.officer(), ReportPeriod(date(2031, 1, 1), date(2031, 12, 31)))
    assert figures(empty)["received"] == 0 and len(empty["notes"]) == 2
    with pytest.raises(RefusedError, match="before it begins"):
        ReportPeriod(LAST, FIRST)
    for since, until in ((date.min, LAST), (FIRST, date.max)):
        with pytest.raises(RefusedError, match="from 1900 to 2999"):
            ReportPeriod(since, until)
    with pytest.raises(NotAllowedError):
        report(bureau.officer("cli:ivo"), YEAR)


def test_commands_write_new_files_and_say_what_is_wrong(bureau: Bureau, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AFSCHRIFT_HOME", str(bureau.settings.home))
        patch.setenv("AFSCHRIFT_INVENTORY", str(bureau.settings.inventory))
        days, page = ("--from", str(FIRST), "--to", str(LAST)), tmp_path / "year.html"
        assert "Refused, by ground (requests)" in run_command("report", *days)
        assert f"Written to {page}" in run_command("report", page, *days)
        assert "file of this name" in str(refused("report", page, *days))
        assert "is no date" in str(refused("report", "--from", "last year"))
        assert "one of .html" in run_command("report", tmp_path / "year.xlsx", code=2)
        assert "figures, visit" in run_command("report", "--what", "all", code=2)
        assert "no outcome" in run_command("report", "--what", "requests", "--outcome", "refusd", code=2)
        assert "no right" in run_command("report", "--what", "requests", "--right", "acess", code=2)
        rows = json.loads(
            run_command("report", *days, "--what", "requests", "--right", "access", "--outcome", "refused")
        )
        assert {(row["right"], row["outcome"]) for row in rows} == {("access", "refused")}
        visit = run_command("report", *days, "--what", "visit")
        assert "Who can refuse?" in visit and "Refused, by ground: All" in visit
        request, case = bureau.register.requests.all(open_only=False)[0].id, tmp_path / "case.html"
        assert "with its signature" in run_command("case", "print", request, case)
        assert "as this installation made it" in run_command("case", "print", request, case, "--check")
        other = bureau.register.requests.all(open_only=False)[1].id
        assert "(other_request)" in str(refused("case", "print", other, case, "--check"))
        signature = case.with_name("case.html.sig.json")
        signed = signature.read_text()
        for no_signature in ("[]", "{}", "null"):
            signature.write_text(no_signature)
            assert "no readable case" in str(refused("case", "print", request, case, "--check"))
        signature.write_text(signed)
        case.write_text(case.read_text().replace(request, "req-000000000000"))
        assert "(altered)" in str(refused("case", "print", request, case, "--check"))
        assert "no readable case" in str(refused("case", "print", request, page, "--check"))
