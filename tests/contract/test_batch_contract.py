"""What several requests read together is, for each, what it reads alone: in every kind of warehouse."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from testbed.running import event_types, installation, store
from tests.support import crowd, one_shop
from tests.support.crowd import FIRST

from afschrift.batch.fulfil_batch import extract_batch
from afschrift.batch.source_pass import TOGETHER
from afschrift.domain.extracted import SourceExtract
from afschrift.extraction.staged_records import read_record
from afschrift.services import Services
from afschrift.sources.registry import SOURCES
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.extract import clear_extract, extract
from afschrift.steps.validate import validate

pytestmark = [pytest.mark.slow, pytest.mark.one_of_an_engine("iceberg", "parquet")]
PERSONS = 4


@pytest.fixture(scope="module", params=sorted(SOURCES))
def services(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    kind, folder = request.param, tmp_path_factory.mktemp("crowd")
    for more, uri in crowd.where(kind, folder, crowd.crowd(PERSONS), request):
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("AIRFLOW_CONN_SHOP", uri)
            inventory = one_shop.write_inventory(folder / "inventory", kind, more)
            yield installation(folder / "home", inventory)


def planned(services: Services, customer: int) -> str:
    request = store(services, {"customer_id": str(customer)}, formats=["csv"])
    assess(services, request)
    classify(services, request)
    return request


def read_of(services: Services, request: str) -> SourceExtract:
    return read_record(services.staging(request), "shop")


def test_a_batch_stages_what_each_request_stages_alone(services: Services) -> None:
    services = replace(services, versions={})  # as a batch: its plans share the versions of tables
    requests = [planned(services, customer) for customer in (1, *range(FIRST, FIRST + PERSONS - 1))]

    outcomes = extract_batch(services, "shop", requests, "bat-1", lambda _request: services)

    assert outcomes == dict.fromkeys(requests, TOGETHER)
    together = {request: read_of(services, request) for request in requests}
    assert len({record.snapshot for record in together.values()}) == 1
    for request in requests[:2]:
        validate(services, request)
    for request, record in together.items():
        clear_extract(services, request, "shop")
        extract(services, request, "shop")
        single = read_of(services, request)
        assert record.tables == single.tables
        assert (record.facts, record.searched, record.references) == (
            single.facts,
            single.searched,
            single.references,
        )
        assert event_types(services, request).count("extracted") == 2
    assert len({str(record.digests) for record in together.values()}) == len(requests)
