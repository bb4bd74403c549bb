"""docs/operator/monitoring.md names every metric and asset of the code, and its alerts go by metrics that there are."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from tests.support.installed import Installation

from afschrift.airflow_ext.outside.metrics import METRICS

pytestmark = pytest.mark.usefixtures("airflow_env")
TEXT = (Path(__file__).parents[3] / "docs" / "operator" / "monitoring.md").read_text(encoding="utf-8")


def part(name: str) -> str:
    return TEXT.partition(f"<!-- {name}: begin -->\n")[2].partition(f"\n<!-- {name}: end -->")[0]


def test_the_table_of_metrics_has_those_of_the_code() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| (\w+) \| .+ \|$", part("metrics"), re.MULTILINE)
    assert rows == [(metric.name, metric.type) for metric in METRICS]


def test_the_table_of_assets_has_those_of_the_code() -> None:
    from afschrift.airflow_ext.outside import assets

    rows = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \| .+ \|$", part("assets"), re.MULTILINE)
    assert rows == [(asset.name, asset.name.removeprefix("afschrift_").upper()) for asset in assets.ASSETS]
    assert [getattr(assets, name) for _, name in rows] == [*assets.ASSETS]


def test_every_step_that_is_measured_is_named(project_root: Path) -> None:
    folder = project_root / "plugins" / "afschrift" / "airflow_ext"
    tasks = (folder / "tasks.py").read_text(encoding="utf-8")
    measured = {*re.findall(r'(?:measured|_working)\("(\w+)"', tasks), "look_up"}
    [named] = re.findall(r"`STEP` one of ([^.]+)\.", TEXT)

    assert set(re.findall(r"`(\w+)`", named)) == measured


def test_alerts_go_by_metrics_of_the_code_or_airflow() -> None:
    [block] = re.findall(r"```yaml\n(groups:.+?)```", TEXT, re.DOTALL)
    [group] = YAML(typ="safe").load(block)["groups"]
    used = {name for rule in group["rules"] for name in re.findall(r"airflow_(\w+)", rule["expr"])}
    ours = {metric.name.replace(".", "_") for metric in METRICS}

    assert {name for name in used if name.startswith("afschrift")} <= ours
    assert used - ours == {"dagrun_duration_success_sweep_count"}


def test_the_exit_codes_of_health_are_those_of_the_command() -> None:
    from afschrift.cli.operations import MEANING

    table = TEXT.partition("| Exit code | What |\n|---|---|\n")[2].partition("\n\n")[0]
    assert table.splitlines() == [f"| {code} | {words} |" for code, words in MEANING.items()]


def test_every_look_of_health_is_explained(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from afschrift.app.settings import Settings
    from afschrift.inventory.run_in import CANARY
    from afschrift.operations.health import health

    inventory = tmp_path / "inventory"
    shutil.copytree(Settings.from_environment().inventory, inventory)
    (inventory / CANARY).touch()
    monkeypatch.setenv("AFSCHRIFT_INVENTORY", str(inventory))

    monkeypatch.setenv("AFSCHRIFT_WITNESS_DPO", str(installation.home))
    table = TEXT.partition("| Look | Is well when |")[2].partition("\n\n")[0]
    explained = {
        name for row in table.splitlines()[2:] for name in re.findall(r"`([^`]+)`", row.split("|")[1])
    }

    looks = {re.sub(r" .*", " NAME", look.name) for look in health(sources=True)}
    assert looks == explained
