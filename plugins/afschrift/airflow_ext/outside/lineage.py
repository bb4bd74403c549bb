"""OpenLineage: which tables of which sources a request read, and the bundle that was made; no values.

Airflow's provider asks an operator what its task read and gave. Without the provider this is not called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.python import PythonOperator

from afschrift.airflow_ext.outside.metrics import Pass, last_pass

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage

NAMESPACE = "afschrift"
"""Namespace of bundles, and of sources without an address that other programs know."""


class StepOperator(PythonOperator):
    """A task that reports what it read and gave, once it is done."""

    def on_kill(self) -> None:
        """End what runs at the databases: Airflow ends the process, of which a server may hear late."""
        from afschrift.sources.read_session import interrupt_all

        interrupt_all()

    def get_openlineage_facets_on_complete(self, _ti: Any) -> OperatorLineage[Any, Any]:
        """Inputs by table of the source, the bundle as output; empty where the task did neither."""
        from airflow.providers.openlineage.extractors import OperatorLineage
        from openlineage.client.event_v2 import InputDataset, OutputDataset

        done = last_pass()
        inputs = [
            InputDataset(*table(done, source, name))
            for source, tables in done.tables.items()
            for name in tables
        ]
        if done.request is None or done.destination is None:
            return OperatorLineage(inputs=inputs)
        given = bundle(_kind(done.destination), done.request)
        return OperatorLineage(inputs=inputs, outputs=[OutputDataset(*given)])


class AloneOperator(StepOperator):
    """A task without inputs from others: none of its fields is rendered, so none is stored in Airflow."""

    template_fields = ()


def bundle(kind: str, request_id: str) -> tuple[str, str]:
    """Namespace and name of a bundle: the kind of its destination, and the request's id."""
    return NAMESPACE, f"bundle/{kind}/{request_id}"


def table(done: Pass, source: str, name: str) -> tuple[str, str]:
    """Namespace and name of a table of the inventory, by OpenLineage's naming where it has one for the kind.

    A database is named by host and port of its connection. A file or a lake is named by the source's name in
    the inventory: a path may hold more than others should see.
    """
    declared = done.inventory.sources.get(source) if done.inventory else None
    if declared is None or name not in declared.tables:
        return NAMESPACE, f"source/{source}/{name}"
    from afschrift.sources.registry import SOURCES

    there, kind = declared.in_source(name), SOURCES[declared.kind]
    found = done.addresses.get(declared.connection or "")
    if kind.port is None or found is None:
        return NAMESPACE, f"source/{source}/{there}"
    host, own_port, database = found
    if kind.schema and "." not in there:
        there = f"{declared.options.get('schema', kind.schema)}.{there}"
    return f"{declared.kind}://{host}:{own_port or kind.port}", f"{database}.{there}"


def _kind(destination: str) -> str:
    from afschrift.app.settings import Settings

    return str(Settings.from_environment().destination(destination)["kind"])
