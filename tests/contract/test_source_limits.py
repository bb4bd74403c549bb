"""The limits of every kind: bytes of a statement, and sessions at once by the server's own list."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from time import sleep
from typing import Any

import pytest
from tests.support.warehouses import MANY, Warehouse

from afschrift.domain.errors import ConfigurationError, RetriableError
from afschrift.domain.sources import Source
from afschrift.sources.read_session import missing
from afschrift.sources.registry import open_source
from afschrift.sources.session_pool import GuardedSource
from afschrift.testing.source_contract import plan_of

ENDLESS = {
    "mysql": "SELECT a.seq FROM seq_1_to_1000000000 AS a",
    "postgres": "SELECT generate_series(1, 1000000000)",
}
ESTIMATE, ARRIVAL = "would read about [0-9.]+ MB", "gave more rows than that"


def opened(warehouse: Warehouse, name: str = "w", **options: Any) -> Source:
    by = "w" if warehouse.kind in ("mysql", "postgres", "sqlalchemy") else None
    more = {"connection": by, "connect": warehouse.connect, "tag": "R-1"}
    return GuardedSource(open_source(name, warehouse.kind, warehouse.options | options, **more))


def test_a_statement_that_reads_more_bytes_than_its_limit(warehouse: Warehouse) -> None:
    why = ESTIMATE if warehouse.kind in ("files", "mysql", "postgres") else ARRIVAL
    with opened(warehouse, bytes_limit="1MB") as session:
        part = plan_of(session, "many", session.catalogue()["many"], ("id",))
        with pytest.raises(ConfigurationError, match=why) as error:
            for _ in session.stream(part.statement):
                pass
        assert "w.many" in str(error.value).replace("public.", "")
        assert "1 MB" in str(error.value)
        assert "raise `bytes_limit`" in str(error.value)
        assert session.rows("SELECT 1") == [(1,)]
        if endless := ENDLESS.get(warehouse.kind):  # what no estimate knows ends at the server, midway
            with pytest.raises(ConfigurationError, match=ARRIVAL):
                list(session.stream(endless))
    with opened(warehouse, bytes_limit="10GB") as session:
        assert sum(batch.num_rows for batch in session.stream(part.statement)) == MANY


def test_an_unreadable_limit(warehouse: Warehouse) -> None:
    for option, value in (("bytes_limit", 5), ("bytes_limit", "5"), ("sessions", 0), ("sessions", "two")):
        with pytest.raises(ConfigurationError, match=f"`{option}` that is no"):
            opened(warehouse, **{option: value})


def test_sessions_wait_for_each_other_at_the_server(warehouse: Warehouse) -> None:
    if warehouse.kind not in ("mysql", "postgres"):
        with pytest.raises(ConfigurationError, match=r"`sessions` would limit nothing.*under `run_in`"):
            opened(warehouse, sessions=1)
        assert any("`sessions` is refused" in line for line in missing(opened(warehouse)._source))  # type: ignore[attr-defined]
        return
    with ExitStack() as first, ThreadPoolExecutor() as threads:
        for name in ("a", "b"):
            first.enter_context(opened(warehouse, name, sessions=2))

        def third() -> str:
            with opened(warehouse, "c", sessions=2) as session:
                return session.snapshot

        waiting = threads.submit(third)
        sleep(1.2)
        assert not waiting.done()
        with pytest.raises(RetriableError, match=r"as its option `sessions` allows \(2\)"):
            opened(warehouse, "d", sessions=2, statement_timeout="1s").__enter__()
        first.close()
        assert waiting.result(timeout=10)
