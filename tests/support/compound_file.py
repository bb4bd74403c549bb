"""Writes OLE compound files (MS-CFB, version 3), such as an old Word file or a message of Outlook."""

import struct
from typing import Any

SECTOR, MINI, CUTOFF = 512, 64, 4096
FREE, END, FAT, NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF

Tree = dict[str, "bytes | Tree"]


def compound(tree: Tree, clsid: bytes = bytes(16)) -> bytes:
    """A compound file with these storages and streams."""
    entries: list[dict[str, Any]] = [
        {"name": "Root Entry", "kind": 5, "data": b"", "child": NONE, "right": NONE}
    ]
    _add(entries, 0, tree)
    sectors: list[bytes] = []
    fat: list[int] = []
    mini, mini_fat = bytearray(), list[int]()

    def put(data: bytes) -> int:
        if not data:
            return END
        first, count = len(sectors), -(-len(data) // SECTOR)
        sectors.extend(data[i * SECTOR : (i + 1) * SECTOR].ljust(SECTOR, b"\0") for i in range(count))
        fat.extend([*range(first + 1, first + count), END])
        return first

    for entry in entries[1:]:
        data = entry["data"]
        if len(data) >= CUTOFF or not data:
            entry["start"] = put(data)
        else:
            count = -(-len(data) // MINI)
            entry["start"] = len(mini_fat)
            mini_fat += [*range(len(mini_fat) + 1, len(mini_fat) + count), END]
            mini += data.ljust(count * MINI, b"\0")
    entries[0]["data"], entries[0]["start"] = bytes(mini), put(bytes(mini))
    mini_at = put(b"".join(struct.pack("<I", sector) for sector in mini_fat))
    rows = b"".join(_entry(entry, clsid if not n else bytes(16)) for n, entry in enumerate(entries))
    directory = put(rows.ljust(-(-len(rows) // SECTOR) * SECTOR, b"\0"))
    fats = -(-(len(fat) + 2 + len(fat) // 100) // 128)
    fat += [FAT] * fats
    table = struct.pack(f"<{len(fat)}I", *fat).ljust(fats * SECTOR, b"\xff")
    first = len(sectors)
    sectors.extend(table[i * SECTOR : (i + 1) * SECTOR] for i in range(fats))
    head = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
    minis = (mini_at if mini_fat else END, -(-len(mini_fat) // 128))
    numbers = (0x3E, 3, 0xFFFE, 9, 6, 0, fats, directory, 0, CUTOFF, *minis, END, 0)
    head += struct.pack("<HHHHH6xIIIIIIIII", *numbers)
    head += struct.pack("<109I", *([*range(first, first + fats), *[FREE] * 109][:109]))
    return head + b"".join(sectors)


def _add(entries: list[dict[str, Any]], parent: int, tree: Tree) -> None:
    before = None
    for name, value in tree.items():
        here = len(entries)
        folder = isinstance(value, dict)
        made = {"name": name, "kind": 1 if folder else 2, "data": b"" if folder else value}
        entries.append(made | {"child": NONE, "right": NONE})
        if before is None:
            entries[parent]["child"] = here
        else:
            entries[before]["right"] = here
        before = here
        if isinstance(value, dict):
            _add(entries, here, value)


def _entry(fields: dict[str, Any], clsid: bytes) -> bytes:
    name = fields["name"].encode("utf-16-le") + b"\0\0"
    start = fields.get("start", 0)
    return (
        name.ljust(64, b"\0")
        + struct.pack("<HBBIII", len(name), fields["kind"], 1, NONE, fields["right"], fields["child"])
        + clsid
        + bytes(4 + 16)
        + struct.pack("<IQ", start, len(fields["data"]))
    )
