"""The search for the canary finds a leak that is planted, in each place and in each form."""

import base64
import bz2
import gzip
import html
import io
import json
import lzma
import sqlite3
import tarfile
import urllib.parse
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.privacy.canary_search import search

CANARY = "kwikstaart7Q"


def value(canary: str) -> str:
    """As it would be in the warehouse: a canary among signs that each form writes in its own way."""
    return f"Ünal & {canary} + 1\\2"


FORMS: dict[str, Callable[[str], bytes]] = {
    "utf-8": lambda v: v.encode(),
    "lower": lambda v: v.lower().encode(),
    "upper": lambda v: v.upper().encode(),
    "latin-1": lambda v: v.encode("latin-1"),
    "utf-16-le": lambda v: v.encode("utf-16-le"),
    "utf-16-be": lambda v: v.encode("utf-16-be"),
    "base64": lambda v: base64.b64encode(v.encode()),
    "base64, shifted by one": lambda v: base64.b64encode(b"x" + v.encode()),
    "base64, shifted by two": lambda v: base64.b64encode(b"xy" + v.encode() + b"z"),
    "base64 for URLs": lambda v: base64.urlsafe_b64encode(b"\xff\xfe\xfd" + v.encode()),
    "hex": lambda v: v.encode().hex().encode(),
    "HEX": lambda v: v.encode().hex().upper().encode(),
    "url": lambda v: urllib.parse.quote(v, safe="").encode(),
    "form": lambda v: urllib.parse.quote_plus(v).encode(),
    "url, every byte": lambda v: "".join(f"%{byte:02x}" for byte in v.encode()).encode(),
    "json": lambda v: json.dumps(v).encode(),
    "html": lambda v: html.escape(v).encode(),
    "repr": lambda v: ascii(v).encode(),
}


Leaks = list[bytes]


def plain(folder: Path, leaks: Leaks) -> None:
    (folder / "leftover.tmp").write_bytes(b" and ".join(leaks))


def task_log(folder: Path, leaks: Leaks) -> None:
    lines = [
        json.dumps({"level": "error", "event": leak.decode("latin-1")}, ensure_ascii=False) for leak in leaks
    ]
    (folder / "logs").mkdir()
    (folder / "logs" / "attempt=1.log").write_bytes("\n".join(lines).encode("latin-1"))


def zipped(folder: Path, leaks: Leaks) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.csv", b"\n".join(leaks * 50))
    with zipfile.ZipFile(folder / "outer.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.zip", inner.getvalue())


def compressed(pack: Callable[[bytes], bytes]) -> Callable[[Path, Leaks], object]:
    return lambda folder, leaks: (folder / "old.log").write_bytes(pack(b"\n".join(leaks * 50)))


def tarred(folder: Path, leaks: Leaks) -> None:
    with tarfile.open(folder / "old.tgz", "w:gz") as archive:
        for number, leak in enumerate(leaks):
            info = tarfile.TarInfo(f"{number}.csv")
            info.size = len(leak)
            archive.addfile(info, io.BytesIO(leak))


def parquet(folder: Path, leaks: Leaks) -> None:
    rows = [{"deep": [{"binary": leak, "number": number}]} for number, leak in enumerate(leaks)] * 100
    pq.write_table(pa.Table.from_pylist(rows), folder / "rows.parquet", compression="zstd")


def steps(path: Path, rows: Leaks) -> sqlite3.Connection:
    con = sqlite3.connect(path)
    con.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA secure_delete = OFF; CREATE TABLE step (result BLOB)"
    )
    con.executemany("INSERT INTO step VALUES (?)", [[row] for row in rows])
    con.commit()
    return con


def sqlite_row(folder: Path, leaks: Leaks) -> None:
    steps(folder / "register.db", [zlib.compress(leak) for leak in leaks]).close()


def sqlite_wal(folder: Path, leaks: Leaks) -> None:
    """Left as a killed process leaves it: the row is in the log alone."""
    con = steps(folder / "source.db", leaks)
    for suffix in ("", "-wal"):
        (folder / f"register.db{suffix}").write_bytes((folder / f"source.db{suffix}").read_bytes())
    con.close()
    for path in folder.glob("source.db*"):
        path.unlink()


def sqlite_free_page(folder: Path, leaks: Leaks) -> None:
    """Deleted, and the page not yet used again."""
    with steps(folder / "register.db", leaks) as con:
        con.execute("DELETE FROM step")
    con.close()


def duckdb_file(folder: Path, leaks: Leaks) -> None:
    with duckdb.connect(str(folder / "spill.duckdb")) as con:
        con.execute("CREATE TABLE t AS SELECT unnest(?::BLOB[]) AS b, i FROM range(500) r(i)", [leaks])


PLACES = {
    "file": plain,
    "task log": task_log,
    "zip in zip": zipped,
    "gzip": compressed(gzip.compress),
    "bzip2": compressed(bz2.compress),
    "xz": compressed(lzma.compress),
    "zlib": compressed(zlib.compress),
    "tar.gz": tarred,
    "parquet": parquet,
    "sqlite row": sqlite_row,
    "sqlite write-ahead log": sqlite_wal,
    "sqlite free page": sqlite_free_page,
    "duckdb": duckdb_file,
}


@pytest.mark.parametrize("place", PLACES)
def test_a_planted_leak_is_found_in_every_form(place: str, tmp_path: Path) -> None:
    canaries = {form: f"{CANARY}x{number:02d}" for number, form in enumerate(FORMS)}
    PLACES[place](tmp_path, [write(value(canaries[form])) for form, write in FORMS.items()])
    assert {hit.needle for hit in search(tmp_path, canaries)} == FORMS.keys()
    assert search(tmp_path, {"other": "boomklever8R"}) == []


def test_the_name_of_a_file_is_a_place_too(tmp_path: Path) -> None:
    (tmp_path / f"export-{CANARY}").mkdir()
    (found,) = search(tmp_path, {"canary": CANARY})
    assert found.place == f"export-{CANARY}"


def test_what_may_hold_it_is_skipped_and_nothing_else(tmp_path: Path) -> None:
    for name in ("bundle.zip", "bundle.zip.part"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("rows.csv", value(CANARY))
    found = search(tmp_path, {"canary": CANARY}, skip=frozenset({tmp_path / "bundle.zip"}))
    assert {hit.place.partition("!")[0] for hit in found} == {"bundle.zip.part"}


def test_what_only_looks_like_something_else_is_read_as_bytes(tmp_path: Path) -> None:
    for number, begin in enumerate((b"\x1f\x8b", b"\x78\x9c", b"BZh9", b"\xfd7zXZ\x00", b"PK\x03\x04")):
        (tmp_path / str(number)).write_bytes(begin + value(CANARY).encode())
    assert len(search(tmp_path, {"canary": CANARY})) == 5
