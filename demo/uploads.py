"""Files that people added to their reviews: small, of several formats, in a folder beside the database."""

from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa

from demo import activity
from demo.draw import SECOND, instants
from demo.world import World

FOLDER = "uploads"
_FIRST = 32_000_001
_EVERY, _MOST = 40, 300


def review_file(world: World, into: Path) -> pa.Table:
    """Write the files below `into` and give the rows that name them.

    The first reviews, which are the heavy person's, have one file of each format.
    """
    reviews = activity.review(world).select(["review_id", "written_at"])
    places = [*range(len(_KINDS)), *range(_EVERY, reviews.num_rows, _EVERY)][:_MOST]
    rows: dict[str, list[object]] = {
        name: [] for name in ("path", "file_name", "media_type", "bytes", "sha256")
    }
    for count, place in enumerate(places):
        name, media_type, content = _KINDS[count if count < len(_KINDS) else 0](place)
        ending = name.rpartition(".")[2].lower()
        path = f"{count % 7 + 2020}/{_FIRST + count}.{ending}"
        target = into / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        for column, value in zip(rows, (path, name, media_type, len(content), digest), strict=True):
            rows[column].append(value)
    taken = reviews.take(pa.array(places))
    written = taken["written_at"].cast(pa.int64()).to_numpy()
    return pa.table(
        {
            "file_id": _FIRST + np.arange(len(places)),
            "review_id": taken["review_id"],
            **rows,
            "uploaded_at": instants(written + 30 * SECOND),
        }
    )


def _png(place: int) -> tuple[str, str, bytes]:
    """A square of one colour."""
    side = 16
    colour = bytes((place * 37 % 256, place * 91 % 256, 120))
    lines = (b"\0" + colour * side) * side

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    content = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    return f"foto {place}.png", "image/png", b"\x89PNG\r\n\x1a\n" + content


def _gif(place: int) -> tuple[str, str, bytes]:
    """One pixel."""
    head = b"GIF89a" + struct.pack("<HH", 1, 1) + b"\x80\0\0" + bytes((place % 256, 90, 200)) + b"\xff" * 3
    return "draait.GIF", "image/gif", head + b",\0\0\0\0\1\0\1\0\0\2\2D\1\0;"


def _wav(place: int) -> tuple[str, str, bytes]:
    """A tenth of a second of a tone."""
    tone = (128 + 60 * np.sin(np.arange(800) * (place % 9 + 3) / 20)).astype(np.uint8).tobytes()
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8)
    body = b"WAVE" + head + b"data" + struct.pack("<I", len(tone)) + tone
    return "zo piept hij.wav", "audio/wav", b"RIFF" + struct.pack("<I", len(body)) + body


def _pdf(place: int) -> tuple[str, str, bytes]:
    """One empty page."""
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>",
    )
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj" % number + content + b"endobj\n"
    table = b"".join(b"%010d 00000 n \n" % at for at in places)
    end = (
        b"xref\n0 4\n0000000000 65535 f \n"
        + table
        + b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n" % len(out)
    )
    return f"bon-{place}.pdf", "application/pdf", out + end + b"%%EOF\n"


def _odd(place: int) -> tuple[str, str, bytes]:
    """A text whose name no file system has to like, with the bytes of Windows."""
    name = '../C:\\mijn "beste" review: 100% \u202ewaterdicht 😀.TXT'
    return (
        name,
        "text/plain; charset=windows-1252",
        f"Waterdicht, écht!\r\nNummer {place}.\r\n".encode("cp1252"),
    )


def _unknown(place: int) -> tuple[str, str, bytes]:
    """A name without an extension, and no media type."""
    return "onbekend", "", bytes(range(256)) * (place % 3 + 1)


_KINDS = (_png, _gif, _wav, _pdf, _odd, _unknown)
