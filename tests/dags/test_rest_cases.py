"""Holds, complaints and reviews over HTTP: the same as at a terminal, with the same roles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from demo.people import HEAVY
from tests.airflow_support import AirflowEnv, api_server, log_in
from tests.support.days import local_today
from tests.support.installed import Installation, installed

pytestmark = [pytest.mark.airflow]

ROLES = """
people:
  Anna: {accounts: ["airflow:anna"], roles: [officer]}
  Sam: {accounts: ["airflow:sam"], roles: [second_signer]}
  Dirk: {accounts: ["airflow:dirk"], roles: [dpo]}
"""
WHY = "De kwikstaart procedeert."
Call = Callable[..., Any]


@pytest.fixture(scope="module")
def installation(demo_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installed(demo_warehouse, tmp_path_factory.mktemp("rest_cases")) as made:
        (made.home / "roles.yml").write_text(ROLES, encoding="utf-8")
        yield made


@pytest.fixture
def call(airflow_env: AirflowEnv, installation: Installation) -> Iterator[Call]:
    """Asks as a user of Airflow."""
    from starlette.testclient import TestClient

    with api_server() as app:
        client = TestClient(app, raise_server_exceptions=False)

        def ask(user: str, method: str, path: str, **body: Any) -> Any:
            headers = {"Authorization": f"Bearer {log_in(user, 'user')}"}
            return client.request(method, f"/afschrift/api{path}", headers=headers, json=body or None)

        yield ask


def test_complaint_and_holds_after_the_answer(call: Call, installation: Installation) -> None:
    register = installation.services.register
    request = installation.submit(HEAVY.number, "access")
    at = f"/cases/{request}"
    assert call("dirk", "POST", f"{at}/hold", ground="court", text=WHY).status_code == 403
    [held] = call("anna", "POST", f"{at}/hold", ground="court", text=WHY).json()
    [hold] = held["holds"]
    assert (hold["ground"], hold["by"]) == ("court", "airflow:anna")
    wrong = call("anna", "POST", f"{at}/hold", ground="kwikstaart", text=WHY)
    assert (wrong.status_code, "kwikstaart" in wrong.text) == (409, False)
    assert call("anna", "POST", f"{at}/hold", ground="court").json()["fields"].keys() == {"text"}
    assert call("anna", "POST", f"{at}/hold", ground="court", text=" ").status_code == 409

    came = {"from": "authority", "reference": "z2026-1", "received": str(local_today())}
    [reply] = call("anna", "POST", f"{at}/complaint", **came).json()
    assert (reply["complaints"][0]["from"], len(reply["holds"])) == ("authority", 2)
    outcome = {"reference": "z2026-1", "outcome": "upheld", "text": WHY}
    [reply] = call("anna", "POST", f"{at}/complaint/outcome", **outcome).json()
    assert reply["complaints"][0]["outcome"] == "upheld"
    for hold in reply["holds"]:
        assert call("anna", "POST", f"{at}/release", hold=hold["hold"], text=WHY).status_code == 200

    restriction = f"/requests/{request}/restrictions/q-000000000000"
    look = call("anna", "POST", f"{restriction}/review", outcome="lifted", text=WHY)
    assert (look.status_code, "no restriction" in look.json()["detail"]) == (409, True)
    assert call("sam", "POST", f"{restriction}/sign", agree=True).status_code == 409
    assert call("anna", "POST", f"{restriction}/request").status_code == 409

    shown = call("dirk", "GET", at).json()
    moments = [entry["at"] for entry in shown["story"]]
    assert moments == sorted(moments)
    assert [r["request"] for r in shown["requests"]] == [request]
    assert "kwikstaart" not in repr(shown)
    assert [h.type for h, _ in register.trail.events(request)][-1] == "case_viewed"
    assert "kwikstaart" not in repr(register.trail.events())
    assert call("stranger", "GET", at).status_code == 403
