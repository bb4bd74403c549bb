"""Fields of headers that say something else: in the file, in the directory, or in both."""

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable
from functools import partial

from tests.support.zips.members import FORGED, README, forged
from tests.support.zips.parts import Part, Zip, deflated, extra, member

MAX = 0xFFFFFFFF
_DESCRIBED = 0x808


def _readme(zip_: Zip) -> Part:
    return zip_["README.txt"]


def _fields(headers: str, zip_: Zip, **fields: int | bytes) -> None:
    for header in headers.split():
        getattr(_readme(zip_), header).update(fields)


def _stored(headers: str, zip_: Zip) -> None:
    part = _readme(zip_)
    part.stream = zlib.decompress(part.stream, -15)
    _fields(headers, zip_, method=0)


def _packed_by(method: int, pack: Callable[[bytes], bytes], zip_: Zip) -> None:
    part = _readme(zip_)
    part.stream = pack(zlib.decompress(part.stream, -15))
    part.both(method=method)


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


def _extra(headers: str, kind: int, content: bytes, zip_: Zip) -> None:
    _fields(headers, zip_, extra=extra(kind, content))


def _other_name(kind: int, name: bytes, of: bytes) -> bytes:
    return extra(kind, struct.pack("<BI", 1, zlib.crc32(of)) + name)


def _unicode_path(headers: str, zip_: Zip) -> None:
    _fields(headers, zip_, extra=_other_name(0x7075, README + b".exe", README))


def _unicode_path_of_another(zip_: Zip) -> None:
    part = zip_["index.html"]
    part.central["extra"] = _other_name(0x7075, README, part.name)


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


def _hidden_in_extra(zip_: Zip) -> None:
    hidden = member(README, FORGED)
    _fields("local", zip_, extra=extra(0x6166, hidden.header() + hidden.stream))


def _forged_by_method(zip_: Zip) -> None:
    """What is stored is one text, and what it inflates to another."""
    part = _readme(zip_)
    genuine = zlib.decompress(part.stream, -15)
    part.stream, part.size, part.crc = deflated(genuine), len(genuine), zlib.crc32(genuine)
    part.local |= {"method": 0, "size": len(part.stream), "crc": zlib.crc32(part.stream)}


_WHERE = {"": "local central", " in the file": "local", " in the directory": "central"}


def _everywhere(what: str, **fields: int | bytes) -> dict[str, Callable[[Zip], bytes | None]]:
    return {what + where: partial(_fields, headers, **fields) for where, headers in _WHERE.items()}


KINDS: dict[str, Callable[[Zip], bytes | None]] = {
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
    "stored": partial(_stored, "local central"),
    "stored, and the file calls it deflated": partial(_stored, "central"),
    "stored, and the directory calls it deflated": partial(_stored, "local"),
    "deflated, and the file calls it stored": partial(_fields, "local", method=0),
    "deflated, and the directory calls it stored": partial(_fields, "central", method=0),
    "one text where stored, another where inflated": _forged_by_method,
    "Deflate64": partial(_fields, "local central", method=9),
    "bzip2": partial(_packed_by, 12, bz2.compress),
    "LZMA": partial(_packed_by, 14, _lzma),
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
    **{f"a Unicode path{where}": partial(_unicode_path, h) for where, h in _WHERE.items()},
    "a Unicode path that is another member's name": _unicode_path_of_another,
    "a Unicode comment": partial(_extra, "central", 0x6375, b"\1\0\0\0\0evil"),
    "an extended time stamp": partial(_extra, "local central", 0x5455, b"\1\0\0\0\x60"),
    "an owner": partial(_extra, "local central", 0x7875, b"\1\4\0\0\0\0\4\0\0\0\0"),
    "a field of AES": partial(_extra, "local central", 0x9901, b"\1\0AE\3\x08\0"),
    "a field without an owner": partial(_extra, "local central", 0x6166, b"evil"),
    "an extra field that is cut off": partial(_fields, "local central", extra=b"\x66\x61\xff"),
    "a member hidden in an extra field": _hidden_in_extra,
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
