"""The canary of the demo: `python -m demo.canary` plants it in the demo's sources, and lets it ask.

It shows what a check tells, and that it notices: the same check on a data map from which a table was taken.
The data map with `canary.yml` lies in `canary/inventory` of the home; the shipped one stays as it is.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
from rich.console import Console

from afschrift.app.private_files import UMASK
from afschrift.app.project import set_demo_data
from afschrift.app.roles_file import load_roles
from afschrift.app.settings import Settings
from afschrift.canary.canary_file import CANARY, CanaryFile
from afschrift.canary.check_canary import check_canary, require_canary
from afschrift.canary.history import CanaryCheck
from afschrift.canary.signature import sign_canary
from afschrift.cli.common import actor
from afschrift.domain.errors import AfschriftError
from afschrift.outside.read_yaml import read_yaml
from afschrift.register.open import initialise
from afschrift.wiring.build_services import build
from demo.build import SUMMARY
from demo.build import build as build_warehouse

out = Console(highlight=False, soft_wrap=True)
PLANTED = "canary-1.parquet"
FILE = Path(__file__).with_name(CANARY)


def main() -> None:
    """Plant, sign, check; then check on a map that lacks a table."""
    os.environ["AFSCHRIFT_DEMO"] = "1"
    os.umask(UMASK)
    try:
        run(Path(set_demo_data()))
    except AfschriftError as error:
        out.print(f"[red]The demo stopped:[/red] {error}")
        sys.exit(1)


def run(data: Path) -> None:
    """All of it, on the warehouse of the demo."""
    settings = Settings.from_environment()
    if not (data / SUMMARY).exists():
        build_warehouse(data, 1.0, say=lambda _: None)
    initialise(settings)
    settings = replace(settings, inventory=_own_map(settings))
    if not (settings.inventory / CANARY).exists():
        rows = plant(settings, data)
        out.print(f"[bold]1. Planted:[/bold] {rows} rows of a person who does not exist.")
        services = build(lambda _: None, settings)
        canary = require_canary(settings, services.inventory)
        sign_canary(canary, services.register, services.register.store.keys, load_roles(settings), actor())
        out.print(f"   {settings.inventory / CANARY} is signed.")
    out.print("[bold]2. The canary asks[/bold]")
    _say(checked(settings))
    out.print("[bold]3. The same, with the table `loyalty_account` taken out of the data map[/bold]")
    _say(checked(replace(settings, inventory=without(settings.inventory, "loyalty_account"))))


def _own_map(settings: Settings) -> Path:
    folder = settings.home / "canary" / "inventory"
    if not folder.exists():
        shutil.copytree(settings.inventory, folder)
    return folder


def plant(settings: Settings, data: Path) -> int:
    """Plant the rows of the demo's canary, and keep its `canary.yml`; how many rows.

    The shop takes statements; the app's tables are folders of Parquet files, one a day.
    """
    file = CanaryFile.model_validate(read_yaml(FILE.read_text(encoding="utf-8"), CANARY))
    with duckdb.connect(str(data / "shop.duckdb")) as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(FILE.with_suffix(".sql").read_text(encoding="utf-8"))
    for planted in file.planted:
        source, _, table = planted.table.partition(".")
        if source == "app":
            _write(data / "lake" / table, planted.row)
    shutil.copy(FILE, settings.inventory / CANARY)
    return len(file.planted)


def _write(folder: Path, values: Mapping[str, object]) -> None:
    schema = pq.read_schema(next(folder.glob("*/*.parquet")))
    found = duckdb.from_arrow(schema.empty_table())
    casts = ", ".join(f'CAST(? AS {k}) AS "{n}"' for n, k in zip(found.columns, found.types, strict=True))
    target = folder / f"day={values['day']}"
    target.mkdir(exist_ok=True)
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        row = con.sql(f"SELECT {casts}", params=[values[name] for name in found.columns])
        pq.write_table(row.to_arrow_table().cast(schema), target / PLANTED)


def without(inventory: Path, table: str) -> Path:
    """A copy of a data map from which a table of the shop was taken."""
    from ruamel.yaml import YAML

    folder = inventory.with_name(f"inventory-without-{table}")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(inventory, folder)
    yaml = YAML()
    content = yaml.load((folder / "shop.yml").read_text(encoding="utf-8"))
    del content["tables"][table]
    with (folder / "shop.yml").open("w", encoding="utf-8") as file:
        yaml.dump(content, file)
    return folder


def checked(settings: Settings) -> CanaryCheck:
    """What the canary gets."""
    return check_canary(build(lambda _: None, settings), settings, actor())


def _say(found: CanaryCheck) -> None:
    for line in found.lines:
        out.print(f"   {line}", markup=False)


if __name__ == "__main__":
    main()
