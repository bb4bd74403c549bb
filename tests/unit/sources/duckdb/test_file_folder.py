"""A folder of CSV files and JSON lines: every row and value as written, or an error with file, line and option."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.domain.errors import AfschriftError, ConfigurationError, RetriableError
from afschrift.sources.registry import open_source

Rows = list[dict[str, str | None]]


def written(folder: Path, files: dict[str, bytes | str]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def rows(folder: Path, table: str, **options: Any) -> Rows:
    with open_source("w", "files", {"root": str(folder), **options}) as session:
        columns = list(session.catalogue()[table])
        relation = session.dialect.relation(table)
        batches = session.stream(f"SELECT\n  *\nFROM {relation} AS t\n")
        return [dict(zip(columns, row.values(), strict=True)) for b in batches for row in b.to_pylist()]


@pytest.mark.parametrize(
    ("files", "options", "expected"),
    [
        ({"t.csv": "id,b\r\n007,\r\n1,\"\"\r\n"}, {}, [{"id": "007", "b": None}, {"id": "1", "b": ""}]),
        ({"t.csv": b"\xef\xbb\xbfid,b\n1, x \n"}, {}, [{"id": "1", "b": " x "}]),
        ({"t.tsv": "id\tb\n1\t2,5\n"}, {}, [{"id": "1", "b": "2,5"}]),
        ({"t.csv": "id;b\n1;'x;y'\n"}, {"delimiter": ";", "quote": "'"}, [{"id": "1", "b": "x;y"}]),
        ({"t.csv": "id,b\n1,€\n".encode("cp1252")}, {"encoding": "windows-1252"}, [{"id": "1", "b": "€"}]),
        ({"t.csv": "id,b\n1,€\n".encode("utf-16")}, {"encoding": "utf-16"}, [{"id": "1", "b": "€"}]),
        ({"t.csv": "1,x\n"}, {"header": "false"}, [{"column_1": "1", "column_2": "x"}]),
        ({"t.csv": "Visit,,\nday,2,\n1,x,y\n"}, {"tables": {"t": {"header": 2}}}, None),
        ({"t.csv": "Visit,\nday,by\n1,x\n"}, {"header": 2}, [{"Visit day": "1", "by": "x"}]),
        ({"t.csv": "id,b\n"}, {}, []),
        ({"t.csv.gz": gzip.compress(b"id,b\n1,2\n")}, {}, [{"id": "1", "b": "2"}]),
        (
            {"t/a.csv": "id,b\n1,2\n", "t/b/c.csv": "id,c\n3,4\n"},
            {},
            [{"id": "1", "b": "2", "c": None}, {"id": "3", "b": None, "c": "4"}],
        ),
        (
            {"t.jsonl": '{"a": 1.10, "b": {"c": [1e400, "\\u0001x"]}}\n\n{"z": "1", "a": null, "b": false}\n'},
            {},
            [{"a": "1.10", "z": None, "b": '{"c":[1e400,"\\u0001x"]}'}, {"a": None, "z": "1", "b": "false"}],
        ),
    ],
)  # fmt: skip
def test_rows_as_written(
    tmp_path: Path, files: dict[str, bytes | str], options: dict[str, Any], expected: Rows | None
) -> None:
    folder = written(tmp_path, files)
    if expected is None:
        with pytest.raises(ConfigurationError, match="without a name"):
            rows(folder, "t", **options)
        return
    assert rows(folder, "t", **options) == expected


LINE = "Table w.t cannot be read: line {} of {} "


@pytest.mark.parametrize(
    ("files", "options", "place", "way"),
    [
        ({"t.csv": "1,secret@x.org\n"}, {}, LINE.format(1, "t.csv"), "`header`"),
        ({"t.csv": "2024-01-01,secret\n"}, {}, LINE.format(1, "t.csv"), "`header`"),
        ({"t.csv": "secret,,b\nid,x,y\n1,2,3\n"}, {}, LINE.format(1, "t.csv"), "`header`"),
        ({"t.csv": "secret\nid,x,y\n1,2,3\n"}, {}, LINE.format(2, "t.csv"), "`header`"),
        ({"t.csv": "id,ID\n1,secret\n"}, {}, LINE.format(1, "t.csv"), "`header`"),
        ({"t.csv": "id;b\n1;secret\n"}, {}, LINE.format(1, "t.csv"), '`delimiter: ";"`'),
        ({"t.csv": "id,b\n1,2\nsecret\n"}, {}, LINE.format(3, "t.csv"), "`delimiter`"),
        ({"t.csv": "id,b\n1,2\n3,4,secret\n"}, {}, LINE.format(3, "t.csv"), "`delimiter`"),
        ({"t.csv": 'id,b\n1,"secret\n'}, {}, LINE.format(2, "t.csv"), "`quote`"),
        ({"t.csv": b"id,b\n1,secret\xe9\n"}, {}, LINE.format(2, "t.csv"), "`encoding`"),
        (
            {"t.csv": b"id,b\n" + b"1,2\n" * 5000 + b"\xe9,secret"},
            {},
            LINE.format(5002, "t.csv"),
            "`encoding`",
        ),
        ({"t.csv": b"id,b\n\x81,secret\n"}, {"encoding": "cp1252"}, LINE.format(2, "t.csv"), "`encoding`"),
        ({"t.csv": b"id,b\n1,secret\r2,y\r\n"}, {}, "a line of t.csv mixes ends of lines", "`quote`"),
        ({"t.csv": ""}, {}, r"t.csv \(empty\)", "completely"),
        ({"t/a.csv": "id\n1\n", "t/b.txt": "x"}, {}, r"b.txt \(of another format\)", "`ignore`"),
        ({"t.csv": "id\n1\n", "t.jsonl": '{"a": 1}'}, {}, "t.csv|t.jsonl", "rename"),
        ({"t.csv": "id\n1\n", "t/a.csv": "id\n1\n"}, {}, "name t", "one folder"),
        ({"t.jsonl": '{"a": 1}\n{"a": secret\n'}, {}, LINE.format(2, "t.jsonl"), "an object in each line"),
        ({"t.jsonl": '{"a": 1}\n{"a": 1, "a": 2}\n'}, {}, LINE.format(2, "t.jsonl"), "an object"),
        ({"t.json": '[{"a": 1},\n{"a": 2}]\n'}, {}, LINE.format(1, "t.json"), "without a list"),
        ({"t.json": '{"a": 1}\n["secret"]\n'}, {}, LINE.format(2, "t.json"), "an object"),
        ({"t.json": b'{"a": 1}\n{"a": "\xe9"}\n'}, {}, LINE.format(2, "t.json"), "`encoding`"),
        ({"t.json": '{"a": 1}\n{"A": 2}\n'}, {}, LINE.format(1, "t.json"), "an object"),
        ({"t.csv": "a"}, {"header": "x"}, "option `header`", "`true`, `false`"),
        ({"t.csv": "a"}, {"delimiter": []}, "option `delimiter`", "a sign"),
        ({"t.csv": "a"}, {"encoding": "utf-99"}, "option `encoding`", "windows-1252"),
        ({"t.csv": "a"}, {"tables": {"t": {"heder": 1}}}, "option `tables`", "header"),
        ({"some.csv": "a"}, {"tables": {"sone": {}}}, "no table sone", "did you mean `some`"),
    ],
)
def test_what_cannot_be_read_is_named_with_the_way_out(
    tmp_path: Path, files: dict[str, bytes | str], options: dict[str, Any], place: str, way: str
) -> None:
    with pytest.raises(ConfigurationError, match=place) as caught:
        rows(written(tmp_path, files), "t", **options)
    assert way in caught.value.remedy
    assert "secret" not in str(caught.value)


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    written(tmp_path, {"t.csv": "id\n1\n"})
    with pytest.raises(ConfigurationError, match="its `root` is a file"):
        rows(tmp_path / "t.csv", "t")


def test_a_fault_in_a_file_stops_no_other_table(tmp_path: Path) -> None:
    folder = written(tmp_path, {"t.csv": "", "u.csv": "id\n1\n", "notes.txt": "x"})
    assert rows(folder, "u") == [{"id": "1"}]
    with pytest.raises(AfschriftError, match=r"notes\.txt"):
        rows(folder, "notes.txt")


def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    folder = written(tmp_path, {"t.csv": "id\n1\n"})
    with open_source("w", "files", {"root": str(folder)}) as session:
        written(folder, {"t.csv": "id\n1\n2\n"})
        with pytest.raises(RetriableError, match="replaced"):
            list(session.stream('SELECT\n  *\nFROM "t" AS t\n'))


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)


@given(table=st.lists(st.tuples(CELLS, CELLS), max_size=5))
def test_two_readers_agree_on_any_text(tmp_path_factory: pytest.TempPathFactory, table: list[Any]) -> None:
    """What Python's csv and json modules write is read back, every digit and sign of it."""
    folder = tmp_path_factory.mktemp("texts")
    with (folder / "c.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([("a", "b"), *table])
    lines = "".join(
        json.dumps({"a": a, "b": b}, ensure_ascii=len(a) % 2 == 0) + "\n" for a, b in [("x", "y"), *table]
    )
    (folder / "j.jsonl").write_text(lines, encoding="utf-8", newline="")
    expected = [{"a": a, "b": b} for a, b in table]
    assert rows(folder, "c") == expected
    assert rows(folder, "j")[1:] == expected
