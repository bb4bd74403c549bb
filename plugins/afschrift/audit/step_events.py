"""Events that the steps of a run append: what was decided, read, compared, packed and handed over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from afschrift.audit.phrases import lasting, listed, resting, role_name, short, size, spoken
from afschrift.domain.decision import Action
from afschrift.domain.language import count

_WHAT = {
    Action.INCLUDE.value: "go along",
    Action.MASK.value: "go along masked",
    Action.EXISTS_ONLY.value: "are only told of",
    Action.EXCLUDE.value: "are left out",
    Action.ASK.value: "wait for a person",
}
_BY_ORIGIN = ("access_", "portable_", "origin_")
"""What the code of a reason begins with where the origin is the reason."""

Payload = Mapping[str, Any]


def _ended(payload: Payload) -> str:
    """How the sentence of a step's own event ends."""
    return resting(payload) + lasting(payload)


def _run_started(payload: Payload) -> str:
    again = "goes on again" if payload.get("again") else "began"
    return f"Run {payload['run']} {again}, started by {payload['who']}."


def _assessed(payload: Payload) -> str:
    return f"The request may be worked on: identity {payload['identity']}.{_ended(payload)}"


def _columns(payload: Payload) -> str:
    """` Columns that are left out: 14: 9 inferred (R18) and 5 ..`, for each thing that becomes of some."""
    parts = []
    for action, words in _WHAT.items():
        mine = [one for one in payload.get("columns", ()) if one["action"] == action]
        if mine:
            why = (f"{one['columns']:,} {_reason(one['reason'])} ({', '.join(one['rules'])})" for one in mine)
            total = sum(one["columns"] for one in mine)
            parts.append(f" Columns that {words}: {total:,}: {listed(why)}.")
    return "".join(parts)


def _reason(code: str) -> str:
    begins = next((one for one in _BY_ORIGIN if code.startswith(one)), "")
    return spoken(code.removeprefix(begins))


def _plan_frozen(payload: Payload) -> str:
    away = payload.get("withheld_tables", [])
    more = [
        f" Withheld whole: {listed(away)}." if away else "",
        f" A reviewer masked {payload['redactions']} cells or spans." if "redactions" in payload else "",
        f" Searched by people: {listed(payload['manual'])}." if "manual" in payload else "",
        f" Left for later: {listed(payload['later'])}." if "later" in payload else "",
        f" It follows {count(len(payload['after']), 'part')} given before." if "after" in payload else "",
        f" {count(len(payload['hidden']), 'place')} kept back by a restriction."
        if "hidden" in payload
        else "",
    ]
    return (
        f"Plan {short(payload['plan'])} is frozen: {count(payload['tables'], 'table')} to read, "
        f"{payload['withheld']} withheld.{_columns(payload)}{''.join(more)}"
    ) + _ended(payload)


def _extracted(payload: Payload) -> str:
    tables, files = payload.get("tables", {}), payload.get("files", ())
    empty = sorted(name for name, rows in tables.items() if not rows)
    rows = count(sum(tables.values()), "row")
    told = [
        f"Source {payload['source']} was read as of {payload['snapshot']}: {count(len(tables), 'table')}, "
        f"{rows}, {count(len(files), 'file')}.",
        f"Without a row: {listed(empty)}." if empty else "",
        f"{count(payload['read_back'], 'file')} read back by another library while written."
        if payload.get("read_back")
        else "",
        _batch(payload.get("batch")),
        _compared(payload.get("compared", {})),
        _also(payload),
        _search(payload),
        _slowest(payload),
    ]
    return " ".join(filter(None, told)) + _ended(payload)


def _batch(batch: Payload | None) -> str:
    return f"Read in one pass for {batch['requests']} requests (batch {batch['id']})." if batch else ""


def _compared(compared: Payload) -> str:
    if not compared:
        return ""
    hashed = sum(one["hashed_rows"] for one in compared.values())
    counted = sum(len(one.get("counted_columns", ())) for one in compared.values())
    only = f", and {count(counted, 'column')} by their numbers alone" if counted else ""
    return (
        f"The source's own account of {count(len(compared), 'table')} agrees: {count(hashed, 'row')} by "
        f"hash{only}."
    )


def _also(payload: Payload) -> str:
    """What was seen beside the rows themselves."""
    masked = sum(n for table in payload.get("masked", {}).values() for n in table.values())
    active: Counter[str] = Counter()
    for name, number in payload.get("active", {}).items():
        active.update(number if isinstance(number, dict) else {name: number})
    pointed = sum(n for table in payload.get("pointed_out", {}).values() for n in table.values())
    unread = sorted(name for name, what in payload.get("people", {}).items() if isinstance(what, str))
    parts = [
        f"{count(masked, 'value')} masked" if masked else "",
        f"{count(sum(payload.get('redacted', {}).values()), 'place')} redacted by a reviewer"
        if payload.get("redacted")
        else "",
        f"{count(sum(payload.get('uploads', {}).values()), 'uploaded file')}"
        if payload.get("uploads")
        else "",
        f"{count(sum(payload.get('missing', {}).values()), 'named file')} missing"
        if payload.get("missing")
        else "",
        f"something may run in files: {listed(f'{n:,} {spoken(of)}' for of, n in sorted(active.items()))}"
        if active
        else "",
        f"{count(payload['kept_back'], 'file')} kept back" if payload.get("kept_back") else "",
        f"free text may hold data of others in {count(pointed, 'place')}" if pointed else "",
        f"names of people not looked for in {listed(unread)}" if unread else "",
    ]
    said = "; ".join(filter(None, parts))
    return f"{said[0].upper()}{said[1:]}." if said else ""


def _search(payload: Payload) -> str:
    """The search for the person in what no way of the inventory reaches."""
    if "searched" not in payload:
        return ""
    not_all, found = payload.get("not_searched", {}), payload.get("residual", {})
    why = [f"{table} ({spoken(reason)})" for table, reason in sorted(not_all.items())]
    return (
        f"Beside the ways of the inventory {count(len(payload['searched']), 'table')} were searched for the "
        f"person: {count(sum(found.values()), 'row')} found"
        + (f"; not, or not whole: {listed(why)}." if why else ".")
    )


def _slowest(payload: Payload) -> str:
    slow = payload.get("slowest")
    return f"Longest: {slow['table']}, {float(slow['seconds']):.1f} s." if slow else ""


def _validated(payload: Payload) -> str:
    formats = payload.get("formats", {})
    of = f" ({listed(f'{n:,} {name}' for name, n in formats.items())})" if formats else ""
    columns = payload.get("columns")
    held = f"their rows and {count(columns, 'column checksum')}" if columns else "their rows"
    before = payload.get("while_written")
    now = f", {before:,} while written and {payload['files'] - before:,} now" if before is not None else ""
    return (
        f"{count(payload['files'], 'file')}{of} read again by another library{now}: {held} are as extracted, "
        f"{count(payload['rows'], 'row')} in all.{_ended(payload)}"
    )


def _packed(payload: Payload) -> str:
    return (
        f"Bundle {short(payload['bundle'])} is packed and signed: {size(payload['bytes'])}, sealed at "
        f"{payload['sealed_at']}, of plan {short(payload['plan'])}.{_ended(payload)}"
    )


def _delivered(payload: Payload) -> str:
    return (
        f"Bundle {short(payload['sha256'])} ({payload.get('kind', 'full')}, {size(payload['bytes'])}) was "
        f"handed over to destination {payload['destination']}.{_ended(payload)}"
    )


def _again(payload: Payload) -> str:
    files = (f"{count(n, kind)} {why}" for why, of in payload["files"].items() for kind, n in of.items())
    source = f" of {payload['source']}" if "source" in payload else ""
    return f"What {payload['step']} staged{source} is made again: {listed(files)}."


def _gate(words: str) -> Callable[[Payload], str]:
    def said(payload: Payload) -> str:
        source = f", source {payload['source']}" if "source" in payload else ""
        run = f", in run {payload['run']}" if payload.get("run") else ""
        return f"{words} at {payload['step']}: {spoken(payload['reason'])}{source}{run}."

    return said


def _age_read(payload: Payload) -> str:
    return (
        f"The age was read from {payload['column']} against the limit of {payload['limit']} "
        f"({', '.join(payload['rules'])}): a minor: {payload.get('minor', 'unknown')}."
    )


def _part_closed(payload: Payload) -> str:
    return f"The run ends with a part: bundle {short(payload['sha256'])}; later: {listed(payload['later'])}."


def _look_up(payload: Payload) -> str:
    tables, faults = payload.get("tables", {}), payload.get("not_read", {})
    why = (f"{table} ({spoken(fault)})" for table, fault in sorted(faults.items()))
    return (
        f"Before the identity is confirmed the system looked in {count(len(tables), 'table')}: "
        f"{count(sum(tables.values()), 'row')} found" + (f"; not read: {listed(why)}." if faults else ".")
    )


def _drift(payload: Payload) -> str:
    return f"Since the plan was frozen changed: {listed(payload['changed'])}; {payload['step']} stopped."


def _sealed(payload: Payload) -> str:
    sources = listed(f"{name} as of {at}" for name, at in payload.get("snapshots", {}).items())
    return (
        f"The seal is fixed at {payload['sealed_at']}, on event #{payload['trail_seq']} of the trail: "
        f"{sources or 'no source'}."
    )


def _viewed(payload: Payload) -> str:
    return f"The staged bundle was looked at in the role {role_name(payload.get('role'))}."


def _finished(payload: Payload) -> str:
    part = f" of {payload['part']}" if payload.get("part") else ""
    return f"Step {payload['step']}{part} is finished."


SENTENCES: dict[str, str | Callable[[Payload], str]] = {
    "run_started": _run_started,
    "run_ended": "Run {run} ended; the request is: {outcome}.",
    "age_read": _age_read,
    "acknowledged": "The request is taken up.",
    "assessed": _assessed,
    "accepted": "The request is in work.",
    "plan_frozen": _plan_frozen,
    "plan_kept": lambda payload: (
        f"Plan {short(payload['plan'])} holds as it is under what was decided since.{_ended(payload)}"
    ),
    "extracted": _extracted,
    "validated": _validated,
    "sealed": _sealed,
    "bundle_sealed": lambda payload: (
        f"Bundle {short(payload['bundle'])}: its digest is kept, whatever is erased."
    ),
    "packed": _packed,
    "bundle_arrived": lambda payload: (
        f"Bundle {short(payload['bundle'])} lies at its destination: that is kept, whatever is erased."
    ),
    "bundle_delivered": _delivered,
    "bundle_viewed": _viewed,
    "part_closed": _part_closed,
    "step_finished": _finished,
    "staged_again": _again,
    "drift_found": _drift,
    "gate_bypassed": _gate("Somebody tried to pass a gate"),
    "gate_refused": _gate("The gate is closed"),
    "identity_looked_up": _look_up,
    "staging_destroyed": "What was staged is destroyed ({reason}).",
    "nothing_held": "No system that was searched holds anything of the person.",
    "nothing_portable": "The systems hold data of the person, and nothing that Art. 20 covers.",
    "nothing_in_limits": "Within the person's own limits there is nothing to give.",
}
