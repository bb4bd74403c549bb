"""What tests of DAGs and pages share: an installation, the DAG of a module, and the browsers of its people."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.airflow_support import AirflowEnv, Flow, dag_named, flow_on
from tests.support.browsing import served
from tests.support.map_page import app, services, visit
from tests.support.pages import Desk, desk_on
from tests.support.two_sources import two_sources, write_inventory

__all__ = ["app", "services", "two_sources", "visit"]


@pytest.fixture
def flow(airflow_env: AirflowEnv, two_sources: Path, tmp_path: Path) -> Iterator[Flow]:
    """An installation on two small sources."""
    inventory = write_inventory(tmp_path / "inventory")
    with flow_on(airflow_env, two_sources, tmp_path, {"AFSCHRIFT_INVENTORY": str(inventory)}) as made:
        yield made


@pytest.fixture(scope="module")
def dag(airflow_env: AirflowEnv, request: pytest.FixtureRequest) -> Any:
    """The DAG that the module names as `DAG`."""
    return dag_named(request.module.DAG)


@pytest.fixture(scope="module")
def desk(
    airflow_env: AirflowEnv, demo_warehouse: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """One for all tests of a module, on the demo; each takes a customer of its own."""
    with flow_on(airflow_env, demo_warehouse, tmp_path_factory.mktemp("desk")) as flow, desk_on(flow) as made:
        yield made


@pytest.fixture(scope="module")
def address(desk: Desk) -> Iterator[str]:
    """Where a real browser finds the pages of `desk`."""
    with served(desk.app) as found:
        yield f"{found}/afschrift"
