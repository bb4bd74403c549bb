"""A home whose bundle is packed, a destination that says what a delivery has reached, and what must be there."""

import dataclasses
import hashlib
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import s3fs
from testbed.running import event_types
from tests.contract.test_portal_destination import options
from tests.support.portal import Portal
from upath import UPath

from afschrift.app.settings import Settings
from afschrift.destinations.folder import FolderDestination
from afschrift.destinations.portal import delivery_key
from afschrift.domain.files import Destination, Receipt, ShowsBundles
from afschrift.encryption.aes_zip import opened_zip
from afschrift.encryption.secret import apart
from afschrift.services import Services
from afschrift.steps.deliver import deliver
from afschrift.wiring.build_services import build

At = Callable[[str], None]


@dataclasses.dataclass
class Home:
    """An installation with a request whose bundle is packed, and where it is to lie."""

    folder: Path
    url: str
    request: str
    portal: Portal | None = None

    def built(self) -> Services:
        return build(lambda _line: None, settings(self.folder, self.url, self.portal))

    def there(self) -> dict[str, bytes]:
        if self.portal:
            return self.portal.whole()
        place = UPath(self.url)
        if self.url.startswith("s3:"):
            place.fs.invalidate_cache()
        return {file.name: file.read_bytes() for file in place.iterdir()} if place.exists() else {}


def settings(folder: Path, url: str, portal: Portal | None = None) -> Settings:
    places = {"AFSCHRIFT_HOME": str(folder / "home"), "AFSCHRIFT_INVENTORY": str(folder / "inventory")}
    if portal is None:
        return Settings.from_environment(places | {"AFSCHRIFT_DESTINATION_OUTBOX": url})
    file = folder / "outbox.json"
    file.touch(0o600)
    file.write_text(json.dumps({**options(portal), "public": portal.outer}))
    return Settings.from_environment(places | {"AFSCHRIFT_DESTINATION_OUTBOX_OPTIONS": str(file)})


class Watched:
    """A destination that says what a delivery has reached."""

    def __init__(self, inner: Destination, at: At) -> None:
        self.name, self.remove, self.address = inner.name, inner.remove, inner.address
        self._inner, self._at = inner, at
        if isinstance(inner, ShowsBundles):
            for name in set(dir(inner)) - set(dir(self)):
                setattr(self, name, getattr(inner, name))

    def find(self, name: str) -> Receipt | None:
        self._at("asked")
        return self._inner.find(name)

    def deliver(self, name: str, chunks: Iterator[bytes]) -> Receipt:
        receipt = self._inner.deliver(name, self._pieces(chunks))
        self._at("receipt")
        return receipt

    def _pieces(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            for start in range(0, len(chunk), 5_000):
                yield chunk[start : start + 5_000]
                self._at("first byte")
        self._at("last byte")


def watch_place(at: At) -> None:
    """Let `at` be called around the moment in which a file gets its name."""
    real, unlink, rm = FolderDestination._publish, Path.unlink, s3fs.S3FileSystem.rm

    def publish(own: FolderDestination, *given: Any) -> None:
        at("before its name")
        real(own, *given)
        at("after its name")

    def unlinked(path: Path, *given: Any, **more: Any) -> None:
        if path.suffix == ".part" and path.exists():
            at("both names")
        unlink(path, *given, **more)

    def removed(own: Any, path: str, *given: Any, **more: Any) -> None:
        at("both names")
        rm(own, path, *given, **more)

    FolderDestination._publish = publish  # type: ignore[method-assign]
    Path.unlink = unlinked  # type: ignore[assignment, method-assign]
    s3fs.S3FileSystem.rm = removed


def must_be_delivered_once(home: Home) -> None:
    services = home.built()
    register, request = services.register, home.request
    deliver(services, request)  # what is done is not done again
    [row] = register.deliveries.of(request, begun=True)
    [(name, content)] = home.there().items()
    assert (row.state, row.name) == ("arrived", name)
    assert register.deliveries.arrived(row.id) == (hashlib.sha256(content).hexdigest(), len(content))
    words = register.deliveries.secret(row.id)
    if home.portal:
        bundle = home.portal.fetch(*apart(words or ""))
        assert home.portal.kinds(delivery_key(name), 1) == ["fetched"]
        with home.portal.client(inner=True) as client:
            shown = client.get(f"/deliveries/{delivery_key(name)}").json()["expires_at"]
        # of the last try, as the register and the letter say
        assert shown[:19] == (row.expires_at or "")[:19]
    else:
        bundle = opened_zip(io.BytesIO(content), words).read() if words else content
    packed = register.steps.latest(request, "package") or {}
    assert hashlib.sha256(bundle).hexdigest() == row.sha256 == packed["bundle"]
    counts = Counter(event_types(services, request))
    once = ("delivery_begun", "bundle_arrived", "bundle_delivered")
    assert {event: counts[event] for event in once} == dict.fromkeys(once, 1)
    assert list(register.evidence.differences()) == []
