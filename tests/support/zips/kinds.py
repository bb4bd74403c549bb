"""What an attacker may do to the ZIP file of a genuine bundle, one kind after the other, by name."""

import bz2
import gzip
import lzma
import struct
import zlib
from collections.abc import Callable, Mapping
from functools import partial

from tests.support.zips.members import DIRECTORIES, FORGED, MEMBERS, README, forged
from tests.support.zips.parts import Part, Zip, deflated, extra, taken_apart
from tests.support.zips.small import BUNDLE

MAX = 0xFFFFFFFF
_DESCRIBED = 0x808


def _readme(zip_: Zip) -> Part:
    return zip_["README.txt"]


def _fields(headers: str, zip_: Zip, **fields: int | bytes) -> None:
    for header in headers.split():
        getattr(_readme(zip_), header).update(fields)


def _again(make: Callable[[bytes], bytes], zip_: Zip, headers: str = "local central", **fields: int) -> None:
    part = _readme(zip_)
    part.stream = make(zlib.decompress(part.stream, -15))
    _fields(headers, zip_, **fields)


def _lzma(content: bytes) -> bytes:
    filters = [{"id": lzma.FILTER_LZMA1}]
    raw = lzma.compress(content, lzma.FORMAT_RAW, filters=filters)
    return b"\x09\x04" + struct.pack("<H", 5) + b"\x5d" + struct.pack("<I", 1 << 23) + raw


def _descriptor(form: str, zip_: Zip, sizes: bool = False, forge: bool = False, bit: bool = True) -> None:
    part = _readme(zip_)
    if bit:
        part.both(flags=_DESCRIBED)
    if not sizes:
        part.local |= {"crc": 0, "packed": 0, "size": 0}
    values = (part.crc, len(part.stream), part.size + forge)
    part.after = (b"PK\x07\x08" if "4s" in form else b"") + struct.pack(form.replace("4s", ""), *values)


def _sizes(headers: str, name: str, by: int, zip_: Zip) -> None:
    part = _readme(zip_)
    value = {"size": part.size, "packed": len(part.stream), "crc": part.crc}[name] + by
    _fields(headers, zip_, **{name: value})


def _other_name(name: bytes, of: bytes) -> bytes:
    return extra(0x7075, struct.pack("<BI", 1, zlib.crc32(of)) + name)


def _unicode_path_of_another(zip_: Zip) -> None:
    part = zip_["index.html"]
    part.central["extra"] = _other_name(README, part.name)


def _zip64(headers: str, zip_: Zip, masked: bool = True, size: int | None = None) -> None:
    part = _readme(zip_)
    sizes = (part.size if size is None else size, len(part.stream))
    for header in headers.split():
        fields = getattr(part, header)
        fields["extra"] = extra(1, struct.pack("<2Q", *sizes))
        if masked:
            fields |= {"size": MAX, "packed": MAX, "version": 45}


def _endless(zip_: Zip) -> None:
    fields = extra(1, struct.pack("<2Q", 1, (1 << 64) - 1))
    _readme(zip_).both(extra=fields, size=MAX, packed=MAX, version=45)


def _zip64_offset(forge: bool, zip_: Zip) -> None:
    part = _readme(zip_)
    other = forged()
    if forge:
        zip_.parts.append(other)
        part.central |= {"crc": other.crc, "packed": len(other.stream), "size": other.size}
    offset = zip_.offsets()[id(other if forge else part)]
    part.central |= {"offset": MAX, "extra": extra(1, struct.pack("<Q", offset)), "version": 45}


def _two_zip64(zip_: Zip) -> None:
    _zip64("local central", zip_)
    part = _readme(zip_)
    part.both(extra=b"".join(extra(1, struct.pack("<2Q", size, len(part.stream))) for size in (part.size, 1)))


def _forged_by_method(zip_: Zip) -> None:
    """What is stored is one text, and what it inflates to another."""
    part = _readme(zip_)
    genuine = zlib.decompress(part.stream, -15)
    part.stream, part.size, part.crc = deflated(genuine), len(genuine), zlib.crc32(genuine)
    part.local |= {"method": 0, "size": len(part.stream), "crc": zlib.crc32(part.stream)}


_WHERE = {"": "local central", " in the file": "local", " in the directory": "central"}


def _everywhere(what: str, **fields: int | bytes) -> dict[str, Callable[[Zip], bytes | None]]:
    return {what + where: partial(_fields, headers, **fields) for where, headers in _WHERE.items()}


HEADERS: dict[str, Callable[[Zip], bytes | None]] = {
    **_everywhere("the bit of encryption", flags=0x801),
    "the bit of strong encryption": partial(_fields, "local central", flags=0x841),
    "the bit of masked headers": partial(_fields, "local central", flags=0x2800),
    "the bit of patches": partial(_fields, "local central", flags=0x820),
    "a reserved bit": partial(_fields, "local central", flags=0x8800),
    "the bits of a level": partial(_fields, "local central", flags=0x804),
    **_everywhere("no bit of UTF-8", flags=0),
    "the bit of a descriptor without one": partial(_fields, "local central", flags=_DESCRIBED),
    "the bit of a descriptor in the file alone": partial(_fields, "local", flags=_DESCRIBED),
    "a descriptor": partial(_descriptor, "<4s3I"),
    "a descriptor and sizes": partial(_descriptor, "<4s3I", sizes=True),
    "a descriptor without a signature": partial(_descriptor, "<3I"),
    "a descriptor with sizes of eight bytes": partial(_descriptor, "<4sI2Q"),
    "a descriptor that says another size": partial(_descriptor, "<4s3I", sizes=True, forge=True),
    "a descriptor without its bit": partial(_descriptor, "<4s3I", sizes=True, bit=False),
    "stored": partial(_again, bytes, method=0),
    "stored, and the file calls it deflated": partial(_again, bytes, headers="central", method=0),
    "stored, and the directory calls it deflated": partial(_again, bytes, headers="local", method=0),
    "deflated, and the file calls it stored": partial(_fields, "local", method=0),
    "deflated, and the directory calls it stored": partial(_fields, "central", method=0),
    "one text where stored, another where inflated": _forged_by_method,
    "Deflate64": partial(_fields, "local central", method=9),
    "bzip2": partial(_again, bz2.compress, method=12),
    "LZMA": partial(_again, _lzma, method=14),
    "AES": partial(_fields, "local central", method=99, flags=0x801),
    "an unknown method": partial(_fields, "local central", method=77),
    **_everywhere("another version needed", version=45),
    "version needed 1.0": partial(_fields, "local central", version=10),
    "version needed 25.5": partial(_fields, "local central", version=255),
    "made by MS-DOS": partial(_fields, "central", made_by=20),
    "made by another version": partial(_fields, "central", made_by=0x33F),
    **_everywhere("another date", date=0x5A21),
    **_everywhere("another time", time=0x6000),
    **{f"another CRC-32{where}": partial(_sizes, h, "crc", 1) for where, h in _WHERE.items()},
    **{f"a larger size{where}": partial(_sizes, h, "size", 5) for where, h in _WHERE.items()},
    **{f"a smaller size{where}": partial(_sizes, h, "size", -5) for where, h in _WHERE.items()},
    **{f"a larger packed size{where}": partial(_sizes, h, "packed", 9) for where, h in _WHERE.items()},
    **{f"a smaller packed size{where}": partial(_sizes, h, "packed", -1) for where, h in _WHERE.items()},
    "sizes of zero": partial(_fields, "local central", size=0, packed=0),
    "sizes and CRC-32 of zero in the directory": partial(_fields, "central", size=0, packed=0, crc=0),
    "sizes for ZIP64 without its field": partial(_fields, "local central", size=MAX, packed=MAX),
    **{
        f"a Unicode path{where}": partial(_fields, h, extra=_other_name(README + b".exe", README))
        for where, h in _WHERE.items()
    },
    "a Unicode path that is another member's name": _unicode_path_of_another,
    "a Unicode comment": partial(_fields, "central", extra=extra(0x6375, b"\1\0\0\0\0evil")),
    "an extended time stamp": partial(_fields, "local central", extra=extra(0x5455, b"\1\0\0\0\x60")),
    "an owner": partial(_fields, "local central", extra=extra(0x7875, b"\1\4\0\0\0\0\4\0\0\0\0")),
    "a field of AES": partial(_fields, "local central", extra=extra(0x9901, b"\1\0AE\3\x08\0")),
    "a field without an owner": partial(_fields, "local central", extra=extra(0x6166, b"evil")),
    "an extra field that is cut off": partial(_fields, "local central", extra=b"\x66\x61\xff"),
    "a member hidden in an extra field": partial(
        _fields, "local", extra=extra(0x6166, forged().header() + forged().stream)
    ),
    **{f"ZIP64 sizes that are not needed{where}": partial(_zip64, h) for where, h in _WHERE.items()},
    "a ZIP64 field beside sizes": partial(_zip64, "local central", masked=False),
    "a ZIP64 field in the directory that says another size": partial(_zip64, "central", size=3),
    "a packed size of 2^64 - 1": _endless,
    "a ZIP64 offset that is not needed": partial(_zip64_offset, False),
    "a ZIP64 offset of a forged member": partial(_zip64_offset, True),
    "two ZIP64 fields": _two_zip64,
    "a symbolic link": partial(_fields, "central", external=0o120777 << 16),
    "a folder by its mode": partial(_fields, "central", external=0o40755 << 16),
    "a folder by its attribute": partial(_fields, "central", external=0o100644 << 16 | 0x10),
    "a pipe": partial(_fields, "central", external=0o10644 << 16),
    "a device": partial(_fields, "central", external=0o20644 << 16),
    "a program with the owner's rights": partial(_fields, "central", external=0o104755 << 16),
    "no mode": partial(_fields, "central", external=0),
    "the bit of a text": partial(_fields, "central", internal=1),
    "a comment on a member": partial(_fields, "central", comment=b"evil"),
    "a member on another disk": partial(_fields, "central", disk=1),
    "a name that is cut off in the file": partial(_fields, "local", name_length=3),
    "another signature of a local header": partial(_fields, "local", signature=b"PK\x03\x05"),
    "another signature in the directory": partial(_fields, "central", signature=b"PK\x01\x03"),
}


def _stream(make: Callable[[bytes], bytes], zip_: Zip) -> None:
    _readme(zip_).stream = make(_readme(zip_).stream)


def _huffman(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15, strategy=zlib.Z_HUFFMAN_ONLY)
    return packer.compress(content) + packer.flush()


def _unfinished(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush(zlib.Z_FULL_FLUSH)


def _stored_blocks(content: bytes, last: int = 1) -> bytes:
    size = len(content).to_bytes(2, "little")
    return bytes([last]) + size + bytes(b ^ 0xFF for b in size) + content


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

STREAMS: dict[str, Callable[[Zip], bytes | None]] = {
    "content deflated by another program": partial(_again, _huffman),
    "content in stored blocks": partial(_again, _stored_blocks),
    "empty blocks in the stream": partial(
        _again, lambda content: _stored_blocks(b"", 0) * 3 + deflated(content)
    ),
    "other filling bits behind the last block": partial(_again, _filled),
    "bytes behind the stream": partial(_stream, lambda stream: stream + b"evil"),
    "a byte behind the stream": partial(_stream, lambda stream: stream + b"\0"),
    "a second stream behind the stream": partial(_stream, lambda stream: stream + deflated(FORGED)),
    "a member behind the stream": partial(_stream, lambda stream: stream + b"PK\x03\x04" + bytes(26)),
    "a stream without its last block": partial(_again, _unfinished),
    "a stream without its last byte": partial(_stream, lambda stream: stream[:-1]),
    "a stream without its last three bytes": partial(_stream, lambda stream: stream[:-3]),
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

Kinds = Mapping[str, Callable[[Zip], bytes | None]]

GROUPS: dict[str, Kinds] = {
    "Members": MEMBERS,
    "Fields of their headers": HEADERS,
    "Their streams": STREAMS,
    "Directories, ends, and what lies between": DIRECTORIES,
}

FREE = {
    "content deflated by another program",
    "content in stored blocks",
    "empty blocks in the stream",
    "other filling bits behind the last block",
}
"""What makes no difference to anybody, and no signature covers: another deflate stream of the same content."""


def made(group: str, kind: str) -> bytes:
    genuine = taken_apart(BUNDLE)
    written = GROUPS[group][kind](genuine)
    return genuine.write() if written is None else written
