"""Errors in a batch: those of one person stop only that person, and a pass that cannot be trusted stops all."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from testbed.running import event_types
from tests.unit.batch.conftest import Planned, batch
from tests.unit.batch.test_batch_attempts import Tampered, tampered

from afschrift.batch.batch_session import spans
from afschrift.batch.fulfil_batch import extract_batch
from afschrift.batch.source_pass import TOGETHER
from afschrift.domain.errors import ConfigurationError, RetriableError, SourceDownError
from afschrift.domain.keys import Key, PersonKeys
from afschrift.services import Services

pytestmark = pytest.mark.slow
BAD = "102"


class Wrapped:
    """The reconciliation of a session; what it does not know goes on to it."""

    def __init__(self, session: Any, reconciliation: Any) -> None:
        self._session, self._reconciliation = session, reconciliation

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reconciliation, name)


class Spoilt(Tampered):
    """A session in which a statement for several persons fails, where one of them is among these."""

    of = ""  # a word of the statements that fail

    def bind(self, keys: Sequence[Key], at: str, *others: PersonKeys) -> None:
        self.bad = bool(others) and any(
            key.value == BAD for some, _ in ((keys, at), *others) for key in some if key.name == "customer_id"
        )
        self._session.bind(keys, at, *others)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        self.fail(statement)
        return self._session.rows(statement)

    def stream(self, statement: str) -> Iterator[Any]:
        self.fail(statement)
        return self._session.stream(statement)

    def reconciliation(self, *args: Any) -> Any:
        return SpoiltReconciliation(self, self._session.reconciliation(*args))

    def fail(self, statement: str) -> None:
        if self.of and self.of in statement and self.bad:
            raise ConfigurationError("A value cannot be read.")


class SpoiltReconciliation(Wrapped):
    def together(self, same_rows: Any) -> Any:
        self._session.fail("account")
        return self._reconciliation.together(same_rows)


@pytest.mark.parametrize("of", ['AS "name"', "account", "ORDER BY t.afschrift_person"])
def test_it_is_looked_for_by_halves(crowded: Services, planned: Planned, of: str) -> None:
    requests = planned(4)

    outcomes = batch(tampered(crowded, type("Set", (Spoilt,), {"of": of})), requests)

    # the other of the last two is not known to be read
    by_itself = dict.fromkeys(requests[2:], "ConfigurationError")
    assert outcomes == {**dict.fromkeys(requests[:2], TOGETHER), **by_itself}
    for request in requests:
        assert ("extracted" in event_types(crowded, request)) is (request in requests[:2])


def test_one_whose_staged_keys_are_lost_meanwhile_stops_alone(crowded: Services, planned: Planned) -> None:
    first, gone, second = requests = planned(3)

    def of(request: str) -> Services:
        if request == second:  # the one before it is at the gate already
            crowded.staging(gone).wipe()
        return crowded

    outcomes = extract_batch(crowded, "shop", requests, "bat-1", of)

    assert outcomes == {first: TOGETHER, gone: "StagedFileError", second: TOGETHER}


class FindsNothing(Tampered):
    """A session that finds nothing where it is asked for several."""

    def bind(self, keys: Sequence[Key], at: str, *others: PersonKeys) -> None:
        if others:
            self._session.bind([], at, *(((), at) for _ in others))
        else:
            self._session.bind(keys, at)


def test_a_pass_that_finds_nothing_of_anybody_is_held_against_one_of_them(
    crowded: Services, planned: Planned
) -> None:
    requests = planned(3)
    assert set(batch(tampered(crowded, FindsNothing), requests).values()) == {"ValidationFailedError"}
    for request in requests:
        assert "extracted" not in event_types(crowded, request)


class FailsOnce(Tampered):
    """A session in which the first person of the spot check is stopped by an error of their own."""

    reads: list[int] = []  # noqa: RUF012

    def reconciliation(self, *args: Any) -> Any:
        return FailsOnceReconciliation(self, self._session.reconciliation(*args))


class FailsOnceReconciliation(Wrapped):
    def sums(self, *args: Any) -> Any:
        self._session.reads.append(1)
        if len(self._session.reads) == 1:
            raise ConfigurationError("A value of this one cannot be read.")
        return self._reconciliation.sums(*args)


def test_where_the_drawn_one_is_stopped_it_is_the_next_one(crowded: Services, planned: Planned) -> None:
    requests = planned(4)
    FailsOnce.reads.clear()

    outcomes = batch(tampered(crowded, FailsOnce), requests)

    assert sorted(outcomes.values()) == ["ConfigurationError", *[TOGETHER] * 3]
    assert len(FailsOnce.reads) == 5  # of the first table two, of the three others one


def test_source_down_concerns_no_single_request(crowded: Services, planned: Planned) -> None:
    class Down(Tampered):
        def stream(self, statement: str) -> Iterator[Any]:
            raise SourceDownError("shop", RetriableError("It is down."))

    with pytest.raises(SourceDownError):
        batch(tampered(crowded, Down), planned(2))


def test_rows_that_are_put_in_order_in_our_memory_come_in_spans() -> None:
    counts = [(0, 3), (2, 4), (3, 9), (5, 1), (6, 1)]
    assert list(spans(counts, 7)) == [(0, 2), (3, 3), (5, 6)]
    assert list(spans([], 7)) == []
