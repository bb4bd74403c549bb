"""A request as it comes in: stored whole before anything is done with it (R01, R02, R05)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from afschrift.core.errors import ConfigurationError
from afschrift.core.keys import Key, Unique
from afschrift.core.overlap import link
from afschrift.core.request import check_formats
from afschrift.core.right import Right
from afschrift.core.state import State
from afschrift.inventory.check import fides_categories
from afschrift.inventory.model import Inventory, casefold_keys
from afschrift.pipeline.services import Services


def _as_tuple(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _as_text(value: Any) -> Any:
    if isinstance(value, dict) and not all(isinstance(item, str) for item in value.values()):
        raise ValueError("put identity keys between quotes: they are text, and 0046 is not 46")
    return value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Authenticated(_Strict):
    """How the channel had authenticated the person: which log-in, at which level, when (R10)."""

    by: str
    level: str
    at: AwareDatetime


class Limits(_Strict):
    """The person's own limits, with the sentence that says so (R24)."""

    quote: str = Field(min_length=1)
    tables: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


class Intake(_Strict):
    """What `afschrift submit` takes.

    Attributes:
        message: the request verbatim; kept encrypted.
        channel: where it arrived, for example `portal` or `letter`.
        received_at: first arrival at an official channel, with its zone (R02).
        rights: one letter may hold several; each becomes a request of its own (R05).
        keys: identity key -> value, as verified or as the requester gave them.
        authenticated: absent: a person must confirm the identity before anything is read.
        made_by: who wrote it; a person decides on what somebody else than the person made (R15, R16).
    """

    message: str = Field(min_length=1, repr=False)
    channel: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,40}$")
    received_at: AwareDatetime
    rights: Annotated[tuple[Right, ...], BeforeValidator(_as_tuple), Field(alias="right", min_length=1)]
    keys: Annotated[dict[str, str], BeforeValidator(_as_text), Field(min_length=1, repr=False)]
    authenticated: Authenticated | None = None
    made_by: Literal["self", "parent", "guardian", "proxy"] = "self"
    formats: tuple[str, ...] = ("csv", "json")
    language: str = "nl"
    destination: str = "outbox"
    limits: Limits | None = None


def submit(services: Services, intake: Intake, by: str) -> list[str]:
    """Store a case with its requests; returns their ids.

    Args:
        services: of the installation.
        intake: the request as it came.
        by: who entered it, for the trail.

    Raises:
        ConfigurationError: a key, language or destination that does not exist, or a receipt in the future.
        RefusedError: a format that does not qualify (R57).
    """
    _check(services, intake)
    register = services.register
    received = _utc(intake.received_at)
    declared = services.inventory.identity.keys
    keys = [Key(name, value.strip()) for name, value in intake.keys.items() if name in declared]
    case = register.open_case(
        intake.message.encode(), intake.channel, received, services.now(), by=by, made_by=intake.made_by
    )
    ids = []
    for right in dict.fromkeys(intake.rights):
        request = register.open_request(
            case,
            right,
            received,
            services.inventory.controller.zone,
            intake.language,
            intake.formats,
            intake.destination,
            keys,
            casefold_keys(services.inventory),
            intake.limits.model_dump(mode="json") if intake.limits else {},
            by=by,
            verified_by=intake.channel if intake.authenticated else None,
        )
        if intake.authenticated:
            proof = intake.authenticated
            detail = {"method": proof.by, "level": proof.level, "authenticated_at": _utc(proof.at)}
            register.decide(request.id, "identity", "confirmed", f"channel:{intake.channel}", detail=detail)
            _link(services, request.id)
        ids.append(request.id)
    return ids


def _link(services: Services, request_id: str) -> None:
    """Link a repeat of somebody known to what they were answered before; it is answered in full (R26).

    One that is still open is left to a person: it may overlap (R55).
    """
    keys = services.inventory.identity.keys
    own = [name for name, key in keys.items() if key.unique is Unique.YES]
    register = services.register
    found = {one: register.request(one).state for one in register.earlier(request_id, own)}
    answered = [one for one, state in found.items() if not state.open and state is not State.MERGED]
    for one in answered[-1:]:
        register.record_pair(
            request_id,
            one,
            lambda later, earlier, same, _: (link(later, earlier, "repeat", same=same), []),
            "system",
            names=own,
        )


def _check(services: Services, intake: Intake) -> None:
    inventory = services.inventory
    unknown = sorted(intake.keys.keys() - inventory.identity.keys.keys())
    if unknown:
        raise ConfigurationError(
            f"These identity keys are not declared: {', '.join(unknown)}.",
            way_out=f"use {', '.join(sorted(inventory.identity.keys))}, or declare them in identity.yml.",
        )
    if not all(value.strip() for value in intake.keys.values()):
        raise ConfigurationError("An identity key is empty.", way_out="leave the key out or give its value.")
    if intake.language not in inventory.controller.languages:
        raise ConfigurationError(
            "The service is not offered in this language.",
            way_out=f"choose one of {', '.join(inventory.controller.languages)}.",
        )
    now = datetime.fromisoformat(services.now())
    if intake.received_at > now:
        raise ConfigurationError(
            "The receipt lies in the future.",
            way_out="give the instant of first arrival with its zone, such as 2026-11-20T09:30:00+01:00.",
        )
    _check_limits(inventory, intake.limits)
    for right in intake.rights:
        check_formats(right, intake.formats, tuple(services.formats))
    services.destination(intake.destination)


def _check_limits(inventory: Inventory, limits: Limits | None) -> None:
    """A misspelt limit would leave out what the person wants."""
    if limits is None:
        return
    tables = {f"{name}.{table}" for name, source in inventory.sources.items() for table in source.tables}
    known = tables | set(inventory.manual) | fides_categories()
    unknown = sorted({*limits.tables, *limits.categories} - known)
    if unknown or not (limits.tables or limits.categories):
        raise ConfigurationError(
            f"These limits name nothing that there is: {', '.join(unknown) or 'they are empty'}.",
            way_out="give `tables` as source.table (a system without tables by its name) or "
            "`categories` of the Fides taxonomy.",
        )


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
