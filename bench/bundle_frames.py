"""A large table of a bundle in parts, by the library and by `read_csv` with types given by hand.

python -m bench.bundle_frames [ROWS]
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from afschrift_bundles import open_bundle

NAME, ROWS_A_FRAME = "afschrift-req-0123456789ab", 100_000
KINDS = {
    "id": "integer",
    "at": "instant",
    "amount": "decimal",
    "share": "number",
    "done": "boolean",
    "note": "text",
}
TYPES = {"id": "Int64", "share": "double[pyarrow]", "done": "boolean", "note": "string"}


def table(rows: int) -> pa.Table:
    random = np.random.default_rng(1)
    at = pc.strftime(
        pa.array(random.integers(1, 1_700_000_000, rows), pa.timestamp("s")), "%Y-%m-%dT%H:%M:%SZ"
    )
    cents = pc.cast(pa.array(random.integers(100_000, 999_999, rows)), pa.string())
    amount = pc.binary_join_element_wise(
        pc.utf8_slice_codeunits(cents, 0, 4), pc.utf8_slice_codeunits(cents, 4), "."
    )
    note = pc.binary_join_element_wise("note, of ", cents, "")
    share = pa.array(random.random(rows))
    done = pc.cast(pa.array(random.random(rows) > 0.5), pa.string())
    return pa.table([pa.array(range(rows)), at, amount, share, done, note], names=list(KINDS))


def write_bundle(folder: Path, rows: int) -> Path:
    """A signed bundle with one CSV."""
    from afschrift.bundle.container.seal import Ed25519Signer
    from afschrift.bundle.container.zip_records import write_zip

    csv = folder / "events.csv"
    pyarrow.csv.write_csv(table(rows), csv, pyarrow.csv.WriteOptions(quoting_style="needed"))
    content = csv.read_bytes().replace(b"\n", b"\r\n")
    csv.write_bytes(content)
    coverage = json.dumps(
        {"tables": [{"source": "shop", "table": "events", "status": "rows", "rows": rows}]}
    ).encode()
    files = {"data/shop/events.csv": content, "data/coverage.json": coverage}
    resources = [_resource(path.removeprefix("data/"), file) for path, file in files.items()]
    fields = [
        {"name": n, "type": "string" if k == "text" else "any", "afschrift:kind": k} for n, k in KINDS.items()
    ]
    resources[0] |= {
        "afschrift:source": "shop", "afschrift:table": "events", "afschrift:rows": rows,
        "dialect": {"delimiter": ","}, "schema": {"fields": fields, "missingValues": ["\\N"]},
    }  # fmt: skip
    files["data/datapackage.json"] = json.dumps({"name": NAME, "resources": resources}).encode()
    signer = Ed25519Signer(bytes(range(32)))
    tags = {
        "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "bag-info.txt": _labels(files, signer.public_key),
        "manifest-sha256.txt": _manifest(files),
    }
    tags["tagmanifest-sha256.txt"] = _manifest(tags)
    tags["tagmanifest-sha256.txt.sig"] = signer.sign(tags["tagmanifest-sha256.txt"])
    path = folder / "bundle.zip"
    with path.open("wb") as sink:
        for piece in write_zip(_members(files | tags)):
            sink.write(piece)
    return path


def _resource(path: str, content: bytes) -> dict[str, object]:
    digest = hashlib.sha256(content).hexdigest()
    return {
        "path": path,
        "format": path.rpartition(".")[2],
        "bytes": len(content),
        "hash": f"sha256:{digest}",
    }


def _labels(files: dict[str, bytes], public: bytes) -> bytes:
    key = base64.b64encode(public).decode()
    size = sum(map(len, files.values()))
    return (
        f"External-Identifier: bench\nPayload-Oxum: {size}.{len(files)}\nAfschrift-Bundle-Version: 1.0\n"
        f"Afschrift-Right: access\nAfschrift-Public-Key: {key}\n"
    ).encode()


def _manifest(files: dict[str, bytes]) -> bytes:
    return "".join(f"{hashlib.sha256(files[p]).hexdigest()}  {p}\n" for p in sorted(files)).encode()


def _members(files: dict[str, bytes]) -> Iterator[Any]:
    from afschrift.bundle.container.zip_records import ZipMember

    for path in sorted(files):
        packed = zlib.compress(files[path], wbits=-15)
        yield ZipMember(f"{NAME}/{path}", len(files[path]), zlib.crc32(files[path]), len(packed), [packed])


def read(way: str, folder: Path) -> float:
    """CPU seconds in which all rows are read in parts, after the bundle was verified."""
    if way == "bundle":
        frames: Iterable[pd.DataFrame] = open_bundle(folder / "bundle.zip").chunks("events", ROWS_A_FRAME)
    start = time.process_time()
    if way == "read_csv":
        # It has no type for a decimal but this one.
        options = {"converters": {"amount": Decimal}, "dtype": TYPES, "parse_dates": ["at"]}
        frames = pd.read_csv(
            folder / "events.csv",
            chunksize=ROWS_A_FRAME,
            keep_default_na=False,
            na_values=["\\N"],
            **options,
        )
    rows = sum(len(frame) for frame in frames)
    assert rows > 0
    return time.process_time() - start


def measure(way: str, folder: Path) -> tuple[float, int]:
    """CPU seconds, and the most MB that a process of its own held."""
    command = [sys.executable, "-m", "bench.bundle_frames", way, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, kilobytes = done.stdout.split()
    return float(seconds), int(kilobytes) // 1024


def compare(rows: int, folder: Path) -> dict[str, tuple[float, int]]:
    """What each way takes for so many rows."""
    write_bundle(folder, rows)
    return {way: measure(way, folder) for way in ("read_csv", "bundle")}


def main() -> None:
    """Run it."""
    if len(sys.argv) == 3:
        seconds = read(sys.argv[1], Path(sys.argv[2]))
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        print(seconds, status.partition("VmHWM:")[2].split()[0])
        return
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000
    with tempfile.TemporaryDirectory() as folder:
        for way, (seconds, megabytes) in compare(rows, Path(folder)).items():
            print(f"{way:10} {rows:>12,} rows  {seconds:6.1f} CPU s  {megabytes:5} MB")


if __name__ == "__main__":
    main()
