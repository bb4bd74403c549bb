"""Files that blow up end as `unreadable`, in a process that may hold no more than a ceiling."""

import bz2
import gzip
import io
import lzma
import os
import struct
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from pypdf.generic import NameObject, StreamObject
from tests.support.active_files import docx, field, mail, message, outlook_tree, packed, pdf
from tests.support.compound_file import compound

_CEILING, _OF_LARGE_MAILS = 220_000_000, 700_000_000
_SECONDS = 60
_LOOK = """
import os, resource, sys
from pathlib import Path
from afschrift.extraction.active_content.inspect import inspect
from afschrift.extraction.active_content.part import Part
for path in sys.argv[1:]:
    if child := os.fork():
        assert os.waitpid(child, 0)[1] == 0, path
        continue
    content = Path(path).read_bytes()
    kinds = {part.kind for part in inspect(Part(content, path.rpartition(".")[2]))}
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    seconds = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    print(int(status["VmHWM"].split()[0]) * 1024, seconds, *sorted(kinds), flush=True)
    os._exit(0)
"""


def zeros(megabytes: int, packer: object = None) -> bytes:
    made = packer or zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([*(made.compress(bytes(1_000_000)) for _ in range(megabytes)), made.flush()])  # type: ignore[attr-defined]


def sparse_tar() -> bytes:
    """A file of 5 GB, of which the archive holds one block."""
    info = tarfile.TarInfo("a.txt")
    info.size = 512
    head = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    head[156:157] = b"S"
    head[386:410] = b"00000000000\0" + b"00000001000\0"
    head[483:495] = b"%011o\0" % 5_000_000_000
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head[:512])
    return bytes(head) + b"x" * 512 + bytes(1024)


def embedded_bomb() -> bytes:
    made = StreamObject()
    made._data = zlib.compress(bytes(60_000_000), 9)
    for name, value in (("/Type", "/EmbeddedFile"), ("/Filter", "/FlateDecode")):
        made[NameObject(name)] = NameObject(value)
    return pdf(X=made)


def deep(depth: int) -> bytes:
    return pdf(text=b"x").replace(b"/Type /Catalog", b"/Type /Catalog /X " + b"[" * depth + b"]" * depth)


def powerpoint_bomb() -> bytes:
    data = bytes(4) + zeros(200, zlib.compressobj(9))
    atom = struct.pack("<HHI", 0x10, 0x1011, len(data)) + data
    return compound({"PowerPoint Document": struct.pack("<HHI", 0xF, 0x03E8, len(atom)) + atom})


def nested_messages(depth: int) -> bytes:
    tree = outlook_tree()
    for _ in range(depth):
        tree = outlook_tree(tree)
    return compound(tree)  # type: ignore[arg-type]


def nested_mails(depth: int, size: int = 1_000_000) -> bytes:
    made = message(b"x" * size)
    for _ in range(depth):
        made = message(made)
    return made.as_bytes()


def gzip_chain(depth: int) -> bytes:
    made = b"x"
    for _ in range(depth):
        made = gzip.compress(made)
    return made


BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "gzip": ("gz", lambda: zeros(250)),
    "bzip2": ("bz2", lambda: zeros(250, bz2.BZ2Compressor(1))),
    "xz": ("xz", lambda: zeros(250, lzma.LZMACompressor(preset=0))),
    "xz_of_much_memory": (
        "xz",
        lambda: lzma.compress(b"x", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}]),
    ),
    "gzips_in_gzips": ("gz", lambda: gzip_chain(20)),
    "sparse_tar": ("tar", sparse_tar),
    "zip_of_many": ("zip", lambda: packed({f"{n}.txt": b"" for n in range(6_000)})),
    "zip_of_bombs": ("zip", lambda: packed({f"{n}.gz": zeros(30) for n in range(12)})),
    "document_of_bombs": ("docx", lambda: docx("", **dict.fromkeys(("a", "b", "c", "d"), bytes(20_000_000)))),
    "document_of_elements": ("docx", lambda: docx("<w:p/>" * 4_000_000)),
    "document_of_elements_in_full": ("docx", lambda: docx("<w:p/>" * 4_000_000, pad=os.urandom(1_000_000))),
    "fields_in_full": ("docx", lambda: docx(field(*["x" * 50] * 300_000), pad=os.urandom(1_000_000))),
    "embedded_in_a_pdf": ("pdf", embedded_bomb),
    "deep_objects": ("pdf", lambda: deep(400)),
    "powerpoint": ("ppt", powerpoint_bomb),
    "messages_in_messages": ("msg", lambda: nested_messages(12)),
    "mails_in_mails": ("eml", lambda: nested_mails(12)),
    "large_mails_in_mails": ("eml", lambda: nested_mails(3, 25_000_000)),
    "frames_of_mail": ("eml", lambda: mail().replace(b"\n\n", b"\n\n" + b"--b\n" * 30_000, 1)),
}  # fmt: skip


@pytest.mark.nightly
@pytest.mark.slow
def test_a_bomb_takes_no_more_than_a_ceiling(tmp_path: Path) -> None:
    """Each in a process of its own, all forked from one that has loaded what looks at them."""
    files = [tmp_path / f"{name}.{ending}" for name, (ending, _) in BOMBS.items()]
    for file, (_, make) in zip(files, BOMBS.values(), strict=True):
        file.write_bytes(make())
    looked = subprocess.run([sys.executable, "-c", _LOOK, *files], capture_output=True, text=True, check=True)
    large = {"document_of_elements_in_full", "fields_in_full", "xz_of_much_memory", "large_mails_in_mails"}
    for name, line in zip(BOMBS, looked.stdout.splitlines(), strict=True):
        peak, seconds, *kinds = line.split()
        assert "unreadable" in kinds or name in large, line  # and no reason to ask
        assert int(peak) < (_OF_LARGE_MAILS if name == "large_mails_in_mails" else _CEILING), (
            f"{name}: {line}"
        )
        assert float(seconds) < _SECONDS, f"{name}: {line}"


def test_a_sparse_file_is_no_longer_than_what_is_held() -> None:
    assert len(sparse_tar()) < 3_000
    with tarfile.open(fileobj=io.BytesIO(sparse_tar())) as archive:
        assert archive.getmembers()[0].size == 5_000_000_000
