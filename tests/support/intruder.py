"""What an intruder can do to a trail: rewrite its checkpoints, add events, drop years, erase payloads."""

import json
from dataclasses import asdict, replace

from tests.support.forging import append_forged
from tests.support.trail_matrix import Trail

from afschrift.domain.event import digest
from afschrift.register.database.database import Database
from afschrift.register.keys.store import KeyStore, SigningKey
from afschrift.register.trail import checkpoint, erasures, segments, signed
from afschrift.register.trail.checkpoint import Checkpoint
from afschrift.register.trail.erasures import Erasure


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
