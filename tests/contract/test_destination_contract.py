"""Every destination hands over whole bundles under opaque names, once, or nothing at all."""

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.data import document
from upath import UPath

from afschrift.destinations.registry import DESTINATIONS, open_destination
from afschrift.domain.errors import ConfigurationError, RetriableError
from afschrift.domain.files import Destination
from afschrift.domain.instants import utc_now

NAME = "req-0123456789ab-access.zip"
CHUNKS = [b"PK\x03\x04", b"x" * 100_000, b"end"]
WHOLE = b"".join(CHUNKS)
numbers = itertools.count()


@dataclass
class Place:
    destination: Destination
    folder: UPath

    def content(self) -> dict[str, bytes]:
        if not self.folder.exists():
            return {}
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}


PLACES = [("folder", "path"), ("folder", "file://"), ("folder", "memory://")]


def test_every_kind_is_tested() -> None:
    others = {"portal"}  # test_portal_destination.py
    assert {kind for kind, _ in PLACES} | others == set(DESTINATIONS)


@pytest.fixture(params=PLACES, ids=" ".join)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    kind, scheme = request.param
    url = {
        "path": str(tmp_path / "outbox"),
        "file://": (tmp_path / "outbox").as_uri(),
        "memory://": f"memory://outbox{next(numbers)}/here",
    }[scheme]
    return Place(open_destination("outbox", {"kind": kind, "url": url}), UPath(url))


def test_a_bundle_arrives_whole_with_a_receipt(place: Place) -> None:
    receipt = place.destination.deliver(NAME, iter(CHUNKS))
    assert place.content() == {NAME: WHOLE}
    assert receipt.sha256 == hashlib.sha256(WHOLE).hexdigest()
    assert receipt.bytes == len(WHOLE)
    assert UPath(receipt.uri).read_bytes() == WHOLE


def test_the_same_bundle_again_changes_nothing(place: Place) -> None:
    first = place.destination.deliver(NAME, iter(CHUNKS))
    assert place.destination.deliver(NAME, iter([WHOLE])) == first
    assert place.content() == {NAME: WHOLE}


def test_what_lies_there_is_found_with_its_receipt(place: Place) -> None:
    assert place.destination.find(NAME) is None
    receipt = place.destination.deliver(NAME, iter(CHUNKS))
    (place.folder / f".{NAME}.part").write_bytes(WHOLE)  # of a try that died between the two
    assert place.destination.find(NAME) == receipt
    assert place.content() == {NAME: WHOLE}


def test_a_try_that_another_overtook_takes_its_receipt(place: Place) -> None:
    """As where a store shows late what it has: it was not there before, and is at the end."""
    other = open_destination("outbox", {"kind": "folder", "url": str(place.folder)})

    def overtaken() -> Iterator[bytes]:
        yield WHOLE
        other.deliver(NAME.replace("access", "portability"), iter(CHUNKS))
        (place.folder / NAME.replace("access", "portability")).rename(str(place.folder / NAME))

    assert place.destination.deliver(NAME, overtaken()) == place.destination.find(NAME)
    assert place.content() == {NAME: WHOLE}


@pytest.mark.parametrize("ends", [True, False], ids=["whole", "going on"])
@pytest.mark.parametrize("content", [WHOLE, WHOLE[::-1]], ids=["equal", "encrypted anew"])
def test_who_loses_to_another_process_takes_its_receipt_or_tries_again(
    tmp_path: Path, content: bytes, ends: bool
) -> None:
    """On a disk, where both write the same part file."""
    destination, other = (
        open_destination("outbox", {"kind": "folder", "url": str(tmp_path / "outbox")}) for _ in range(2)
    )
    part = tmp_path / "outbox" / f".{NAME}.part"

    def overtaken() -> Iterator[bytes]:
        yield WHOLE
        if ends:
            other.deliver(NAME, iter([content]))
        else:
            part.unlink()
            part.write_bytes(content)

    if ends and content == WHOLE:
        assert destination.deliver(NAME, overtaken()) == destination.find(NAME)
    else:
        with pytest.raises(RetriableError, match="Another process is delivering req-"):
            destination.deliver(NAME, overtaken())
    assert (tmp_path / "outbox" / NAME if ends else part).read_bytes() == content


@pytest.mark.parametrize("other", [b"another", WHOLE[:-1], WHOLE + b"x", b""])
def test_another_bundle_never_replaces_one(place: Place, other: bytes) -> None:
    place.destination.deliver(NAME, iter(CHUNKS))
    with pytest.raises(ConfigurationError, match=NAME):
        place.destination.deliver(NAME, iter([other]))
    assert place.content() == {NAME: WHOLE}


def test_nothing_is_visible_before_it_is_whole(place: Place) -> None:
    def watched() -> Iterator[bytes]:
        for chunk in CHUNKS:
            assert NAME not in place.content()
            yield chunk

    place.destination.deliver(NAME, watched())
    assert NAME in place.content()


@pytest.mark.parametrize("fault", [RetriableError("staging is gone"), ValueError("x"), KeyboardInterrupt()])
def test_a_bundle_that_breaks_off_leaves_nothing(place: Place, fault: BaseException) -> None:
    def broken() -> Iterator[bytes]:
        yield from CHUNKS[:2]
        raise fault

    with pytest.raises(type(fault)) as caught:
        place.destination.deliver(NAME, broken())
    assert caught.value is fault
    assert place.content() == {}


def test_what_a_killed_attempt_left_is_overwritten(place: Place) -> None:
    place.folder.mkdir(parents=True, exist_ok=True)
    (place.folder / f".{NAME}.part").write_bytes(b"half" * 100_000)
    place.destination.deliver(NAME, iter(CHUNKS))
    assert place.content() == {NAME: WHOLE}


def test_a_file_that_comes_up_meanwhile_is_not_replaced(place: Place) -> None:
    def overtaken() -> Iterator[bytes]:
        yield WHOLE
        (place.folder / NAME).write_bytes(b"another")

    with pytest.raises(ConfigurationError, match=NAME):
        place.destination.deliver(NAME, overtaken())
    assert place.content() == {NAME: b"another"}


def test_a_removed_file_is_gone_with_its_part_and_no_other(place: Place) -> None:
    other = NAME.replace("access", "portability")
    for name in (NAME, other):
        place.destination.deliver(name, iter(CHUNKS))
    (place.folder / f".{NAME}.part").write_bytes(b"half")
    assert place.destination.remove(NAME)
    assert place.content() == {other: WHOLE}
    assert not place.destination.remove(NAME)
    with pytest.raises(ConfigurationError, match="id of the request"):
        place.destination.remove("../../etc/passwd")


def test_a_link_is_of_a_store_that_signs_and_ends(place: Place) -> None:
    place.destination.deliver(NAME, iter(CHUNKS))
    assert place.destination.link(NAME, utc_now() + timedelta(days=30)) is None
    assert place.destination.link(NAME, utc_now() - timedelta(hours=1)) is None


@pytest.mark.parametrize("name", document(__file__, "names.json")["not_opaque"])
def test_names_that_are_not_opaque_are_refused(place: Place, name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        place.destination.deliver(name, iter(CHUNKS))
    assert place.content() == {}
    assert "jan" not in str(caught.value)


def test_errors_and_reprs_name_the_destination_and_no_secret() -> None:
    settings = {"kind": "folder", "url": "memory://user:hunter2@outbox/x?token=hunter2"}
    destination = open_destination("outbox", settings)
    assert "outbox" in repr(destination)
    assert "hunter2" not in repr(destination)
    assert "hunter2" not in destination.deliver(NAME, iter(CHUNKS)).uri


def test_a_share_that_is_not_mounted_is_no_removal(tmp_path: Path) -> None:
    away = open_destination("outbox", {"kind": "folder", "url": str(tmp_path / "share" / "outbox")})
    with pytest.raises(ConfigurationError, match=r"'outbox' cannot be used.*check that the folder exists"):
        away.remove(NAME)
