"""Connections of sources and places, where Airflow keeps them: environment, secrets backend or database."""

from __future__ import annotations

from airflow.sdk import Connection as AirflowConnection
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.sources import Connection
from afschrift.sources.options import from_parts


def connection(connection_id: str) -> Connection:
    """The connection that the inventory or a setting names; Airflow masks its password in the task's log.

    Raises:
        ConfigurationError: Airflow knows no such connection, or its `extra` is not JSON.
    """
    try:
        found = AirflowConnection.get(connection_id)
        parts = ("conn_type", "host", "port", "login", "password", "schema", "extra")
        return from_parts(connection_id, {name: getattr(found, name) for name in parts})
    except (AirflowNotFoundException, AirflowRuntimeError):
        raise ConfigurationError(
            f"Airflow has no connection {connection_id}.",
            remedy=f"define it under Admin > Connections, or as AIRFLOW_CONN_{connection_id.upper()}.",
        ) from None
    except ValueError:
        raise ConfigurationError(
            f"The extra of the connection {connection_id} is not JSON.",
            remedy="correct it under Admin > Connections.",
        ) from None
