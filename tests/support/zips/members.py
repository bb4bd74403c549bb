"""Members that are added, doubled, moved, removed or renamed; two directories, two ends, and bytes where none belong."""

import struct
from collections.abc import Callable
from functools import partial

from tests.support.zips.parts import Part, Zip, bytes_, end_64, extra, member
from tests.unit.bundle.bundle_example import ROOT

FORGED = b"Forged.\n"
README = f"{ROOT}/README.txt".encode()


def forged(name: bytes = README) -> Part:
    """An unsigned member, under the name of a genuine one."""
    return member(name, FORGED)


def _below(name: str | bytes) -> bytes:
    return f"{ROOT}/".encode() + (name if isinstance(name, bytes) else name.encode())


def _added(name: bytes, zip_: Zip, at: int | None = None) -> None:
    zip_.add(forged(name), at)


def _local_only(at: int | None, name: bytes, zip_: Zip) -> None:
    zip_.parts.insert(len(zip_.parts) if at is None else at, forged(name))


def _central_only(zip_: Zip) -> None:
    part = zip_["README.txt"]
    place = {"offset": zip_.offsets()[id(part)]}
    zip_.directory.append(Part(_below("more.txt"), part.stream, part.size, part.crc, central=place))


def _forged_entry(zip_: Zip) -> None:
    part = forged()
    zip_.parts.append(part)
    zip_.directory.insert(0, part)


def _swapped(lists: str, zip_: Zip) -> None:
    for name in lists.split():
        them = getattr(zip_, name)
        them[0], them[1] = them[1], them[0]


def _removed(lists: str, zip_: Zip) -> None:
    part = zip_["README.txt"]
    for name in lists.split():
        getattr(zip_, name).remove(part)


def _renamed(headers: str, name: bytes, zip_: Zip) -> None:
    for header in headers.split():
        getattr(zip_["README.txt"], header)["name"] = name


def _names_swapped(header: str, zip_: Zip) -> None:
    first, other = zip_["README.txt"], zip_["index.html"]
    getattr(first, header)["name"], getattr(other, header)["name"] = other.name, first.name


def _other_root(root: bytes, parts: slice, zip_: Zip) -> None:
    for part in zip_.parts[parts]:
        part.name = root + part.name[len(ROOT) :]


def _both_compositions(zip_: Zip) -> None:
    zip_.add(forged(_below("data/é")))
    zip_.add(forged(_below("data/e\u0301")))


def _folder_entry(zip_: Zip) -> None:
    part = zip_.add(Part(_below(""), b"", 0, 0, local={"method": 0}), 0)
    part.central = {"method": 0, "external": 0o40755 << 16 | 0x10}


MEMBERS: dict[str, Callable[[Zip], bytes | None]] = {
    "a file added": partial(_added, _below("extra.txt")),
    "a file added to the payload": partial(_added, _below("data/extra.csv")),
    "a file without an entry in the directory, first": partial(_local_only, 0, _below("extra.txt")),
    "a file without an entry in the directory, between others": partial(_local_only, 3, _below("extra.txt")),
    "a file without an entry in the directory, last": partial(_local_only, None, _below("extra.txt")),
    "an entry in the directory for another member's content": _central_only,
    "a member doubled, forged first": partial(_added, README, at=0),
    "a member doubled, forged behind it": partial(_added, README, at=1),
    "a member doubled, forged last": partial(_added, README, at=11),
    "a member doubled in the file alone, forged first": partial(_local_only, 0, README),
    "a member doubled in the file alone, forged last": partial(_local_only, None, README),
    "an entry doubled": lambda zip_: zip_.directory.append(zip_["README.txt"]),
    "a forged entry before the genuine one": _forged_entry,
    "a file added out of order": partial(_added, _below("z.txt"), at=0),
    "two members swapped in the file": partial(_swapped, "parts"),
    "two members swapped in the directory": partial(_swapped, "directory"),
    "two members swapped in both": partial(_swapped, "parts directory"),
    "a member removed from the directory": partial(_removed, "directory"),
    "a member removed from the file": partial(_removed, "parts"),
    "a member removed": partial(_removed, "parts directory"),
    "a member renamed": partial(_renamed, "local central", _below("README2.txt")),
    "a member renamed in the file": partial(_renamed, "local", _below("README2.txt")),
    "a member renamed in the directory": partial(_renamed, "central", _below("README2.txt")),
    "a member renamed by case in the directory": partial(_renamed, "central", _below("readme.TXT")),
    "two names swapped in the file": partial(_names_swapped, "local"),
    "two names swapped in the directory": partial(_names_swapped, "central"),
    "the folder renamed": partial(_other_root, b"afschrift-req-999999999999", slice(None)),
    "the folder renamed for one member": partial(_other_root, b"afschrift-req-000000000000", slice(1)),
    "the folder in capitals for one member": partial(_other_root, ROOT.upper().encode(), slice(1)),
    "a member outside the folder": partial(_renamed, "local central", b"README.txt"),
    "an entry for the folder": _folder_entry,
    "a member without a name": partial(_added, b""),
    "a name that differs by case": partial(_added, _below("readme.TXT")),
    "two names that differ by composition": _both_compositions,
    "`..` in a name": partial(_added, _below("../../evil.txt")),
    "`.` in a name": partial(_added, _below("./README.txt")),
    "two slashes in a name": partial(_added, _below("/README.txt")),
    "a backslash in a name": partial(_added, f"{ROOT}\\README.txt".encode()),
    "an absolute name": partial(_added, b"/tmp/afschrift-absolute-name/evil.txt"),
    "a drive in a name": partial(_added, b"C:evil.txt"),
    "NUL in a name": partial(_renamed, "local central", README + b"\0.exe"),
    "NUL in a name in the directory": partial(_renamed, "central", README + b"\0.exe"),
    "NUL in a name in the file": partial(_renamed, "local", README + b"\0.exe"),
    "a part of a name of 300 bytes": partial(_added, _below("x" * 300)),
    "a name of 2,800 bytes": partial(_added, _below("/".join(["x" * 200] * 14))),
    "a control character in a name": partial(_added, _below("a\x1b[2J")),
    "a direction override in a name": partial(_added, _below("a\u202elmth.exe")),
    "a dot at the end of a name": partial(_added, _below("README.txt.")),
    "a space at the end of a name": partial(_added, _below("README.txt ")),
    "the name of a device": partial(_added, _below("con")),
    "a name that is no UTF-8": partial(_added, _below(b"caf\xe9.txt")),
    "a slash in two bytes in a name": partial(_added, _below(b"..\xc0\xafevil.txt")),
    "a file that is also a folder": partial(_added, README + b"/evil.txt"),
}

_STUB = b"MZ this runs as a program\n"


def _end(zip_: Zip, **fields: int) -> None:
    count, size, offset = zip_.facts()
    facts = {"here": count, "count": count, "size": size, "offset": offset}
    zip_.end = {name: facts.get(name, 0) + by for name, by in fields.items()}


def _put(place: str, content: bytes | Callable[[Zip], bytes], zip_: Zip) -> None:
    setattr(zip_, place, content if isinstance(content, bytes) else content(zip_))


def _forged_zip() -> bytes:
    return Zip([part := forged()], [part]).write()


def _gap(content: bytes, zip_: Zip) -> None:
    zip_.parts[2].before = content


def _zip64_end(zip_: Zip, rest: bytes = b"", disks: int = 1, mask: bool = False, more: int = 0) -> None:
    count, size, offset = zip_.facts()
    zip_.before_end = end_64(count + more, size, offset, offset + size, rest, disks)
    if mask:
        zip_.end = {"here": 0xFFFF, "count": 0xFFFF, "size": 0xFFFFFFFF, "offset": 0xFFFFFFFF}


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


def _two_ends(zip_: Zip) -> bytes:
    forged_end = _forged_end(zip_)  # it changes a member
    return zip_.write() + forged_end


DIRECTORIES: dict[str, Callable[[Zip], bytes | None]] = {
    "two directories: genuine by the ZIP64 end, forged by the classic end": partial(_two_directories, False),
    "two directories: forged by the ZIP64 end, genuine by the classic end": partial(_two_directories, True),
    "two directories: all by the ZIP64 end, one forged file by the classic end": _forged_alone,
    "two directories: forged by the classic end, in a comment of the genuine one": _forged_in_comment,
    "the end leads to a forged directory in an extra field": _classic_leads_to_forged,
    "the directory twice": partial(_put, "before_directory", Zip.entries),
    "a forged end in the comment": partial(_put, "comment", _forged_end),
    "a forged end behind the genuine one": _two_ends,
    "a forged end before the genuine one": partial(_put, "before_end", _forged_end),
    "the end twice": partial(_put, "before_end", Zip.end_record),
    "a comment on the file": partial(_put, "comment", b"evil"),
    "a comment that is longer than there is": lambda zip_: zip_.end.update(comment_length=4),
    "bytes behind the file": partial(_put, "after", b"evil"),
    "a line break behind the file": partial(_put, "after", b"\n"),
    "a ZIP file behind the file": lambda zip_: zip_.write() + _forged_zip(),
    "bytes before the file, offsets moved": partial(_put, "before", _STUB),
    "bytes before the file, offsets not moved": lambda zip_: _STUB + zip_.write(),
    "a ZIP file before the file": lambda zip_: _forged_zip() + zip_.write(),
    "the mark of a split file": partial(_put, "before", b"PK\x07\x08"),
    "the mark of a file that was to be split": partial(_put, "before", b"PK00"),
    "zeros between two members": partial(_gap, bytes(16)),
    "bytes between two members": partial(_gap, b"evil"),
    "bytes before the directory": partial(_put, "before_directory", b"evil"),
    "a record of an archive's extra data": partial(_put, "before_directory", b"PK\x06\x08\4\0\0\0evil"),
    "bytes before the end": partial(_put, "before_end", b"evil"),
    "a digital signature of the directory": partial(_put, "before_end", b"PK\x05\x05\4\0evil"),
    "one member fewer in the end": partial(_end, here=-1, count=-1),
    "one member more in the end": partial(_end, here=1, count=1),
    "one member fewer on this disk": partial(_end, here=-1),
    "one member fewer in all": partial(_end, count=-1),
    "no members in the end": lambda zip_: zip_.end.update(here=0, count=0),
    "disk 1 in the end": partial(_end, disk=1),
    "the directory on disk 1": partial(_end, start=1),
    "a smaller directory in the end": partial(_end, size=-1),
    "a larger directory in the end": partial(_end, size=1),
    "an earlier directory in the end": partial(_end, offset=-1),
    "a later directory in the end": partial(_end, offset=1),
    "numbers for ZIP64 without its end": lambda zip_: zip_.end.update(here=0xFFFF, count=0xFFFF),
    "an offset for ZIP64 without its end": lambda zip_: zip_.end.update(offset=0xFFFFFFFF),
    "a ZIP64 end that is not needed": _zip64_end,
    "a ZIP64 end that is not needed, and the classic one points to it": partial(_zip64_end, mask=True),
    "a ZIP64 end with one member more": partial(_zip64_end, more=1),
    "a ZIP64 end with data behind its fields": partial(_zip64_end, rest=extra(0x6166, b"evil"), mask=True),
    "a ZIP64 end on two disks": partial(_zip64_end, disks=2, mask=True),
    "a ZIP64 locator alone": partial(_put, "before_end", struct.pack("<4sIQI", b"PK\x06\x07", 0, 0, 1)),
    "without its last byte": lambda zip_: zip_.write()[:-1],
    "without its end": lambda zip_: zip_.write()[:-22],
    "cut off in the directory": lambda zip_: zip_.write()[: len(zip_.members()) + 60],
    "cut off in the middle": lambda zip_: zip_.write()[: len(zip_.write()) // 2],
    "the directory alone": lambda zip_: zip_.entries() + zip_.end_record(),
    "the members alone": Zip.members,
    "nothing in it": lambda _: Zip([], []).write(),
}
