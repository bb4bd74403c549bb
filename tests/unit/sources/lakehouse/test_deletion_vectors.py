"""Deletion vectors of Delta Lake: the same rows by every form of its log, and errors by name."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake
from testbed import sail

from afschrift.domain.errors import ConfigurationError
from afschrift.sources.delta import deletion_vectors
from afschrift.sources.registry import open_source

MANY = 600
"""More local files with vectors than deltalake 1.6 reads: it waits for ever."""

_Z85 = bytes.maketrans(deletion_vectors.BASE85, deletion_vectors.Z85)


@pytest.fixture(scope="module")
def spark() -> Iterator[Callable[[str], Any]]:
    with sail.spark() as run:
        yield run


def written(lake: Path, files: int, run: Callable[[str], Any]) -> Path:
    """Files of three rows: the second row of each is deleted, then the third one of the first, at version 2."""
    rows = pa.table(
        {"id": pa.array(range(files * 3), pa.int64()), "part": [i // 3 for i in range(files * 3)]}
    )
    vectors = {"delta.enableDeletionVectors": "true"}
    write_deltalake(str(lake / "t"), rows, partition_by=["part"], configuration=vectors)
    for condition in ("id % 3 = 1", "id = 2"):
        run(f"DELETE FROM delta.`{lake / 't'}` WHERE {condition}")
    return lake / "t" / "_delta_log"


def left(files: int) -> list[tuple[int]]:
    return [(row,) for row in range(files * 3) if row % 3 != 1 and row != 2]


def rows(lake: Path) -> list[Any]:
    with open_source("w", "delta", {"root": str(lake)}) as session:
        return sorted(session.rows('SELECT t.id FROM "t" AS t'))


def checkpoint(log: Path, version: int = 1) -> Path:
    """The log without the commits before a checkpoint."""
    DeltaTable(str(log.parent), version).create_checkpoint()
    for number in range(version + 1):
        (log / f"{number:020}.json").unlink()
    return log / f"{version:020}.checkpoint.parquet"


def in_parts(log: Path) -> None:
    whole = checkpoint(log)
    content = pq.read_table(whole)
    for number, half in enumerate((content.slice(0, 3), content.slice(3)), 1):
        pq.write_table(half, log / f"{1:020}.checkpoint.{number:010}.{2:010}.parquet")
    (log / "_last_checkpoint").unlink()
    whole.unlink()


def lacks_a_part(log: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), log / f"{2:020}.checkpoint.{1:010}.{2:010}.parquet")


def with_sidecars(log: Path) -> None:
    """A checkpoint of the second form, as JSON."""
    whole = checkpoint(log)
    content = pq.read_table(whole)
    adds = content.filter(content.column("add").is_valid()).select(["add"])
    (log / "_sidecars").mkdir()
    pq.write_table(adds, log / "_sidecars" / "a b.parquet")
    rest = [{k: v for k, v in row.items() if v} for row in content.drop_columns(["add"]).to_pylist()]
    for row in rest:
        for of in row.values():
            of |= {name: dict(pairs) for name, pairs in of.items() if name in ("configuration", "options")}
            if "format" in of:
                of["format"] = {"provider": "parquet", "options": {}}
            if "readerFeatures" in of:
                of["readerFeatures"].append("v2Checkpoint")
                of["writerFeatures"].append("v2Checkpoint")
    size = (log / "_sidecars" / "a b.parquet").stat().st_size
    rest.append({"sidecar": {"path": "a%20b.parquet", "sizeInBytes": size, "modificationTime": 0}})
    rest.append({"checkpointMetadata": {"version": 1}})
    name = f"{1:020}.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json"
    (log / name).write_text("\n".join(map(json.dumps, rest)))
    (log / "_last_checkpoint").unlink()
    whole.unlink()


def each_vector(log: Path, change: Callable[[dict[str, Any], bytes], object]) -> None:
    """Change the vectors of the last commit."""
    commit = log / f"{2:020}.json"
    actions = [json.loads(line) for line in commit.read_text().splitlines()]
    for action in actions:
        if vector := action.get("add", {}).get("deletionVector"):
            (file,) = (f for f in log.parent.rglob("*.bin") if vector["pathOrInlineDv"][:2] == f.parent.name)
            start = vector["offset"] + 4
            change(vector, file.read_bytes()[start : start + vector["sizeInBytes"]])
    commit.write_text("\n".join(map(json.dumps, actions)))


def inline(vector: dict[str, Any], content: bytes) -> None:
    text = base64.b85encode(content, pad=True).translate(_Z85).decode()
    del vector["offset"]
    vector |= {"storageType": "i", "pathOrInlineDv": text}


FORMS: dict[str, tuple[int, Callable[[Path], object]]] = {
    "many files": (MANY, lambda _: None),
    "a checkpoint": (4, checkpoint),
    "a checkpoint in parts": (4, in_parts),
    "a part of a checkpoint": (4, lacks_a_part),
    "a checkpoint with sidecars": (4, with_sidecars),
    "vectors in the log": (4, lambda log: each_vector(log, inline)),
}


@pytest.mark.parametrize("form", FORMS)
def test_deleted_rows_stay_away_by_every_form_of_a_log(
    form: str, tmp_path: Path, spark: Callable[[str], Any]
) -> None:
    files, change = FORMS[form]
    change(written(tmp_path, files, spark))
    odd = tmp_path / "a#b?c d"
    odd.mkdir()
    (tmp_path / "t").rename(odd / "t")
    assert rows(odd) == left(files)


def spoil(log: Path, at: int) -> None:
    for file in log.parent.rglob("*.bin"):
        content = bytearray(file.read_bytes())
        content[at] ^= 1
        file.write_bytes(content)


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a byte": (lambda log: spoil(log, -6), "its checksum differs"),
    "a file cut off": (
        lambda log: [f.write_bytes(f.read_bytes()[:-1]) for f in log.parent.rglob("*.bin")],
        "its checksum differs",
    ),
    "another form": (
        lambda log: each_vector(log, lambda of, content: inline(of, b"\0\1\2\3" + content[4:])),
        "its form is not known",
    ),
    "another number": (
        lambda log: each_vector(log, lambda of, _: of.update(cardinality=7)),
        "it has other rows than the log says",
    ),
    "another table's file": (
        lambda log: each_vector(log, lambda of, _: of.update(storageType="p", pathOrInlineDv="s3://b/c")),
        "outside the table's folder",
    ),
    "another log": (
        lambda log: (log / f"{3:020}.json").write_text('{"add": {"path": "other"}}'),
        "its log lacks a file",
    ),
    "no commit": (lambda log: (log / f"{0:020}.json").unlink(), "was removed"),
    "no file": (lambda log: [f.unlink() for f in log.parent.rglob("*.bin")], "was removed"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_vector_that_is_not_the_one_of_the_log_is_refused(
    fault: str, tmp_path: Path, spark: Callable[[str], Any]
) -> None:
    change, expected = FAULTS[fault]
    log = written(tmp_path, 2, spark)
    write_deltalake(str(log.parent), pa.table({"id": [9], "part": [9]}), mode="append")
    with open_source("w", "delta", {"root": str(tmp_path)}) as session:
        assert session.catalogue()["t"]
        change(log)
        with pytest.raises(ConfigurationError, match=expected):
            session.rows('SELECT t.id FROM "t" AS t')
