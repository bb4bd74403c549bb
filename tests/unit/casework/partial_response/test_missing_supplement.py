"""What a part promised is kept: not after its day, not without a word where the source is gone."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from testbed.running import members, run
from tests.support.in_parts import (
    ROLES,
    SOON,
    WHY,
    Part,
    again,
    asked,
    club,
    coverage,
    part,
    partial_response_service,
    partly,
    rows,
    services,
)
from tests.support.parts import Club, run_to_its_end, tables_of
from tests.support.reviewing import policy as review_policy

from afschrift.bundle.container.verify import verify
from afschrift.casework.answer import answer_question
from afschrift.casework.officer import Officer
from afschrift.domain.errors import FormError, GateError, NeedsPersonError, RefusedError
from afschrift.domain.instants import rfc3339
from afschrift.domain.state import State
from afschrift.register.records import QuestionRow
from afschrift.services import Services
from afschrift.steps.classify import classify
from afschrift.steps.extract import extract

pytestmark = pytest.mark.slow

__all__ = ["club", "part", "services"]


def later(services: Services, days: int) -> Services:
    """The same installation so many days on."""
    then = rfc3339(datetime.now(UTC) + timedelta(days=days))
    return dataclasses.replace(services, now=lambda: then)


def reviewed(services: Services, request: str) -> Path:
    with pytest.raises(NeedsPersonError):
        run(services, request)
    [*_, review] = services.register.questions.all(request_id=request)
    assert review.kind == "review"
    services.register.questions.answer(review.id, "approved", "cli:anna")
    return run(services, request)


def test_after_the_promised_day_the_next_run_gives_all(
    services: Services, club: Club, tmp_path: Path
) -> None:
    with (tmp_path / "inventory" / "policy.yml").open("a", encoding="utf-8") as file:
        file.write(review_policy("always"))
    services = again(services, tmp_path)
    request = asked(services)
    partial_response_service(services).leave(request, "club", SOON, WHY)
    with pytest.raises(NeedsPersonError):
        run(services, request)
    bundle = reviewed(later(services, 12), request)
    assert bundle.name.endswith("-access.zip")
    assert "data/club/card.csv" in rows(bundle)


def test_after_the_promised_day_no_step_goes_on_with_the_part(services: Services, club: Club) -> None:
    """Attempt: Go on with a plan that leaves a source for later, after the promised day or once the source cannot be left any more"""
    request = asked(services)
    partial_response_service(services).leave(request, "club", SOON, WHY)
    assert classify(services, request)["sources"] == ["shop"]
    extract(services, request, "shop")
    with pytest.raises(GateError, match="cannot be left any more") as caught:
        extract(later(services, 12), request, "shop")
    assert "start a new run" in caught.value.remedy
    [*_, (_, payload)] = services.register.trail.events(request)
    assert (payload or {})["reason"] == "partial_over"


def take_out(inventory: Path, how: str) -> None:
    file = inventory / "club.yml"
    text = file.read_text(encoding="utf-8")
    if how == "source":
        file.unlink()
        return
    for table in ("card", "visit") if how == "both" else ("visit",):
        text = text.replace(f"  {table}:\n", f"  {table}:\n    personal: false\n")
    file.write_text(text, encoding="utf-8")


def the_question(services: Services, request: str) -> QuestionRow:
    assert run_to_its_end(services, request) is None
    [found] = services.register.questions.all(request_id=request)
    assert found.kind == "rest_gone"
    return found


@pytest.mark.parametrize(
    ("how", "missing"), [("source", ["card", "visit"]), ("both", ["card", "visit"]), ("one", ["visit"])]
)
def test_a_promised_rest_that_is_gone_is_asked_about_and_named(
    part: Part, tmp_path: Path, how: str, missing: list[str]
) -> None:
    """Attempt: Take a promised rest out of the inventory, so that the request closes without it"""
    request, first = part.request, part.bundle
    take_out(tmp_path / "inventory", how)
    services = again(part.services, tmp_path)
    question = the_question(services, request)
    assert question.detail == {"source": "club", "tables": missing, "rest_by": SOON}
    register = services.register
    with pytest.raises(FormError) as caught:
        answer_question(Officer(register, ROLES, "cli:anna"), question.id, "not_held_any_more", text=" ")
    assert set(caught.value.fields) == {"text"}
    answer_question(Officer(register, ROLES, "cli:anna"), question.id, "try_again")
    question = the_question(services, request)  # in vain: asked anew
    decision = answer_question(
        Officer(register, ROLES, "cli:anna"), question.id, "not_held_any_more", text=WHY
    ).decision
    second = run(services, request)
    assert register.requests.get(request).state is State.DELIVERED
    [named] = coverage(second)["part"]["notGiven"]
    assert (named["source"], named["tables"], named["saidAt"]) == ("club", missing, decision.at)
    assert tables_of(coverage(second), "rows", "nothing_given") == ({"club.card"} if how == "one" else set())
    assert "You do not get all that we said" in members(second)["index.html"].decode()
    assert "notGiven" not in coverage(first)["part"]
    assert not verify(second, {}).problems
    assert WHY not in str([payload for _, payload in register.trail.events(request)])


def test_the_run_goes_to_its_end_where_only_a_word_is_left(part: Part, tmp_path: Path) -> None:
    request = part.request
    take_out(tmp_path / "inventory", "source")
    services = again(part.services, tmp_path)
    question = the_question(services, request)
    answer_question(Officer(services.register, ROLES, "cli:anna"), question.id, "not_held_any_more", text=WHY)
    assert classify(services, request)["sources"] == ["club"]  # without one, Airflow would skip the rest


def test_a_source_that_is_put_back_is_given(part: Part, club: Club, tmp_path: Path) -> None:
    services, request = part.services, part.request
    take_out(tmp_path / "inventory", "source")
    the_question(again(services, tmp_path), request)
    club.declare(tmp_path / "inventory")
    services = again(services, tmp_path)
    [question] = services.register.questions.all(request_id=request)
    answer_question(
        Officer(services.register, ROLES, "cli:anna"), question.id, "not_held_any_more", text=WHY
    )  # too early
    second = run(services, request)
    assert {path.split("/")[1] for path in rows(second)} == {"club"}
    assert "notGiven" not in coverage(second)["part"]


def test_what_a_part_gave_is_not_left_for_later_unasked(
    services: Services, club: Club, tmp_path: Path
) -> None:
    other = Club(tmp_path, "gym")
    other.declare(tmp_path / "inventory")
    services = again(services, tmp_path)
    request = asked(services)
    partly(services, request, club)
    with pytest.raises(RefusedError, match="left nothing of gym open"):
        partial_response_service(services).leave(request, "gym", SOON, WHY)
    partial_response_service(services).leave(request, "club", SOON, WHY)
