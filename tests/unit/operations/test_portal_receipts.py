"""The sweep records what a portal says once, acknowledges it, and names what it cannot believe."""

import hashlib
import io
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from tests.contract.test_portal_destination import place_of
from tests.support.portal import Portal, bundle, running
from tests.unit.operations.conftest import Office

from afschrift.destinations.portal import delivery_key
from afschrift.domain.files import Announcement
from afschrift.domain.instants import rfc3339
from afschrift.domain.state import State
from afschrift.encryption.portal_file import Portal as Cipher
from afschrift.encryption.secret import apart, draw_with_link
from afschrift.operations.portal_receipts import Portals
from afschrift.register.deliveries import DeliveryRow

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with running(tmp_path_factory.mktemp("portal")) as started:
        yield started


class Desk:
    """An office with a portal, and the person who fetches."""

    def __init__(self, office: Office, portal: Portal) -> None:
        self.office, self.portal, self.register = office, portal, office.register
        self.destination = place_of(portal)

    def deliver(self) -> DeliveryRow:
        request, plain, sink = self.office.open(State.ACCEPTED), bundle(), io.BytesIO()
        name, secret = f"{request}-access.zip", draw_with_link("nl")
        digest = hashlib.sha256(plain).hexdigest()
        row = self.register.deliveries.begin(
            request, "desk", name, digest, encryption="portal", secret=secret
        )
        Cipher().encrypt(io.BytesIO(plain), len(plain), sink, secret)
        content, until = sink.getvalue(), datetime.now(UTC) + 30 * DAY
        self.destination.announce(name, Announcement(len(content), "nl", until, {"case": request}))
        receipt = self.destination.deliver(name, iter([content]))
        return self.register.deliveries.arrive(row.id, receipt, None, self.office.now + 30 * DAY)

    def sweep(self, *, dry: bool = False, names: tuple[str, ...] = ("desk",)) -> list[str]:
        """Code and outcome of each finding; of the office's other findings none."""
        portals = Portals(self.register, names, lambda _name: self.destination, self.office.now, dry)
        found = self.office.sweeper(dry=dry, at_portals=list(portals.sweep())).run()
        return [f"{s.finding.code}: {s.action}" for s in found if s.finding.code.startswith("portal_")]

    def events(self, row: DeliveryRow) -> list[str]:
        found = self.register.trail.events(row.request)
        return [h.type for h, _ in found if h.type.startswith(("delivery_f", "delivery_c", "sweep_f"))]

    def person(self, row: DeliveryRow, act: str = "bundle", words: str = "") -> int:
        """What the person does with link and words; waits for the receipt of it."""
        given, link = apart(self.register.deliveries.secret(row.id) or "")
        with self.portal.client() as client:
            answer = client.post(f"/api/o/{link}", json={"code": words or given})
            if answer.status_code != 200:
                return answer.status_code
            head, before = {"Afschrift-Key": answer.json()["key"]}, self.waiting()
            if act == "bundle":
                assert client.get(f"/api/o/{link}/bundle", headers=head).content.startswith(b"PK")
            else:
                assert client.post(f"/api/o/{link}/received", headers=head).is_success
        for _ in range(100):
            if self.waiting() > before:
                break
            time.sleep(0.02)
        return 200

    def waiting(self) -> int:
        with self.portal.client(inner=True) as client:
            return len(client.get("/receipts").json())

    def base(self, statement: str, *values: object) -> None:
        with sqlite3.connect(self.portal.home / "portal.db") as base:
            base.execute(statement, values)


@pytest.fixture
def desk(office: Office, portal: Portal) -> Iterator[Desk]:
    given = Desk(office, portal)
    yield given
    given.base("DELETE FROM receipt")


def test_a_download_and_a_confirmation_are_recorded_once_and_acknowledged(desk: Desk) -> None:
    row = desk.deliver()
    desk.person(row)
    with desk.portal.client(inner=True) as client:
        kept = client.get("/receipts").json()
    assert desk.sweep(dry=True) == ["portal_receipt: would record that it was fetched"]
    assert desk.sweep() == desk.sweep() == []
    assert (desk.events(row), desk.waiting()) == (["delivery_fetched"], 0)
    found = desk.register.deliveries.get(row.id)
    assert found.expires_at == rfc3339(desk.office.now + 7 * DAY) and found.confirmed_at is None
    [same] = kept
    desk.base(  # a portal that was put back by a day
        "INSERT INTO receipt (id, delivery, kind, at) VALUES (?, ?, ?, ?)",
        *(same["id"], same["delivery"], same["kind"], int(datetime.fromisoformat(same["at"]).timestamp())),
    )
    assert (desk.sweep(), desk.events(row), desk.waiting()) == ([], ["delivery_fetched"], 0)
    desk.person(row, "received")
    assert desk.sweep() == []
    assert desk.events(row) == ["delivery_fetched", "delivery_confirmed"]
    confirmed = desk.register.deliveries.get(row.id)
    assert confirmed.confirmed_at and confirmed.expires_at == rfc3339(desk.office.now)
    assert desk.register.facts.timeline(row.request).state is State.ACCEPTED  # a receipt closes nothing
    assert list(desk.register.evidence.differences()) == []


def test_what_is_frozen_or_gone_or_cannot_be_believed_is_named_and_harmless(desk: Desk) -> None:
    row, key = desk.deliver(), delivery_key("x")
    frozen = delivery_key(row.name)
    for _ in range(19):
        desk.base("INSERT INTO attempt (delivery, at) VALUES (?, ?)", frozen, int(time.time()) - 3600)
    assert desk.person(row, words="een twee drie vier vijf zes") == 403
    assert desk.person(row) == 403
    [finding] = desk.sweep()
    assert finding == "portal_frozen: find out who tried, then `afschrift delivery unfreeze` or `revoke`"
    assert desk.sweep() == [] and desk.events(row) == ["delivery_frozen", "sweep_found"]
    desk.destination.unfreeze(row.name)
    assert desk.person(row) == 200

    unknown = "INSERT INTO receipt (id, delivery, kind, at) VALUES ('9', ?, 'confirmed', 1)"
    desk.base(unknown, key)
    desk.base(unknown.replace("'9'", "'8'"), frozen)  # of before this delivery began
    left = "portal_receipt: left: a receipt at desk is of no delivery that the register knows"
    assert desk.sweep() == [left, left] and desk.events(row)[-1] == "delivery_fetched"
    desk.base("DELETE FROM receipt")
    desk.person(row, "received")
    desk.destination = place_of(desk.portal, key="A" * 43 + "=")
    assert desk.sweep() == ["portal_receipt: left: 1 receipts at desk have no signature by its key"]
    assert desk.events(row)[-1] == "delivery_fetched"
    desk.base("DELETE FROM receipt")
    lacks = "portal_lacks: not at desk any more: revoke it, and give it again (docs/portal.md)"
    desk.base("UPDATE delivery SET state = 'uploading' WHERE key = ?", frozen)  # started without its file
    assert desk.sweep() == [lacks]
    desk.destination.remove(row.name)
    assert desk.sweep() == [lacks]
    desk.destination = place_of(desk.portal, url="https://127.0.0.1:9")
    [away] = desk.sweep()
    assert away.startswith("portal_receipt: receipts not fetched: The portal 'desk' does not answer")
