"""`afschrift requests` and `afschrift request show`: what is due when, and why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from afschrift.cli.common import actor, ledger
from afschrift.cli.running import RequestId

if TYPE_CHECKING:
    from afschrift.core.clock import Clock
    from afschrift.core.facts import FactRow, Timeline
    from afschrift.pipeline.timekeeping import Desk

Json = Annotated[bool, typer.Option("--json", help="For machines.")]


def desk() -> Desk:
    """Whoever is at the terminal, at work on this installation's clocks."""
    from afschrift.ledger.clock import utc_now
    from afschrift.pipeline.timekeeping import Desk
    from afschrift.wiring.place import load_place
    from afschrift.wiring.roles import load_roles

    return Desk(ledger(), load_roles(), load_place(), utc_now(), actor())


def listing(
    all_: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    as_json: Json = False,
) -> None:
    """List the requests with what is due first: id, right, state, receipt, due date, days left, colour.

    red: overdue; orange: the target day is there, or three days or fewer are left; yellow: two weeks or
    fewer; green: more; blue: suspended; grey: closed. Days are calendar days, working days in brackets.
    """
    register, at = ledger(), desk()
    found = [(one, at.look(one)) for one in register.timelines(open_only=not all_)]
    found.sort(key=lambda pair: (pair[1].closed_on is not None, pair[1].due or pair[1].target))
    if as_json:
        requests = {r.id: asdict(r) for r in register.requests(open_only=not all_)}
        rows = [{**requests.get(one.request, {}), "clock": row(clock)} for one, clock in found]
        typer.echo(json.dumps(rows, indent=2))
        return
    if not found:
        typer.echo("No open request." if not all_ else "No request yet: `afschrift submit`.")
    for one, clock in found:
        notes = "".join(
            f"  {note}" for note in (*(b.partition(":")[0] for b in clock.breaches), *_waits(one))
        )
        typer.echo(
            f"{one.request}  {one.right:<11} {one.state:<16} received {clock.received}  {_due(clock):<34} "
            f"{clock.colour}{notes}".rstrip()
        )


def show(
    request: RequestId,
    as_json: Json = False,
) -> None:
    """Show a request: when it is due and why, its facts, decisions and every event of its trail, in order."""
    from afschrift.wiring.place import own_keys

    register, at = ledger(), desk()
    found, timeline = register.request(request), register.timeline(request)
    clock, decisions = at.look(timeline), register.decisions(request)
    events, earlier = register.events(request), register.earlier(request, own_keys())
    if as_json:
        document = {
            "request": asdict(found),
            "clock": row(clock),
            "facts": [fact_row(fact) for fact in timeline.facts],
            "earlier": earlier,
            "decisions": [asdict(d) for d in decisions],
            "events": [{**asdict(header), "payload": payload} for header, payload in events],
        }
        typer.echo(json.dumps(document, indent=2))
        return
    typer.echo(f"{found.id}: {found.right} (Art. {found.right.article}), {found.state}")
    typer.echo(f"  received {timeline.received_at}, case {found.case}, language {found.language}")
    typer.echo(f"  formats {', '.join(found.formats)}, destination {found.destination}")
    for line in (*_explained(clock), *_facts(timeline.facts), *_earlier(timeline, earlier)):
        typer.echo(f"  {line}")
    for decision in decisions:
        typer.echo(f"  decision {decision.kind}: {decision.choice}, by {decision.by}, {decision.at}")
    for header, payload in events:
        words = "(erased)" if payload is None else json.dumps(payload, ensure_ascii=False)
        typer.echo(f"  {header.seq:>6} {header.at} {header.type:<18} {header.actor}  {words[:160]}")


def told(timeline: Timeline, clock: Clock, *, as_json: bool) -> None:
    """What a command says after it recorded facts."""
    if as_json:
        facts = [fact_row(fact) for fact in timeline.facts]
        document = {"id": timeline.request, "state": timeline.state, "clock": row(clock), "facts": facts}
        typer.echo(json.dumps(document, indent=2))
        return
    typer.echo(f"{timeline.request}: {timeline.state}")
    for line in (*_explained(clock), *_facts(timeline.facts)):
        typer.echo(f"  {line}")


def row(clock: Clock) -> dict[str, Any]:
    """A clock for machines: dates as text, statuses by their terms."""
    plain = {name: str(v) if isinstance(v, date) else v for name, v in asdict(clock).items()}
    return {**plain, "status": [fact.iri for fact in clock.status], "versions": dict(clock.versions)}


def fact_row(fact: FactRow) -> dict[str, Any]:
    """A fact for machines."""
    return {name: str(v) if isinstance(v, date) else v for name, v in asdict(fact).items()}


def _due(clock: Clock) -> str:
    if clock.closed_on is not None:
        return f"closed {clock.closed_on}"
    if clock.due is None:
        return f"suspended since {clock.suspended_since}"
    return f"due {clock.due}  {clock.days_left:>4} days ({clock.working_days_left})"


def _explained(clock: Clock) -> Iterator[str]:
    notice = f"by {clock.notice_due}" if clock.notice_due else "day not known while suspended"
    yield f"{_due(clock)}, {clock.colour}; notice {notice}, target {clock.target}"
    for breach in clock.breaches:
        code, _, rule = breach.partition(":")
        yield f"breach {code} ({rule})"
    for step in clock.steps:
        yield f"why  {step}"


def _facts(facts: Sequence[FactRow]) -> Iterator[str]:
    from afschrift.core.facts import WITH_LETTER

    for fact in facts:
        codes = {name: value for name, value in fact.detail.items() if name != "clock"}
        day = f" on {fact.day}" if fact.day else ""
        about = f" of {fact.about or fact.other}" if fact.about or fact.other else ""
        letter = ""
        if fact.kind in WITH_LETTER:
            letter = f", sent {fact.sent_on} by {fact.sent_by[0]}" if fact.sent_on else ", LETTER NOT SENT"
        words = f" {json.dumps(codes)}" if codes else ""
        yield f"fact {fact.id} {fact.kind}{day}{about}{letter}, by {fact.by}{words}"


def _earlier(timeline: Timeline, earlier: Sequence[str]) -> Iterator[str]:
    known = {fact.other for fact in timeline.facts}
    if unlinked := [one for one in earlier if one not in known]:
        yield (
            f"earlier requests of the same person: {', '.join(unlinked)} (`request merge` an open one, "
            "`request link` a closed one)"
        )


def _waits(timeline: Timeline) -> Iterator[str]:
    if timeline.proposed and timeline.state.open:
        yield "receipt_waits_for_signer"
