"""OpenLineage's own listener in a test's Airflow, with its file transport."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def lineage_into(file: Path) -> Iterator[None]:
    """While open, each task of this process writes its OpenLineage events, one JSON a line."""
    from airflow.providers.openlineage import conf
    from airflow.providers.openlineage.plugins.listener import OpenLineageListener
    from airflow.sdk.listener import get_listener_manager

    cached = [var for var in vars(conf).values() if hasattr(var, "cache_clear")]
    listeners = get_listener_manager().pm
    with pytest.MonkeyPatch.context() as patch:
        transport = {"type": "file", "log_file_path": str(file), "append": True}
        patch.setenv("AIRFLOW__OPENLINEAGE__TRANSPORT", json.dumps(transport))
        patch.setenv("AIRFLOW__OPENLINEAGE__EXECUTE_IN_THREAD", "True")
        for function in cached:
            function.cache_clear()
        listener = OpenLineageListener()
        listeners.register(listener)
        try:
            yield
        finally:
            listeners.unregister(listener)
    for function in cached:
        function.cache_clear()
