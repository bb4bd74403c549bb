"""Thousands of variants of a bundle's ZIP file, each the same for the same number."""

import struct
import zlib
from random import Random

from tests.support.zips.kinds import GROUPS, made
from tests.support.zips.members import forged
from tests.support.zips.parts import Zip, end_64, extra, taken_apart
from tests.support.zips.small import BUNDLE

FIELDS = {
    b"PK\3\4": (4, 6, 8, 10, 12, 14, 18, 22, 26, 28),
    b"PK\1\2": (4, 6, 8, 10, 16, 20, 24, 28, 30, 32, 34, 38, 42),
    b"PK\5\6": (4, 6, 8, 10, 12, 16, 20),
}
"""Where the fields of a record begin, by its signature."""
SMALL = (0, 1, 2, 8, 9, 20, 45, 0x7F, 0x808, 0x7FFF)
LARGE = (0xFFFE, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)


def mutant(number: int) -> bytes:
    """The variant of this number; a few are the genuine bundle again."""
    random = Random(number)
    change = random.choices(
        (_flip, _field, _splice, _rebuilt, _deflated_anew, _of_a_kind), (4, 4, 4, 6, 1, 2)
    )[0]
    return change(random, BUNDLE)


def _flip(random: Random, bundle: bytes) -> bytes:
    changed = bytearray(bundle)
    for _ in range(random.choice((1, 1, 2, 8))):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _field(random: Random, bundle: bytes) -> bytes:
    changed = bytearray(bundle)
    for _ in range(random.randint(1, 3)):
        signature, fields = random.choice(tuple(FIELDS.items()))
        places = [at for at in range(len(bundle)) if bundle.startswith(signature, at)]
        at = random.choice(places) + random.choice(fields)
        form = random.choice(("<H", "<I"))
        (old,) = struct.unpack_from(form, changed, min(at, len(changed) - 4))
        value = random.choice((*SMALL, *LARGE, old + 1, old - 1, old ^ 1 << random.randrange(16)))
        struct.pack_into(
            form, changed, min(at, len(changed) - 4), value & (0xFFFF if form == "<H" else 0xFFFFFFFF)
        )
    return bytes(changed)


def _splice(random: Random, bundle: bytes) -> bytes:
    """A range is taken out, doubled, put elsewhere, or swapped with another; or strange bytes come in."""
    start, end = _range(random, bundle)
    piece, rest = bundle[start:end], bundle[:start] + bundle[end:]
    at = random.choice(_edges(rest))
    match random.randrange(5):
        case 0:
            return rest
        case 1:
            return bundle[:end] + piece + bundle[end:]
        case 2:
            return rest[:at] + piece + rest[at:]
        case 3:
            return bundle[:start] + random.randbytes(random.randint(1, 80)) + bundle[start:]
        case _:
            other, last = sorted((at, min(len(rest), at + len(piece))))
            return rest[:other] + piece + rest[last:start] + rest[other:last] + rest[start:]


def _range(random: Random, bundle: bytes) -> tuple[int, int]:
    edges = _edges(bundle) if random.random() < 0.7 else range(len(bundle))
    start, end = sorted((random.choice(edges), random.choice(edges)))
    return start, max(end, start + 1)


def _edges(bundle: bytes) -> list[int]:
    return [at for at in range(len(bundle)) if bundle.startswith(b"PK", at)] + [len(bundle)]


def _rebuilt(random: Random, bundle: bytes) -> bytes:
    """Changes that fit together, so that they pass the first looks."""
    zip_ = taken_apart(bundle)
    for _ in range(random.randint(1, 3)):
        _change(random, zip_)
    return zip_.write()


def _change(random: Random, zip_: Zip) -> None:
    part, other = random.choice(zip_.parts), random.choice(zip_.parts)
    headers = random.choice(((part.local,), (part.central,), (part.local, part.central)))
    match random.randrange(9):
        case 0:
            zip_.add(forged(random.choice((part.name, part.name + b"x", part.name.upper()))))
        case 1:
            random.choice((zip_.parts, zip_.directory)).reverse()
        case 2:
            for header in headers:
                header["name"] = other.name
        case 3:
            for header in headers:
                header[random.choice(("flags", "method", "version", "time", "date"))] = random.choice(SMALL)
        case 4:
            value = random.choice((0, 0xFFFFFFFF, part.size, len(other.stream)))
            for header in headers:
                header[random.choice(("crc", "size", "packed"))] = value
        case 5:
            content = struct.pack("<2Q", random.choice((part.size, 1)), len(part.stream))
            for header in headers:
                header["extra"] = extra(random.choice((1, 0x7075, 0x6166)), content)
        case 6:
            zip_.before_end = end_64(*zip_.facts(), sum(zip_.facts()[1:]))
        case 7:
            part.stream, other.stream = other.stream, part.stream
        case _:
            content = zlib.decompress(part.stream, -15)
            part.stream += random.choice((b"\0", part.stream, content[:7]))


def _deflated_anew(random: Random, bundle: bytes) -> bytes:
    """Other streams of the same content, which cannot be distinguished from the genuine ones."""
    zip_ = taken_apart(bundle)
    for part in random.sample(zip_.parts, random.randint(1, 4)):
        packer = zlib.compressobj(random.randrange(10), wbits=-15, memLevel=random.randint(1, 9))
        content = zlib.decompress(part.stream, -15)
        at = random.randint(0, len(content))
        part.stream = packer.compress(content[:at]) + packer.flush(
            random.choice((zlib.Z_FULL_FLUSH, zlib.Z_BLOCK))
        )
        part.stream += packer.compress(content[at:]) + packer.flush()
    return zip_.write()


def _of_a_kind(random: Random, bundle: bytes) -> bytes:
    group = random.choice(sorted(GROUPS))
    return _flip(random, made(group, random.choice(sorted(GROUPS[group]))))
