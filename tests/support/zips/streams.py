"""Streams with bytes behind them, without an end, of other content, and those that lie over each other."""

import gzip
import zlib
from collections.abc import Callable
from functools import partial

from tests.support.zips.members import FORGED
from tests.support.zips.parts import Part, Zip, deflated


def _readme(zip_: Zip) -> Part:
    return zip_["README.txt"]


def _plain(part: Part) -> bytes:
    return zlib.decompress(part.stream, -15)


def _behind(more: bytes, zip_: Zip) -> None:
    _readme(zip_).stream += more


def _again(make: Callable[[bytes], bytes], zip_: Zip) -> None:
    part = _readme(zip_)
    part.stream = make(_plain(part))


def _cut(count: int, zip_: Zip) -> None:
    part = _readme(zip_)
    part.stream = part.stream[:-count]


def _huffman(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15, strategy=zlib.Z_HUFFMAN_ONLY)
    return packer.compress(content) + packer.flush()


def _unfinished(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush(zlib.Z_FULL_FLUSH)


def _stored_blocks(content: bytes, last: int = 1) -> bytes:
    size = len(content).to_bytes(2, "little")
    return bytes([last]) + size + bytes(b ^ 0xFF for b in size) + content


def _empty_blocks(content: bytes) -> bytes:
    return _stored_blocks(b"", 0) * 3 + deflated(content)


def _filled(content: bytes) -> bytes:
    # The three bits before the length of a stored block are used, the other five fill its byte.
    stored = _stored_blocks(content)
    return bytes([stored[0] | 0xF8]) + stored[1:]


def _forged(zip_: Zip, fitting: bool) -> None:
    part = _readme(zip_)
    part.stream = deflated(FORGED)
    if fitting:
        part.size, part.crc = len(FORGED), zlib.crc32(FORGED)


def _bomb(zip_: Zip, declared: int | None = None) -> None:
    part = _readme(zip_)
    content = bytes(30 << 20)
    part.stream, part.crc = deflated(content, 9), zlib.crc32(content)
    part.size = len(content) if declared is None else declared


def _quoted(zip_: Zip) -> None:
    """The cheapest bomb: the first stream holds the second member whole, which has its own entry."""
    outer, inner = zip_["README.txt"], zip_["index.html"]
    held = inner.header() + inner.stream
    start = zip_.offsets()[id(outer)] + len(outer.header())
    block = _stored_blocks(held)
    outer.stream, outer.size, outer.crc = block, len(held), zlib.crc32(held)
    inner.central["offset"] = start + len(block) - len(held)


def _shared(zip_: Zip) -> None:
    zip_["index.html"].central["offset"] = zip_.offsets()[id(_readme(zip_))]


def _same_content(zip_: Zip) -> None:
    """Two entries with their own names and one stream."""
    first, other = _readme(zip_), zip_["index.html"]
    other.central |= {"offset": zip_.offsets()[id(first)], "crc": first.crc, "size": first.size}
    other.central["packed"] = len(first.stream)


# Fixed codes: length 3 at distance 1, where nothing precedes.
_TOO_FAR = b"\x03\x02\x00"

KINDS: dict[str, Callable[[Zip], bytes | None]] = {
    "content deflated by another program": partial(_again, _huffman),
    "content in stored blocks": partial(_again, _stored_blocks),
    "empty blocks in the stream": partial(_again, _empty_blocks),
    "other filling bits behind the last block": partial(_again, _filled),
    "bytes behind the stream": partial(_behind, b"evil"),
    "a byte behind the stream": partial(_behind, b"\0"),
    "a second stream behind the stream": partial(_behind, deflated(FORGED)),
    "a member behind the stream": partial(_behind, b"PK\x03\x04" + bytes(26)),
    "a stream without its last block": partial(_again, _unfinished),
    "a stream without its last byte": partial(_cut, 1),
    "a stream without its last three bytes": partial(_cut, 3),
    "no stream": partial(_again, lambda content: b""),
    "a stream with a header of zlib": partial(_again, zlib.compress),
    "a stream with a header of gzip": partial(_again, gzip.compress),
    "a block of no kind": partial(_again, lambda content: b"\x07" + deflated(content)),
    "a distance before the start": partial(_again, lambda content: _TOO_FAR),
    "two bytes of padding in a stored block": partial(_again, lambda c: _stored_blocks(c)[:3] + b"\0\0" + c),
    "forged content": partial(_forged, fitting=False),
    "forged content with its size and CRC-32": partial(_forged, fitting=True),
    "a bomb": _bomb,
    "a bomb that declares ten bytes": partial(_bomb, declared=10),
    "a bomb that declares four gigabytes": partial(_bomb, declared=0xFFFFFFFE),
    "a member inside another member's stream": _quoted,
    "two entries for one local header": _shared,
    "two entries for one content": _same_content,
}
