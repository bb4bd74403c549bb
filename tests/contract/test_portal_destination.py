"""The kind `portal` keeps what every destination promises, with a portal as a process of its own."""

import hashlib
import inspect
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.contract import test_destination_contract as contract
from tests.contract.test_destination_contract import NAME
from tests.support.authority import Authority
from tests.support.portal import Portal, Sealed, bundle, running

from afschrift.destinations import portal as kind
from afschrift.destinations.portal import PortalDestination, delivery_key
from afschrift.destinations.registry import open_destination
from afschrift.domain.errors import AfschriftError, ConfigurationError, RefusedError, RetriableError
from afschrift.domain.files import Announcement, Receipt

SEALED = Sealed(bundle(size=3_000_000))
WHOLE = SEALED.content
CHUNKS = [WHOLE[:300], WHOLE[300:2_000_000], WHOLE[2_000_000:]]


def options(portal: Portal, **other: Any) -> dict[str, Any]:
    root = str(portal.home.parent / "root.pem")
    given = {"url": portal.inner, "key": portal.public_key, "token": portal.token, "ca": root}
    return {"kind": "portal", **given, **other}


def place_of(portal: Portal, **other: Any) -> PortalDestination:
    place = open_destination("desk", options(portal, **other))
    assert isinstance(place, PortalDestination)
    return place


def about(content: bytes = WHOLE) -> Announcement:
    until = datetime.now(UTC) + timedelta(days=30)
    return Announcement(len(content), "nl", until, {"case": "req-1"})


class Announcing:
    """A portal to which each delivery is announced, as the step does it."""

    def __init__(self, inner: PortalDestination) -> None:
        self._inner = inner
        self.find, self.remove, self.link = inner.find, inner.remove, inner.link

    def deliver(self, name: str, chunks: Iterator[bytes]) -> Receipt:
        if not inspect.isgenerator(chunks):
            given = list(chunks)
            self._inner.announce(name, about(b"".join(given)))
            return self._inner.deliver(name, iter(given))
        self._inner.announce(name, about())
        return self._inner.deliver(name, chunks)


@dataclass
class Place:
    """What the contract looks at: the files that the portal has whole."""

    portal: Portal
    destination: Any

    def content(self) -> dict[str, bytes]:
        if self.destination.find(NAME) is None:
            return {}
        return {NAME: (self.portal.home / "files" / delivery_key(NAME)).read_bytes()}


@pytest.fixture
def place(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setattr(contract, "WHOLE", WHOLE)
    monkeypatch.setattr(contract, "CHUNKS", CHUNKS)
    given = place_of(portal)
    yield Place(portal, Announcing(given))
    given.remove(NAME)


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with running(tmp_path_factory.mktemp("portal")) as started:
        yield started


KEPT = [
    contract.test_the_same_bundle_again_changes_nothing,
    contract.test_nothing_is_visible_before_it_is_whole,
    contract.test_a_link_is_of_a_store_that_signs_and_ends,
    *(
        lambda place, fault=fault: contract.test_a_bundle_that_breaks_off_leaves_nothing(place, fault)
        for fault in (RetriableError("staging is gone"), ValueError("x"), KeyboardInterrupt())
    ),
]


def test_the_portal_keeps_what_every_destination_promises(place: Place) -> None:
    for test in KEPT:
        test(place)  # type: ignore[operator]
        place.destination.remove(NAME)
    receipt = place.destination.deliver(NAME, iter(CHUNKS))
    assert (receipt.bytes, receipt.sha256) == (len(WHOLE), hashlib.sha256(WHOLE).hexdigest())
    assert receipt == place.destination.find(NAME)
    assert place.content() == {NAME: WHOLE}
    with pytest.raises(ConfigurationError, match=NAME):
        place.destination.deliver(NAME, iter([Sealed(b"other").content]))
    for name in ("../etc/passwd", "jan.zip"):
        with pytest.raises(ConfigurationError, match="id of the request"):
            place.destination.deliver(name, iter(CHUNKS))
    assert place.destination.remove(NAME)
    assert place.content() == {}
    assert not place.destination.remove(NAME)


def test_an_upload_goes_on_where_a_killed_portal_stopped(portal: Portal) -> None:
    given, pieces, sent = place_of(portal), [WHOLE[n : n + 65_536] for n in range(0, len(WHOLE), 65_536)], []

    def cut() -> Iterator[bytes]:
        for number, piece in enumerate(pieces):
            if number == 40:
                while not (file.exists() and file.stat().st_size):
                    time.sleep(0.01)
                portal.stop(signal.SIGKILL)
            yield piece

    file = portal.home / "files" / delivery_key(NAME)
    given.announce(NAME, about())
    with pytest.raises(RetriableError, match=r"'desk'.*bring it back.*goes on where it ended"):
        given.deliver(NAME, cut())
    portal.start()
    assert given.find(NAME) is None
    with portal.client(inner=True) as client:
        received = client.get(f"/deliveries/{delivery_key(NAME)}").json()["received"]
    assert 0 < received < len(WHOLE)
    given.announce(NAME, about())
    original = kind._Rest.__iter__

    def counted(self: Any) -> Iterator[bytes]:
        for chunk in original(self):
            sent.append(len(chunk))
            yield chunk

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(kind._Rest, "__iter__", counted)
        assert given.deliver(NAME, iter(pieces)) == given.find(NAME)
    assert sum(sent) == len(WHOLE) - received
    given.remove(NAME)


def test_what_is_wrong_with_a_portal_is_named_with_the_way_out(
    portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, elsewhere = Authority(tmp_path), "https://127.0.0.1:9"
    assert other

    def full() -> None:
        with running(tmp_path / "full", reserve=str(1 << 60)) as small:
            place_of(small).announce(NAME, about())

    (tmp_path / "full").mkdir()
    cases: list[tuple[Callable[[], object], type[AfschriftError], str]] = [
        (place_of(portal, token="x" * 40).reach, ConfigurationError, r"refuses the token.*inner listener"),
        (place_of(portal, ca=str(tmp_path / "root.pem")).reach, ConfigurationError, r"certificate.*`ca`"),
        (place_of(portal, ca=str(tmp_path / "none.pem")).reach, ConfigurationError, r"`ca`.*cannot be read"),
        (place_of(portal, url="http://example.org").reach, ConfigurationError, r"no https address"),
        (place_of(portal, key="AAAA").reach, ConfigurationError, r"another key.*init"),
        (place_of(portal, url=elsewhere).reach, RetriableError, r"does not answer.*bring it back"),
        (full, RetriableError, r"is full.*free space"),
        (lambda: place_of(portal).deliver(NAME, iter(CHUNKS)), ConfigurationError, r"deliver it anew"),
        (lambda: place_of(portal).unfreeze(NAME), RefusedError, r"does not have.*portal\.md"),
        (lambda: place_of(portal).renew(NAME, about().expires_at), RefusedError, r"does not have"),
    ]
    for act, error, words in cases:
        with pytest.raises(error, match=words) as caught:
            act()
        assert "desk" in str(caught.value) and portal.token not in str(caught.value)
    monkeypatch.setattr(kind, "FREE_BYTES", 1 << 60)
    with pytest.raises(RetriableError, match=r"MiB left.*more space"):
        place_of(portal).reach()
    monkeypatch.setattr(kind, "utc_now", lambda: datetime.now(UTC) + timedelta(minutes=6))
    with pytest.raises(ConfigurationError, match=r"clocks.*6 minutes.*NTP"):
        place_of(portal).reach()
    assert portal.token not in repr(place_of(portal))
