"""A request of which something is kept back by a provision, in an installation without reviews of bundles."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from testbed.mini import POLICY
from testbed.running import installation
from tests.support.days import days_away
from tests.support.deciding import ROLES, Bureau, place_shop
from tests.support.kept import Kept
from tests.support.reviewing import policy

from afschrift.casework.decision import ground_form
from afschrift.casework.decision.denial import propose, sign
from afschrift.casework.decision.require_decision import open_decision
from afschrift.casework.disputes import DisputeService
from afschrift.casework.officer import Officer
from afschrift.domain.instants import utc_now
from afschrift.register.records import QuestionRow
from afschrift.wiring.build_services import build

FIRST = days_away(50)
"""The day on which a restriction is to be looked at for the first time."""


def open_bureau(
    folder: Path,
    patch: pytest.MonkeyPatch,
    more: str = "",
    *,
    all_tables: bool = False,
    evasive: Sequence[str] = (),
    kept: Kept | None = None,
) -> Bureau:
    """`evasive`: sources with the policy of evasive words, on which restrictions may be hidden."""
    settings = place_shop(folder, patch, all_tables=all_tables)
    text = POLICY + policy("never") + more
    (settings.inventory / "policy.yml").write_text(text, encoding="utf-8")

    def reach() -> None:
        services = installation(settings.home, settings.inventory, REGISTER=settings.register)
        set_evasive(Bureau(settings, services), *evasive)

    if kept is None:
        reach()
    else:
        kept.reached(("bureau", more, all_tables, *evasive), settings.home, reach)
    return Bureau(settings, build(lambda _line: None, settings))


def set_evasive(bureau: Bureau, *sources: str, evasive: bool = True, days: int = 90) -> None:
    """Set or lift the policy of evasive words so many days ago."""
    at = utc_now() - timedelta(days=days)
    for source in sources:
        propose(bureau.officer("cli:otto", at), source, evasive=evasive)
        sign(bureau.officer("cli:sam", at), source)


def restricted(bureau: Bureau, places: list[str], existence: str = "hidden") -> tuple[str, str]:
    request, question = bureau.flagged()
    restrict(bureau, request, question, places, existence)
    return request, question.id


def restrict(
    bureau: Bureau,
    request: str,
    question: QuestionRow,
    places: list[str],
    existence: str = "hidden",
    *,
    sign: bool = True,
) -> None:
    left_out = {"refused": None, "given": None, "reasons": None} if existence == "hidden" else {}
    given = {"places": places, "existence": existence, "review_on": FIRST.date().isoformat()}
    bureau.answer(question, "restrict", "restriction", **given | left_out)
    if sign:
        bureau.sign(request)


def hide_as_before(bureau: Bureau, patch: pytest.MonkeyPatch, request: str, places: list[str]) -> None:
    """Hide places as a version before the policy did, which refused it nowhere."""
    question = open_decision(bureau.services.grounds, bureau.register, request)
    with patch.context() as before:
        before.setattr(
            ground_form, "evasive_sources", lambda *_: {place.partition(".")[0] for place in places}
        )
        restrict(bureau, request, question, places)


def dispute_service(bureau: Bureau, by: str = "cli:anna", now: datetime | None = None) -> DisputeService:
    return DisputeService(Officer(bureau.register, ROLES, by, now=now or utc_now(), settings=bureau.settings))
