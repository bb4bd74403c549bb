"""Years of the trail: which may be dropped, what stays, and what triggers refuse."""

import io
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.support.moves import moved
from tests.support.nightly import both_databases, on_sqlite
from tests.support.trail_matrix import Calendar, Trail

from afschrift.domain.errors import AfschriftError, RefusedError
from afschrift.domain.event import NewEvent, canonical, digest
from afschrift.domain.state import State
from afschrift.register.database.database import Database
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register
from afschrift.register.trail.audit import KEEP_YEARS
from afschrift.register.trail.trail import CLOCK_WENT_BACK, SKEW_SECONDS

RULE = "retention_trail"


@pytest.fixture
def empty(url: str, tmp_path: Path) -> Trail:
    clock = Calendar(2010)
    trail = Trail(url, tmp_path, clock, KeyStore.create(tmp_path / "k.json", clock))
    trail.held.mkdir()
    return trail


@pytest.fixture
def trail(empty: Trail) -> Trail:
    """Events of 2010 (1-4, with a closed request), 2011 (5-6) and 2018 (7-8), and one checkpoint (9)."""
    empty.closed_request()
    for year in (2011, 2018):
        empty.clock.now = datetime(year, 2, 1, tzinfo=UTC)
        empty.count(2)
    empty.checkpoint()
    return empty


def seqs(trail: Trail) -> list[int]:
    return [header.seq for header, _ in trail.register.trail.events()]


@both_databases
def test_a_year_is_dropped_whole_and_the_chain_goes_on(trail: Trail) -> None:
    heads = [(h.seq, h.digest()) for h, _ in trail.register.trail.events()]
    first, *_, last = [h for h, _ in trail.register.trail.events() if h.at.startswith("2010")]

    what = trail.register.trail.drop_year(2010, RULE, by="officer")

    assert (what.year, what.first_seq, what.last_seq, what.count) == (2010, 1, last.seq, last.seq)
    assert (what.closing, what.register, what.rule) == (last.digest(), first.digest(), RULE)
    assert seqs(trail)[0] == last.seq + 1
    (drop_event, payload), (witnessed, _) = trail.register.trail.events()[-2:]
    assert (drop_event.type, drop_event.actor) == ("segment_dropped", "officer")
    assert witnessed.type == "checkpoint_made"
    assert payload is not None and payload["segment"] == vars(what)
    trail.fetch()
    assert trail.register.trail.verify(heads) == []
    trail.heads += heads
    assert trail.product() == set() == trail.standalone()

    two = trail.register.trail.drop_year(2011, RULE)
    assert (two.first_seq, two.previous) == (what.last_seq + 1, digest(vars(what)))
    assert two.register == what.register
    trail.fetch()
    made = trail.checkpoint().statement
    assert made.dropped == {"last_seq": two.last_seq, "closing": two.closing}
    assert made.register == what.register
    assert trail.product() == set() == trail.standalone()


@pytest.mark.parametrize(
    ("year", "rule", "words"),
    [
        (2011, RULE, "oldest event left is of 2010.*drop the oldest year first"),
        (2009, RULE, "oldest event left is of 2010"),
        (2018, RULE, "2018 is not over"),
        (2017, RULE, f"kept {KEEP_YEARS} years after its end.*from 2023-01-01 on"),
        (2010, "because I want to", "no code"),
    ],
)
def test_year_that_must_stay_is_refused(trail: Trail, year: int, rule: str, words: str) -> None:
    before = seqs(trail)
    with pytest.raises(RefusedError, match=words):
        trail.register.trail.drop_year(year, rule)
    assert seqs(trail) == before


def test_year_stays_while_a_request_is_open_or_recent(empty: Trail) -> None:
    request, drop_year = empty.open_request(), empty.register.trail.drop_year
    empty.clock.now = datetime(2016, 1, 1, tzinfo=UTC)
    empty.checkpoint()
    with pytest.raises(RefusedError, match=rf"1 request.*{request}.*wait until they are closed"):
        drop_year(2010, RULE)
    moved(empty.register, request, State.REFUSED)
    with pytest.raises(RefusedError, match="closed too recently"):
        drop_year(2010, RULE)
    empty.clock.now = datetime(2021, 1, 2, tzinfo=UTC)
    drop_year(2010, RULE)
    empty.fetch()
    assert empty.product() == set()


def test_the_chain_of_checkpoints_outlives_the_year(empty: Trail) -> None:
    empty.count(2)
    empty.checkpoint()
    empty.clock.now = datetime(2018, 1, 1, tzinfo=UTC)
    empty.count(1)
    with pytest.raises(RefusedError, match=r"last checkpoint was made in the year 2010.*audit checkpoint"):
        empty.register.trail.drop_year(2010, RULE)
    empty.checkpoint()
    empty.register.trail.drop_year(2010, RULE)
    empty.fetch()
    assert empty.product() == set() == empty.standalone()


FORGED = (
    "INSERT INTO segment SELECT 2010, prev, {first}, {last}, {closing}, {last}, 'r', at, prev, {event_seq}, 5, '', '' "
    "FROM event WHERE seq = 1"
)

UNLIKE = (
    {"event_seq": 9},  # an event of another type
    {"event_seq": 99},
    {"closing": "prev"},
    {"first": 2},
    {"last": 3, "closing": "(SELECT prev FROM event WHERE seq = 4)"},
    {"last": 6, "closing": "(SELECT prev FROM event WHERE seq = 7)"},
)

WHOLE = {"first": 1, "last": 4, "closing": "(SELECT prev FROM event WHERE seq = 5)", "event_seq": 10}


@both_databases
def test_database_drops_only_whole_years_with_an_event(trail: Trail) -> None:
    trail.register.trail.record(None, NewEvent("segment_dropped"))
    assert seqs(trail) == list(range(1, 11))
    with pytest.raises(KeyboardInterrupt), Database(trail.url).write() as tx:
        tx.execute(text(FORGED.format(**WHOLE)))  # all is as it must be
        tx.execute(text("DELETE FROM event_code WHERE seq <= 4"))
        tx.execute(text("DELETE FROM event_payload WHERE seq <= 4"))
        raise KeyboardInterrupt
    forged = [FORGED.format(**WHOLE | other) for other in UNLIKE]
    for statement in (*forged, "DELETE FROM event_payload WHERE seq = 1", "DELETE FROM event WHERE seq = 10"):
        with pytest.raises(AfschriftError, match="append-only"), Database(trail.url).write() as tx:
            tx.execute(text(statement))
    assert seqs(trail) == list(range(1, 11))


@both_databases
def test_segment_of_a_dropped_year_cannot_change(trail: Trail) -> None:
    trail.register.trail.drop_year(2010, RULE)
    trail.fetch()
    for statement in (
        "UPDATE segment SET rule = 'x'",
        "DELETE FROM segment",
        "INSERT INTO segment SELECT * FROM segment",
        "DELETE FROM event WHERE seq > (SELECT last_seq FROM segment)",
    ):
        refusal = pytest.raises(AfschriftError, match=r"append-only|duplicate key")
        with refusal, Database(trail.url).write() as tx:
            tx.execute(text(statement))
    assert trail.product() == set()


@on_sqlite
def test_nothing_of_a_dropped_year_is_left_in_the_file(trail: Trail) -> None:
    with Database(trail.url).read() as tx:
        salt = tx.scalars(text("SELECT salt FROM event_payload WHERE seq = 4")).one().encode()
    files = Path(trail.url.removeprefix("sqlite:///")).parent
    assert any(salt in file.read_bytes() for file in files.glob("register.db*"))
    trail.register.trail.drop_year(2010, RULE)
    assert not any(salt in file.read_bytes() for file in files.glob("register.db*"))


def test_clock_that_goes_back_is_recorded_once(empty: Trail) -> None:
    empty.count(1)
    at = empty.register.trail.events()[-1][0].at
    empty.clock.now -= timedelta(seconds=SKEW_SECONDS)  # and one on when it is asked
    empty.count(1)
    assert [h.at for h, _ in empty.register.trail.events()] == [at, at]
    empty.clock.now -= timedelta(hours=1)
    empty.register.trail.record(None, NewEvent("a"), NewEvent("b"))
    empty.count(1)
    (clock_event, payload), *others = empty.register.trail.events()[2:]
    assert (clock_event.type, clock_event.request, clock_event.actor) == (CLOCK_WENT_BACK, None, "system")
    assert payload == {"from": at, "to": clock_event.at, "seconds": payload["seconds"]}
    assert 3595 < payload["seconds"] < 3605
    assert [h.type for h, _ in others] == ["a", "b", "counted"]
    assert empty.register.trail.verify() == []


def test_export_holds_the_whole_trail(trail: Trail) -> None:
    trail.register.trail.drop_year(2010, RULE)
    into = io.BytesIO()
    count = trail.register.trail.export(into, "auditor")
    lines = into.getvalue().splitlines()
    first, segment, *events, end = map(json.loads, lines)
    assert all(canonical(json.loads(line)) == line for line in lines)
    assert (first["format"], first["register"]) == ("afschrift-trail/1", segment["segment"]["register"])
    assert first["public_keys"] == {name: key.hex() for name, key in trail.keys.public_keys().items()}
    assert count == len(events) == end["events"]
    kept = trail.register.trail.events()
    assert [(e["header"], json.loads(e["payload"])) for e in events] == [(vars(h), p) for h, p in kept]
    assert (kept[-1][0].type, kept[-1][0].actor) == ("trail_exported", "auditor")
    assert (end["seq"], end["head"]) == trail.register.trail.head()


def test_times_come_from_the_clock_alone(url: str, keys: KeyStore) -> None:
    register = Register(url, keys, lambda: datetime(2031, 3, 2))  # noqa: DTZ001
    with pytest.raises(ValueError, match="time zone"):
        register.trail.record(None, NewEvent("counted"))
    assert register.trail.events() == []
    zone = timezone(timedelta(hours=2))
    register = Register(url, keys, lambda: datetime(2031, 3, 2, 10, 0, 1, 500, zone))
    register.trail.record(None, NewEvent("counted"))
    assert register.trail.events()[0][0].at == "2031-03-02T08:00:01.000500Z"
