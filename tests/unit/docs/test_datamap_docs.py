"""The pages on the data map, formats and the scan say what the code does, and their examples are read."""

import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ruamel.yaml import YAML
from testbed import postgres as pg
from testbed.mini import CONTROLLER, IDENTITY, POLICY
from tests.contract.plain_readers import READ
from tests.support import mariadb
from tests.support.scanned import FOLDER, outcomes
from tests.support.warehouses import at
from tests.unit.docs.doc_pages import ROOT, examples, section, text_of
from tests.unit.formats.random_tables import field, write
from tests.unit.sources.reading import forms
from typer.testing import CliRunner

from afschrift.bundle.description.fields import schema_path
from afschrift.canary.canary_file import CanaryFile
from afschrift.cli.main import app
from afschrift.datamap.scan.proposal import PROPOSED
from afschrift.domain.decision import About, Protect, ThirdParty
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import Key, Unique
from afschrift.domain.plan import ExtractPlan, Medium
from afschrift.domain.request import Request
from afschrift.domain.value_kind import ValueKind
from afschrift.domain.vocabulary import BASES, Origin
from afschrift.formats import csv, native_library
from afschrift.formats import json as json_format
from afschrift.formats.registry import FORMATS
from afschrift.inventory import load as inventory
from afschrift.inventory.organisation import IdentityFile
from afschrift.law.manual_search import NOT_SEARCHED_BECAUSE
from afschrift.sources.options import Opening, cell_limit, from_environment
from afschrift.sources.registry import SOURCES, open_source
from afschrift.values.written import text_schema

MAP, FORMATS_PAGE, SCAN = (text_of(f"datamap/{name}.md") for name in ("inventory", "formats", "scan"))
BLOCKS = examples(MAP)
CHOICES = (*Origin, *About, *ThirdParty, *Protect, *Unique, *Medium, *NOT_SEARCHED_BECAUSE, *BASES)
FILES = inventory.FILES | {"canary": CanaryFile}
PARTS = {name: model for file in FILES.values() for name, model in inventory.parts(file).items()}


@pytest.mark.parametrize("word", sorted(set(CHOICES)))
def test_every_choice_is_explained(word: str) -> None:
    assert re.search(rf"`[^`\n]*(?<![\w-]){re.escape(word)}(?![\w-])[^`\n]*`", MAP)


def test_examples_of_the_map_are_well_formed_and_load(tmp_path: Path) -> None:
    assert all(isinstance(YAML(typ="safe").load(block), dict) for block in BLOCKS)
    files = {"shop": BLOCKS[0], "identity": IDENTITY, "controller": CONTROLLER, "policy": POLICY}
    files["mail"] = next(block for block in BLOCKS if "kind: manual" in block)
    for name, text in files.items():
        (tmp_path / f"{name}.yml").write_text(text, encoding="utf-8")
    found = inventory.load(tmp_path)
    assert list(found.sources["shop"].tables) == ["customer", "orders"]
    assert list(found.manual) == ["service_mail"]


@pytest.mark.parametrize("name", PARTS)
def test_each_word_of_the_map_has_a_meaning(name: str) -> None:
    model = PARTS[name]
    words = {field.alias or word for word, field in model.model_fields.items()} - {"root"}
    assert words - inventory.meanings(model).keys() == set()


@pytest.mark.parametrize("file", FILES)
def test_the_schema_for_an_editor_has_each_meaning(file: str) -> None:
    done = CliRunner().invoke(app, ["inventory", "schema", file])
    document = json.loads(done.stdout)
    assert all("description" in of for of in document["properties"].values())


def test_a_word_without_a_meaning_is_found() -> None:
    class Silent(IdentityFile):
        """A file.

        Attributes:
            person: the key.
        """

        quiet: str

    meanings = inventory.meanings(Silent)
    assert "quiet" not in meanings
    assert meanings["person"] == "the key."
    assert meanings["birth_date"].startswith("column with the date of birth")


def test_the_figures_of_the_scan_are_those_of_today() -> None:
    origins = Counter[str]()
    for file in FOLDER.glob("data/columns_*.csv"):
        origins += outcomes(file.name)[0]
    figures = [sum(origins.values()), *(origins[name] for name in ("right", "wrong", "rightly open", "open"))]
    assert f"| all five, now | {' | '.join(map(str, figures))} |" in SCAN
    assert f"from a confidence of {PROPOSED}" in SCAN


def table(heading: str) -> list[list[str]]:
    """Cells of the first table below a heading."""
    found = re.search(r"^\|.*?(?=\n\n)", section(FORMATS_PAGE, heading), re.DOTALL | re.MULTILINE)
    assert found
    return [[cell.strip(" `") for cell in line[1:-1].split("|")] for line in found[0].splitlines()[2:]]


FORMS = [row for row in table("Value forms") if row[0] != "missing"]
[MISSING] = [row for row in table("Value forms") if row[0] == "missing"]


def test_every_format_with_its_files_and_its_reader() -> None:
    planned = ExtractPlan("shop", "orders", (), "SELECT 1")
    shown = {row[0]: row for row in table("The five")}
    assert list(shown) == list(FORMATS)
    for name, adapter in FORMATS.items():
        _, file, media_type, _, schema, writer, reader = shown[name]
        assert (file, media_type) == (f"orders.{adapter.extension}", adapter.media_type)
        assert schema == (schema_path(planned, adapter) or "").removeprefix("shop/")
        assert uses(f"{adapter.writer.__module__}.writer", writer)
        reader, _, compiled = reader.partition(", or ")
        has_compiled = adapter.reader.__module__ in (csv.__name__, json_format.__name__)
        assert compiled == (native_library.NAME if has_compiled else "")
        assert uses(f"{adapter.reader.__module__}.reader", reader)
        assert not {writer} & set(reader.split(", "))
    assert f"`{','.join(Request.__dataclass_fields__['formats'].default)}`" in FORMATS_PAGE
    assert {row[0] for row in FORMS} == {kind.value for kind in ValueKind}


def uses(module: str, libraries: str) -> bool:
    source = (ROOT / "plugins" / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
    imported = [rf"^(import|from) .*\b{name.lower()}\b" for name in libraries.split(", ")]
    return all(re.search(pattern, source, re.MULTILINE) for pattern in imported)


@pytest.mark.parametrize("row", FORMS, ids=lambda row: f"{row[0]} {row[1]}")
def test_a_value_is_written_as_the_page_says(row: list[str]) -> None:
    kind, text, in_json, in_parquet = row[:4]
    fields = [field("id", ValueKind.INTEGER), field("c", ValueKind(kind))]
    columns = [pa.array(["1", "2"]), pa.array([text, None])]
    batch = pa.RecordBatch.from_arrays(columns, schema=text_schema(fields))
    for name in ("csv", "xml"):
        _, cells = READ[name](write(name, fields, batch))
        assert cells == [["1", text], ["2", None]]
    lines = write("ndjson", fields, batch).data.decode().split("\n")
    assert lines == [f'{{"id":1,"c":{in_json}}}', f'{{"id":2,"c":{MISSING[2]}}}', ""]
    assert write("csv", fields, batch).data.decode().endswith(f"\r\n2,{MISSING[1]}\r\n")
    schema = pq.read_schema(io.BytesIO(write("parquet", fields, batch).data))
    assert str(schema.field("c").type) == in_parquet


TEXT = (Path(__file__).parents[3] / "docs" / "datamap" / "sources.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in row.split("|")] for row in re.findall(r"^\|(.+)\|$", TEXT, re.MULTILINE)]
SQL = re.findall(r"[^\n;]+;", "".join(re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)))


def allowed(kind: str) -> set[str]:
    """Options that an adapter takes, as its own error lists them."""
    with pytest.raises(ConfigurationError, match="`nosuch`, which its kind does not know") as caught:
        open_source("w", kind, {"nosuch": 1})
    (listed,) = re.findall(r"choose from ([a-z_, ]+);", str(caught.value))
    return set(listed.split(", "))


LIMITS = {"statement_timeout", "lock_timeout", "cell_limit", "bytes_limit", "sessions", "threads", "memory"}


def named(cell: str) -> set[str]:
    return set(re.findall(r"`([a-z_]+)`", cell))


@pytest.mark.parametrize("kind", sorted(SOURCES))
def test_options(kind: str) -> None:
    (own,) = [row for row in ROWS if row[0] == f"`{kind}`" and len(row) == 4]
    limits: set[str] = set()
    for row in ROWS:
        if len(row) == 4 and named(row[0]) <= LIMITS:
            everywhere = "every kind" in row[2] or named(row[0]) == {"sessions"}  # all take the word
            limits |= named(row[0]) if kind in named(row[2]) or everywhere else set()
    assert (named(own[3]) - {"public"}) | limits == allowed(kind)


def test_kinds() -> None:
    (guarantees,) = [row for row in ROWS if len(row) == 7 and "`postgres`" in row]
    assert set().union(*map(named, guarantees)) == set(SOURCES)


def test_defaults() -> None:
    assert f"| `cell_limit` | `{cell_limit(Opening('w')) >> 20}` (MB)" in TEXT


@pytest.mark.parametrize(("id_", "value"), re.findall(r"^AIRFLOW_CONN_(\w+)='(.+)'$", TEXT, re.MULTILINE))
def test_connections(id_: str, value: str) -> None:
    found = from_environment(id_, {f"AIRFLOW_CONN_{id_}": value})
    assert (found.password == "p@ss" and found.database) or found.extra["key"]


@pytest.fixture
def granted_postgres(postgres_server: pg.Server) -> Iterator[pg.Database]:
    database = postgres_server.create()
    database.execute("CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)")
    with psycopg.connect(database.libpq) as connection:
        name = connection.info.dbname
    database.execute(
        *(s.replace("DATABASE shop", f"DATABASE {name}") for s in SQL if "till" not in s and "USER" not in s)
    )
    yield database
    database.execute("DROP OWNED BY afschrift", "DROP ROLE afschrift")
    postgres_server.drop(database)


def test_the_account_on_postgres_can_read_and_nothing_more(granted_postgres: pg.Database) -> None:
    uri = granted_postgres.libpq.replace("postgres:@", "afschrift:@")
    with open_source("w", "postgres", {}, connection="w", connect=at(uri)) as session:
        assert session.dialect.keys == "afschrift_key"
        session.bind([Key("a", "1")], "2026-01-01T00:00:00Z")
        assert forms(session, "t") == [{"a": "1"}]
    with psycopg.connect(uri) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("DELETE FROM t")


def test_the_account_on_mariadb(mariadb_server: mariadb.Server) -> None:
    database = mariadb_server.create()
    database.execute("CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)")
    database.execute(*(s.replace("till.*", f"{database.name}.*") for s in SQL if "till" in s or "USER" in s))
    try:
        connect = at(database.uri("afschrift"))
        with open_source("w", "mysql", {}, connection="w", connect=connect) as session:
            assert session.dialect.keys == "afschrift_key"
            assert forms(session, "t") == [{"a": "1"}]
    finally:
        database.execute("DROP USER afschrift")
        mariadb_server.drop(database)
