"""A PostgreSQL of which the account of the source may read what it is granted."""

from collections.abc import Iterator

import pytest
from testbed import postgres as pg

READER = "reader_of_tests"


@pytest.fixture
def guarded(postgres: pg.Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[pg.Database]:
    postgres.execute(f"CREATE ROLE {READER} LOGIN", f"GRANT USAGE ON SCHEMA public TO {READER}")
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", postgres.libpq.replace("postgres:@", f"{READER}:@"))
    yield postgres
    postgres.execute(f"DROP OWNED BY {READER}", f"DROP ROLE {READER}")
