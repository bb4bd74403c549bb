import hashlib
import io
import os
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest
from tests.unit.bundle.bundle_example import LETTERS, ROWS, SIGNER, Example

import afschrift
from afschrift.bundle.pack import pack
from afschrift.domain.errors import ConfigurationError, ValidationFailedError
from afschrift.domain.extracted import TablePart
from afschrift.domain.right import Right

pytestmark = pytest.mark.slow
PROGRAM = Path(__file__).with_name("bundle_example.py")
PLUGINS = Path(afschrift.__file__).parents[1]


@pytest.mark.parametrize(
    ("right", "language", "seed", "zone", "locale"),
    [("access", "nl", "0", "UTC", "C"), ("portability", "en", "4711", "Pacific/Kiritimati", "C.UTF-8")],
)
def test_the_same_contents_give_the_same_bytes_anywhere(
    right: str, language: str, seed: str, zone: str, locale: str, tmp_path: Path
) -> None:
    environment = {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale, "TMPDIR": str(tmp_path)}
    out = tmp_path / "bundle.zip"
    subprocess.run(
        [sys.executable, PROGRAM, right, language, out],
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PLUGINS), **environment},
    )
    assert out.read_bytes() == Example(Right(right), language).zip()


class Dribble(io.BytesIO):
    """Gives few bytes at a time, as a decrypting stream may."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size, 777) if size and size > 0 else 777)


def test_how_a_staged_file_is_read_does_not_show() -> None:
    rows = [dict(row, local_at=str(n * 7919)) for n in range(30) for row in ROWS["app.heart_rate"]]
    example = Example(rows={"app.heart_rate": rows})
    dribbled = b"".join(
        pack(
            example.contents,
            signer=SIGNER,
            open_payload=lambda path: Dribble(example.files[path]),
            letters=LETTERS,
        )
    )
    assert dribbled == example.zip()


@pytest.mark.parametrize("change", [b"x", b""])
def test_a_staged_file_that_changed_stops_the_packing(change: bytes) -> None:
    example = Example()
    example.files["shop/orders.csv"] = example.files["shop/orders.csv"][:-1] + change
    with pytest.raises(ValidationFailedError, match=r"shop/orders\.csv is not what was extracted"):
        example.zip()


@pytest.mark.parametrize("path", ["../evil.csv", "/etc/x.csv", "shop/CUSTOMER.csv", "shop/con.csv", "a\\b"])
def test_an_unsafe_member_name_is_refused_before_the_first_byte(path: str) -> None:
    example = Example()
    (orders,) = (t for t in example.contents.extracts[0].tables if t.table == "orders")
    first, *rest = orders.files
    part = replace(orders.parts[0], files=(replace(first, path=path), *rest))
    contents = example.read("orders", parts=(part,)).contents
    with pytest.raises(ConfigurationError):
        pack(contents, signer=SIGNER, open_payload=example.open, letters=LETTERS)


class Endless(io.RawIOBase):
    """A staged file of many bytes that are nowhere in memory."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.rest = size

    def read(self, size: int = -1) -> bytes:
        part = (b"1,2,3,4\r\n" * 7282)[: min(size, self.rest, 1 << 16)]
        self.rest -= len(part)
        return part


def test_memory_stays_flat() -> None:
    size = 64 * 1024**2
    digest, source = hashlib.sha256(), Endless(size)
    while chunk := source.read(1 << 16):
        digest.update(chunk)
    example = Example(formats=("csv",))
    first = example.contents.extracts[1].tables[0].files[0]
    entry = replace(first, deflated_bytes=size, deflated_sha256=digest.hexdigest())
    contents = example.read("heart_rate", parts=(TablePart(1, (entry,), {}),)).contents

    def open_payload(path: str) -> BinaryIO:
        return Endless(size) if path == entry.path else example.open(path)  # type: ignore[return-value]

    tracemalloc.start()
    for _ in pack(contents, signer=SIGNER, open_payload=open_payload, letters=LETTERS):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * 1024**2
