"""The days that flags name are the controller's; what was decided on a flag stands whatever day it named."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from testbed.running import store
from tests.support.days import days_away
from tests.support.deciding import ANN, Bureau
from tests.support.moves import moved

from afschrift.casework.decision import triggers
from afschrift.domain.errors import NeedsPersonError
from afschrift.domain.request import Request
from afschrift.domain.state import State
from afschrift.register.records import Past
from afschrift.steps.assess import assess

DAYS = (90, 60)


@pytest.fixture
def bureau(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    return Bureau.open(tmp_path, monkeypatch)


def repeated(bureau: Bureau) -> str:
    """A request after two that were answered, and had come in the last half hour of a day in UTC."""
    for days in DAYS:
        received = datetime.combine(days_away(-days), time(23, 30), tzinfo=UTC)
        earlier = store(bureau.services, ANN, received_at=received.isoformat())
        moved(bureau.register, earlier, State.ACCEPTED)
        moved(bureau.register, earlier, State.DELIVERED)
    return bureau.store()


def as_an_earlier_version(past: Past, _request: Request) -> str:
    return past.received_at[:10]


def test_a_flag_names_the_day_on_which_the_request_came_where_the_controller_is(bureau: Bureau) -> None:
    [flag] = bureau.asked(repeated(bureau)).detail["flags"]
    following = [str((days_away(-days) + timedelta(1)).date()) for days in DAYS]
    assert [one["received_on"] for one in flag["earlier"]] == following


def test_what_was_asked_with_the_day_of_utc_is_not_asked_again(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an installation that was brought up to date meanwhile: a question, and a decision to go on."""
    request = repeated(bureau)
    with monkeypatch.context() as patch:
        patch.setattr(triggers, "_received", as_an_earlier_version)
        asked = bureau.asked(request)
    with pytest.raises(NeedsPersonError, match=asked.id):
        assess(bureau.services, request)
    assert [one.id for one in bureau.register.questions.all(request_id=request)] == [asked.id]
    bureau.answer(asked, "fulfil")
    assess(bureau.services, request)
    store(
        bureau.services, ANN, received_at=datetime.combine(days_away(-40), time(12), tzinfo=UTC).isoformat()
    )
    [flag, *_] = bureau.asked(request).detail["flags"]  # one more is another flag
    assert flag["count"] == 3
