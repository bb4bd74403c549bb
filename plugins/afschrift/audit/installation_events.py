"""Events of no request: keys, the trail itself, back-ups and checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from afschrift.audit.canary_check import from_payload
from afschrift.audit.phrases import listed, role_name
from afschrift.domain.language import count

Payload = Mapping[str, Any]


def _checked(payload: Payload) -> str:
    counts = listed(f"{number} {name}" for name, number in sorted(payload.items()) if isinstance(number, int))
    return f"The last days of all requests were checked: {counts}."


def _made(payload: Payload) -> str:
    said = payload["checkpoint"]
    return f"Checkpoint {said['number']} signs the trail up to event #{said['seq']}."


def _restored(payload: Payload) -> str:
    replaced = payload.get("replaced")
    over = f", in place of one that had come to event #{replaced[0]}" if replaced else ""
    return f"The register was restored as of event #{payload['restored'][0]}{over}."


def _restoration_signed(payload: Payload) -> str:
    first, last = payload["restored"][0] + 1, payload["replaced"][0]
    return (
        f"The restoration told by event #{payload['event']} is signed: events #{first} to #{last} are lost."
    )


def _proposed_aside(payload: Payload) -> str:
    events, rows = count(len(payload["events"]), "event"), count(len(payload["rows"]), "row")
    return f"It is proposed to set aside {events} and {rows} without a code."


def _aside(payload: Payload) -> str:
    named = listed(f"#{seq}" for seq, _ in payload["events"]) or "none"
    return f"Set aside are events without a code: {named}; and {count(len(payload['rows']), 'row')}."


def _erased(payload: Payload) -> str:
    said = payload["erasure"]
    of = f"request {said['request']}" if said["request"] else "a case"
    return f"What {said['count']} events of {of} said was erased, by {said['rule']}."


def _dropped(payload: Payload) -> str:
    said = payload["segment"]
    events = f"events #{said['first_seq']} to #{said['last_seq']}"
    return f"The trail of {said['year']} was dropped by {said['rule']}: {events}."


def _differs(payload: Payload) -> str:
    codes = listed(payload["codes"])
    return f"The register does not follow from its trail: {payload['found']} findings ({codes})."


def _seen(payload: Payload) -> str:
    return (
        f"{payload['values']} values were seen in a review of the data map, of {listed(payload['columns'])}."
    )


def _confirmed(payload: Payload) -> str:
    decisions = payload["decisions"]
    columns = sum(one.get("columns", 0) for one in decisions)
    said = f"{count(len(decisions), 'decision')} about {count(columns, 'column')}"
    role = role_name(payload["held"]["role"])
    return f"The data map was confirmed by {role}: {said}; {count(payload['lines'], 'line')} written."


def _map_checked(payload: Payload) -> str:
    missed = payload.get("not_reached")
    said = f"findings: {len(payload['findings'])}, new: {payload['new']}, mended: {payload['mended']}"
    more = f" Not reached: {listed(missed)}." if missed else ""
    return f"The data map was held against its sources; {said}.{more}"


def _canary_checked(payload: Payload) -> str:
    return f"The canary asked. {'. '.join(from_payload(payload).lines)}."


SENTENCES: dict[str, str | Callable[[Payload], str]] = {
    "deadlines_checked": _checked,
    "canary_signed": "The canary was signed by {who}: {rows} rows, decided on {decided_on}.",
    "canary_checked": _canary_checked,
    "canary_logs_searched": "{files} task logs were searched for values of the canary; found: {found}.",
    "canary_told": "A notifier was told what the canary found ({notifier}).",
    "swept": "The sweep looked at all requests and at the staging; findings: {found}.",
    "clock_went_back": "The clock went back by {seconds} s, from {from} to {to}.",
    "payloads_erased": _erased,
    "segment_dropped": _dropped,
    "register_differs": _differs,
    "inventory_checked": _map_checked,
    "inventory_told": "The notifier {notifier} was told of the data map; new: {new}, mended: {mended}.",
    "checkpoint_made": _made,
    "checkpoint_sent": "Checkpoint {number} was sent to the place {place}.",
    "checkpoint_not_sent": "Checkpoint {number} was not sent to the place {place} ({error}).",
    "map_samples_shown": _seen,
    "map_confirmed": _confirmed,
    "map_confirmation_taken_back": "The last answers to the data map were taken back by {who}: {decisions}.",
    "trail_exported": "The whole trail was exported by {who}.",
    "events_adopted": "{events} events from before there were codes got theirs, said by {who}.",
    "rows_adopted": "The rows of case {case} are taken as they are, said by {who}.",
    "rows_told_again": "The rows of case {case} are told again, as the trail of {year} is dropped.",
    "register_restored": _restored,
    "restoration_signed": _restoration_signed,
    "set_aside_proposed": _proposed_aside,
    "set_aside_turned_down": "Nothing is set aside, said by {who}.",
    "set_aside": _aside,
    "keys_rotated": "A new key of kind {kind} is used from now on: {key}.",
    "wrapping_keys_retired": "Wrapping keys are retired; {wrapped_anew} data keys were wrapped anew.",
    "wrapping_keys_lost": "Wrapping keys are lost for good: {data_keys} data keys open no more.",
    "index_key_forgotten": "The index key of {year} is forgotten: keys find its requests no more.",
    "signing_key_revoked": "Signing key {key} is revoked as of {since}.",
    "stray_data_keys_destroyed": "Data keys of unknown owners are destroyed, by {rule}.",
}
