"""Every registered source: each value that cannot be read is given as text or left for later, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from testbed.running import drive, installation, members, store
from tests.support import maps
from tests.support.days import days_away
from tests.support.driving import payloads, stopped
from tests.support.in_parts import SOON, WHY, answered
from tests.support.spoilt import EMPTY, Empty
from tests.support.warehouses import Warehouse

from afschrift.app.settings import Settings
from afschrift.casework.partial_response.damaged import STEP
from afschrift.domain.errors import ConfigurationError
from afschrift.services import Services
from afschrift.wiring.build_services import build

CASES = yaml.safe_load((Path(__file__).with_name("data") / "damaged_values.yml").read_text(encoding="utf-8"))
IDENTITY = "person: customer_id\nkeys: {customer_id: {unique: yes}}\n"
RELAXED = "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES', check_constraint_checks = 0"


def filled(empty: Empty, case: dict[str, list[str]], folder: Path) -> None:
    """A table with a row of damaged values, and one of NULLs."""
    text = "VARCHAR(20)" if empty.kind == "mysql" else "TEXT"
    columns = ", ".join(f"{name} {type_}" for name, (type_, *_) in case.items())
    statements = [
        f"CREATE TABLE customer (customer_id INTEGER, name {text})",
        "INSERT INTO customer VALUES (1, 'Ann')",
        f"CREATE TABLE thing (id INTEGER, customer_id INTEGER, good {text}, {columns})",
        f"INSERT INTO thing VALUES (10, 1, 'fine', {', '.join(literal for _, literal, *_ in case.values())})",
        f"INSERT INTO thing VALUES (11, 1, 'more', {', '.join(['NULL'] * len(case))})",
    ]
    empty.run(*([RELAXED] if empty.kind == "mysql" else []), *statements)
    if empty.kind == "parquet":  # no writer writes such bytes
        path = folder / "lake" / "thing" / "part-0.parquet"
        table = pq.read_table(path)
        pq.write_table(table, path, compression="none", use_dictionary=False, write_statistics=False)
    for path in folder.glob("lake/thing/*.*"):
        path.write_bytes(path.read_bytes().replace(b"@@", b"a\xff"))


@pytest.fixture
def case(empty: Empty) -> dict[str, list[str]]:
    found: dict[str, list[str]] = CASES[empty.kind]
    return found


@pytest.fixture
def services(empty: Empty, case: dict[str, list[str]], tmp_path: Path) -> Services:
    filled(empty, case, tmp_path)
    columns = "\n".join(f"      {name}: {{origin: provided}}" for name in case)
    shop = maps.text("damaged.yml", kind=empty.kind, place=empty.warehouse.place, columns=columns)
    inventory = maps.write(tmp_path / "inventory", identity=IDENTITY, shop=shop)
    log = installation(tmp_path / "home", inventory).log
    env = {"AFSCHRIFT_HOME": str(tmp_path / "home"), "AFSCHRIFT_INVENTORY": str(inventory)}
    return build(log, Settings.from_environment(env), connect=empty.warehouse.connect)


@pytest.mark.one_of_an_engine
def test_damage_stops_no_answer(services: Services, case: dict[str, list[str]], empty: Empty) -> None:
    request = store(
        services, {"customer_id": "1"}, "portability", received_at=days_away(-2).isoformat(), formats=["json"]
    )
    if empty.kind == "files":  # in a file of another encoding no column can be separated from another
        with pytest.raises(ConfigurationError, match="not UTF-8"):
            drive(services, request)
        assert not services.register.steps.results(request).every(STEP)
        return
    textless = {name for name, (*_, last) in case.items() if last in ("no_text", "not_utf8", "unreadable")}
    if textless:
        assert stopped(drive, services, request).question == "damaged_value"
        for question in services.register.questions.all(request_id=request):
            answered(services, question, "partial", {"rest_by": SOON}, WHY)
    [row, other] = given(drive(services, request))
    expected = {name: text for name, (_, _, _, *texts) in case.items() for text in texts}
    assert row == {"id": 10, "customer_id": 1, "good": "fine", **expected}
    assert set(other.values()) == {11, 1, "more", None}
    found = {
        record.result["place"][2]: record.result
        for record in services.register.steps.results(request).every(STEP)
    }
    assert {name: record["damage"] for name, record in found.items()} == {n: c[2] for n, c in case.items()}
    assert {name for name, record in found.items() if record["given"] == "not"} == textless


def given(bundle: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(members(bundle)["data/shop/thing.json"])
    return rows


def test_a_column_that_is_not_given_is_passed_over_by_the_search(tmp_path: Path) -> None:
    run = EMPTY["parquet"](tmp_path, None)[1]
    lake = Empty(Warehouse("parquet", {"root": str(tmp_path / "lake")}), run)
    filled(lake, {"bytes": ["TEXT", "'@@'"], "note": ["TEXT", "'ask ann@example.org'"]}, tmp_path)
    columns = "      bytes: {origin: third_party}\n      note: {origin: provided}"
    shop = maps.text("damaged.yml", kind="parquet", place=lake.warehouse.place, columns=columns)
    identity = IDENTITY.replace("}}", "}, email: {unique: over_time}}")
    services = installation(
        tmp_path / "home", maps.write(tmp_path / "inventory", identity=identity, shop=shop)
    )
    # A hit in another column makes the search ask whose the row is.
    keys = {"customer_id": "1", "email": "ann@example.org"}
    request = store(services, keys, "portability", formats=["json"])
    assert [row["good"] for row in given(drive(services, request))] == ["fine", "more"]
    [found] = services.register.steps.results(request).every(STEP)
    assert found.result["given"] == "not_searched"
    [extracted] = payloads(services, request, "extracted")
    assert extracted["not_searched"] == {"thing.bytes": "damaged_value"}
