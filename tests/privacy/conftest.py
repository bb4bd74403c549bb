"""A demo warehouse with the canary in it."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.privacy.canary import Canary


@dataclass
class Cage:
    canary: Canary
    warehouse: Path


@pytest.fixture(scope="session")
def cage(demo_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Cage:
    warehouse = tmp_path_factory.mktemp("cage") / "warehouse"
    shutil.copytree(demo_warehouse, warehouse)
    canary = Canary()
    canary.write(warehouse)
    return Cage(canary, warehouse)
