from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from testbed.mini import write_inventory

from afschrift.app.settings import Settings
from afschrift.inventory import load as inventory_load
from afschrift.wiring.build_services import load_inventory
from afschrift.wiring.warm_up import warm_up


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    folder = write_inventory(tmp_path / "inventory")
    return Settings.from_environment(
        {"AFSCHRIFT_HOME": str(tmp_path / "home"), "AFSCHRIFT_INVENTORY": str(folder)}
    )


def in_a_child(settings: Settings) -> tuple[bool, str]:
    """Whether a forked process had the inventory already, and its digest."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        hits = inventory_load._compiled.cache_info().hits
        digest = load_inventory(settings.inventory).digest
        os.write(write, f"{inventory_load._compiled.cache_info().hits - hits} {digest}".encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read) as told:
        hit, digest = told.read().split()
    return hit == "1", digest


def test_a_child_finds_the_inventory_in_memory_until_it_changes(settings: Settings) -> None:
    lines: list[str] = []
    warm_up(lines.append, settings)
    had, before = in_a_child(settings)
    assert (had, lines) == (True, [])
    shop = settings.inventory / "shop.yml"
    shop.write_text(shop.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    had, after = in_a_child(settings)
    assert not had
    assert before != after == load_inventory(settings.inventory).digest


def test_an_inventory_that_cannot_be_used_ends_nothing(settings: Settings) -> None:
    (settings.inventory / "shop.yml").write_text("source: [", encoding="utf-8")
    lines: list[str] = []
    warm_up(lines.append, settings)
    [line] = lines
    assert "shop.yml:1" in line


def test_what_steps_need_for_rows_is_loaded_before_they_are_forked() -> None:
    code = "import sys\nfrom afschrift.wiring.warm_up import warm_up\nwarm_up(lambda line: None)\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"pyarrow", "polars", "afschrift.steps.extract", "afschrift.steps.close"} <= set(
        run.stdout.split()
    )
