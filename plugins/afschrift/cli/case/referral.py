"""`afschrift case handed-over`, `waiting`, `not-received`: what a case holds beside its requests."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from afschrift.app.jurisdiction import load_controller
from afschrift.app.roles_file import load_roles
from afschrift.casework.intake.not_received import propose
from afschrift.casework.intake.referral import record_handed_over
from afschrift.casework.notices.referrals import to_hand_over
from afschrift.cli.common import actor, officer, open_register, say
from afschrift.cli.request import given
from afschrift.domain.errors import RefusedError
from afschrift.law.case_facts import CaseFactKind, referrals

if TYPE_CHECKING:
    from afschrift.register.register import Register

Case = Annotated[str, typer.Argument(metavar="CASE|REQUEST", help="Id of a case, or of one of its requests.")]


def handed_over(
    case: Case,
    right: Annotated[
        str,
        typer.Argument(
            metavar="RIGHT",
            help="rectification, erasure, restriction, objection, automated_decision, complaint, "
            "information; or deceased.",
        ),
    ],
    to: Annotated[str, typer.Option(help="The desk that took it over; no name of a person.")],
    reference: Annotated[str, typer.Option(help="Under which it is known there: a code without spaces.")],
) -> None:
    """Record that a right which is not ours was handed over, to whom and under which reference (R05)."""
    register = open_register()
    done = record_handed_over(
        register, load_roles(), register.cases.get(case).id, right, to, reference, actor()
    )
    typer.echo(f"Recorded: {done.matter} of {done.case} handed over to {to}, {reference}.")


def waiting(
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """List what waits to be handed over, what is due first at the beginning."""
    found = to_hand_over(open_register())
    if as_json:
        rows = [
            {
                "case": one.referral.case,
                "right": one.referral.matter.value,
                "term": one.referral.matter.iri,
                "desk": one.referral.desk,
                "due": str(one.referral.due) if one.referral.due else None,
                "level": one.level,
            }
            for one in found
        ]
        typer.echo(json.dumps(rows, indent=2))
        return
    if not found:
        typer.echo("Nothing waits to be handed over.")
    for one in found:
        typer.echo(one.words)


def not_received(
    case: Case,
    published_on: Annotated[
        str, typer.Option(metavar="DATE", help="Day on which the proper channel was clearly published.")
    ],
    text_file: Annotated[
        Path,
        typer.Option(
            help="Why the address was clearly not meant for requests, in words, kept encrypted: a file, "
            "or - for standard input."
        ),
    ],
) -> None:
    """Find that a message to an address not meant for it counts as not received (R03).

    Only before any step ran, only where a proper channel was clearly published before it came, and only
    once a second signer agrees. Nothing is deleted: the message stays in its case.
    """
    day, why = given.date_(published_on, "--published-on"), given.text(text_file)
    if day is None:
        raise RefusedError("The day is missing.", remedy="--published-on 2026-01-15.")
    who = officer()
    asked = propose(
        who,
        who.register.cases.get(case),
        day,
        why or "",
        published=load_controller().channels,
    )
    say(f"It counts as not received once a second signer agrees: `afschrift answer {asked.id}`.")
    say("Until then it counts as received, and its period runs (R02, R03). Nothing is deleted either way.")
    typer.echo(asked.id)


COMMANDS: dict[str, Callable[..., Any]] = {
    "handed-over": handed_over,
    "waiting": waiting,
    "not-received": not_received,
}


def case_lines(register: Register, case: str) -> list[str]:
    """What a case holds beside its texts, for `case show`: forwarding, and what is not ours."""
    facts = register.case_facts.of(case)
    lines = [
        f"forwarded {one.detail['at'][:16]}Z from {one.detail['from']} to {one.detail['to']}"
        for one in facts
        if one.kind is CaseFactKind.FORWARDED
    ]
    for one in referrals(facts):
        article = f" (Art. {one.matter.article})" if one.matter.article else ""
        due = f"due {one.due}" if one.due else "without a period of the GDPR"
        if one.handed_over is not None:
            detail = one.handed_over.detail
            on = f"{one.handed_over.at[:16]}Z"
            state = f"handed over to {detail['to']} on {on}, reference {detail['reference']}"
        else:
            state = f"NOT HANDED OVER{f', for {one.desk}' if one.desk else ''}"
        lines.append(f"asks for {one.matter}{article}, {due}: {state}")
    return lines
