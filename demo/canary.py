"""The canary of the demo: `python -m demo.canary` plants it in the demo's sources, and lets it ask.

It shows what a check tells, and that it notices: the same check on a data map from which a table was taken.
The data map with `canary.yml` lies in `canary/inventory` of the home; the shipped one stays as it is.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
from rich.console import Console

from afschrift.app.private_files import UMASK
from afschrift.app.roles_file import load_roles
from afschrift.app.settings import Settings
from afschrift.audit.canary_check import Checked
from afschrift.canary.canary_file import CANARY
from afschrift.canary.check_canary import check_canary, known_canary
from afschrift.canary.made_values import Mark
from afschrift.canary.propose import Proposal, propose
from afschrift.canary.proposed_files import as_sql, as_yaml
from afschrift.canary.signed import sign_canary
from afschrift.cli.common import actor
from afschrift.domain.errors import AfschriftError
from afschrift.domain.instants import utc_now
from afschrift.register.open import initialise
from afschrift.services import Services
from afschrift.wiring.build_services import build
from afschrift.wiring.demo import set_demo_data
from demo.build import SUMMARY
from demo.build import build as build_warehouse

out = Console(highlight=False, soft_wrap=True)
PLANTED = "canary-1.parquet"
WHY = "Synthetic; planted to see every day that an answer is whole and holds nobody else."


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
        services = build(lambda _: None, settings)
        rows = plant(services, settings, data)
        out.print(f"[bold]1. Planted:[/bold] {rows} rows of a person who does not exist.")
        canary = known_canary(settings, services.inventory)
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


def plant(services: Services, settings: Settings, data: Path) -> int:
    """Plant what is proposed for the demo, and keep `canary.yml`; how many rows.

    The shop takes statements; the app's tables are folders of Parquet files, one a day.
    """
    proposal = propose(
        services, Mark("kwik" + secrets.token_hex(3), 739_000_000 + secrets.randbelow(900) * 1000)
    )
    for source in proposal.sources:
        if source.source == "shop":
            with duckdb.connect(str(data / "shop.duckdb")) as con:
                con.execute("SET TimeZone = 'UTC'")
                con.execute(as_sql(source))
        else:
            for row in source.rows:
                _write(data / "lake" / row.table, row.values)
    text = as_yaml(proposal, "privacy officer", WHY, utc_now().date())
    (settings.inventory / CANARY).write_text(text, encoding="utf-8")
    return _rows(proposal)


def _rows(proposal: Proposal) -> int:
    return sum(len(source.rows) for source in proposal.sources)


def _write(folder: Path, values: Mapping[str, str | None]) -> None:
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


def checked(settings: Settings) -> Checked:
    """What the canary gets."""
    return check_canary(build(lambda _: None, settings), settings, actor())


def _say(found: Checked) -> None:
    for line in found.lines:
        out.print(f"   {line}", markup=False)


if __name__ == "__main__":
    main()
