"""Two directories, two ends, wrong counts and places, and bytes where none belong."""

import struct
from collections.abc import Callable
from functools import partial

from tests.support.zips.members import forged
from tests.support.zips.parts import Part, Zip, bytes_, end_64, extra

_STUB = b"MZ this runs as a program\n"


def _end(zip_: Zip, **fields: int) -> None:
    count, size, offset = zip_.facts()
    facts = {"here": count, "count": count, "size": size, "offset": offset}
    zip_.end = {name: facts.get(name, 0) + by for name, by in fields.items()}


def _end_is(zip_: Zip, **fields: int) -> None:
    zip_.end = dict(fields)


def _raw(place: str, content: bytes, zip_: Zip) -> None:
    setattr(zip_, place, getattr(zip_, place) + content)


def _stub(zip_: Zip) -> bytes:
    """Bytes before the file that its offsets do not know of."""
    return _STUB + zip_.write()


def _forged_zip() -> bytes:
    return Zip([part := forged()], [part]).write()


def _zip_before(zip_: Zip) -> bytes:
    return _forged_zip() + zip_.write()


def _zip_behind(zip_: Zip) -> bytes:
    return zip_.write() + _forged_zip()


def _gap(content: bytes, zip_: Zip) -> None:
    zip_.parts[2].before = content


def _zip64_end(zip_: Zip, rest: bytes = b"", disks: int = 1, mask: bool = False, more: int = 0) -> None:
    count, size, offset = zip_.facts()
    zip_.before_end = end_64(count + more, size, offset, offset + size, rest, disks)
    if mask:
        zip_.end = {"here": 0xFFFF, "count": 0xFFFF, "size": 0xFFFFFFFF, "offset": 0xFFFFFFFF}


def _locator_alone(zip_: Zip) -> None:
    zip_.before_end = struct.pack("<4sIQI", b"PK\x06\x07", 0, 0, 1)


def _hide(zip_: Zip) -> tuple[list[Part], dict[int, int], int]:
    """Hides a forged member, and a copy of the last one, in an extra field of the last one.

    Returns:
        A forged set of members, where each lies, and where the hidden ones end. The genuine members stay end
        to end, and no two of either set lie over each other.
    """
    last, other = zip_.parts[-1], forged()
    hidden = [other, copied := Part(last.name, last.stream, last.size, last.crc)]
    start = zip_.offsets()[id(last)] + 30 + len(last.name) + 4
    content = [part.header() + part.stream for part in hidden]
    last.local["extra"] = extra(0x6166, b"".join(content))
    named = [other, *(part for part in zip_.directory if part.name not in (other.name, last.name)), copied]
    places = {id(other): start, id(copied): start + len(content[0])}
    return named, zip_.offsets() | places, start + len(b"".join(content))


def _hidden(zip_: Zip) -> tuple[int, int, int]:
    """Hides forged members and their directory in an extra field of the last member.

    Returns:
        Number, size and place of that directory.
    """
    named, offsets, end = _hide(zip_)
    entries = b"".join(part.entry(offsets[id(part)]) for part in named)
    local = zip_.parts[-1].local
    local["extra"] = extra(0x6166, bytes_(local["extra"])[4:] + entries)
    return len(named), len(entries), end


def _two_directories(forged_in_64: bool, zip_: Zip) -> None:
    other = _hidden(zip_)
    genuine = zip_.facts()
    in_64, classic = (other, genuine) if forged_in_64 else (genuine, other)
    zip_.before_end = end_64(*in_64, genuine[1] + genuine[2])
    zip_.end = dict(zip(("here", "size", "offset"), classic, strict=True)) | {"count": classic[0]}


def _forged_alone(zip_: Zip) -> None:
    _, _, start = _hidden(zip_)
    genuine = zip_.facts()
    zip_.before_end = end_64(*genuine, genuine[1] + genuine[2])
    size = len(forged().entry(0))
    zip_.end = {"here": 1, "count": 1, "size": size, "offset": start}


def _forged_in_comment(zip_: Zip) -> None:
    """The genuine directory ends with a comment, which is a forged directory, of which the last entry has a
    comment, which is the ZIP64 end: each directory lies right before its own end."""
    named, offsets, _ = _hide(zip_)
    named[-1].central["comment"] = bytes(len(end_64(0, 0, 0, 0)))
    forged_size = sum(len(part.entry(offsets[id(part)])) for part in named)
    entries = b"".join(part.entry(offsets[id(part)]) for part in named)
    zip_.parts[-1].central["comment"] = entries.removesuffix(bytes(len(end_64(0, 0, 0, 0))))
    count, size, offset = zip_.facts()
    zip_.before_end = end_64(count, size, offset, offset + size)
    zip_.end = {"size": forged_size, "offset": offset + size + len(zip_.before_end) - forged_size}


def _classic_leads_to_forged(zip_: Zip) -> None:
    count, size, offset = _hidden(zip_)
    zip_.end = {"here": count, "count": count, "size": size, "offset": offset}


def _forged_end(zip_: Zip) -> bytes:
    count, size, offset = _hidden(zip_)
    return b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, count, count, size, offset, 0)


def _end_in_comment(zip_: Zip) -> None:
    zip_.comment = _forged_end(zip_)


def _two_ends(zip_: Zip) -> bytes:
    other = _forged_end(zip_)
    return zip_.write() + other


def _forged_end_first(zip_: Zip) -> None:
    zip_.before_end = _forged_end(zip_)


def _end_twice(zip_: Zip) -> None:
    zip_.before_end = zip_.end_record()


def _directory_twice(zip_: Zip) -> None:
    zip_.before_directory = zip_.entries()


def _cut(share: float, zip_: Zip) -> bytes:
    written = zip_.write()
    return written[: int(len(written) * share)]


def _cut_by(count: int, zip_: Zip) -> bytes:
    return zip_.write()[:-count]


def _cut_in_directory(zip_: Zip) -> bytes:
    return zip_.write()[: len(zip_.members()) + 60]


def _directory_alone(zip_: Zip) -> bytes:
    return zip_.entries() + zip_.end_record()


def _members_alone(zip_: Zip) -> bytes:
    return zip_.members()


def _empty(zip_: Zip) -> bytes:
    return Zip([], []).write()


KINDS: dict[str, Callable[[Zip], bytes | None]] = {
    "two directories: genuine by the ZIP64 end, forged by the classic end": partial(_two_directories, False),
    "two directories: forged by the ZIP64 end, genuine by the classic end": partial(_two_directories, True),
    "two directories: all by the ZIP64 end, one forged file by the classic end": _forged_alone,
    "two directories: forged by the classic end, in a comment of the genuine one": _forged_in_comment,
    "the end leads to a forged directory in an extra field": _classic_leads_to_forged,
    "the directory twice": _directory_twice,
    "a forged end in the comment": _end_in_comment,
    "a forged end behind the genuine one": _two_ends,
    "a forged end before the genuine one": _forged_end_first,
    "the end twice": _end_twice,
    "a comment on the file": partial(_raw, "comment", b"evil"),
    "a comment that is longer than there is": partial(_end_is, comment_length=4),
    "bytes behind the file": partial(_raw, "after", b"evil"),
    "a line break behind the file": partial(_raw, "after", b"\n"),
    "a ZIP file behind the file": _zip_behind,
    "bytes before the file, offsets moved": partial(_raw, "before", _STUB),
    "bytes before the file, offsets not moved": _stub,
    "a ZIP file before the file": _zip_before,
    "the mark of a split file": partial(_raw, "before", b"PK\x07\x08"),
    "the mark of a file that was to be split": partial(_raw, "before", b"PK00"),
    "zeros between two members": partial(_gap, bytes(16)),
    "bytes between two members": partial(_gap, b"evil"),
    "bytes before the directory": partial(_raw, "before_directory", b"evil"),
    "a record of an archive's extra data": partial(_raw, "before_directory", b"PK\x06\x08\4\0\0\0evil"),
    "bytes before the end": partial(_raw, "before_end", b"evil"),
    "a digital signature of the directory": partial(_raw, "before_end", b"PK\x05\x05\4\0evil"),
    "one member fewer in the end": partial(_end, here=-1, count=-1),
    "one member more in the end": partial(_end, here=1, count=1),
    "one member fewer on this disk": partial(_end, here=-1),
    "one member fewer in all": partial(_end, count=-1),
    "no members in the end": partial(_end_is, here=0, count=0),
    "disk 1 in the end": partial(_end, disk=1),
    "the directory on disk 1": partial(_end, start=1),
    "a smaller directory in the end": partial(_end, size=-1),
    "a larger directory in the end": partial(_end, size=1),
    "an earlier directory in the end": partial(_end, offset=-1),
    "a later directory in the end": partial(_end, offset=1),
    "numbers for ZIP64 without its end": partial(_end_is, here=0xFFFF, count=0xFFFF),
    "an offset for ZIP64 without its end": partial(_end_is, offset=0xFFFFFFFF),
    "a ZIP64 end that is not needed": _zip64_end,
    "a ZIP64 end that is not needed, and the classic one points to it": partial(_zip64_end, mask=True),
    "a ZIP64 end with one member more": partial(_zip64_end, more=1),
    "a ZIP64 end with data behind its fields": partial(_zip64_end, rest=extra(0x6166, b"evil"), mask=True),
    "a ZIP64 end on two disks": partial(_zip64_end, disks=2, mask=True),
    "a ZIP64 locator alone": _locator_alone,
    "without its last byte": partial(_cut_by, 1),
    "without its end": partial(_cut_by, 22),
    "cut off in the directory": _cut_in_directory,
    "cut off in the middle": partial(_cut, 0.5),
    "the directory alone": _directory_alone,
    "the members alone": _members_alone,
    "nothing in it": _empty,
}
