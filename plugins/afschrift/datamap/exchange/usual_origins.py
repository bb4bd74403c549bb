"""The origin that data of a category usually have (RULES C); a proposal, as another tool knows no origin."""

from __future__ import annotations

from afschrift.domain.origin import Origin

_USUAL = {
    "user.account": Origin.ASSIGNED,
    "user.account.settings": Origin.PROVIDED,
    "user.authorization": Origin.DERIVED,
    "user.behavior": Origin.OBSERVED,
    "user.contact": Origin.PROVIDED,
    "user.content": Origin.PROVIDED,
    "user.demographic": Origin.PROVIDED,
    "user.device": Origin.OBSERVED,
    "user.financial": Origin.PROVIDED,
    "user.government_id": Origin.PROVIDED,
    "user.job_title": Origin.PROVIDED,
    "user.location": Origin.OBSERVED,
    "user.name": Origin.PROVIDED,
    "user.payment": Origin.PROVIDED,
    "user.privacy_preferences": Origin.PROVIDED,
    "user.sensor": Origin.OBSERVED,
    "user.telemetry": Origin.OBSERVED,
    "user.unique_id": Origin.ASSIGNED,
    "user.user_sensor": Origin.OBSERVED,
}


def usual_origin(category: str | None) -> Origin | None:
    """The origin of the category or of the nearest one above it; None: it may have any.

    Health, biometric data, children, criminal history, work and social ties come in every way, and that
    data are the system's own (`system`) says nothing of whom they come from.
    """
    while category:
        if category in _USUAL:
            return _USUAL[category]
        category = category.rpartition(".")[0]
    return None
