"""The web application in Airflow's API server: imported at the first request, once, and never its end."""

import asyncio
import logging
import time
from typing import Any

import pytest

from afschrift import entry_points
from afschrift.entry_points import Pages


async def _served(pages: Pages, path: str = "/afschrift/") -> tuple[int, str]:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await pages({"type": "http", "path": path, "root_path": "/afschrift"}, None, send)
    return sent[0]["status"], sent[1]["body"].decode()


async def _real(scope: object, receive: object, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"real"})


def test_simultaneous_first_requests_import_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[float] = []

    def create() -> Any:
        time.sleep(0.3)
        made.append(time.monotonic())
        return _real

    async def at_once() -> tuple[list[tuple[int, str]], float]:
        pages = Pages()
        first = asyncio.gather(*(_served(pages) for _ in range(20)))
        await asyncio.sleep(0.05)  # the event loop is free for it while the import goes on
        free = time.monotonic()
        return await first, free

    monkeypatch.setattr(entry_points, "_create_pages", create)

    answers, free = asyncio.run(at_once())

    assert answers == [(200, "real")] * 20
    assert [free < moment for moment in made] == [True]


def test_what_cannot_be_imported_is_500_and_is_tried_again_later(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tried: list[str] = []

    def create() -> Any:
        tried.append("once")
        if len(tried) == 1:
            raise ImportError("no library of this name")
        return _real

    monkeypatch.setattr(entry_points, "_create_pages", create)
    pages = Pages()

    async def ask(path: str = "/afschrift/") -> tuple[int, str]:
        return await _served(pages, path)

    with caplog.at_level(logging.ERROR):
        page, answer = asyncio.run(ask()), asyncio.run(ask("/afschrift/api/questions"))
    assert (page[0], answer[0], len(tried)) == (500, 500, 1)
    assert "<!doctype html>" in page[1]
    assert answer[1].startswith('{"detail": "Afschrift cannot be loaded')
    [record] = caplog.records
    assert "pip check" in record.getMessage()
    assert "no library of this name" in (record.exc_text or "")

    monkeypatch.setattr(entry_points, "_AGAIN", 0)
    assert asyncio.run(ask()) == (200, "real")
