"""Public sample databases: what a person gets is what SQL written by hand beforehand finds."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from testbed import postgres as pg
from testbed.mini import CONTROLLER, POLICY
from testbed.running import installation, run, store
from testbed.truth.answers import read, statements
from testbed.truth.as_map import as_map, keys_of
from tests.support.nightly import nightly_after

from afschrift.datamap.review.written_files import lines

TRUTH = Path(__file__).parents[1] / "truth"
DATABASES = {
    "woonstede": ["woonstede.sql", "woonstede_views.sql"],
    "northwind": ["northwind/northwind.sql"],
    "adventureworks": ["adventureworks/adventureworks_postgres.sql"],
}


def as_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def rows_given(bundle: Path, database: str) -> dict[str, list[dict[str, Any]]]:
    with zipfile.ZipFile(bundle) as archive:
        table = re.compile(rf"[^/]+/data/{database}/\w+\.json")
        names = [name for name in archive.namelist() if table.fullmatch(name)]
        return {Path(name).stem: json.loads(archive.read(name)) for name in names}


def folder(name: str, request: pytest.FixtureRequest) -> Path:
    """Where a script lies; what is not ours is in the folder beside this clone, or the test is skipped."""
    found: Path = request.getfixturevalue("shared_data") if "/" in name else TRUTH / "data"
    return found


@pytest.mark.parametrize("database", nightly_after(1, DATABASES))
def test_a_bundle_holds_what_the_statements_find(
    database: str,
    request: pytest.FixtureRequest,
    new_postgres: Callable[..., pg.Database],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scripts = [folder(name, request) / name for name in DATABASES[database]]
    if missing := [script.name for script in scripts if not script.exists()]:
        pytest.skip(f"{missing[0]} is not at hand")
    made = new_postgres()
    with psycopg.connect(made.libpq, autocommit=True) as connection:
        for script in scripts:
            connection.execute(script.read_text(encoding="utf-8"))  # type: ignore[arg-type]
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", made.libpq)
    truth = read(TRUTH / f"{database}.yml")
    keys = keys_of(truth)
    files = {
        "controller.yml": CONTROLLER,
        "policy.yml": POLICY,
        "identity.yml": "\n".join(
            lines({"person": next(iter(keys)), "keys": {key: {"unique": "yes"} for key in keys}}, ())
        ),
        f"{database}.yml": "\n".join(lines(as_map(truth, "postgres", "shop"), ())),
    }
    for name, text in files.items():
        (tmp_path / "inventory").mkdir(exist_ok=True)
        (tmp_path / "inventory" / name).write_text(text + "\n", encoding="utf-8")
    services = installation(tmp_path / "home", tmp_path / "inventory")
    people: dict[str, list[Any]] = {}
    bundles: dict[tuple[str, str, Any], dict[str, list[dict[str, Any]]]] = {}
    with psycopg.connect(made.libpq) as connection:
        for statement in statements(TRUTH / f"{database}.sql"):
            sql = re.sub(r":person\b", "%(person)s", statement.sql.replace("%", "%%"))
            if statement.table is None:
                people[statement.kind] = [row[0] for row in connection.execute(statement.sql).fetchall()]  # type: ignore[arg-type]
                continue
            for person in people[statement.kind]:
                at = (statement.right, statement.kind, person)
                if at not in bundles:
                    key = next(key for key in keys if key.startswith(statement.kind))
                    stored = store(services, {key: str(person)}, statement.right, language="en")
                    bundles[at] = rows_given(run(services, stored), database)
                found = connection.execute(sql, {"person": person})  # type: ignore[arg-type]
                columns = [column.name for column in found.description or ()]
                expected = found.fetchall()
                given = bundles[at].pop(statement.table, [])
                assert len(given) == len(expected), (statement.table, at[:2])
                assert all(set(row) == set(columns) for row in given), (statement.table, at[:2])
                numbers = [column for column in truth.tables[statement.table].key if column in columns]
                there = [[as_text(row[n]) for n in numbers] for row in given]
                wanted = [[as_text(row[columns.index(n)]) for n in numbers] for row in expected]
                assert sorted(there) == sorted(wanted), (statement.table, at[:2])
    rest = {(at[0], name): rows for at, more in bundles.items() for name, rows in more.items() if rows}
    assert rest == {}, "nothing beside it is given"
