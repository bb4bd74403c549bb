"""The commands of docs/tour.md are run unchanged: from a connection to bundles on PostgreSQL, by scan and review."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tests.support.tour import Shell, commands

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def shell(shared_data: Path, project_root: Path, tmp_path: Path) -> Iterator[Shell]:
    script = shared_data / "chinook" / "Chinook_PostgreSql.sql"
    if not script.exists():
        pytest.skip("no Chinook script in ../shared/data beside this clone")
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("AFSCHRIFT", "AIRFLOW"))
    }
    path = f"{project_root}/.venv/bin:{kept['PATH']}"
    words = {
        "make venv": f"cd {project_root}",
        "$PWD/.venv/bin:": "",
        "~/Downloads/Chinook_PostgreSql.sql": str(script),
        "~/afschrift-tour": str(tmp_path / "afschrift-tour"),
        "/home/you": str(tmp_path),
    }
    started = Shell({**kept, "PATH": path, "COLUMNS": "200"}, words)
    yield started
    started.close()
    (tmp_path / "transcript.txt").write_text("\n".join(started.transcript), encoding="utf-8")


def test_every_command_of_the_tour_does_what_the_page_says(
    shell: Shell, project_root: Path, tmp_path: Path
) -> None:
    page = (project_root / "docs/tour.md").read_text(encoding="utf-8")
    keys = re.findall(r"All keys in a row: `([^`]*)`|one question \(`(o)` `(1)` `(y)`\)", page)
    answers = iter("".join(key).replace(" ", "") for key in keys)
    home = tmp_path / "afschrift-tour"
    for command in commands(page):
        shell.run(command, next(answers) if "inventory review" in command.text else "")
        if command.text.startswith("cat opened"):
            held_against_sql(home)
    assert next(answers, None) is None


def held_against_sql(home: Path) -> None:
    """The bundle holds the rows that SQL written by hand finds, and no other."""
    owner = re.search(r"^# owner: (.*)$", (home / "afschrift.env").read_text(), re.MULTILINE)
    assert owner is not None
    with psycopg.connect(owner[1]) as connection:
        for table, query in {
            "invoice": "SELECT invoice_id FROM invoice WHERE customer_id = 46",
            "invoice_line": "SELECT invoice_line_id FROM invoice_line JOIN invoice USING (invoice_id) "
            "WHERE customer_id = 46",
            "track": "SELECT DISTINCT track_id FROM invoice_line JOIN invoice USING (invoice_id) "
            "WHERE customer_id = 46",
        }.items():
            expected = sorted(str(row[0]) for row in connection.execute(query))  # type: ignore[arg-type]
            with (home / f"opened/data/chinook/{table}.csv").open(newline="", encoding="utf-8") as file:
                found = sorted(row[f"{table}_id"] for row in csv.DictReader(file))
            assert found == expected, table
