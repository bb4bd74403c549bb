"""Which files of a lake are read, which are passed over, and which stop the table."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.data import document
from tests.unit.sources.reading import forms, laid, lake_of
from upath import UPath

from afschrift.domain.errors import AfschriftError, ConfigurationError, RetriableError, UnreadFilesError
from afschrift.domain.sources import Source
from afschrift.sources.registry import open_source


def write(path: Path, *values: int) -> Path:
    return laid(path, a=list(values))


def refusal(session: Source, table: str = "t") -> str:
    with pytest.raises(UnreadFilesError) as caught:
        dict(session.catalogue()[table])
    return str(caught.value)


def values(session: Source, table: str = "t") -> list[int]:
    return sorted(int(row["a"]) for row in forms(session, table, ["a"]))


def elsewhere(path: Path) -> Path:
    return write(path.parents[2] / "elsewhere" / "9.parquet", 9)


@pytest.mark.parametrize(
    "case", document(str(Path(__file__).parent), "lakes.json"), ids=lambda case: case["case"]
)
def test_which_files_of_a_lake_are_read(tmp_path: Path, case: dict[str, Any]) -> None:
    """Files of numbers hold a table, and those of text do not; `ignored` are patterns of the map."""
    for name, content in case["files"].items():
        path = write(tmp_path / name, *content) if isinstance(content, list) else tmp_path / name
        if isinstance(content, str):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
    read, refused = case.get("values", {}), case.get("refused", {})
    with lake_of(tmp_path, *case.get("ignored", ())) as session:
        assert set(session.catalogue()) == {*read, *refused}
        for table, rows in read.items():
            assert values(session, table) == rows
            assert session.described().rows[table] == len(rows)
            [reading] = session.estimate(f'SELECT t.a\nFROM "{table}" AS t\n').readings
            assert reading.files == len(rows)
        for table, words in refused.items():
            with pytest.raises(ConfigurationError) as error:
                dict(session.catalogue()[table])
            assert words in str(error.value)
        assert session.structure().ignored.get("t", 0) == (
            len(case["files"]) - len(read["t"]) if case.get("ignored") and read else 0
        )


UNREAD: dict[str, tuple[str, str, Callable[[Path], object]]] = {
    "cut off": ("2.parquet", "cut off", lambda path: path.write_bytes(write(path, 9).read_bytes()[:-1])),
    "a link": ("2.parquet", "a link", lambda path: path.symlink_to(elsewhere(path))),
    "a link to a folder": ("more", "a link", lambda path: path.symlink_to(elsewhere(path).parent)),
    "a pipe": ("2.parquet", "no plain file", os.mkfifo),
}  # fmt: skip


@pytest.mark.parametrize("kind", UNREAD)
def test_any_other_file_stops_its_table_until_the_map_names_it(tmp_path: Path, kind: str) -> None:
    write(tmp_path / "t/day=1/1.parquet", 1)
    write(tmp_path / "u/1.parquet", 3)
    name, why, make = UNREAD[kind]
    path = tmp_path / "t/day=1" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    make(path)
    with lake_of(tmp_path) as session:
        message = refusal(session)
        assert values(session, "u") == [3]
    assert f"day=*/{name} ({why}" in message
    assert "`ignore`" in message
    with lake_of(tmp_path, f"day=1/{name}") as session:
        assert values(session) == [1]
        assert session.structure().ignored == {"t": 1}


@pytest.mark.parametrize("name", ["_metadata", "_common_metadata"])
def test_a_summary_is_passed_over_where_it_holds_no_rows(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "t/1.parquet", 1)
    found: list[pq.FileMetaData] = []
    pq.write_table(pq.read_table(path), tmp_path / "t/2.parquet", metadata_collector=found)
    found[0].set_file_path("2.parquet")
    pq.write_metadata(pa.schema({"a": pa.int64()}), tmp_path / "t" / name, found)
    with lake_of(tmp_path) as session:
        assert values(session) == [1, 1]
    write(tmp_path / "t" / name, 2)
    with lake_of(tmp_path) as session:
        assert f"{name} (hidden)" in refusal(session)


def test_names_that_cannot_be_passed_on_stop_the_table(tmp_path: Path) -> None:
    write(tmp_path / "t/1.parquet", 1)
    write(tmp_path / "t/a\\b=1/2.parquet", 2)
    shutil.copy(tmp_path / "t/1.parquet", os.fsencode(tmp_path / "t") + b"/\xff\x1b[1m.parquet")
    with lake_of(tmp_path) as session:
        message = refusal(session)
    assert "holds 2 files that are not read" in message
    assert "\x1b" not in message
    assert message.encode()


def test_a_file_that_comes_later_belongs_to_the_next_session(tmp_path: Path) -> None:
    write(tmp_path / "t/1.parquet", 1)
    with open_source("w", "parquet", {"root": str(tmp_path)}) as session:
        write(tmp_path / "t/2.parquet", 2)
        (tmp_path / "t/3.parquet").write_bytes(b"PAR1 so far")
        assert values(session) == [1]
    with lake_of(tmp_path) as session:
        assert "3.parquet (cut off or still being written)" in refusal(session)


@pytest.mark.parametrize("change", ["replaced", "written over", "removed"])
def test_a_file_that_is_replaced_while_it_is_read_fails_the_step(tmp_path: Path, change: str) -> None:
    first = write(tmp_path / "t/1.parquet", 1, 2)
    with open_source("w", "parquet", {"root": str(tmp_path)}) as session:
        stream = session.stream('SELECT t.a\nFROM "t" AS t\n')
        next(stream)
        if change == "removed":
            first.unlink()
        elif change == "replaced":
            write(tmp_path / "new", 3).replace(first)
        else:
            write(first, 4)
        with pytest.raises(RetriableError, match=r"A file of w\.t was replaced or removed"):
            list(stream)


def test_a_store_is_listed_anew_for_each_session() -> None:
    root = UPath(f"memory://again-{os.getpid()}")
    for number, name in enumerate(("1.parquet", "part-00001", "x[1]")):
        with (root / "t" / name).open("wb") as file:
            pq.write_table(pa.table({"a": [number]}), file)
        with lake_of(root) as session:
            assert values(session) == list(range(number + 1))
    with (root / "t/notes.txt").open("wb") as file:
        file.write(b"x" * 100_000)
    with lake_of(root) as session:
        assert "notes.txt (of another format)" in refusal(session)


SIGNS = st.characters(codec="utf-8", exclude_characters="/\\\0", exclude_categories=["Cs"])
FILES = st.lists(
    st.tuples(
        st.lists(st.sampled_from(["d", "year=2024", "x.parquet", "_day=1"]), max_size=2),
        st.text(SIGNS, min_size=1, max_size=12).filter(lambda name: name not in (".", "..")),
        st.sampled_from(["table", "table", "cut", "text", "nothing"]),
    ),
    min_size=1,
    max_size=6,
)


@given(FILES)
def test_all_rows_of_a_folder_are_read_or_the_table_stops(
    tmp_path_factory: pytest.TempPathFactory, files: list[tuple[list[str], str, str]]
) -> None:
    """Held against pyarrow, which is given each file that begins and ends as Parquet does."""
    root = tmp_path_factory.mktemp("lake")
    made = 0
    for folders, name, content in files:
        path = root.joinpath("t", *folders, name)
        if len(os.fsencode(name)) > 200 or path.exists() or any(above.is_file() for above in path.parents):
            continue
        whole = write(path, made).read_bytes()
        path.write_bytes({"table": whole, "cut": whole[:-2], "text": b"a" * 30, "nothing": b""}[content])
        made += 1
    paths = [path for path in (root / "t").rglob("*") if path.is_file()]
    bytes_of = {path: path.read_bytes() for path in paths}
    parquet = [path for path, data in bytes_of.items() if data[:4] == data[-4:] == b"PAR1"]
    expected = sorted(value for path in parquet for value in pq.read_table(path.open("rb"))["a"].to_pylist())
    with lake_of(root) as session:
        try:
            found = values(session)
        except AfschriftError as error:
            hidden = any(part[0] in "._" and "=" not in part for path in paths for part in path.parts[-3:])
            partitions = {tuple(part for part in path.parts if "=" in part) for path in parquet}
            assert hidden or len(parquet) < len(paths) or len(partitions) > 1, error
        else:
            assert found == expected


@pytest.mark.parametrize("root", ["{}", "{}/../lake", "file://{}", "local://{}/", "{}/../link"])
def test_a_folder_of_the_disk_however_its_root_is_written(tmp_path: Path, root: str) -> None:
    for number, name in enumerate(("1.parquet", "x[!b]", "xa")):
        write(tmp_path / "lake/t/day=1" / name, number)
    (tmp_path / "lake/u").symlink_to(tmp_path / "lake/t")
    (tmp_path / "link").symlink_to(tmp_path / "lake")
    with lake_of(root.format(tmp_path / "lake")) as session:
        assert values(session) == values(session, "u") == [0, 1, 2]
        assert session.described().rows == {"t": 3, "u": 3}
