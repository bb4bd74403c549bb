"""Years of the trail that retention has dropped whole, oldest first, and what is kept of them.

The segment of a year runs from the oldest event left to the last one before the first event of a later
year. So an event whose clock was behind stays longer than its year, and none goes earlier.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from afschrift.domain.event import GENESIS, digest
from afschrift.register.database.trail_tables import event, event_code, event_payload, segment
from afschrift.register.trail.trail import TrailFinding, header_of

FORMAT = "afschrift-segment/1"
DROPPED = "segment_dropped"


@dataclass(frozen=True)
class Segment:
    """A dropped year, as its row and the payload of its event `segment_dropped` have it.

    Attributes:
        closing: digest of the last header dropped; the first header left names it as `prev`.
        rule: the rule that said so.
        register: digest of the trail's first header ever: the register's id.
        previous: digest of the segment before (canonical JSON), 64 zeros for the first.
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

    def digest(self) -> str:
        """SHA-256 of the canonical JSON, hex."""
        return digest(asdict(self))


Dropped = tuple[Segment, int]
"""A segment and the sequence number of the event that tells of it."""


def dropped(connection: Connection) -> list[Dropped]:
    """All dropped segments, oldest first."""
    names = [name for name in Segment.__dataclass_fields__ if name != "format"]
    rows = connection.execute(select(segment).order_by(segment.c.first_seq))
    return [(Segment(FORMAT, **{n: getattr(row, n) for n in names}), row.event_seq) for row in rows]


def register_id(connection: Connection) -> str:
    """The register's id: digest of its first event's header, also after that was dropped; "" without one."""
    of_segment = select(segment.c.register).order_by(segment.c.first_seq).limit(1)
    kept: str | None = connection.scalar(of_segment)
    if kept is not None:
        return kept
    first = connection.execute(select(event).where(event.c.seq == 1)).first()
    return header_of(first).digest() if first else ""


def of_year(connection: Connection, year: int, rule: str, at: str) -> Segment | None:
    """What dropping a year would drop; None where the oldest event left is of another year."""
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
        previous=before[-1][0].digest() if before else GENESIS,
    )


def oldest_year(connection: Connection) -> int | None:
    """Year of the oldest event left."""
    at: str | None = connection.scalar(select(event.c.at).order_by(event.c.seq).limit(1))
    return None if at is None else _year(at)


def drop(connection: Connection, what: Segment, event_seq: int) -> None:
    """Keep the segment's row and delete its events; the database refuses unless the event tells of it."""
    row = {name: value for name, value in asdict(what).items() if name != "format"}
    connection.execute(insert(segment).values(**row, event_seq=event_seq))
    for table in (event_code, event_payload, event):
        connection.execute(delete(table).where(table.c.seq.between(what.first_seq, what.last_seq)))


def check(rows: Sequence[Dropped], recorded: Mapping[int, Mapping[str, Any]]) -> Iterator[TrailFinding]:
    """Check the rows against each other and against the events left that tell of them.

    Args:
        rows: as `dropped` gives them.
        recorded: sequence number -> payload of each event `segment_dropped` that is left.
    """
    expected, previous = 1, GENESIS
    left = rows[-1][0].last_seq if rows else 0
    for number, (what, event_seq) in enumerate(rows, start=1):
        if (what.first_seq, what.count, what.previous) != (expected, what.last_seq - expected + 1, previous):
            text = f"the dropped year {what.year} does not follow what was dropped before it"
            yield TrailFinding("segment_broken", what.last_seq, text)
        # An older one may be told by an event that has gone since; the digests of the newer ones hold it.
        if (event_seq > left or number == len(rows)) and dict(recorded.get(event_seq, {})) != asdict(what):
            text = f"no event of the trail tells that year {what.year} was dropped in this way"
            yield TrailFinding("segment_untold", what.last_seq, text)
        expected, previous = what.last_seq + 1, what.digest()
    for seq in sorted(recorded.keys() - {event_seq for _, event_seq in rows}):
        yield TrailFinding(
            "segment_missing", seq, f"event {seq} tells of a dropped year of which nothing is kept"
        )


def _year(at: str) -> int:
    return int(at[:4])
