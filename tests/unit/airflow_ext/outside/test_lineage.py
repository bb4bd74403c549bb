"""What OpenLineage gets of a step: names of tables and the kind of a destination, nothing of the rows."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.installed import Installation

from afschrift.domain.event import Header
from afschrift.domain.sources import Connection

pytestmark = pytest.mark.usefixtures("airflow_env")

REQUEST = "req-7k3m9x2p4v0q"


def lineage_of(
    type_: str, payload: dict[str, Any], inventory: Any, connection: Connection | None = None
) -> Any:
    from afschrift.airflow_ext.outside.lineage import StepOperator
    from afschrift.airflow_ext.outside.metrics import connected, hear, measured

    header = Header(14, "2026-11-28T02:20:00.000000Z", REQUEST, type_, "system", "0" * 64, "1" * 64)
    with measured("extract", inventory, REQUEST):
        if connection is not None:
            connected(connection)
        hear(header, payload)
    return StepOperator.get_openlineage_facets_on_complete(object(), None)  # type: ignore[arg-type]


def names(datasets: Any) -> list[tuple[str, str]]:
    return [(dataset.namespace, dataset.name) for dataset in datasets]


def test_a_table_of_a_database_is_known_by_its_address(installation: Installation) -> None:
    inventory = installation.services.inventory
    shop = inventory.sources["shop"].model_copy(update={"kind": "postgres", "connection": "shop_db"})
    inventory = inventory.model_copy(update={"sources": {"shop": shop}})
    secret = Connection("shop_db", "postgres", "db.intern", None, "reader", "geheim", "winkel")

    lineage = lineage_of("extracted", {"source": "shop", "tables": {"customer": 3}}, inventory, secret)

    assert names(lineage.inputs) == [("postgres://db.intern:5432", "winkel.public.customer")]
    assert lineage.outputs == []
    assert "geheim" not in repr(lineage)


def test_a_file_is_known_by_the_name_of_its_source(installation: Installation) -> None:
    payload = {"source": "shop", "tables": {"customer": 3, "unknown": 0}}

    lineage = lineage_of("extracted", payload, installation.services.inventory)

    assert names(lineage.inputs) == [
        ("afschrift", "source/shop/customer"),
        ("afschrift", "source/shop/unknown"),
    ]


def test_a_bundle_is_known_by_the_kind_of_its_destination_and_its_request(installation: Installation) -> None:
    lineage = lineage_of(
        "bundle_delivered", {"destination": "outbox", "uri": "/x"}, installation.services.inventory
    )

    assert names(lineage.outputs) == [("afschrift", f"bundle/folder/{REQUEST}")]
    assert lineage.inputs == []
