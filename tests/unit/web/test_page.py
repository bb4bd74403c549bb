"""Pages are rendered where the installation itself is not set up."""

from __future__ import annotations

import pytest
from fastapi import Request

from afschrift.web.page import message


def test_an_error_page_needs_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFSCHRIFT_BATCH_MEGABYTES", "many")
    request = Request({"type": "http", "root_path": "/afschrift", "path": "/afschrift/", "headers": []})

    page = message(request, 500, "Not possible now", "Its log says why.")

    assert (page.status_code, b"Its log says why." in page.body) == (500, True)
