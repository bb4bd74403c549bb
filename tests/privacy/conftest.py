import shutil
from pathlib import Path

import pytest
from tests.privacy.canary import Cage, Canary


@pytest.fixture(scope="session")
def cage(demo_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Cage:
    warehouse = tmp_path_factory.mktemp("cage") / "warehouse"
    shutil.copytree(demo_warehouse, warehouse)
    canary = Canary()
    canary.write(warehouse)
    return Cage(canary, warehouse)
