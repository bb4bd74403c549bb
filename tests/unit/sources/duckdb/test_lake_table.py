"""Folders of a lake that hold no table by themselves, and tables whose files differ."""

import os
import shutil
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.sources.reading import forms, laid, lake_of
from upath import UPath

from afschrift.domain.errors import AfschriftError, ConfigurationError
from afschrift.domain.sources import Source
from afschrift.domain.value_kind import ValueKind


def refusal(session: Source, table: str) -> str:
    """What a reader of the catalogue is message of a table; planning and `check --live` read it."""
    with pytest.raises(ConfigurationError) as caught:
        dict(session.catalogue()[table])
    return str(caught.value)


MARKS = {
    "_delta_log/00000000000000000000.json": "Delta Lake",
    "metadata/00001-6f1de0d0.metadata.json": "Iceberg",
    "metadata/v1.gz.metadata.json": "Iceberg",
    ".hoodie/hoodie.properties": "Hudi",
}


@pytest.mark.parametrize(("mark", "kind"), MARKS.items())
def test_a_table_with_a_log_is_refused_and_no_other(tmp_path: Path, mark: str, kind: str) -> None:
    for table in ("orders", "sales/orders", "plain"):
        laid(tmp_path / table / "data/1.parquet", a=pa.array([1]))
        if table != "plain":
            path = tmp_path / table / mark
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("{}")
    with lake_of(tmp_path) as session:
        for table in ("orders", "sales/orders"):
            message = refusal(session, table.split("/")[0])
            assert f"The folder {table} of source w is a table of {kind}" in message
            assert "What to do: export its current rows" in message
        assert forms(session, "plain") == [{"a": "1"}]
    shutil.copytree(tmp_path / "orders", tmp_path, dirs_exist_ok=True)
    message = "the root itself of source w is a table of"
    with pytest.raises(ConfigurationError, match=message), lake_of(tmp_path):
        pass


def test_a_table_with_a_log_in_a_store() -> None:
    root = UPath(f"memory://logged-{os.getpid()}")
    (root / "t/_delta_log").mkdir(parents=True)
    (root / "t/_delta_log/0.json").write_text("{}")
    with lake_of(root) as session:
        assert "The folder t of source w is a table of Delta Lake" in refusal(session, "t")


READ: dict[str, tuple[dict[str, dict[str, pa.Array]], list[dict[str, str | None]]]] = {
    "integers and decimals grow": (
        {
            "1.parquet": {
                "n": pa.array([1], pa.int32()),
                "d": pa.array([Decimal("1.23")], pa.decimal128(5, 2)),
            },
            "2.parquet": {
                "n": pa.array([2**53 + 1]),
                "d": pa.array([Decimal("1.2345")], pa.decimal128(10, 4)),
            },
        },
        [{"n": "1", "d": "1.2300"}, {"n": "9007199254740993", "d": "1.2345"}],
    ),
    "columns come and go and change places": (
        {
            "1.parquet": {"a": pa.array([1]), "old": pa.array(["x"])},
            "2.parquet": {"new": pa.array(["0012"]), "a": pa.array([2])},
            "3.parquet": {"a": pa.array([3]), "new": pa.array([None], pa.null())},
        },
        [
            {"a": "1", "old": "x", "new": None},
            {"a": "2", "old": None, "new": "0012"},
            {"a": "3", "old": None, "new": None},
        ],
    ),
    "lists, structs and maps grow": (
        {
            "1.parquet": {
                "l": pa.array([[1]], pa.list_(pa.int32())),
                "s": pa.array([{"x": 1, "y": "é"}], pa.struct({"x": pa.int8(), "y": pa.string_view()})),
                "m": pa.array(
                    [[("k", [{"x": 1}])]], pa.map_("string", pa.list_(pa.struct({"x": pa.int64()})))
                ),
            },
            "2.parquet": {
                "l": pa.array([[2**60, None]]),
                "s": pa.array([{"z": [1], "y": "u", "x": 2**40}]),
                "m": pa.array(
                    [[("k", [{"x": 2, "w": True}])]],
                    pa.map_("string", pa.list_(pa.struct({"w": pa.bool_(), "x": pa.int64()}))),
                ),
            },
        },
        [
            {"l": "[1]", "s": '{"x":1,"y":"é","z":null}', "m": '{"k":[{"x":1,"w":null}]}'},
            {
                "l": f'["{2**60}",null]',
                "s": f'{{"x":{2**40},"y":"u","z":[1]}}',
                "m": '{"k":[{"x":2,"w":true}]}',
            },
        ],
    ),
    "texts as Arrow views": (
        {"1.parquet": {"t": pa.array(["é"])}, "2.parquet": {"t": pa.array(["x"], pa.string_view())}},
        [{"t": "é"}, {"t": "x"}],
    ),
    "partitions go on with files that differ": (
        {
            "day=2024-01-01/1.parquet": {"a": pa.array([1], pa.int32())},
            "day=2024-01-02/1.parquet": {"a": pa.array([2], pa.int64()), "b": pa.array(["x"])},
        },
        [{"a": "1", "b": None, "day": "2024-01-01"}, {"a": "2", "b": "x", "day": "2024-01-02"}],
    ),
}


@pytest.mark.parametrize("case", READ)
def test_files_that_differ_are_read_as_one_table(tmp_path: Path, case: str) -> None:
    files, rows = READ[case]
    for name, columns in files.items():
        laid(tmp_path / "metadata" / name, **columns)  # a table by that name is one
    with lake_of(tmp_path) as session:
        assert forms(session, "metadata") == rows
        if "day" in rows[0]:
            assert session.rows("SELECT a FROM metadata WHERE day = DATE '2024-01-02'") == [(2,)]


def test_files_that_a_job_is_still_writing_stop_the_table(tmp_path: Path) -> None:
    laid(tmp_path / "t/1.parquet", a=pa.array([1]))
    laid(tmp_path / "t/_temporary/0/task_1/2.parquet", a=pa.array([2]))
    laid(tmp_path / "t/_3.parquet", a=pa.array([3]))
    laid(tmp_path / "t/.spark-staging-1/4.parquet", a=pa.array([4]))
    laid(tmp_path / "u/_day=1/5.parquet", a=pa.array([5]))
    with lake_of(tmp_path) as session:
        assert "holds 3 files that are not read: .spark-staging-1/4.parquet (hidden)" in refusal(session, "t")
        assert forms(session, "u") == [{"a": "5", "_day": "1"}]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (pa.array([2]), pa.array([Decimal("1.2345")])),
        (pa.array([2.5]), pa.array([Decimal("1.2345")])),
        (pa.array([12]), pa.array(["0012"])),
        (pa.array([12]), pa.array([0.5])),
        (pa.array([0.1], pa.float32()), pa.array([0.1], pa.float64())),
        (pa.array([True]), pa.array([2])),
        (pa.array(["é"]), pa.array([b"\xff"])),
        (pa.array([0], pa.date32()), pa.array([0], pa.timestamp("us"))),
        (pa.array([0], pa.timestamp("us")), pa.array([0], pa.timestamp("us", "UTC"))),
        (pa.array([0], pa.timestamp("us")), pa.array([1], pa.timestamp("ns"))),
        (pa.array([[1]]), pa.array([["0012"]])),
        (pa.array([{"x": 1}]), pa.array([{"x": "0012"}])),
        (pa.array([{"x": 1}]), pa.array([{"X": 1}])),
        (pa.array([[1]]), pa.array([[0.5]])),
        (pa.array([[1]]), pa.array([{"x": 1}])),
        (pa.array([Decimal(1)], pa.decimal128(38, 0)), pa.array([Decimal("0.5")], pa.decimal128(38, 20))),
    ],
)
def test_types_that_unite_in_no_exact_type_are_refused(
    tmp_path: Path, first: pa.Array, second: pa.Array
) -> None:
    for table, (former, other) in {"t": (first, second), "turned": (second, first)}.items():
        laid(tmp_path / table / "who=Secret/1.parquet", a=pa.array([1]), Amount=former)
        laid(tmp_path / table / "who=Secret/2.parquet", a=pa.array([1]), Amount=other)
    laid(tmp_path / "u/1.parquet", a=pa.array([1]))
    with lake_of(tmp_path) as session:
        messages = {table: refusal(session, table) for table in ("t", "turned")}
        assert forms(session, "u") == [{"a": "1"}]
    for table, message in messages.items():
        assert f"The files of w.{table} do not agree on column Amount" in message
        assert "in who=*/1.parquet and" in message
        assert "in who=*/2.parquet, and no type" in message
        assert "Secret" not in message


def test_names_that_differ_by_case(tmp_path: Path) -> None:
    laid(tmp_path / "one/1.parquet", Mail=pa.array(["x"]))
    laid(tmp_path / "one/2.parquet", mail=pa.array(["y"]))
    for table, second in (("two", {"a": pa.array([3])}), ("same", {"A": pa.array([3]), "a": pa.array([4])})):
        laid(tmp_path / table / "1.parquet", A=pa.array([1]), a=pa.array([2]))
        laid(tmp_path / table / "2.parquet", **second)
    with lake_of(tmp_path) as session:
        assert forms(session, "one") == [{"Mail": "x"}, {"Mail": "y"}]
        assert "names differ in case only" in refusal(session, "two")
        assert set(session.catalogue()["same"]) == {"A", "a_1"}


DURATIONS = {
    "s": (90, "PT90S"),
    "ms": (-1500, "PT-1.5S"),
    "us": (1, "PT0.000001S"),
    "ns": (-(2**63), "PT-9223372036.854775808S"),
}


@pytest.mark.parametrize("unit", DURATIONS)
def test_a_duration_has_the_unit_that_its_writer_gave(tmp_path: Path, unit: str) -> None:
    number, text = DURATIONS[unit]
    laid(tmp_path / "t/1.parquet", a=pa.array([number, None, 0], pa.duration(unit)))
    with lake_of(tmp_path) as session:
        assert session.catalogue()["t"]["a"].kind is ValueKind.DURATION
        assert [row["a"] for row in forms(session, "t")] == [text, None, "PT0S"]


@pytest.mark.parametrize("second", [pa.array([1], pa.duration("ms")), pa.array([1])])
def test_durations_of_two_units_do_not_go_together(tmp_path: Path, second: pa.Array) -> None:
    """The schemas of such footers do not differ."""
    laid(tmp_path / "t/1.parquet", a=pa.array([1], pa.duration("s")))
    laid(tmp_path / "t/2.parquet", a=second)
    with lake_of(tmp_path) as session:
        assert "do not agree on column a: it is DURATION(s) in 1.parquet" in refusal(session, "t")


def test_timestamps_of_96_bits_keep_their_nanoseconds(tmp_path: Path) -> None:
    (tmp_path / "t/day=2024-01-01").mkdir(parents=True)
    first = pa.table({"a": pa.array([1_700_000_000_123_456_789, None], pa.timestamp("ns")), "n": [1, 2]})
    days = [datetime(9999, 12, 31, 23, 59, 59, 5), datetime(1, 1, 1)]  # noqa: DTZ001 - without a zone
    for number, table in enumerate((first, pa.table({"a": pa.array(days, pa.timestamp("us"))}))):
        where = tmp_path / f"t/day=2024-01-01/{number}.parquet"
        pq.write_table(table, where, use_deprecated_int96_timestamps=True)
    with lake_of(tmp_path) as session:
        assert [row["a"] for row in forms(session, "t")] == [
            "2023-11-14T22:13:20.123456789",
            None,
            "9999-12-31T23:59:59.000005",
            "0001-01-01T00:00:00",
        ]
        instant = session.dialect.instant("t.a", "INT96", "Europe/Amsterdam")
        (found,) = session.rows(f"SELECT CAST(min({instant}) AS VARCHAR) FROM t WHERE n = 1")
        assert found[0].startswith("2023-11-14 21:13:20.12345")


@pytest.mark.parametrize("every_pair", [False, pytest.param(True, marks=pytest.mark.nightly)])
def test_whatever_the_session_does_not_refuse_loses_nothing(tmp_path: Path, every_pair: bool) -> None:
    """Each pair of types is refused, or every value comes as from a table of its file alone."""
    columns = {
        "i8": pa.array([-128], pa.int8()),
        "u8": pa.array([255], pa.uint8()),
        "i64": pa.array([-(2**63)], pa.int64()),
        "u64": pa.array([2**64 - 1], pa.uint64()),
        "f32": pa.array([0.1], pa.float32()),
        "f64": pa.array([0.1], pa.float64()),
        "dec": pa.array([Decimal("12345678.90")], pa.decimal128(10, 2)),
        "dec38": pa.array([Decimal("9" * 38)], pa.decimal128(38, 0)),
        "text": pa.array(["0012"]),
        "code": pa.array(["0012"]).dictionary_encode(),
        "bytes": pa.array([b"\xff"]),
        "yes": pa.array([True]),
        "day": pa.array([1], pa.date32()),
        "ms": pa.array([1], pa.timestamp("ms")),
        "ns": pa.array([1], pa.timestamp("ns")),
        "tz": pa.array([1], pa.timestamp("us", "UTC")),
        "none": pa.array([None], pa.null()),
        "list": pa.array([["0012"]]),
    }
    if not every_pair:
        columns = {name: columns[name] for name in ("i8", "u64", "dec", "f32", "f64", "text", "code", "none")}
    for name, values in columns.items():
        laid(tmp_path / f"{name}/1.parquet", a=values)
        for other, more in columns.items():
            laid(tmp_path / f"{name}-{other}/1.parquet", a=values)
            laid(tmp_path / f"{name}-{other}/2.parquet", a=more)
    united = set()
    with lake_of(tmp_path) as session:
        alone = {name: forms(session, name)[0]["a"] for name in columns if name != "none"} | {"none": None}
        for name in columns:
            for other in columns:
                try:
                    rows = [row["a"] for row in forms(session, f"{name}-{other}")]
                except AfschriftError:
                    continue
                united.add((name, other))
                assert rows == [alone[name], alone[other]], (name, other)
    assert {("i8", "u64"), ("text", "code"), ("none", "dec")} <= united
    assert not {("f32", "f64"), ("i64", "dec"), ("ms", "ns"), ("text", "i8")} & united
