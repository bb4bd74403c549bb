"""One document half provided and half inferred, in every kind of source that can take it apart."""

import csv
import io
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from testbed.running import installation, members, run, run_reviewed, store
from tests.support import profile_shop
from tests.support.crowd import where
from tests.support.log_lakes import LOGGED
from tests.support.nightly import nightly_after
from tests.support.one_shop import in_lake, in_sqlite
from tests.support.profile_shop import DOCUMENTS, PATHS, PROVIDED, REST, expected, read, write_inventory

from afschrift.batch.fulfil_batch import extract_batch
from afschrift.batch.source_pass import TOGETHER
from afschrift.domain.errors import ConfigurationError, NeedsPersonError
from afschrift.extraction.staged_records import read_record
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.extract import clear_extract, extract

KINDS = (
    "sqlite",
    "postgres jsonb",
    "duckdb",
    "duckdb text",
    "parquet",
    "delta text",
    "iceberg text",
    "postgres",
    "postgres text",
    "sqlite text",
    "mysql",
)
Open = Callable[..., Services]


@pytest.fixture(params=nightly_after(2, KINDS))
def open_shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Makes an installation over the shop; what is said of the document's own column is given."""
    kind, _, name = request.param.partition(" ")
    type_ = name.upper() or "JSON"
    for more, uri in where(kind, tmp_path, profile_shop.tables(type_), request):

        def make(rest: str = REST, more: str = more) -> Services:
            if type_ == "TEXT":
                rest = rest.replace("{", "{kind: json, ", 1) if rest != "{}" else "{kind: json}"
            return installation(tmp_path, write_inventory(tmp_path / "inventory", kind, more, rest))

        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("AIRFLOW_CONN_SHOP", uri)
            yield make


def given(services: Services, **asked: Any) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """Rows of the visits in the bundle of a customer, and its files."""
    request = store(services, {"customer_id": "1"} | asked.pop("keys", {}), **{"formats": ["csv"], **asked})
    files = members(run_reviewed(services, request))
    text = files["data/shop/visit.csv"].decode()
    return list(csv.DictReader(io.StringIO(text, newline=""))), files


def visits(services: Services, right: str, masked: tuple[str, ...] = ()) -> dict[int, dict[str, Any]]:
    """Visit -> what its row in the bundle's CSV holds of the document, numbers exact."""
    rows, files = given(services, right=right, formats=["csv", "json", "parquet", "xml"])
    text = files["data/shop/visit.csv"].decode()
    assert "of another person" not in text
    assert ("Delft" in text) is (not masked)
    if right == "access":
        digits = files["data/shop/visit.json"].decode()
        assert all(number in digits for number in ("1.10", "0.75", "52.0"))

    def value(column: str, text: str) -> Any:
        return None if text == r"\N" else text if column in masked else read(text)

    return {
        int(row["visit_id"]): {
            column.removeprefix("profile_"): value(column, text)
            for column, text in row.items()
            if column.startswith("profile")
        }
        for row in rows
    }


def test_access_gives_every_member_and_the_rest(open_shop: Open) -> None:
    found = visits(open_shop(), "access")
    assert sorted(found) == list(range(10, 10 + len(DOCUMENTS)))
    for number, document in enumerate(DOCUMENTS, start=10):
        parts, rest = expected(document)
        assert found[number] == {**parts, "profile": rest}, document


def test_portability_gives_what_was_provided_alone(open_shop: Open) -> None:
    found = visits(open_shop(), "portability")
    for number, document in enumerate(DOCUMENTS, start=10):
        parts, _ = expected(document)
        assert found[number] == {name: parts[name] for name in PROVIDED}, document


def test_unclassified_rest_of_a_document_asks(open_shop: Open) -> None:
    services = open_shop("{}")
    request = store(services, {"customer_id": "1"}, formats=["csv"])
    with pytest.raises(NeedsPersonError) as caught:
        run(services, request)
    assert caught.value.question == "unclassified"
    (asked,) = services.register.questions.all(request_id=request)
    assert json.loads(json.dumps(asked.detail))["columns"] == ["shop.visit.profile"]


def test_empty_rest_of_a_document_asks_no_question(open_shop: Open) -> None:
    [row], _ = given(open_shop("{}"), keys={"customer_id": "2"})
    assert read(row["profile_city"]) == "Utrecht of another person"
    assert row["profile"] == r"\N"
    assert set(row) == {"visit_id", "customer_id", "profile", *(f"profile_{name}" for name in PATHS)}


STRUCTS = """
CREATE TABLE visit AS SELECT * FROM (VALUES
  (10, 1, {'address': {'city': 'Delft', 'zip': 1.10, 'more': [1, 2]}, 'score': 0.5, 'a.b': DATE '2026-01-02'}),
  (11, 1, {'address': {'city': NULL, 'zip': NULL, 'more': NULL}, 'score': NULL, 'a.b': NULL}),
  (12, 1, {'address': {'city': 'Gouda', 'zip': NULL, 'more': NULL}, 'score': 1.0, 'a.b': NULL}),
  (13, 1, NULL)
) AS v(visit_id, customer_id, profile)
"""


@pytest.mark.parametrize("kind", nightly_after(2, ["duckdb", *LOGGED, "parquet"]))
def test_fields_of_a_struct_have_their_own_types(kind: str, tmp_path: Path) -> None:
    shop = tmp_path / "shop.duckdb"
    with duckdb.connect(shop) as con:
        con.execute("CREATE TABLE customer AS SELECT 1 AS customer_id")
        con.execute(STRUCTS)
    more = f"options: {{path: {shop}}}"
    if kind != "duckdb":
        in_lake(shop, tmp_path / "lake", kind)
        more = f"options: {{root: {tmp_path / 'lake'}}}"
    found, _ = given(installation(tmp_path, write_inventory(tmp_path / "inventory", kind, more)))
    columns = ["profile_city", "profile_zip", "profile_score", "profile_dotted", "profile"]
    assert [[row[column] for column in columns] for row in found] == [
        ["Delft", "1.10", "0.5", "2026-01-02", '{"address":{"more":[1,2]}}'],
        [r"\N"] * 5,
        ["Gouda", r"\N", "1.0", r"\N", r"\N"],
        [r"\N"] * 5,
    ]


def test_a_batch_reads_what_each_request_reads_alone(open_shop: Open) -> None:
    services = replace(open_shop(), versions={})  # as a batch: its plans share the versions of tables
    requests = [store(services, {"customer_id": number}, formats=["csv"]) for number in ("1", "2")]
    for request in requests:
        assess(services, request)
        classify(services, request)
    outcomes = extract_batch(services, "shop", requests, "bat-1", lambda _request: services)
    assert outcomes == dict.fromkeys(requests, TOGETHER)
    together = [read_record(services.staging(request), "shop").tables for request in requests]
    for request, tables in zip(requests, together, strict=True):
        clear_extract(services, request, "shop")
        extract(services, request, "shop")
        alone = read_record(services.staging(request), "shop").tables
        assert tables == alone


def test_a_member_about_others_is_masked(open_shop: Open, tmp_path: Path) -> None:
    open_shop()
    file = tmp_path / "inventory" / "shop.yml"
    others = "about: third_party, third_party: mask, source: {name: {nl: Een ander, en: Another}}"
    file.write_text(file.read_text().replace("city], origin", f"city], {others}, origin"))
    services = installation(tmp_path / "masked", tmp_path / "inventory")
    found = visits(services, "access", masked=("profile_city",))
    for number, document in enumerate(DOCUMENTS, start=10):
        parts, rest = expected(document)
        there = parts.pop("city") is not None
        assert (found[number].pop("city") is not None) == there
        assert found[number] == {**parts, "profile": rest}, document


@pytest.mark.parametrize("right", ["access", "portability"])
def test_a_document_in_bytes_stops_a_request(right: str, tmp_path: Path) -> None:
    """SQLite keeps bytes in any column: what the person typed would be missing without a notice."""
    in_sqlite(tmp_path / "shop.sqlite", profile_shop.tables("BLOB"))
    with closing(sqlite3.connect(tmp_path / "shop.sqlite")) as con:
        con.execute("UPDATE visit SET profile = CAST(profile AS BLOB) WHERE profile IS NOT NULL")
        con.commit()
    more = f"options: {{path: {tmp_path / 'shop.sqlite'}}}"
    rest = REST.replace("{", "{kind: json, ", 1)
    services = installation(tmp_path, write_inventory(tmp_path / "inventory", "sqlite", more, rest))
    found = r"visit\.profile (holds a document that is no JSON|is no JSON)"
    with pytest.raises((ConfigurationError, NeedsPersonError), match=found):
        run(services, store(services, {"customer_id": "1"}, right=right, formats=["csv"]))
