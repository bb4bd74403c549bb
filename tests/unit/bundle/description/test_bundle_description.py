"""What a bundle says of itself: its description, coverage, redactions and uploaded files, and schemas that other validators judge by."""

import io
import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pyarrow as pa
import pytest
from hypothesis import given
from testbed.running import members
from tests.support.properties import fewer
from tests.unit.bundle.bundle_example import LETTERS, SIGNER, Example, cases, differing
from tests.unit.bundle.bundle_tampering import files_of
from tests.unit.formats.random_tables import field, tables, write

from afschrift.bundle.container.report import Flaw
from afschrift.bundle.container.verify import verify
from afschrift.bundle.description.coverage import coverage, coverage_document
from afschrift.bundle.description.fields import columns, schema_path
from afschrift.bundle.description.redactions import grounds, grounds_of, redactions_document
from afschrift.bundle.page.words import PageWords
from afschrift.domain.extracted import MissingFile, Seen, Upload
from afschrift.domain.notation import key_id
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.domain.right import Right
from afschrift.domain.value_kind import ValueKind
from afschrift.domain.vocabulary import Origin
from afschrift.formats.registry import FORMATS
from afschrift.inventory.base import Text
from afschrift.values.written import text_schema


def described(example: Example) -> dict[str, Any]:
    return json.loads(files_of(example.zip())["data/datapackage.json"])


def resource(example: Example, name: str) -> dict[str, Any]:
    return next(r for r in described(example)["resources"] if r["name"] == name)


def fields(example: Example, name: str) -> dict[str, dict[str, Any]]:
    return {f["name"]: f for f in resource(example, name)["schema"]["fields"]}


def test_every_packed_file_is_described_with_size_and_digest() -> None:
    example = Example()
    packed = {p.removeprefix("data/") for p in files_of(example.zip()) if p.startswith("data/")}
    assert {r["path"] for r in described(example)["resources"]} == packed - {"datapackage.json"}


@pytest.mark.parametrize("case", cases("descriptions.yml"), ids=lambda case: case["case"])
def test_what_the_description_says(case: dict[str, Any]) -> None:
    example = Example(Right(case.get("right", "access")), case.get("language", "nl"), rows=case.get("rows"))
    found = resource(example, case["resource"]) if "resource" in case else described(example)
    assert differing(found, case.get("expected", {})) == []
    if "fields" in case:
        assert differing({f["name"]: f for f in found["schema"]["fields"]}, case["fields"]) == []


def test_a_table_without_rows_has_no_file() -> None:
    assert not any("wish" in path for path in files_of(Example().zip()))


def test_a_join_to_a_table_that_was_thinned_by_row_is_no_constraint() -> None:
    thinned = Example().plan_of("customer", row_rule={"column": "kind", "included": ["a"]})
    schema = resource(thinned, "shop.orders.csv")["schema"]
    assert "foreignKeys" not in schema
    assert schema["afschrift:relations"][0]["fields"] == ["customer_id"]


def test_origins_by_row_are_all_named() -> None:
    example = Example()
    by_row = [
        replace(f, origin=None, origins=(Origin.PROVIDED, Origin.ASSIGNED)) if f.name == "bio" else f
        for f in example.plan.extracts[0].fields
    ]
    bio = fields(example.plan_of("customer", fields=tuple(by_row)), "shop.customer.csv")["bio"]
    assert bio["afschrift:origin"] == ["provided", "assigned"]


def seen(example: Example, table: str, what: Seen, **references: bool) -> Example:
    """The example, with what was observed of one of its tables."""
    read = example.read(table, seen=what).contents.extracts
    return example.but(extracts=tuple(replace(extract, references=references) for extract in read))


def test_constraints_are_those_that_the_rows_satisfy() -> None:
    orders = fields(seen(Example(), "orders", Seen(codes={"status": ("R", "S")})), "shop.orders.csv")
    assert orders["order_id"]["constraints"] == {"required": True, "unique": True}
    assert orders["status"]["constraints"] == {"enum": ["S", "R"]}
    assert "constraints" not in orders["total"]

    unknown = seen(Example(), "orders", Seen(codes={"status": ("R", "X")}))
    status = fields(unknown, "shop.orders.csv")["status"]
    assert not {"categories", "constraints"} & status.keys()
    assert status["afschrift:codes"]["R"] == {"nl": "teruggestuurd", "en": "returned"}


@pytest.mark.parametrize("what", [Seen(key_unique=False), Seen(nulls={"order_id": 1})])
def test_a_key_that_the_rows_break_is_no_constraint(what: Seen) -> None:
    schema = resource(seen(Example(), "orders", what), "shop.orders.csv")["schema"]
    assert "primaryKey" not in schema
    assert not any("unique" in f.get("constraints", {}) for f in schema["fields"])


def test_a_reference_that_was_seen_to_fail_has_its_reason() -> None:
    relation = {"orders(customer_id)->customer(customer_id)": False}
    schema = resource(seen(Example(), "orders", Seen(), **relation), "shop.orders.csv")["schema"]
    assert "foreignKeys" not in schema
    assert schema["afschrift:relations"] == [
        {
            "fields": ["customer_id"],
            "reference": {"resource": "shop.customer.csv", "fields": ["customer_id"]},
            "reason": "rows_not_included",
        }
    ]


def test_a_key_of_rows_that_are_not_given_joins_nothing() -> None:
    example = Example(Right.PORTABILITY)
    assert fields(example, "shop.orders.csv")["customer_id"]["afschrift:reason"] == "join_key"
    without = tuple(
        replace(extract, tables=tuple(t for t in extract.tables if t.table != "customer"))
        for extract in example.contents.extracts
    )
    alone = fields(example.but(extracts=without), "shop.orders.csv")["customer_id"]
    assert alone["afschrift:reason"] == "row_key"


def test_each_resource_tells_its_source_and_when_it_was_read() -> None:
    example = Example(language="en")
    seal = replace(example.contents.seal, snapshots={"shop": "2026-06-30T22:16:00Z"})
    orders = resource(example.but(seal=seal), "shop.orders.csv")
    assert orders["sources"] == [{"title": "Web shop"}]
    assert orders["afschrift:snapshot"] == "2026-06-30T22:16:00Z"


def statuses(example: Example) -> dict[str, tuple[str, int | None]]:
    return {f"{e.source}.{e.table}": (e.status.value, e.rows) for e in coverage(example.contents)}


def test_every_personal_table_has_a_status() -> None:
    assert statuses(Example(Right.PORTABILITY)) == {
        "shop.customer": ("rows", 1),
        "shop.orders": ("rows", 7),
        "shop.message": ("rows", 3),
        "shop.enrichment": ("withheld", None),
        "shop.wish": ("nothing_given", 0),
        "app.heart_rate": ("rows", 300),
    }


def test_a_table_without_extract_or_plan_was_not_read() -> None:
    example = Example()
    failed = example.but(extracts=example.contents.extracts[:1])
    assert statuses(failed)["app.heart_rate"] == ("failed", None)

    example = Example()
    unplanned = example.planned(extracts=example.plan.extracts[:-1])
    assert statuses(unplanned)["app.heart_rate"] == ("not_searched", None)


def test_what_is_withheld_names_rule_and_reason() -> None:
    document = coverage_document(Example(Right.PORTABILITY).contents)
    enrichment = next(t for t in document["tables"] if t["table"] == "enrichment")
    assert enrichment["reasons"] == ["origin_third_party"]
    assert enrichment["rules"] == ["R18"]
    customer = next(t for t in document["tables"] if t["table"] == "customer")
    assert [c["column"] for c in customer["leftOut"]] == ["credit_score", "password_hash"]


def test_redactions_count_by_column_and_never_by_value() -> None:
    document = redactions_document(Example().contents)
    assert document["masked"] == [
        {
            "source": "shop",
            "table": "message",
            "column": "agent_name",
            "ground": "others_masked",
            "rules": ["R31"],
            "method": "token",
            "count": 2,
        }
    ]


@pytest.mark.parametrize(
    ("reason", "ground"),
    [
        (
            "others_masked",
            "Dit zijn gegevens van iemand anders. Daarom maakten wij ze onleesbaar. "
            "Uw recht mag de rechten van anderen niet schaden (artikel 15, vierde lid, van de AVG).",
        ),
        ("person_decided", "Een medewerker besloot om dit onleesbaar te maken."),
    ],
)
def test_the_page_tells_the_ground_of_what_was_masked_with_its_number(reason: str, ground: str) -> None:
    example = Example()
    extracts = tuple(
        replace(e, fields=tuple(replace(f, reason=reason) if f.mask else f for f in e.fields))
        for e in example.plan.extracts
    )
    example.planned(extracts=extracts)
    (grounds_shown,) = grounds(example.contents, PageWords.load(LETTERS, "nl"))
    assert grounds_shown.text == ground
    assert grounds_shown.places == ("Naam medewerker in ‘Berichten’: 2 keer.",)
    page = files_of(example.zip())["index.html"].decode()
    assert ground in page
    assert grounds_shown.places[0] in page


@pytest.mark.parametrize(
    ("right", "article"), [(Right.ACCESS, "Article 15(4)"), (Right.PORTABILITY, "Article 20(4)")]
)
def test_a_mask_names_its_article_and_the_reason_of_the_map(right: Right, article: str) -> None:
    example = Example()
    inventory = example.contents.inventory.model_copy(deep=True)
    columns = inventory.sources["shop"].tables["message"].columns
    why = Text({"nl": "Zij kozen hier niet voor.", "en": "They did not choose this."})
    columns["agent_name"] = columns["agent_name"].model_copy(update={"not_shown": why})
    plan = replace(example.plan, right=right, language="en")
    counts = {(e.source, e.table): {"agent_name": 2} for e in plan.extracts}
    (ground,) = grounds_of(plan, inventory, counts, PageWords.load(LETTERS, "en"))
    assert article in ground.text
    assert ground.places[0].endswith(": 2 times. They did not choose this.")


def test_the_bundle_holds_both_documents() -> None:
    example = Example()
    files = files_of(example.zip())
    assert json.loads(files["data/coverage.json"]) == coverage_document(example.contents)
    assert json.loads(files["data/redactions.json"]) == redactions_document(example.contents)


ODD = '../"x": \u202e😀<script>.PNG'
PATH = "files/shop/orders/000003.png"


def with_file(missing: int = 1, held: int = 1) -> Example:
    example = Example()
    uploads = tuple(
        Upload(
            example.stage(PATH.replace("3", str(n)), "upload", b"\x89PNG", {}), "photo", n, "image/png", ODD
        )
        for n in range(3, 3 + held)
    )
    return example.read("orders", uploads=uploads, missing=(MissingFile("photo", 5, "not_found"),) * missing)


def test_a_file_is_packed_described_and_covered() -> None:
    files = files_of(with_file().zip())
    assert files[f"data/{PATH}"] == b"\x89PNG"
    resources = json.loads(files["data/datapackage.json"])["resources"]
    (described,) = [r for r in resources if r["path"] == PATH]
    assert described["type"] == "file"
    assert described["afschrift:file"] == {"column": "photo", "row": 3, "name": ODD}
    tables = json.loads(files["data/coverage.json"])["tables"]
    (orders,) = [t for t in tables if t["table"] == "orders"]
    assert orders["files"] == {"held": 1, "missing": [{"column": "photo", "row": 5, "reason": "not_found"}]}
    assert not any("files" in t for t in tables if t["table"] != "orders")


@pytest.mark.parametrize("counted", [0, 2])
def test_a_coverage_that_counts_other_files_is_refused(
    counted: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = with_file()
    honest = example.zip()
    monkeypatch.setattr(
        "afschrift.bundle.description.coverage._files",
        lambda _, __, table: {"files": {"held": counted, "missing": []}} if table == "orders" else {},
    )
    trusted = {key_id(SIGNER.public_key): SIGNER.public_key}
    for name, content, expected in (("good", honest, set()), ("bad", example.zip(), {Flaw.FILES_DIFFER})):
        path = tmp_path / f"{name}.zip"
        path.write_bytes(content)
        assert {p.code for p in verify(path, trusted).problems} == expected


CONTENTS = Example().contents
FIELDS = [field("id", ValueKind.INTEGER), field("note", ValueKind.TEXT), field("at", ValueKind.INSTANT)]
ROWS: list[tuple[str | None, ...]] = [("1", None, "infinity"), ("9007199254740993", "a<\x00", None)]


def schema(name: str, fields: list[FieldPlan]) -> bytes:
    writer = FORMATS[name].schema
    assert writer
    return writer.make("shop.orders", columns(CONTENTS, planned(fields)))


def planned(fields: list[FieldPlan]) -> ExtractPlan:
    return ExtractPlan("shop", "orders", tuple(fields), "SELECT 1")


def batch(rows: list[tuple[str | None, ...]]) -> pa.RecordBatch:
    columns = [pa.array([row[i] for row in rows], pa.string()) for i in range(len(FIELDS))]
    return pa.RecordBatch.from_arrays(columns, schema=text_schema(FIELDS))


def fits_xsd(fields: list[FieldPlan], data: bytes, folder: Path) -> bool:
    xsd, file = folder / "table.xsd", folder / "table.xml"
    xsd.write_bytes(schema("xml", fields))
    file.write_bytes(data)
    return subprocess.run(["xmllint", "--noout", "--schema", xsd, file], capture_output=True).returncode == 0


def row_schema(fields: list[FieldPlan]) -> dict[str, object]:
    """The schema of one line of an NDJSON file."""
    document = json.loads(schema("json", fields))
    return {**document, "type": "object", "items": {}, "$ref": "#/$defs/row"}


@given(table=tables())
def test_any_table_in_json(table: tuple[list[FieldPlan], pa.RecordBatch]) -> None:
    fields, rows = table
    document = json.loads(schema("json", fields))
    jsonschema_rs.meta.validate(document)
    jsonschema_rs.validator_for(document).validate(json.loads(write("json", fields, rows).data))
    line = jsonschema_rs.validator_for(row_schema(fields))
    for text in write("ndjson", fields, rows).data.decode().split("\n")[:-1]:
        line.validate(json.loads(text))


@pytest.mark.parametrize(
    "row",
    [
        {"id": 1, "note": "x"},
        {"id": 1, "note": "x", "at": None, "more": 1},
        {"id": "1", "note": "x", "at": None},
        {"id": 1.5, "note": "x", "at": None},
        {"id": 1, "note": 2, "at": None},
        {"id": 1, "note": "x", "at": "2024-01-01 10:00:00"},
    ],
)
def test_rows_that_are_not_of_the_table(row: dict[str, object]) -> None:
    assert not jsonschema_rs.validator_for(row_schema(FIELDS)).is_valid(row)


@pytest.mark.needs_program("xmllint")
@fewer(4)
@given(table=tables())
def test_any_table_in_xml(
    tmp_path_factory: pytest.TempPathFactory, table: tuple[list[FieldPlan], pa.RecordBatch]
) -> None:
    fields, rows = table
    assert fits_xsd(fields, write("xml", fields, rows).data, tmp_path_factory.mktemp("xsd"))


@pytest.mark.needs_program("xmllint")
@pytest.mark.parametrize(
    ("there", "instead"),
    [
        (b'<field name="id">1</field>', b""),
        (b'<field name="id">1</field>', b'<field name="note">1</field>'),
        (b'name="id"', b'name="Id"'),
        (b"<row>", b"<row><x/>"),
        (b'base64="', b'base65="'),
        (b"</table>", b"<more/></table>"),
    ],
)
def test_xml_that_is_not_of_the_table(there: bytes, instead: bytes, tmp_path: Path) -> None:
    data = write("xml", FIELDS, batch(ROWS)).data
    assert fits_xsd(FIELDS, data, tmp_path)
    assert there in data
    assert not fits_xsd(FIELDS, data.replace(there, instead, 1), tmp_path)


def test_the_schemas_of_a_bundle_are_described_and_pointed_to() -> None:
    files = members(io.BytesIO(Example().zip()))
    package = json.loads(files["data/datapackage.json"])
    tables_ = [r for r in package["resources"] if "afschrift:table" in r]
    for resource in tables_:
        of = ExtractPlan(resource["afschrift:source"], resource["afschrift:table"], (), "")
        expected = schema_path(of, FORMATS[resource["format"]])
        assert resource.get("afschrift:schema") == expected
        assert expected is None or f"data/{expected}" in files
    assert len({r["name"] for r in package["resources"]}) == len(package["resources"])


def test_codes_have_their_meanings() -> None:
    status = [field("status", ValueKind.TEXT)]
    row = json.loads(schema("json", status))["$defs"]["row"]["properties"]["status"]
    assert row["oneOf"][0] == {"const": "S", "title": "verzonden"}
    for value, fits in (("S", True), (None, True), ("X", False)):
        assert jsonschema_rs.validator_for(row).is_valid(value) is fits
    assert b"S = verzonden, R = teruggestuurd" in schema("xml", status)
