"""`classify` opens a source once, whatever it asks of it: ways between keys, consents, rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from testbed.running import store

from afschrift.domain.sources import Source
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify


def test_each_source_is_opened_once_a_draft(services: Services) -> None:
    request = store(services, {"customer_id": "1"})
    assess(services, request)
    opened: Counter[str] = Counter()

    def counted(source: str, tag: str = "") -> Source:
        assert tag == request, "the database says whose session it is"
        opened[source] += 1
        return services.open_source(source, tag)

    classify(replace(services, open_source=counted), request)
    assert opened == {"shop": 1}
