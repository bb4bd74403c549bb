"""The tampering matrix: each row changes a trail as an intruder would, and names what must be found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from unittest.mock import patch

from tests.support.intruder import (
    cut,
    drop_2011,
    dropped_segment_digest,
    erase,
    number,
    statements,
    stranger,
    write,
)
from tests.support.trail_matrix import TABLES, Trail

from afschrift.domain.event import Header, canonical, payload_digest
from afschrift.register.trail import audit, checkpoint
from afschrift.register.trail.checkpoint import Statement

Tamper = Callable[[Trail], set[str]]
"""Does it, and gives the codes of findings that must be among those of both verifiers."""


def row_changed(trail: Trail) -> set[str]:
    """A row changed: who did it."""
    trail.tamper("UPDATE event SET actor = 'mallory' WHERE seq = :seq", seq=trail.last() - 20)
    return {"broken_link"}


def row_deleted(trail: Trail) -> set[str]:
    """A row deleted."""
    cut(trail, trail.last() - 20, trail.last() - 20)
    return {"gap"}


def row_inserted(trail: Trail) -> set[str]:
    """A row inserted in the right format: its salt, digest and link are right."""
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
    return {"broken_link", "head_differs"}


def rows_swapped(trail: Trail) -> set[str]:
    """Two rows reordered."""
    a, b = trail.last() - 20, trail.last() - 17
    for table in ("event_payload", "event"):
        for old, new in ((a, -1), (b, a), (-1, b)):
            trail.tamper(f"UPDATE {table} SET seq = :new WHERE seq = :old", old=old, new=new)
    return {"broken_link"}


def last_ten_cut(trail: Trail) -> set[str]:
    """The last 10 events cut."""
    cut(trail, trail.last() - 9, trail.last())
    return {"head_missing", "checkpoint_untold"}


def all_cut(trail: Trail) -> set[str]:
    """Everything cut."""
    trail.tamper(*(f"DELETE FROM {table}" for table in TABLES))
    return {"head_missing", "checkpoint_other_register"}


def rewritten(trail: Trail) -> set[str]:
    """The whole chain rewritten, so that it holds in itself."""
    trail.rewrite(lambda seq, fields: fields | ({"actor": "nobody"} if seq % 5 == 0 else {}))
    return {"head_differs"}


def rewritten_and_signed_anew(trail: Trail) -> set[str]:
    """The whole chain rewritten and its checkpoints re-signed with another key."""
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
    return {"checkpoint_wrong_key", "checkpoint_missing"}


def checkpoint_replayed(trail: Trail) -> set[str]:
    """An old checkpoint replayed under the name of the newest."""
    every = statements(trail)
    write(trail, every[1], every[3].name)
    return {"checkpoint_replayed", "checkpoint_missing"}


def old_checkpoint_alone(trail: Trail) -> set[str]:
    """Only the oldest checkpoint left."""
    every = statements(trail)
    for later in (2, 3):
        (trail.held / every[later].name).unlink()
    return {"checkpoint_missing"}


def checkpoint_in_between_gone(trail: Trail) -> set[str]:
    """A checkpoint in between gone."""
    (trail.held / statements(trail)[2].name).unlink()
    return {"checkpoint_missing"}


def every_checkpoint_gone(trail: Trail) -> set[str]:
    """Every checkpoint gone."""
    for file in trail.held.iterdir():
        file.unlink()
    return {"checkpoint_missing"}


def checkpoint_altered(trail: Trail) -> set[str]:
    """A checkpoint altered after it was signed."""
    second = statements(trail)[2]
    write(trail, replace(second, statement=replace(second.statement, at="2030-01-01T00:00:00.000000Z")))
    return {"checkpoint_forged", "checkpoint_missing"}


def checkpoint_unreadable(trail: Trail) -> set[str]:
    """A checkpoint overwritten with another form."""
    second = statements(trail)[2]
    write(trail, replace(second, statement=replace(second.statement, format="afschrift-checkpoint/9")))
    return {"checkpoint_unreadable", "checkpoint_missing"}


def checkpoint_forked(trail: Trail) -> set[str]:
    """A second checkpoint under the same number, signed with the right key."""
    second = statements(trail)[2].statement
    head = next(h.digest() for h, _ in trail.register.trail.events() if h.seq == second.seq + 1)
    other: Statement = replace(second, seq=second.seq + 1, head=head)
    write(trail, checkpoint.sign(other, trail.keys.signing_key()), "afschrift-checkpoint-attached.json")
    return {"checkpoint_conflict"}


def checkpoint_off_the_chain(trail: Trail) -> set[str]:
    """A checkpoint, signed with the right key, that does not follow the one before."""
    second = statements(trail)[2].statement
    write(trail, checkpoint.sign(replace(second, previous="1" * 64), trail.keys.signing_key()))
    return {"checkpoint_chain", "checkpoint_untold"}


def checkpoint_of_another_register(trail: Trail) -> set[str]:
    """A checkpoint of another register, signed with the right key."""
    second = statements(trail)[2]
    other = replace(second.statement, register="1" * 64)
    write(trail, checkpoint.sign(other, trail.keys.signing_key()), second.name)
    return {"checkpoint_other_register", "checkpoint_missing"}


def payload_swapped(trail: Trail) -> set[str]:
    """A payload swapped for that of another event."""
    a, b = trail.last() - 16, trail.last() - 15
    take = "(SELECT payload FROM event_payload WHERE seq = :b)"
    trail.tamper(f"UPDATE event_payload SET payload = {take} WHERE seq = :a", a=a, b=b)
    return {"payload_altered"}


def payload_no_json(trail: Trail) -> set[str]:
    """A payload that is no JSON."""
    trail.tamper("UPDATE event_payload SET payload = '{' WHERE seq = :seq", seq=trail.last())
    return {"payload_altered"}


def payload_respelled(trail: Trail) -> set[str]:
    """A payload that has a name twice: readers differ on which one counts."""
    trail.tamper(
        "UPDATE event_payload SET payload = :first || substr(payload, 2) WHERE seq = :seq",
        first='{"n":9,',
        seq=trail.last(),
    )
    return {"payload_altered"}


def payload_bottomless(trail: Trail) -> set[str]:
    """A payload that no parser gets to the bottom of."""
    trail.tamper(
        "UPDATE event_payload SET payload = :payload WHERE seq = :seq",
        payload="[" * 200_000,
        seq=trail.last(),
    )
    return {"payload_altered"}


def payload_gone(trail: Trail) -> set[str]:
    """A payload deleted."""
    trail.tamper("DELETE FROM event_payload WHERE seq = :seq", seq=trail.last())
    return {"payload_missing"}


def payload_alone(trail: Trail) -> set[str]:
    """A payload without an event."""
    trail.tamper("INSERT INTO event_payload (seq, payload, salt) VALUES (9999, '{}', '00')")
    return {"payload_without_event"}


def payload_erased_untold(trail: Trail) -> set[str]:
    """A payload erased, without an event for it."""
    trail.tamper(
        "UPDATE event_payload SET payload = NULL, salt = NULL, erased_by = 'r', erased_at = 't' "
        "WHERE seq = :seq",
        seq=trail.last() - 16,
    )
    return {"erasure_untold"}


def head_of_a_bundle_differs(trail: Trail) -> set[str]:
    """A bundle's head that the trail has otherwise."""
    trail.heads.append((trail.last() - 3, "f" * 64))
    return {"head_differs"}


def head_of_a_bundle_beyond(trail: Trail) -> set[str]:
    """A bundle's head that is not in the trail."""
    trail.heads.append((trail.last() + 1, "f" * 64))
    return {"head_missing"}


def segment_row_forged(trail: Trail) -> set[str]:
    """The closing digest of a dropped year changed."""
    trail.tamper("UPDATE segment SET closing = :closing", closing="f" * 64)
    return {"segment_untold", "segment_differs", "broken_link"}


def segment_rule_forged(trail: Trail) -> set[str]:
    """The rule by which a year was dropped changed."""
    trail.tamper("UPDATE segment SET rule = 'other'")
    return {"segment_untold", "segment_forged"}


def segment_row_gone(trail: Trail) -> set[str]:
    """What is kept of a dropped year deleted."""
    trail.tamper("DELETE FROM segment")
    return {"gap", "segment_missing"}


def segment_forged(trail: Trail) -> set[str]:
    """A further year deleted, with a row that fits the chain, without an event for it."""
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
    return {"segment_untold", "segment_forged"}


def segment_dropped_without_key(trail: Trail) -> set[str]:
    """A further year dropped as the service would, dated ahead, without its key."""
    trail.heads.append(
        (trail.register.trail.events()[0][0].seq, trail.register.trail.events()[0][0].digest())
    )
    drop_2011(trail, "2032-01-01T00:00:00.000000Z", None)
    return {"segment_forged", "head_dropped"}


def segment_dropped_by_a_stranger(trail: Trail) -> set[str]:
    """The same with a key of his own."""
    drop_2011(trail, trail.register.trail.events()[-1][0].at, stranger(trail))
    return {"segment_wrong_key"}


def segment_dated_ahead(trail: Trail) -> set[str]:
    """A year dropped with the service's own key and a date set ahead."""
    drop_2011(trail, "2032-01-01T00:00:00.000000Z", trail.keys.signing_key())
    with patch.object(audit, "must_be_own", lambda *_: 0):  # he has the key of checkpoints, too
        trail.checkpoint()
    return {"segment_misdated"}


def payloads_erased_without_key(trail: Trail) -> set[str]:
    """Payloads erased past the guards, and an event for it signed without the key."""
    erase(trail, None)
    return {"erasure_forged", "erasure_untold"}


def payloads_erased_by_a_stranger(trail: Trail) -> set[str]:
    """The same with a key of his own."""
    erase(trail, stranger(trail))
    return {"erasure_wrong_key", "erasure_untold"}


def erasure_not_named(trail: Trail) -> set[str]:
    """A checkpoint, signed with the right key, that knows of no erasure."""
    second = statements(trail)[4].statement
    write(trail, checkpoint.sign(replace(second, erased=None), trail.keys.signing_key()))
    return {"erasure_differs", "checkpoint_untold"}


def clock_set_back_untold(trail: Trail) -> set[str]:
    """The event of a clock that went back hidden, and the chain rewritten."""
    trail.rewrite(lambda seq, f: f | ({"type": "counted"} if f["type"] == "clock_went_back" else {}))
    return {"clock_untold", "head_differs"}


MATRIX: list[Tamper] = [
    row_changed,
    row_deleted,
    row_inserted,
    rows_swapped,
    last_ten_cut,
    all_cut,
    rewritten,
    rewritten_and_signed_anew,
    checkpoint_replayed,
    old_checkpoint_alone,
    checkpoint_in_between_gone,
    every_checkpoint_gone,
    checkpoint_altered,
    checkpoint_unreadable,
    checkpoint_forked,
    checkpoint_off_the_chain,
    checkpoint_of_another_register,
    payload_swapped,
    payload_no_json,
    payload_respelled,
    payload_bottomless,
    payload_gone,
    payload_alone,
    payload_erased_untold,
    head_of_a_bundle_differs,
    head_of_a_bundle_beyond,
    segment_row_forged,
    segment_rule_forged,
    segment_row_gone,
    segment_forged,
    segment_dropped_without_key,
    segment_dropped_by_a_stranger,
    segment_dated_ahead,
    payloads_erased_without_key,
    payloads_erased_by_a_stranger,
    erasure_not_named,
    clock_set_back_untold,
]
