"""The preview of the data map in Airflow's own application."""

import base64
import hashlib
import re

import pytest
from tests.support.map_page import PAGE, Visit, events

from afschrift.services import Services

pytestmark = pytest.mark.airflow


def test_button_opens_a_preview_by_either_right(services: Services, visit: Visit) -> None:
    page = visit()
    actions = re.findall(r'action="([^"]*/inventory/preview/[^"]*)"', page.html)
    assert len(actions) == 4
    for action in actions[:2]:
        shown = visit(query=action.partition(PAGE)[2])
        assert (shown.status, "A preview with the rows of an invented person." in shown.text) == (200, True)
        [style] = re.findall(r"<style>(.*?)</style>", shown.html, re.DOTALL)
        allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"style-src 'sha256-{allowed}'" in shown.headers["Content-Security-Policy"]
    sheet = visit(query="/preview/invented/data/information.html")
    assert (sheet.status, "A preview for the rows of an invented person." in sheet.text) == (200, True)
    assert 'href="data/information.html"' in visit(query="/preview/invented/access").html
    missing = visit(query=actions[2].partition(PAGE)[2])
    assert (missing.status, "There is no canary.yml" in missing.text) == (409, True)
    by_role = [visit(user=user, query="/preview/invented/access").status for user in ("moe", "kim", "dirk")]
    assert by_role == [200, 403, 403]
    assert events(services, "map_samples_shown") == []
