"""Members that are added, doubled, moved, removed or renamed."""

from collections.abc import Callable
from functools import partial

from tests.support.zips.parts import Part, Zip, member
from tests.unit.bundle.bundle_example import ROOT

FORGED = b"Forged.\n"
README = f"{ROOT}/README.txt".encode()


def forged(name: bytes = README) -> Part:
    """An unsigned member, under the name of a genuine one."""
    return member(name, FORGED)


def _below(name: str | bytes) -> bytes:
    return f"{ROOT}/".encode() + (name if isinstance(name, bytes) else name.encode())


def _added(name: bytes, zip_: Zip) -> None:
    zip_.add(forged(name))


def _added_at(at: int, name: bytes, zip_: Zip) -> None:
    zip_.add(forged(name), at)


def _local_only(at: int | None, name: bytes, zip_: Zip) -> None:
    zip_.parts.insert(len(zip_.parts) if at is None else at, forged(name))


def _central_only(zip_: Zip) -> None:
    part = zip_["README.txt"]
    zip_.directory.append(
        Part(
            _below("more.txt"), part.stream, part.size, part.crc, central={"offset": zip_.offsets()[id(part)]}
        )
    )


def _doubled(at: int, zip_: Zip) -> None:
    zip_.add(forged(), at)


def _entry_doubled(zip_: Zip) -> None:
    zip_.directory.append(zip_["README.txt"])


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


def _first_root_upper(zip_: Zip) -> None:
    _other_root(ROOT.upper().encode(), slice(1), zip_)


def _both_compositions(zip_: Zip) -> None:
    zip_.add(forged(_below("data/é")))
    zip_.add(forged(_below("data/e\u0301")))


def _folder_entry(zip_: Zip) -> None:
    part = zip_.add(Part(_below(""), b"", 0, 0, local={"method": 0}), 0)
    part.central = {"method": 0, "external": 0o40755 << 16 | 0x10}


KINDS: dict[str, Callable[[Zip], bytes | None]] = {
    "a file added": partial(_added, _below("extra.txt")),
    "a file added to the payload": partial(_added, _below("data/extra.csv")),
    "a file without an entry in the directory, first": partial(_local_only, 0, _below("extra.txt")),
    "a file without an entry in the directory, between others": partial(_local_only, 3, _below("extra.txt")),
    "a file without an entry in the directory, last": partial(_local_only, None, _below("extra.txt")),
    "an entry in the directory for another member's content": _central_only,
    "a member doubled, forged first": partial(_doubled, 0),
    "a member doubled, forged behind it": partial(_doubled, 1),
    "a member doubled, forged last": partial(_doubled, 11),
    "a member doubled in the file alone, forged first": partial(_local_only, 0, README),
    "a member doubled in the file alone, forged last": partial(_local_only, None, README),
    "an entry doubled": _entry_doubled,
    "a forged entry before the genuine one": _forged_entry,
    "a file added out of order": partial(_added_at, 0, _below("z.txt")),
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
    "the folder in capitals for one member": _first_root_upper,
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
