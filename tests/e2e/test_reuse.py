"""Another party loads a bundle into its own schema, with the example that knows nothing of the product."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import duckdb
import psycopg
import pytest
import sqlalchemy as sa
from demo.people import AWKWARD, HEAVY
from testbed import postgres, small
from testbed.running import installation, run, store
from tests.e2e.office import Office
from tests.e2e.opened import Opened

EXAMPLE = Path(__file__).parents[2] / "examples" / "reuse"
KEYS = {"customer_id": str(HEAVY.number)}


def load(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-c", _RUN, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


_RUN = f"""
import runpy, sys
sys.path.insert(0, {str(EXAMPLE)!r})
sys.modules["afschrift"] = None  # an import of it fails
sys.argv[0] = "load.py"
runpy.run_path({str(EXAMPLE / "load.py")!r}, run_name="__main__")
"""


@pytest.fixture(scope="module")
def bundle(office: Office) -> Path:
    return office.bundle("portability", KEYS)


@pytest.fixture(scope="module")
def database(bundle: Path, postgres_server: postgres.Server) -> postgres.Database:
    """A PostgreSQL with the person's data in the schema `theirs`."""
    made = postgres_server.create()
    done = load(bundle, made.url, "--schema", "theirs", "--map", EXAMPLE / "sports_club.toml")
    assert done.returncode == 0, done.stderr
    return made


def ask(database: postgres.Database, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database.libpq) as connection:
        connection.execute("SET search_path TO theirs; SET TimeZone TO 'UTC'")
        return connection.execute(statement).fetchall()  # type: ignore[call-overload, no-any-return]


ME = HEAVY.number
SAME = {
    "SELECT order_id, total, currency, CAST(delivery_date AS VARCHAR), is_gift FROM {orders}": (
        f"WHERE customer_id = {ME}",
        "shop_orders",
    ),
    "SELECT message_id, reply_to, body FROM {message}": (
        f"WHERE {ME} IN (sender_id, recipient_id)",
        "shop_message",
    ),
    "SELECT query, CAST(EXTRACT(EPOCH FROM searched_at) AS DECIMAL(20, 6)) FROM {search_history}": (
        f"WHERE customer_id = {ME}",
        "shop_search_history",
    ),
    "SELECT file_name, content FROM {upload}": (f"WHERE customer_id = {ME}", "shop_upload"),
}


@pytest.mark.parametrize("statement", SAME)
def test_values_are_those_of_the_warehouse(
    statement: str, database: postgres.Database, by_hand: duckdb.DuckDBPyConnection
) -> None:
    where, theirs = SAME[statement]
    table = re.search(r"\{(\w+)\}", statement)
    assert table
    ours = by_hand.execute(statement.format(**{table[1]: f"{table[1]} {where}"})).fetchall()
    found = ask(database, statement.format(**{table[1]: theirs}))
    assert sorted(found, key=repr) == sorted(ours, key=repr)
    assert ours


def test_rows_two_tables_away_are_found_by_the_keys(
    database: postgres.Database, by_hand: duckdb.DuckDBPyConnection
) -> None:
    sums = """SELECT count(*), sum(l.quantity), sum(l.unit_price), count(r.reason)
      FROM {0}order_line l JOIN {0}orders o ON o.order_id = l.order_id
      LEFT JOIN {0}return_line r ON r.order_id = l.order_id AND r.line_no = l.line_no"""
    ours = by_hand.execute(sums.format("") + f" WHERE o.customer_id = {ME}").fetchall()
    assert ask(database, sums.format("shop_")) == ours


def test_foreign_keys_are_enforced(database: postgres.Database) -> None:
    keys = ask(
        database,
        """SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
           WHERE contype = 'f' AND connamespace = 'theirs'::regnamespace""",
    )
    assert {
        ("shop_order_line", "shop_orders"),
        ("shop_return_line", "shop_order_line"),
        ("shop_orders", "shop_address"),
        ("shop_message", "shop_message"),
        ("shop_review_file", "shop_review"),
        ("shop_ticket_message", "shop_ticket"),
    } <= set(keys)
    with psycopg.connect(database.libpq) as connection:
        connection.execute("UPDATE theirs.shop_order_line SET order_id = order_id + 1000000000")
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            connection.commit()


def test_uploaded_files_come_along_in_their_bytes(database: postgres.Database, demo_warehouse: Path) -> None:
    found = ask(
        database,
        """SELECT f.path, u.name, u.content FROM uploaded_file u
           JOIN (SELECT *, row_number() OVER (ORDER BY uploaded_at) FROM shop_review_file) f
             ON f.file_name = u.name
           WHERE u.table_name = 'shop_review_file'""",
    )
    assert len(found) == 6
    for path, _, content in found:
        assert content == (demo_warehouse / "uploads" / str(path)).read_bytes()


def test_their_own_tables_are_filled_by_what_columns_mean(
    database: postgres.Database, by_hand: duckdb.DuckDBPyConnection
) -> None:
    assert (
        ask(database, "SELECT email, given_name, CAST(born_on AS VARCHAR) FROM member")
        == by_hand.execute(
            f"SELECT email, first_name, CAST(date_of_birth AS VARCHAR) FROM customer WHERE customer_id = {ME}"
        ).fetchall()
    )
    pulse = "SELECT count(*), min({0}), max({0}), sum({0}) FROM {1}"
    ours = by_hand.execute(
        pulse.format("bpm", "app.heart_rate") + " WHERE device_id = 'watch-heavy-01'"
    ).fetchone()
    assert ask(database, pulse.format("beats_a_minute", "pulse")) == [ours]


def test_json_from_a_folder_gives_the_same_as_csv_from_the_zip(bundle: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(bundle).extractall(tmp_path / "unpacked")
    found = []
    for name, path, format_ in (("csv", bundle, "csv"), ("json", tmp_path / "unpacked", "json")):
        url = f"sqlite:///{tmp_path / name}.db"
        done = load(path, url, "--format", format_)
        assert done.returncode == 0, done.stderr
        with sa.create_engine(url).connect() as connection:
            tables = sorted(sa.inspect(connection).get_table_names())
            rows = {t: connection.execute(sa.text(f"SELECT * FROM {t}")).fetchall() for t in tables}
            assert connection.execute(sa.text("PRAGMA foreign_key_check")).fetchall() == []
        found.append(rows)
    assert found[0] == found[1]
    assert len(found[0]) > 25


@pytest.mark.nightly
def test_a_person_with_every_awkward_value_can_be_loaded(office: Office, tmp_path: Path) -> None:
    bundle = office.bundle("portability", {"customer_id": str(AWKWARD.number)})
    done = load(bundle, f"sqlite:///{tmp_path / 'awkward.db'}")
    assert done.returncode == 0, done.stderr
    assert "shop_address.valid_until: some values fit no DATE" in done.stderr


def test_a_file_that_was_changed_is_not_loaded(bundle: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(bundle).extractall(tmp_path)
    (orders,) = tmp_path.rglob("orders.csv")
    orders.write_bytes(orders.read_bytes().replace(b"EUR", b"USD", 1))
    done = load(tmp_path, f"sqlite:///{tmp_path / 'changed.db'}")
    assert done.returncode == 1
    assert "shop/orders.csv is not the file that the package describes" in done.stderr


NOTE = """
  note:
    subject: {customer_id: customer_id}
    key: [note_id]
    purposes: [account]
    columns: {note_id: {origin: assigned}, customer_id: {origin: assigned}, about: {origin: provided}}
"""


def test_a_key_that_the_database_alone_declares_is_in_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = small.write_database(tmp_path / small.FILE)
    columns = "note_id INTEGER, customer_id INTEGER, about INTEGER REFERENCES orders (order_id)"
    small.execute(shop, f"CREATE TABLE note ({columns}); INSERT INTO note VALUES (1, 1, 10)")
    monkeypatch.setenv("MINI_SHOP", str(shop))
    services = installation(tmp_path / "home", small.write_inventory(tmp_path / "map", small.SHOP + NOTE))
    found = Opened(run(services, store(services, {"customer_id": "1"}, "access")))
    [note] = [r for r in found.package["resources"] if r["path"] == "shop/note.csv"]
    keys = {(*key["fields"], key["reference"]["resource"]) for key in note["schema"]["foreignKeys"]}
    assert ("about", "shop.orders.csv") in keys
