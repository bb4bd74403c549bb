"""What lies at a destination goes at its end with the words that open it, and nothing else does."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update
from testbed.running import installation, run, store
from testbed.small import write_database, write_inventory
from tests.contract.test_s3_store import reached
from tests.support.command_line import run_command
from tests.support.moves import moved
from tests.unit.operations.conftest import HOUR, Office
from upath import UPath

from afschrift.casework.copy_findings import end_of, last_day
from afschrift.destinations.registry import open_destination
from afschrift.domain.errors import RetriableError
from afschrift.domain.files import Destination
from afschrift.domain.instants import rfc3339, utc_now
from afschrift.domain.state import State
from afschrift.law.clock.deadline import local_date
from afschrift.law.clock.facts import FactKind, NewFact
from afschrift.operations import sweep as sweep_module
from afschrift.operations.remove_copies import Copies
from afschrift.operations.sweep import sweep
from afschrift.register.database.tables import delivery
from afschrift.register.deliveries import Deliveries, DeliveryRow

WORDS = "merel appel zomer koffie tafel regen"
EVENTS = ("bundle_removed", "secret_destroyed", "sweep_found")


class Delivering:
    """An office with a destination that is a folder."""

    def __init__(self, office: Office, folder: UPath) -> None:
        self.office, self.folder, self.register = office, folder, office.register
        self.destination: Destination = open_destination("outbox", {"kind": "folder", "url": str(folder)})

    def deliver(
        self, state: State = State.DELIVERED, *, arrives: bool = True, content: bytes = b"", **more: Any
    ) -> DeliveryRow:
        request = self.office.open(State.ACCEPTED)
        content = content or request.encode()
        given = {"encryption": "zip", "secret": WORDS} | more
        name, bundle = f"{request}-access.zip", hashlib.sha256(content).hexdigest()
        row = self.register.deliveries.begin(request, "outbox", name, bundle, **given)
        receipt = self.destination.deliver(name, iter([content]))
        if arrives:
            row = self.register.deliveries.arrive(row.id, receipt)
        else:
            (self.folder / name).rename(self.folder / f".{name}.part")
        moved(self.register, request, state)
        return row

    def sweep(self, *, dry: bool = False) -> list[tuple[str, str]]:
        """Why, and what was done, of each file."""
        office = self.office
        copies = Copies(self.register, lambda _name: self.destination, lambda _name: 30, office.now, dry)
        swept = office.sweeper(dry=dry, copies=copies).run()
        return [(str(s.finding.why), s.action) for s in swept if s.finding.code == "copy_remains"]

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def row(self, row: DeliveryRow) -> DeliveryRow:
        [found] = self.register.deliveries.of(row.request, begun=True)
        return found

    def hold(self, request: str) -> None:
        held = NewFact(FactKind.HELD, detail={"hold": "h", "ground": "court"})
        self.register.facts.record(request, lambda _timeline: [held], "cli:anna")


@pytest.fixture
def delivering(office: Office, tmp_path: Path) -> Delivering:
    return Delivering(office, UPath(tmp_path / "outbox"))


def ends(state: State) -> Callable[..., object]:
    return lambda at, row: moved(at.register, row.request, state)


def shredded(at: Delivering, row: DeliveryRow) -> None:
    at.register.data_keys.shred(row.request, "retention")


def confirmed(at: Delivering, row: DeliveryRow) -> None:
    at.register.deliveries.confirm(row.id, "said", "cli:anna")


def downloaded(at: Delivering, row: DeliveryRow) -> None:
    at.register.deliveries.fetched(row.id, "1", "2026-03-02T10:00:00Z")


@pytest.mark.parametrize(
    ("why", "state", "act", "hours"),
    [
        ("expired", State.DELIVERED, lambda _at, _row: None, 30 * 24 + 13),  # 1 April 24:00, and an hour
        ("confirmed", State.DELIVERED, confirmed, 0),
        ("expired", State.DELIVERED, downloaded, 7 * 24),
        ("key_destroyed", State.DELIVERED, shredded, 0),
        ("withdrawn", State.READY, ends(State.WITHDRAWN), 0),
        ("merged", State.READY, ends(State.MERGED), 0),
        ("refused", State.NEEDS_PERSON, ends(State.REFUSED), 0),
        ("person_deceased", State.READY, ends(State.PERSON_DECEASED), 0),
    ],
)
@pytest.mark.parametrize("encryption", ["zip", "none"])
def test_a_file_and_its_words_go_at_their_end(
    delivering: Delivering, encryption: str, why: str, state: State, act: Callable[..., object], hours: int
) -> None:
    row = delivering.deliver(state, encryption=encryption, secret=WORDS if encryption == "zip" else None)
    assert delivering.sweep() == []
    act(delivering, row)
    if hours:
        delivering.office.later(hours - 0.1)
        assert delivering.sweep() == []
        delivering.office.later(0.1)
    assert delivering.sweep(dry=True) == [(why, f"would remove the file at outbox ({why})")]
    assert len(delivering.files()) == 1
    assert delivering.sweep() == [(why, "removed from outbox")]
    assert delivering.files() == []
    found = delivering.row(row)
    assert (found.destroyed_at is not None, found.has_secret) == (True, False)
    kinds = [kind for kind, _ in delivering.office.events(row.request, *EVENTS)]
    assert kinds == [
        *(["secret_destroyed"] if encryption == "zip" and act is not shredded else []),
        EVENTS[0],
    ]
    assert delivering.sweep() == []
    assert delivering.register.trail.verify() == []
    assert [header.type for header in delivering.register.trail.of_bundle(row.sha256)] == ["bundle_arrived"]


def test_nothing_is_left_in_an_object_store(office: Office, tmp_path: Path) -> None:
    with reached(tmp_path) as store:
        store.other.mkdir("outbox")
        at = Delivering(office, UPath("s3://outbox/answers"))
        given_up = (State.WITHDRAWN, State.MERGED, State.REFUSED, State.DELIVERED, State.DELIVERED)
        rows = [at.deliver(state) for state in given_up]
        shredded(at, rows[3])
        half = at.deliver(State.WITHDRAWN, arrives=False)
        assert len(store.other.find("outbox")) == 6
        office.later(31 * 24)
        found = sorted(at.sweep())
        assert store.other.find("outbox") == []
    whys = ["expired", "key_destroyed", "merged", "refused", "withdrawn", "withdrawn"]
    assert found == [(why, "removed from outbox") for why in whys]
    assert not any(at.row(row).has_secret for row in (*rows, half))
    assert office.register.trail.verify() == []


def test_a_sweep_that_dies_once_the_file_is_gone_is_finished_by_the_next(
    delivering: Delivering, monkeypatch: pytest.MonkeyPatch
) -> None:
    def died(*_: Any) -> None:
        raise KeyboardInterrupt

    row = delivering.deliver(State.WITHDRAWN)
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(Deliveries, "removed", died)
        delivering.sweep()
    assert delivering.files() == []
    assert delivering.row(row).has_secret
    assert delivering.sweep() == [("withdrawn", "was gone from outbox already")]
    assert not delivering.row(row).has_secret


def test_what_a_killed_delivery_left_goes_with_its_request(delivering: Delivering) -> None:
    row = delivering.deliver(State.ACCEPTED, arrives=False)
    assert delivering.sweep() == []  # the next try takes it up
    moved(delivering.register, row.request, State.DELIVERED)
    assert delivering.sweep() == [("never_arrived", "removed from outbox")]
    assert delivering.files() == []
    assert not delivering.row(row).has_secret


def test_the_part_that_a_refused_request_gave_stays_its_days(delivering: Delivering) -> None:
    delivering.deliver(State.REFUSED, kind="partial")
    assert delivering.sweep() == []
    delivering.office.later(31 * 24)
    assert delivering.sweep() == [("expired", "removed from outbox")]


def test_a_hold_that_comes_while_the_sweep_removes_keeps_the_file(delivering: Delivering) -> None:
    row = delivering.deliver(State.WITHDRAWN)
    look = delivering.register.oversight.progress

    def held(*asked: Any) -> Any:
        seen = look(*asked)
        if not delivering.register.disputes.holds(row.request):
            delivering.hold(row.request)
        return seen

    delivering.register.oversight.progress = held  # type: ignore[method-assign, assignment]
    for start in ("not removed: ", "kept: "):
        [(why, action)] = delivering.sweep()
        assert action.startswith(f"{start}Request {row.request} is under hold")
    assert len(delivering.files()) == 1
    assert delivering.row(row).has_secret
    [(_, found)] = delivering.office.events(row.request, *EVENTS)  # once, though it was found twice
    assert found["code"] == "copy_remains"
    assert (found["delivery"], found["why"]) == (row.id, why)


def test_another_file_of_the_same_name_is_left(delivering: Delivering) -> None:
    rows = [delivering.deliver(State.WITHDRAWN, encryption=code) for code in ("zip", "none")]
    for row in rows:
        (delivering.folder / row.name).write_bytes(b"another")
    assert {action.partition(":")[0] for _, action in delivering.sweep()} == {"not removed"}
    assert len(delivering.files()) == 2
    for row in rows:
        (delivering.folder / row.name).unlink()  # as the message says
    assert {action for _, action in delivering.sweep()} == {"was gone from outbox already"}


def test_a_place_that_does_not_remove_is_named_and_asked_again(delivering: Delivering) -> None:
    row, other = delivering.deliver(State.WITHDRAWN), delivering.deliver(State.WITHDRAWN)
    whole, away = delivering.folder, delivering.folder.with_name("away")
    whole.rename(away)  # a share that is not mounted
    for _ in range(2):
        found = delivering.sweep()
        assert {action.partition(" (")[0] for _, action in found} == {
            "not removed: The destination 'outbox' cannot be used"
        }
    assert delivering.row(row).has_secret
    away.rename(whole)
    assert delivering.sweep() == [("withdrawn", "removed from outbox")] * 2
    assert [kind for kind, _ in delivering.office.events(other.request, *EVENTS)] == [
        "sweep_found",
        "secret_destroyed",
        "bundle_removed",
    ]


def test_a_place_that_does_not_answer_is_asked_once_a_sweep(delivering: Delivering) -> None:
    rows = [delivering.deliver(State.WITHDRAWN) for _ in range(3)]
    asked: list[str] = []

    def silent(name: str) -> bool:
        asked.append(name)
        raise RetriableError("The destination 'outbox' does not answer.")

    delivering.destination.remove = silent  # type: ignore[method-assign]
    answers = delivering.sweep()
    assert answers == [("withdrawn", "not removed: The destination 'outbox' does not answer.")] * 3
    assert len(asked) == 1
    assert [delivering.row(row).destroyed_at for row in rows] == [None] * 3


def test_nothing_is_removed_while_a_run_goes(delivering: Delivering) -> None:
    row = delivering.deliver(State.ACCEPTED)
    run = delivering.office.run(row.request)
    moved(delivering.register, row.request, State.WITHDRAWN)
    assert delivering.sweep() == [("withdrawn", "left: another process is using it")]
    delivering.register.runs.end(row.request, run, "withdrawn")
    assert delivering.sweep() == [("withdrawn", "removed from outbox")]


@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "Pacific/Auckland", "UTC"])
@pytest.mark.parametrize("month", range(1, 13))
def test_the_last_day_is_whole_also_by_a_clock_an_hour_ahead(zone: str, month: int) -> None:
    day = date(2026, month, 28)
    gone = end_of(day, zone)
    assert (gone - HOUR).astimezone(ZoneInfo(zone)).date() == day + timedelta(1)
    assert gone - HOUR < datetime.combine(day + timedelta(1), time(0, 1), ZoneInfo(zone))
    row = DeliveryRow(*("" for _ in range(16)))  # type: ignore[arg-type]
    assert last_day(replace(row, expires_at=rfc3339(gone)), 30, zone) == day


def test_the_proof_of_a_delivery_outlives_its_file_and_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person's bundle is still named by the trail; the encrypted file is, as long as the key is there."""
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))
    monkeypatch.setenv("AFSCHRIFT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(write_inventory(tmp_path / "inventory")))
    services = installation(tmp_path / "home", tmp_path / "inventory")
    request = store(services, {"customer_id": "1"})
    opened, outbox, deliveries = (
        run(services, request),
        tmp_path / "home" / "outbox",
        services.register.deliveries,
    )
    [row] = deliveries.of(request)
    received = tmp_path / "received.zip"
    received.write_bytes((outbox / row.name).read_bytes())
    assert deliveries.secret(row.id)
    assert last_day(row, 30, "Europe/Amsterdam") == local_date(
        row.delivered_at, "Europe/Amsterdam"
    ) + timedelta(30)

    swept = [s.action for s in sweep(lambda *_: "") if s.finding.delivery]
    monkeypatch.setattr(sweep_module, "utc_now", lambda: utc_now() + timedelta(days=32))
    swept += [s.action for s in sweep(lambda *_: "") if s.finding.delivery]
    assert swept == ["removed from outbox"]
    assert list(outbox.iterdir()) == []
    assert deliveries.secret(row.id) is None
    text = run_command("audit", "verify", "--max-age", "0", "--bundle", opened, "--bundle", received)
    assert f"{opened}: sealed at " in text
    assert f"{opened}: delivered at " in text
    assert f"{received}: delivered, encrypted at " in text
    services.register.data_keys.shred(request, "retention")
    text = run_command("audit", "verify", "--max-age", "0", "--bundle", opened, "--bundle", received)
    assert f"{opened}: delivered at " in text
    assert f"{received}: no event of the trail names this file" in text


def test_an_open_bundle_of_an_earlier_version_goes(delivering: Delivering) -> None:
    ended = [
        delivering.deliver(state, encryption="none", secret=None) for state in (State.WITHDRAWN, State.READY)
    ]
    shredded(delivering, ended[1])
    with delivering.register.store.database.write() as tx:
        tx.execute(update(delivery).values(name=None, key=None, begun_at=None, arrived=None))
    (delivering.folder / ended[0].name).write_bytes(b"another")
    assert ("key_destroyed", "removed from outbox") in delivering.sweep()
    [(why, action)] = delivering.sweep()
    assert (why, action.partition(f" {ended[0].name}")[0]) == (
        "withdrawn",
        "not removed: Another file has the name",
    )
    assert delivering.files() == [ended[0].name]
