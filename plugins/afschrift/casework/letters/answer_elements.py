"""What letters about an answer or a part of it say by themselves: where files are, what is missing (R44)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from afschrift.app.settings import Settings
from afschrift.domain.errors import FormError
from afschrift.domain.state import State
from afschrift.inventory.load import load
from afschrift.law.clock.deadline import local_date
from afschrift.law.clock.facts import FactKind, FactRow, Timeline
from afschrift.law.partial_response import parts
from afschrift.register.register import Register


def answer_elements(
    settings: Settings, register: Register, timeline: Timeline, about: FactRow | None, language: str
) -> dict[str, Any]:
    """Elements by name; none where the letter tells of no answer that is ready, or nothing is known.

    Args:
        settings: of the installation.
        register: of the installation.
        timeline: of the request.
        about: the fact that the letter tells of.
        language: of the letter.

    Raises:
        ConfigurationError: the inventory cannot be used, or the options of the destination.
    """
    if about is None or about.kind not in (FactKind.ANSWER_READY, FactKind.PARTLY_DELIVERED):
        return {}
    if about.kind is FactKind.PARTLY_DELIVERED or about.detail["state"] == State.READY:
        return _files(settings, register, timeline, about.detail.get("bundle"))
    inventory = load(settings.inventory)
    systems = {name: source.title for name, source in inventory.sources.items()}
    keys = {name: key.title for name, key in inventory.identity.keys.items()}
    if about.detail["state"] == State.NOTHING_PORTABLE:
        return {"refused": _named(about.detail.get("systems", ()), systems, language)}
    if about.detail["letter"] != "nothing_held":  # the person's limits leave nothing: nobody searched
        return {}
    return {
        "searched": _named(about.detail.get("systems", ()), systems, language),
        "searched_for": _named(about.detail.get("keys", ()), keys, language),
    }


def _named(names: Iterable[str], titles: Mapping[str, Any], language: str) -> list[str]:
    return [title.get(language) if (title := titles.get(name)) else name for name in names]


def _files(settings: Settings, register: Register, timeline: Timeline, bundle: str | None) -> dict[str, Any]:
    """Where the person fetches a bundle, if the destination has an address that is theirs to open."""
    for delivery in register.deliveries.of(timeline.request):
        if delivery.sha256 != bundle or (fetched := settings.fetched_at(delivery.destination)) is None:
            continue
        link, days = fetched
        until = local_date(delivery.delivered_at, timeline.zone) + timedelta(days)
        name = delivery.uri.rpartition("/")[2]
        return {"where": link.replace("{file}", name), "available_until": until.isoformat()}
    return {}


PARTIAL, SUPPLEMENT = "partial_delivery", "supplement"


def part_of(kind: str, timeline: Timeline) -> FactRow | None:
    """The partial delivery that a letter tells of, or follows; None where there is none."""
    delivered = parts(timeline) if kind in (PARTIAL, SUPPLEMENT) else ()
    return delivered[-1] if delivered else None


def known_elements(
    settings: Settings, kind: str, timeline: Timeline, language: str, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Elements with what the register knows of a partial delivery; what was given stands over it.

    Raises:
        FormError: another day was given than was decided on.
        ConfigurationError: the inventory cannot be used.
    """
    fact = part_of(kind, timeline)
    if fact is None:
        return dict(given)
    later = fact.detail["later"]
    titles = _titles(settings, [one["source"] for one in later], language)
    if kind == SUPPLEMENT:
        return {"contains": titles, **given}
    rest_by = max(one["rest_by"] for one in later)
    if str(given.get("rest_by") or rest_by) != rest_by:
        fault = f"{rest_by} was decided on; leave it out, or decide on another day first"
        raise FormError(
            f"The letter '{kind}' promises another day than was decided on (R44).",
            {"rest_by": fault},
            remedy="leave `rest_by` out; nothing was recorded.",
        )
    return {"missing": titles, "rest_by": rest_by, **given}


def _titles(settings: Settings, sources: list[str], language: str) -> list[str]:
    known = load(settings.inventory).sources
    titles = {name: source.title for name, source in known.items()}
    return [title.get(language) if (title := titles.get(name)) else name for name in sources]
