"""Store an incoming request whole before anything is done with it (R01, R02, R05)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from afschrift.app.jurisdiction import calendar_of
from afschrift.casework.identity.question import BOUND
from afschrift.casework.intake.message import Intake, Limits, Party
from afschrift.domain.errors import FormError
from afschrift.domain.instants import rfc3339
from afschrift.domain.keys import Key, Unique
from afschrift.domain.language import gettext
from afschrift.domain.request import check_formats
from afschrift.domain.right import Right
from afschrift.domain.state import State
from afschrift.inventory.base import fides_categories
from afschrift.inventory.model import Inventory, casefold_keys
from afschrift.law.case_facts import CaseFactKind, Matter, NewCaseFact
from afschrift.law.clock.deadline import deadline, local_date
from afschrift.law.clock.facts import FactKind, NewFact
from afschrift.law.clock.overlap import link
from afschrift.register.register import Register
from afschrift.services import Services


@dataclass(frozen=True)
class StoredCase:
    """A message as it was stored.

    Attributes:
        case: id of its case.
        requests: ids of its requests, one for each right of ours.
        matters: what else it asks, which is to be handed over.
        found: it had been stored before, and this is the case that it opened then.
        opened: those of the requests that were opened now.
    """

    case: str
    requests: tuple[str, ...]
    matters: tuple[Matter, ...]
    found: bool = False
    opened: tuple[str, ...] = ()


def submit(services: Services, intake: Intake, by: str) -> list[str]:
    """Store a case with its requests; returns their ids. Args and errors as for `take_in`."""
    return list(take_in(services, intake, by).requests)


def take_in(services: Services, intake: Intake, by: str, case: str | None = None) -> StoredCase:
    """Store a case with its requests and with what is to be handed over.

    Args:
        services: of the installation.
        intake: the request as it came.
        by: who entered it, for the trail.
        case: that this very message opened before; requests that it lacks, because storing broke off, are
            opened.

    Raises:
        FormError: a key or language that does not exist, a receipt in the future, or a forwarding out of
            order; names the field.
        ConfigurationError: a destination that does not exist.
        RefusedError: a format that does not qualify (R57).
    """
    _check(services, intake)
    found = case is not None
    case = case or _open_case(services, intake, by)
    before = services.register.cases.get(case).requests
    known = {services.register.requests.get(request_id).right for request_id in before}
    lacking = [] if intake.unclear and before else [r for r in intake.requested if r not in known]
    opened = tuple(_open_request(services, intake, case, right, by) for right in lacking)
    return StoredCase(case, (*before, *opened), intake.matters, found, opened)


def _open_case(services: Services, intake: Intake, by: str) -> str:
    return services.register.cases.open(
        intake.message.encode(),
        intake.channel,
        rfc3339(intake.received_at),
        services.now(),
        by=by,
        made_by=intake.made_by,
        parties=parties_text(intake.parties) if intake.parties else None,
        facts=tuple(_case_facts(services, intake)),
    )


def _open_request(services: Services, intake: Intake, case: str, right: Right, by: str) -> str:
    register, declared = services.register, services.inventory.identity.keys
    request = register.requests.open(
        case,
        right,
        rfc3339(intake.received_at),
        services.inventory.controller.zone,
        intake.language,
        intake.formats,
        intake.destination,
        [Key(name, value.strip()) for name, value in intake.keys.items() if name in declared],
        casefold_keys(services.inventory),
        intake.limits.model_dump(mode="json") if intake.limits else {},
        by=by,
        verified_by=intake.channel if intake.authenticated else None,
    )
    if intake.unclear:
        unclear = NewFact(FactKind.RIGHT_UNCLEAR, detail={"right": right.value})
        register.facts.record(request.id, lambda _: [unclear], by)
    if intake.authenticated:
        proof = intake.authenticated
        detail = {"method": proof.by, "level": proof.level, "authenticated_at": rfc3339(proof.at)}
        detail[BOUND] = intake.destination
        register.decisions.take(
            request.id, "identity", "confirmed", f"channel:{intake.channel}", detail=detail
        )
        link_repeat(services.register, services.inventory, request.id)
    return request.id


def link_repeat(register: Register, inventory: Inventory, request_id: str) -> None:
    """Link a repeat to the last answered request of the same person; it is answered in full (R26).

    An earlier request that is still open is left to an officer: they may overlap (R55).
    """
    keys = inventory.identity.keys
    own = [name for name, key in keys.items() if key.unique is Unique.YES]
    found = {past: register.requests.get(past).state for past in register.identities.earlier(request_id, own)}
    void = (State.MERGED, State.NOT_RECEIVED)
    answered = [past for past, state in found.items() if not state.open and state not in void]
    for past in answered[-1:]:
        register.facts.record_pair(
            request_id,
            past,
            lambda later, earlier, same, _: (link(later, earlier, "repeat", same=same), []),
            "system",
            names=own,
        )


def _case_facts(services: Services, intake: Intake) -> Iterator[NewCaseFact]:
    controller = services.inventory.controller
    for step in intake.forwarded:
        hop = {"at": rfc3339(step.at), "from": step.from_, "to": step.to}
        yield NewCaseFact(CaseFactKind.FORWARDED, detail=hop)
    received = local_date(intake.received_at, controller.zone)
    due = deadline(received, calendar_of(controller), public_body=controller.body == "public").due
    for other in intake.matters:
        detail = {"matter": other.value, "term": other.iri, "desk": controller.hand_over.get(other)}
        detail["due"] = str(due) if other.has_period else None
        yield NewCaseFact(CaseFactKind.MATTER_RECORDED, detail=detail)


def parties_text(parties: Mapping[str, Party]) -> bytes:
    """The parties of a case as they are kept: JSON, by role."""
    plain = {role: party.model_dump(exclude_none=True) for role, party in parties.items()}
    return json.dumps(plain, ensure_ascii=False).encode()


def _check(services: Services, intake: Intake) -> None:
    inventory = services.inventory
    if intake.keys.keys() - inventory.identity.keys.keys():
        raise FormError(
            "An identity key is not declared in identity.yml.",
            {"keys": gettext("is not declared")},
            remedy=f"use {', '.join(sorted(inventory.identity.keys))}, or declare them in identity.yml.",
        )
    if not all(value.strip() for value in intake.keys.values()):
        raise FormError(
            "An identity key is empty.",
            {"keys": gettext("is empty")},
            remedy="leave the key out or give its value.",
        )
    languages = {intake.language, *(party.language or intake.language for party in intake.parties.values())}
    if not languages <= set(inventory.controller.languages):
        raise FormError(
            "The service is not offered in this language.",
            {"language": gettext("is not offered")},
            remedy=f"choose one of {', '.join(inventory.controller.languages)}.",
        )
    now = datetime.fromisoformat(services.now())
    if intake.received_at > now:
        raise FormError(
            "The receipt lies in the future.",
            {"received_at": gettext("lies in the future")},
            remedy="give the instant of first arrival with its zone, such as 2026-11-20T09:30:00+01:00.",
        )
    moments = [intake.received_at, *(step.at for step in intake.forwarded), now]
    if moments != sorted(moments):
        raise FormError(
            "forwarded: its steps do not follow each other from `received_at` until now; a message is "
            "received when it first arrives, not when it is passed on (R02).",
            {"forwarded": gettext("is out of order")},
            remedy="give the first arrival in `received_at`, then the steps in the order in which they came.",
        )
    _check_limits(inventory, intake.limits)
    for right in intake.requested:
        check_formats(right, intake.formats, tuple(services.formats))
    services.destination(intake.destination)


def _check_limits(inventory: Inventory, limits: Limits | None) -> None:
    """Refuse limits that name nothing: a misspelt limit would leave out what the person wants."""
    if limits is None:
        return
    tables = {f"{name}.{table}" for name, source in inventory.sources.items() for table in source.tables}
    known = tables | set(inventory.manual) | fides_categories().keys()
    unknown = sorted({*limits.tables, *limits.categories} - known)
    if unknown or not (limits.tables or limits.categories):
        raise FormError(
            f"These limits name nothing that there is: {', '.join(unknown) or 'they are empty'}.",
            {
                "limits": gettext("names a table or category that there is not")
                if unknown
                else gettext("is missing")
            },
            remedy="give `tables` as source.table (a system without tables by its name) or "
            "`categories` of the Fides taxonomy.",
        )
