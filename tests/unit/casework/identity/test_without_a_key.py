"""A message that gives no key: acknowledged, asked for one, and closed by the letter that says none was found."""

from __future__ import annotations

from pathlib import Path

import pytest
from testbed.running import store
from tests.support.deciding import Bureau
from tests.support.ground_forms import GROUNDS

from afschrift.casework.decision.require_decision import open_decision
from afschrift.casework.letters.make import make
from afschrift.domain.instants import utc_now
from afschrift.domain.state import State


@pytest.fixture
def bureau(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    return Bureau.open(tmp_path, monkeypatch)


def without_key(bureau: Bureau) -> str:
    return store(bureau.services, {}, received_at=utc_now().isoformat(), authenticated=None)


def test_its_letters_are_made(bureau: Bureau) -> None:
    request = without_key(bureau)
    assert bureau.asked(request).kind == "identity"
    asked = {"doubt": "Wij weten niet wie u bent.", "ways": ["call_back"]}
    for kind, given in (("acknowledgement", {}), ("identity_request", asked)):
        made = make(bureau.officer("cli:anna"), request, kind, given)
        assert made.letter is not None, kind


def test_the_letter_that_nobody_is_found_closes_it_when_it_is_sent(bureau: Bureau) -> None:
    request = without_key(bureau)
    bureau.asked(request)
    question = open_decision(GROUNDS, bureau.register, request)
    bureau.answer(question, "refuse", "cannot_identify")
    done = bureau.sign(request)
    assert bureau.register.requests.get(request).state.open
    assert done.letter is not None
    bureau.send(done.letter)
    assert bureau.register.requests.get(request).state is State.REFUSED
