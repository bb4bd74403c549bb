"""Build the demo warehouse: `python -m demo.build --into DIR`."""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

from demo import accounts, activity, assortment, helpdesk, lake, orders, stories, uploads, views
from demo.world import World

SEED = 20
SHOP, LAKE, SUMMARY = "shop.duckdb", "lake", "demo.json"

_EXTRA = {
    "orders": "*, timezone('Europe/Amsterdam', ordered_at) AS placed_local",
    "page_view": "* EXCLUDE (stay_ms), to_milliseconds(stay_ms) AS stay",
}
"""What DuckDB computes while a table is filled."""


def build(
    into: Path,
    scale: float = 1.0,
    seed: int = SEED,
    say: Callable[[str], None] = print,
    *,
    days_a_file: int = 1,
) -> dict[str, int]:
    """Build both sources below a folder; an earlier build is replaced.

    Args:
        into: the folder; it is made.
        scale: 1.0 for about 5,000 customers and 3 million rows.
        seed: the same seed and scale give the same rows, on any day and any machine.
        say: called with a line for each table.
        days_a_file: of the lake (`lake.write`).

    Returns:
        Number of rows by `source.table`. It is also in `demo.json`, which is written last.
    """
    into.mkdir(parents=True, exist_ok=True)
    (into / SUMMARY).unlink(missing_ok=True)
    (into / SHOP).unlink(missing_ok=True)
    for folder in (LAKE, uploads.FOLDER):
        shutil.rmtree(into / folder, ignore_errors=True)
    world = World(seed, scale)
    rows = {f"shop.{table}": n for table, n in _shop(world, into / SHOP, say)}
    for table, (moment, make) in lake.TABLES.items():
        rows[f"app.{table}"] = n = lake.write(into / LAKE / table, make(world), moment, days_a_file)
        say(f"  app.{table:<18}{n:>12,} rows")
    summary = {"seed": seed, "scale": scale, "rows": rows}
    (into / SUMMARY).write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    return rows


def _shop(world: World, path: Path, say: Callable[[str], None]) -> Iterator[tuple[str, int]]:
    with duckdb.connect(str(path)) as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute((Path(__file__).parent / "schema.sql").read_text(encoding="utf-8"))
        filled = []
        for table, rows in _generated(world, path.parent):
            con.register("generated", rows)
            con.execute(f"INSERT INTO {table} BY NAME SELECT {_EXTRA.get(table, '*')} FROM generated")  # noqa: S608
            filled.append(table)
        stories.write(con)
        con.execute("CHECKPOINT")
        for table in filled:
            found = con.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
            assert found is not None
            say(f"  shop.{table:<17}{found[0]:>12,} rows")
            yield table, found[0]


def _generated(world: World, into: Path) -> Iterator[tuple[str, pa.Table]]:
    modules = {
        assortment: ("carrier", "category", "product", "exchange_rate"),
        accounts: ("customer", "customer_email", "address", "device", "consent", "login", "newsletter"),
        views: ("profile", "enrichment", "loyalty_account"),
        activity: ("search_history", "page_view", "review", "message", "referral", "upload"),
    }
    for module, tables in modules.items():
        for table in tables:
            yield table, getattr(module, table)(world)
    yield "review_file", uploads.review_file(world, into / uploads.FOLDER)
    for made in (orders.tables(world), activity.wish_lists(world), helpdesk.tables(world)):
        yield from made.items()


def main() -> None:
    """Read the command line and build."""
    parser = argparse.ArgumentParser(prog="python -m demo.build", description=__doc__)
    parser.add_argument("--into", type=Path, required=True, metavar="DIR", help="folder to build in")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="1.0 (default): 5,000 customers, 3 million rows"
    )
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the random streams (default {SEED})")
    options = parser.parse_args()
    if options.scale <= 0:
        parser.error("--scale must be above 0")
    began = time.monotonic()
    print(f"A made-up web shop with an app, in {options.into}:")
    rows = build(options.into, options.scale, options.seed)
    print(f"{sum(rows.values()):,} rows in {len(rows)} tables, {time.monotonic() - began:.1f} s.")


if __name__ == "__main__":
    main()
