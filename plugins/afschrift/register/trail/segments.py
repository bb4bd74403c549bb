"""Years of the trail that retention has dropped, oldest first, and what is kept of them.

The segment of a year runs from the oldest event left to the last one before the first event of a later
year. So an event whose clock was behind is kept longer than its year, and no event is dropped too early.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from afschrift.domain.event import GENESIS, digest
from afschrift.register.database.trail_tables import event, event_code, event_payload, segment
from afschrift.register.trail.signed import TrustedKeys
from afschrift.register.trail.trail import TrailFinding, header_of

FORMAT = "afschrift-segment/2"
DROPPED = "segment_dropped"


@dataclass(frozen=True)
class Segment:
    """A dropped year, as its row and the payload of its event `segment_dropped` hold it.

    Attributes:
        closing: digest of the last header dropped; the first header left names it as `prev`.
        rule: that asked for it.
        register: the register's id: digest of the first header of its trail.
        previous: digest of the previous segment (canonical JSON), 64 zeros for the first.
        keep_years: how many years after its end a year was kept at least.
        key_id: of the signing key.
    """

    format: str
    register: str
    year: int
    first_seq: int
    last_seq: int
    closing: str
    count: int
    rule: str
    dropped_at: str
    previous: str
    keep_years: int
    key_id: str

    def digest(self) -> str:
        """SHA-256 of the canonical JSON, hex."""
        return digest(asdict(self))


@dataclass(frozen=True)
class Dropped:
    """A segment as the register holds it.

    Attributes:
        event_seq: of the event that records it.
        signature: over the segment, hex.
    """

    segment: Segment
    event_seq: int
    signature: str

    def payload(self) -> dict[str, Any]:
        """Plain JSON: the payload of its event."""
        return {"segment": asdict(self.segment), "signature": self.signature}


def dropped(connection: Connection) -> list[Dropped]:
    """All dropped segments, oldest first."""
    names = [name for name in Segment.__dataclass_fields__ if name != "format"]
    rows = connection.execute(select(segment).order_by(segment.c.first_seq))
    return [
        Dropped(Segment(FORMAT, **{n: getattr(row, n) for n in names}), row.event_seq, row.signature)
        for row in rows
    ]


def register_id(connection: Connection) -> str:
    """The register's id: digest of its first event's header, also after that was dropped; "": no event."""
    of_segment = select(segment.c.register).order_by(segment.c.first_seq).limit(1)
    kept: str | None = connection.scalar(of_segment)
    if kept is not None:
        return kept
    first = connection.execute(select(event).where(event.c.seq == 1)).first()
    return header_of(first).digest() if first else ""


def of_year(
    connection: Connection, year: int, rule: str, at: str, keep_years: int, key_id: str
) -> Segment | None:
    """The segment that dropping a year would make; None: the oldest event left is of another year."""
    first = connection.execute(select(event).order_by(event.c.seq).limit(1)).first()
    if first is None or _year(first.at) != year:
        return None
    later = select(func.min(event.c.seq)).where(func.substr(event.c.at, 1, 4) > f"{year:04d}")
    end = connection.scalar(later)
    if end is None:
        return None
    closing: str = connection.scalars(select(event.c.prev).where(event.c.seq == end)).one()
    before = dropped(connection)
    return Segment(
        format=FORMAT,
        register=register_id(connection),
        year=year,
        first_seq=first.seq,
        last_seq=end - 1,
        closing=closing,
        count=end - first.seq,
        rule=rule,
        dropped_at=at,
        previous=before[-1].segment.digest() if before else GENESIS,
        keep_years=keep_years,
        key_id=key_id,
    )


def oldest_year(connection: Connection) -> int | None:
    """Year of the oldest event left."""
    at: str | None = connection.scalar(select(event.c.at).order_by(event.c.seq).limit(1))
    return None if at is None else _year(at)


def drop(connection: Connection, year: Dropped) -> None:
    """Write the segment's row and delete its events; triggers refuse unless the event records it."""
    what = year.segment
    row = {name: value for name, value in asdict(what).items() if name != "format"}
    connection.execute(insert(segment).values(**row, event_seq=year.event_seq, signature=year.signature))
    for table in (event_code, event_payload, event):
        connection.execute(delete(table).where(table.c.seq.between(what.first_seq, what.last_seq)))


def check(
    rows: Sequence[Dropped],
    recorded: Mapping[int, tuple[str, Mapping[str, Any]]],
    trusted: TrustedKeys,
    keep_years: int,
    first_left: str | None,
) -> Iterator[TrailFinding]:
    """Check the rows against each other and against the events left that record them.

    Args:
        rows: as `dropped` gives them.
        recorded: sequence number -> time and payload of each event `segment_dropped` that is left.
        trusted: who may sign.
        keep_years: how long a year must be kept at least.
        first_left: time of the oldest event left.
    """
    expected, previous = 1, GENESIS
    left = rows[-1].segment.last_seq if rows else 0
    for number, row in enumerate(rows, start=1):
        what, newest = row.segment, number == len(rows)
        if (what.first_seq, what.count, what.previous) != (expected, what.last_seq - expected + 1, previous):
            text = f"the dropped year {what.year} does not follow what was dropped before it"
            yield TrailFinding("segment_broken", what.last_seq, text)
        at, payload = recorded.get(row.event_seq, ("", {}))
        # The event of an older one may have been dropped since; the newer segments cover it by their digests.
        if (row.event_seq > left or newest) and dict(payload) != row.payload():
            text = f"no event of the trail tells that year {what.year} was dropped in this way"
            yield TrailFinding("segment_untold", what.last_seq, text)
        fault = trusted.fault(asdict(what), row.signature, what.dropped_at)
        if fault == "wrong_key":
            text = f"the dropping of year {what.year} is signed with key {what.key_id}, which is not trusted"
            yield TrailFinding("segment_wrong_key", what.last_seq, text)
        elif fault:
            text = f"the dropping of year {what.year} was not signed by the service"
            yield TrailFinding("segment_forged", what.last_seq, text)
        kept = what.keep_years >= keep_years and int(what.dropped_at[:4]) > what.year + what.keep_years
        fits = (not at or what.dropped_at <= at) and (not newest or _year(first_left or "9999") > what.year)
        if not kept or not fits:
            text = (
                f"year {what.year} was dropped on {what.dropped_at[:10]}: too early, or the times do not fit"
            )
            yield TrailFinding("segment_misdated", what.last_seq, text)
        expected, previous = what.last_seq + 1, what.digest()
    for seq in sorted(recorded.keys() - {row.event_seq for row in rows}):
        yield TrailFinding(
            "segment_missing", seq, f"event {seq} names a dropped year of which nothing is kept"
        )


def check_dates(rows: Sequence[Dropped], genuine: Iterable[tuple[int, str]]) -> Iterator[TrailFinding]:
    """Compare the dropped years with the times of genuine checkpoints.

    Args:
        rows: as `dropped` gives them.
        genuine: `seq` and `at` of each checkpoint.
    """
    moments = list(genuine)
    for row in rows:
        what = row.segment
        for seq, at in moments:
            inside = what.first_seq <= seq < what.last_seq  # the last event may be witnessed years later
            # Compared by year, as retention counts: a clock may have been set back an hour.
            early = row.event_seq <= seq and _year(at) < _year(what.dropped_at)
            late = seq < row.event_seq and _year(at) > _year(what.dropped_at)
            if (inside and _year(at) > what.year) or early or late:
                text = (
                    f"year {what.year} was dropped on {what.dropped_at[:10]}, and a checkpoint of {at[:10]} "
                )
                yield TrailFinding("segment_misdated", what.last_seq, text + "does not fit that")
                break


def _year(at: str) -> int:
    return int(at[:4])
