"""Whatever is done to a bundle's ZIP file is refused, and what is accepted all programs unpack alike.

`AFSCHRIFT_DRAW=1 pytest tests/unit/bundle/container/test_zip_matrix.py` writes zip_matrix.md again.
"""

import os
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest
from hypothesis import settings
from tests.support.zips.kinds import FREE, GROUPS, made
from tests.support.zips.members import forged
from tests.support.zips.parts import Zip, end_64, extra, taken_apart
from tests.support.zips.small import BUNDLE, TREE, TRUSTED
from tests.support.zips.unzippers import REQUIRED, UNZIPPERS, Outcome, Unzipper

from afschrift.bundle.container.verify import unpack, verify
from afschrift.domain.errors import BundleError

ACCEPTED = "accepted"
PAGE = Path(__file__).with_name("zip_matrix.md")

_HEAD = """# What programs make of a changed ZIP file

A ZIP file states everything twice, and programs differ in which statement they use. A forger can therefore build one in which a verifier finds the signed members and another program finds others. [The bundle](../../../../docs/bundle.md#the-zip-file) has the one form that `afschrift verify` and `afschrift unpack` accept.

A small signed bundle was changed in {count} ways, and each result given to `afschrift verify` and to {programs}. {free} changes affect no program and are accepted: another deflate stream of the same content, which no signature covers. All others are refused. With {fooled} of them at least one program unpacks something else than was signed, without an error.

- *same*: the bundle's files and no others, without an error. Another program may still read the file differently.
- *other*: no error, and other files, or other bytes in them.
- *error*: an error; *error, other*: an error, and a file that is not the bundle's was left on the disk.

`AFSCHRIFT_DRAW=1 pytest tests/unit/bundle/container/test_zip_matrix.py` writes this page again; the test compares it with `afschrift verify`.
"""


def kept() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            group = found.setdefault(line.removeprefix("## "), {})
        elif found and line.startswith("| ") and not line.startswith(("| What", "| The genuine")):
            kind, verdict, *_ = line.removeprefix("| ").split(" | ")
            group[kind] = verdict
    return found


def page(verdicts: Mapping[str, Mapping[str, str]]) -> str:
    def outcomes(bundle: bytes) -> list[Outcome]:
        return [unzipper.outcome(bundle, TREE) for unzipper in UNZIPPERS]

    def row(kind: str, verdict: str, found: Sequence[str]) -> str:
        return "| " + " | ".join([kind, verdict, *found]) + " |"

    kinds = [(group, kind) for group, of_group in verdicts.items() for kind in of_group]
    with ThreadPoolExecutor(2) as pool:
        found = dict(zip(kinds, pool.map(lambda kind: outcomes(made(*kind)), kinds), strict=True))
    versions = [f"{unzipper.name} {unzipper.installed_version()}" for unzipper in UNZIPPERS]
    text = _HEAD.format(
        count=len(found),
        programs=f"{', '.join(versions[:-1])} and {versions[-1]}",
        free=len(FREE),
        fooled=sum(Outcome.OTHER in of_kind for of_kind in found.values()),
    )
    lines = [row("The genuine bundle", ACCEPTED, outcomes(BUNDLE))]
    for group, of_group in verdicts.items():
        lines += [row(kind, verdict, found[group, kind]) for kind, verdict in of_group.items()]
        names = row("What was done", "Afschrift", [unzipper.name for unzipper in UNZIPPERS])
        columns = "|---" * (2 + len(UNZIPPERS)) + "|"
        text += "\n".join([f"\n## {group}", "", names, columns, *lines, ""])
        lines = []
    return text


@pytest.fixture
def verdict(tmp_path: Path) -> Callable[[bytes], str]:
    def of(bundle: bytes) -> str:
        path = tmp_path / "bundle.zip"
        path.write_bytes(bundle)
        report = verify(path, TRUSTED)
        return ACCEPTED if report.exit_code == 0 else f"`{report.problems[0].code}`"

    return of


def test_each_kind_is_another_file_than_the_genuine_one() -> None:
    assert taken_apart(BUNDLE).write() == BUNDLE
    files = [made(group, kind) for group, kinds in GROUPS.items() for kind in kinds]
    assert len({BUNDLE, *files}) == len(files) + 1
    assert len(files) >= 200


def test_only_another_stream_of_the_same_content_is_accepted(verdict: Callable[[bytes], str]) -> None:
    assert verdict(BUNDLE) == ACCEPTED
    found = {group: {kind: verdict(made(group, kind)) for kind in kinds} for group, kinds in GROUPS.items()}
    assert {kind for kinds in found.values() for kind, result in kinds.items() if result == ACCEPTED} == FREE
    if os.environ.get("AFSCHRIFT_DRAW"):
        PAGE.write_text(page(found), encoding="utf-8")
    assert kept() == found, "draw it anew, see above"


@pytest.mark.parametrize(
    "unzipper", [pytest.param(u, id=u.name, marks=pytest.mark.needs_program(u.program)) for u in REQUIRED]
)
def test_what_is_accepted_unpacks_alike(unzipper: Unzipper) -> None:
    accepted = [BUNDLE, *(made("Their streams", kind) for kind in sorted(FREE))]
    assert [unzipper.outcome(bundle, TREE) for bundle in accepted] == [Outcome.SAME] * 5


def test_nothing_is_unpacked_of_what_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    for group, kinds in GROUPS.items():
        for kind in kinds.keys() - FREE:
            path.write_bytes(made(group, kind))
            with pytest.raises(BundleError):
                unpack(path, tmp_path / "out", TRUSTED)
    assert list(tmp_path.iterdir()) == [path]


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


@pytest.mark.hypothesis
@pytest.mark.needs_program(*(unzipper.program for unzipper in REQUIRED))
def test_whatever_is_accepted_no_program_takes_for_something_else(tmp_path: Path) -> None:
    count = 10_000 if settings().max_examples > 100 else 300
    path = tmp_path / "bundle.zip"
    accepted = {}
    for number in range(count):
        path.write_bytes(changed := mutant(number))
        if changed != BUNDLE and verify(path, TRUSTED).exit_code == 0:
            accepted[number] = changed
    outcomes = {
        (number, unzipper.name): unzipper.outcome(changed, TREE)
        for number, changed in accepted.items()
        for unzipper in REQUIRED
    }
    assert {key: outcome for key, outcome in outcomes.items() if outcome != Outcome.SAME} == {}
    assert count // 100 < len(accepted) < count // 10  # another stream of the same content, and nothing else
