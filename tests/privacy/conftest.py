"""A demo warehouse with the canary in it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.airflow_support import Once, demo_warehouse, once  # noqa: F401
from tests.privacy.canary import Canary


@dataclass
class Cage:
    """The canary and the warehouse in which it sits."""

    canary: Canary
    warehouse: Path


@pytest.fixture(scope="session")
def cage(demo_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Cage:  # noqa: F811
    warehouse = tmp_path_factory.mktemp("cage") / "warehouse"
    shutil.copytree(demo_warehouse, warehouse)
    canary = Canary()
    canary.write(warehouse)
    return Cage(canary, warehouse)
