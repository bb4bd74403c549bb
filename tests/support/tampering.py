"""The tampering matrix: each row changes a trail as an intruder would, and names what must be found."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any
from unittest.mock import patch

from tests.support.forging import append_forged
from tests.support.trail_matrix import TABLES, Trail

from afschrift.domain.event import Header, canonical, digest, payload_digest
from afschrift.register.database.database import Database
from afschrift.register.keys.store import KeyStore, SigningKey
from afschrift.register.trail import audit, checkpoint, erasures, segments, signed
from afschrift.register.trail.checkpoint import Checkpoint
from afschrift.register.trail.erasures import Erasure

Deed = Callable[[Trail], object]


def statements(trail: Trail) -> dict[int, Checkpoint]:
    found = [checkpoint.parse(json.loads(file.read_bytes())) for file in sorted(trail.held.iterdir())]
    return {item.statement.number: item for item in found}


def write(trail: Trail, made: Checkpoint, name: str = "") -> None:
    (trail.held / (name or made.name)).write_bytes(made.content())


def number(payload: dict[str, object]) -> object:
    inner = payload.get("checkpoint")
    return inner["number"] if isinstance(inner, dict) else None


def drop_2011(trail: Trail, dropped_at: str, key: SigningKey | None) -> None:
    """Drop what is left of 2011 as the service would, with the event that tells so; None: a made-up signature."""
    events = [h for h, _ in trail.register.trail.events()]
    end, last = next(h for h in events if h.at > "2012"), events[-1]
    with Database(trail.url).read() as tx:
        [before] = segments.dropped(tx)
    fields = {
        "year": 2011,
        "first_seq": before.segment.last_seq + 1,
        "last_seq": end.seq - 1,
        "count": end.seq - 1 - before.segment.last_seq,
        "closing": end.prev,
        "dropped_at": dropped_at,
        "previous": before.segment.digest(),
        "key_id": key.id if key else before.segment.key_id,
    }
    what = replace(before.segment, **fields)
    signature = signed.sign(asdict(what), key) if key else "00" * 64
    payload = {"segment": asdict(what), "signature": signature}
    seq = append(trail, "segment_dropped", payload, max(dropped_at, last.at))
    row = {**asdict(what), "event_seq": seq, "signature": signature}
    del row["format"]
    trail.tamper(
        *(f"DELETE FROM {table} WHERE seq < :end" for table in ("event_code", "event_payload", "event")),
        f"INSERT INTO segment ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})",
        end=end.seq,
        **row,
    )


def append(trail: Trail, kind: str, payload: dict[str, object], at: str = "") -> int:
    """An event that fits the chain, as anybody can make it; its number."""
    with Database(trail.url).write() as tx:
        return append_forged(tx, kind, payload, actor="system", **({"at": at} if at else {}))


def erase(trail: Trail, key: SigningKey | None) -> None:
    header = trail.register.trail.events()[3][0]
    known = key or trail.keys.signing_key()
    at = trail.register.trail.events()[-1][0].at
    what = Erasure(erasures.FORMAT, "0" * 64, "req-1", "retention_case", 1, at, known.id)
    payload = erasures.event_of(what, known, "system").payload
    append(trail, "payloads_erased", payload if key else {**payload, "signature": "00" * 64})
    trail.tamper(
        "UPDATE event_payload SET payload = NULL, salt = NULL, erased_by = 'retention_case', erased_at = 't' "
        "WHERE seq = :seq",
        seq=header.seq,
    )


def stranger(trail: Trail) -> SigningKey:
    return KeyStore.create(trail.folder / "stranger.json").signing_key()


def dropped_segment_digest(trail: Trail) -> str:
    payload = next(p for h, p in trail.register.trail.events() if h.type == "segment_dropped")
    assert payload is not None
    return digest(payload["segment"])


def cut(trail: Trail, first: int, last: int) -> None:
    between = "WHERE seq BETWEEN :first AND :last"
    trail.tamper(
        *(f"DELETE FROM {table} {between}" for table in ("event_code", "event_payload", "event")),
        first=first,
        last=last,
    )


def row_inserted(trail: Trail) -> None:
    seq = trail.last() - 20
    before = next(h for h, _ in trail.register.trail.events() if h.seq == seq)
    new = Header(seq + 1, before.at, None, "forged", "x", payload_digest({}, "00"), before.digest())
    trail.tamper(
        "UPDATE event_payload SET seq = -seq - 1 WHERE seq > :seq",
        "UPDATE event_payload SET seq = -seq WHERE seq < 0",
        "UPDATE event SET seq = -seq - 1 WHERE seq > :seq",
        "UPDATE event SET seq = -seq WHERE seq < 0",
        seq=seq,
    )
    trail.tamper(
        "INSERT INTO event VALUES (:seq, :at, :request, :type, :actor, :payload_sha256, :prev)",
        "INSERT INTO event_payload (seq, payload, salt) VALUES (:seq, '{}', '00')",
        **vars(new),
    )


def rows_swapped(trail: Trail) -> None:
    a, b = trail.last() - 20, trail.last() - 17
    for table in ("event_payload", "event"):
        for old, new in ((a, -1), (b, a), (-1, b)):
            trail.tamper(f"UPDATE {table} SET seq = :new WHERE seq = :old", old=old, new=new)


def rewritten_and_signed_anew(trail: Trail) -> None:
    other = stranger(trail)
    trail.heads.clear()
    for _ in range(3):  # each pass settles what the next checkpoint rests on
        trail.rewrite(lambda seq, fields: fields | ({"actor": "nobody"} if seq % 5 == 0 else {}))
        heads = {h.seq: h.digest() for h, _ in trail.register.trail.events()}
        previous = "0" * 64
        for _, old in sorted(statements(trail).items()):
            fields = {"head": heads[old.statement.seq], "previous": previous, "key_id": other.id}
            new = checkpoint.sign(replace(old.statement, **fields), other)
            previous = new.statement.digest()
            write(trail, new)
            trail.tamper(
                "UPDATE event_payload SET payload = :payload WHERE seq = :seq",
                payload=canonical(new.payload()).decode(),
                seq=next(
                    h.seq
                    for h, p in trail.register.trail.events()
                    if h.type == "checkpoint_made" and p and number(p) == new.statement.number
                ),
            )
    trail.rewrite()


def checkpoint_forked(trail: Trail) -> None:
    second = statements(trail)[2].statement
    head = next(h.digest() for h, _ in trail.register.trail.events() if h.seq == second.seq + 1)
    other = replace(second, seq=second.seq + 1, head=head)
    write(trail, checkpoint.sign(other, trail.keys.signing_key()), "afschrift-checkpoint-attached.json")


def segment_forged(trail: Trail) -> None:
    events = [h for h, _ in trail.register.trail.events()]
    first, end = events[0].seq, next(h for h in events if h.at > "2012")
    trail.tamper(
        "DELETE FROM event_payload WHERE seq < :end",
        "DELETE FROM event WHERE seq < :end",
        "INSERT INTO segment SELECT 2011, register, last_seq + 1, :end - 1, :closing, :end - 1 - last_seq, "
        "rule, dropped_at, :previous, :telling, keep_years, key_id, signature FROM segment",
        end=end.seq,
        closing=end.prev,
        previous=dropped_segment_digest(trail),
        telling=next(h.seq for h in events if h.type == "segment_dropped"),
    )
    assert end.seq > first


def segment_dropped_without_key(trail: Trail) -> None:
    trail.heads.append(
        (trail.register.trail.events()[0][0].seq, trail.register.trail.events()[0][0].digest())
    )
    drop_2011(trail, "2032-01-01T00:00:00.000000Z", None)


def segment_dated_ahead(trail: Trail) -> None:
    drop_2011(trail, "2032-01-01T00:00:00.000000Z", trail.keys.signing_key())
    with patch.object(audit, "must_be_own", lambda *_: 0):  # he has the key of checkpoints, too
        trail.checkpoint()


LAST_PAYLOAD = "UPDATE event_payload SET payload = {} WHERE seq = :seq"


def sql(*statements: str, back: int = 0, **values: object) -> Deed:
    """Statements about the event so many before the last."""
    return lambda trail: trail.tamper(*statements, seq=trail.last() - back, **values)


def restated(number: int, *, signed: bool = True, **fields: object) -> Deed:
    """A checkpoint written anew with other fields, under its name; signed with the right key, or as before."""

    def written(trail: Trail) -> None:
        old = statements(trail)[number]
        new = replace(old, statement=replace(old.statement, **fields))
        write(trail, checkpoint.sign(new.statement, trail.keys.signing_key()) if signed else new, old.name)

    return written


def held(*numbers: int) -> Deed:
    """Checkpoints taken away from the witness."""

    def gone(trail: Trail) -> None:
        every = statements(trail)
        for item in numbers or every:
            (trail.held / every[item].name).unlink()

    return gone


def renamed_by(change: Callable[[int, dict[str, Any]], dict[str, Any]]) -> Deed:
    """The whole chain rewritten, so that it holds in itself."""
    return lambda trail: trail.rewrite(lambda seq, fields: fields | change(seq, fields))


DEEDS: dict[str, tuple[Deed, str]] = {
    "a row changed: who did it": (
        sql("UPDATE event SET actor = 'mallory' WHERE seq = :seq", back=20),
        "broken_link",
    ),
    "a row deleted": (lambda trail: cut(trail, trail.last() - 20, trail.last() - 20), "gap"),
    "the last 10 events cut": (
        lambda trail: cut(trail, trail.last() - 9, trail.last()),
        "head_missing checkpoint_untold",
    ),
    "everything cut": (
        lambda trail: trail.tamper(*(f"DELETE FROM {table}" for table in TABLES)),
        "head_missing checkpoint_other_register",
    ),
    "the whole chain rewritten": (
        renamed_by(lambda seq, _: {"actor": "nobody"} if seq % 5 == 0 else {}),
        "head_differs",
    ),
    "the event of a clock that went back hidden": (
        renamed_by(lambda _, fields: {"type": "counted"} if fields["type"] == "clock_went_back" else {}),
        "clock_untold head_differs",
    ),
    "only the oldest checkpoint left": (held(2, 3), "checkpoint_missing"),
    "a checkpoint in between gone": (held(2), "checkpoint_missing"),
    "every checkpoint gone": (held(), "checkpoint_missing"),
    "a payload swapped for that of another event": (
        sql(LAST_PAYLOAD.format("(SELECT payload FROM event_payload WHERE seq = :seq + 1)"), back=16),
        "payload_altered",
    ),
    "a payload that is no JSON": (sql(LAST_PAYLOAD.format("'{'")), "payload_altered"),
    "a payload that has a name twice: readers differ on which one counts": (
        sql(LAST_PAYLOAD.format(":first || substr(payload, 2)"), first='{"n":9,'),
        "payload_altered",
    ),
    "a payload that no parser gets to the bottom of": (
        sql(LAST_PAYLOAD.format(":deep"), deep="[" * 200_000),
        "payload_altered",
    ),
    "a payload deleted": (sql("DELETE FROM event_payload WHERE seq = :seq"), "payload_missing"),
    "a payload without an event": (
        sql("INSERT INTO event_payload (seq, payload, salt) VALUES (9999, '{}', '00')"),
        "payload_without_event",
    ),
    "a payload erased, without an event for it": (
        sql(LAST_PAYLOAD.format("NULL, salt = NULL, erased_by = 'r', erased_at = 't'"), back=16),
        "erasure_untold",
    ),
    "a bundle's head that the trail has otherwise": (
        lambda trail: trail.heads.append((trail.last() - 3, "f" * 64)),
        "head_differs",
    ),
    "the head of a bundle without a number that is not in the trail": (
        lambda trail: trail.heads.append(("2018-03-01T12:00:00Z", "f" * 64)),
        "head_missing",
    ),
    "a bundle's head that is not in the trail": (
        lambda trail: trail.heads.append((trail.last() + 1, "f" * 64)),
        "head_missing",
    ),
    "the closing digest of a dropped year changed": (
        sql("UPDATE segment SET closing = :closing", closing="f" * 64),
        "segment_untold segment_differs broken_link",
    ),
    "the rule by which a year was dropped changed": (
        sql("UPDATE segment SET rule = 'other'"),
        "segment_untold segment_forged",
    ),
    "what is kept of a dropped year deleted": (sql("DELETE FROM segment"), "gap segment_missing"),
    "a year dropped with a key of his own": (
        lambda trail: drop_2011(trail, trail.register.trail.events()[-1][0].at, stranger(trail)),
        "segment_wrong_key",
    ),
    "payloads erased past the guards, and an event for it signed without the key": (
        lambda trail: erase(trail, None),
        "erasure_forged erasure_untold",
    ),
    "payloads erased with a key of his own": (
        lambda trail: erase(trail, stranger(trail)),
        "erasure_wrong_key erasure_untold",
    ),
    "an old checkpoint under the name of the newest": (
        lambda trail: write(trail, statements(trail)[1], statements(trail)[3].name),
        "checkpoint_replayed checkpoint_missing",
    ),
    "a checkpoint altered after it was signed": (
        restated(2, signed=False, at="2030-01-01T00:00:00.000000Z"),
        "checkpoint_forged checkpoint_missing",
    ),
    "a checkpoint overwritten with another form": (
        restated(2, signed=False, format="afschrift-checkpoint/9"),
        "checkpoint_unreadable checkpoint_missing",
    ),
    "a checkpoint that does not follow the one before": (
        restated(2, previous="1" * 64),
        "checkpoint_chain checkpoint_untold",
    ),
    "a checkpoint of another register": (
        restated(2, register="1" * 64),
        "checkpoint_other_register checkpoint_missing",
    ),
    "a checkpoint that knows of no erasure": (restated(4, erased=None), "erasure_differs checkpoint_untold"),
    "a row inserted in the right format: its salt, digest and link are right": (
        row_inserted,
        "broken_link head_differs",
    ),
    "two rows reordered": (rows_swapped, "broken_link"),
    "the whole chain rewritten, and its checkpoints signed with another key": (
        rewritten_and_signed_anew,
        "checkpoint_wrong_key checkpoint_missing",
    ),
    "a second checkpoint of a number, signed with the right key": (checkpoint_forked, "checkpoint_conflict"),
    "a further year deleted, with a row that fits the chain, without an event for it": (
        segment_forged,
        "segment_untold segment_forged",
    ),
    "a further year dropped as the service would, dated ahead, without its key": (
        segment_dropped_without_key,
        "segment_forged head_dropped",
    ),
    "a year dropped with the service's own key and a date set ahead": (
        segment_dated_ahead,
        "segment_misdated",
    ),
}
"""What is done -> how, and the codes of findings that must be among those of both verifiers."""
