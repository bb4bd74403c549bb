"""Statements are interrupted at their limit, and only those that run beyond it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import duckdb
import pytest

from afschrift.sources.duckdb.time_limit import TimeLimit

SLOW = "SELECT count(*) FROM range(1000000000) a, range(1000) b"


class Interrupts:
    """Counts them."""

    def __init__(self) -> None:
        self.at: list[float] = []

    def __call__(self) -> None:
        self.at.append(time.monotonic())


@pytest.fixture
def interrupts() -> Interrupts:
    return Interrupts()


@pytest.fixture
def limit(interrupts: Interrupts) -> Iterator[TimeLimit]:
    made = TimeLimit(0.2, interrupts)
    yield made
    made.close()


def test_queries_within_their_limit_are_not_interrupted(limit: TimeLimit, interrupts: Interrupts) -> None:
    for _ in range(30):
        with limit.statement():
            time.sleep(0.02)  # longer than the limit in all
    time.sleep(0.3)
    assert interrupts.at == []


def test_a_query_beyond_its_limit_is_interrupted_among_shorter_ones(
    limit: TimeLimit, interrupts: Interrupts
) -> None:
    began = time.monotonic()
    with limit.statement():
        while not interrupts.at and time.monotonic() - began < 5:
            with limit.statement():
                time.sleep(0.01)
    assert 0.2 <= interrupts.at[0] - began < 2


def test_a_later_one_is_watched_anew(limit: TimeLimit, interrupts: Interrupts) -> None:
    with limit.statement():
        pass
    time.sleep(0.15)
    began = time.monotonic()
    with limit.statement():
        while not interrupts.at and time.monotonic() - began < 5:
            time.sleep(0.01)
    assert 0.2 <= interrupts.at[0] - began < 2


def test_on_a_connection_and_its_thread_ends_with_the_session() -> None:
    before = threading.active_count()
    with duckdb.connect() as connection:
        limit = TimeLimit(0.2, connection.interrupt)
        with pytest.raises(duckdb.InterruptException), limit.statement():
            connection.execute(SLOW).fetchall()
        with limit.statement():
            assert connection.execute("SELECT 1").fetchall() == [(1,)]
        assert threading.active_count() > before
        limit.close()
    assert threading.active_count() == before
