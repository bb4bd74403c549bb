"""A request of which something is kept back by a provision, in an installation without reviews of bundles."""

from datetime import datetime
from pathlib import Path

import pytest
from testbed.mini import POLICY
from tests.support.days import days_away
from tests.support.deciding import ROLES, Bureau
from tests.support.reviewing import policy

from afschrift.casework.disputes import DisputeService
from afschrift.casework.officer import Officer
from afschrift.domain.instants import utc_now
from afschrift.register.records import QuestionRow
from afschrift.wiring.build_services import build

FIRST = days_away(50)
"""The day on which a restriction is to be looked at for the first time."""


def open_bureau(
    folder: Path, patch: pytest.MonkeyPatch, more: str = "", *, all_tables: bool = False
) -> Bureau:
    bureau = Bureau.open(folder, patch, all_tables=all_tables)
    text = POLICY + policy("never") + more
    (folder / "inventory" / "policy.yml").write_text(text, encoding="utf-8")
    bureau.services = build(lambda _line: None, bureau.settings)
    return bureau


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


def dispute_service(bureau: Bureau, by: str = "cli:anna", now: datetime | None = None) -> DisputeService:
    return DisputeService(Officer(bureau.register, ROLES, by, now=now or utc_now(), settings=bureau.settings))
