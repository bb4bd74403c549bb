"""The pages and REST of a request whose data key was destroyed: they say so, and none fails."""

from __future__ import annotations

from contextlib import suppress

import pytest
from testbed.running import run
from tests.support.installed import CUSTOMERS, Installation
from tests.support.pages import Browse, app, asked_decision, asked_identity, browse, installation, text_of

from afschrift.domain.errors import NeedsPersonError
from afschrift.domain.state import State

pytestmark = [pytest.mark.airflow]

__all__ = ["app", "browse", "installation"]


def test_every_page_of_forgotten_request_answers_gone(browse: Browse, installation: Installation) -> None:
    from tests.support.moves import moved

    register = installation.services.register
    delivered = installation.submit(CUSTOMERS[0], "access")
    with suppress(NeedsPersonError):
        run(installation.services, delivered)
    identity, decision = (
        asked_identity(installation, CUSTOMERS[1]),
        asked_decision(installation, CUSTOMERS[2]),
    )
    requests = [delivered, identity[0], decision[0]]
    for request in requests:
        if register.requests.get(request).state.open:
            moved(register, request, State.WITHDRAWN)
        assert register.data_keys.shred(request, "retention_identity", "officer")

    for request in requests:
        page = browse("anna", f"/requests/{request}")
        assert page.status_code == 200, page.text
        assert "data key destroyed" in text_of(page.text).lower(), text_of(page.text)
        assert browse("anna", f"/api/requests/{request}").status_code == 200
        assert browse("anna", f"/api/cases/{request}").status_code == 200
        review = browse("anna", f"/review/{request}")
        assert review.status_code < 500, review.text
    for _, question in (identity, decision):
        assert browse("anna", f"/questions/{question}").status_code == 200
        assert browse("anna", f"/api/questions/{question}/view").status_code == 200
    assert "was destroyed" in browse("anna", f"/api/questions/{decision[1]}/view").text
    assert browse("anna", "/").status_code == 200
