"""What letters about an answer in parts say by themselves: what is missing and by when, what came (R44)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from afschrift.app.settings import Settings
from afschrift.domain.errors import FormError
from afschrift.inventory.load import load
from afschrift.law.clock.facts import FactRow, Timeline
from afschrift.law.partial_response import parts

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
