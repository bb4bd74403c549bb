"""What Airflow's list of providers says of this package (entry point `apache_airflow_provider`)."""

from __future__ import annotations

from typing import Any

from afschrift import __version__

CONNECTION = "afschrift"
"""Type of connections in Airflow's form, for an Airflow that has no provider for a source's own system.

A source takes a connection of any type: the inventory says of which kind the source is.
"""


def provider_info() -> dict[str, Any]:
    """Name, version and connection type, as `airflow providers` and the form of connections read them."""
    return {
        "package-name": "afschrift",
        "name": "Afschrift",
        "description": "Fulfils people's requests for their own data (GDPR Art. 15 and 20).",
        "versions": [__version__],
        "connection-types": [
            {
                "connection-type": CONNECTION,
                "hook-class-name": "afschrift.entry_points.connection_hook.AfschriftHook",
                "hook-name": "Afschrift source",
                "ui-field-behaviour": {
                    "relabeling": {"schema": "Database"},
                    "placeholders": {"extra": "options of the source, as docs/sources.md lists them"},
                },
            }
        ],
    }
