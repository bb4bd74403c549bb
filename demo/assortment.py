"""What the shop sells: nothing in here is about a person."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo.draw import Draw, dates, decimals, money, numbered
from demo.words import CARRIERS, COLOURS, DEPARTMENTS, THINGS
from demo.world import World

PRODUCTS = 400


def carrier(_: World) -> pa.Table:
    """Who brings the parcels."""
    sites = [f"https://{name.lower().replace(' ', '-')}.example" for name in CARRIERS]
    return pa.table({"name": CARRIERS, "country": ["NL"] * len(CARRIERS), "website": sites})


def category(_: World) -> pa.Table:
    """Departments and, below them, their parts: a table that points to itself."""
    rows: list[dict[str, int | str | None]] = []
    for i, (department, parts) in enumerate(DEPARTMENTS.items(), start=1):
        rows.append({"category_id": i * 10, "parent_id": None, "name": department})
        rows += [
            {"category_id": i * 10 + k, "parent_id": i * 10, "name": part}
            for k, part in enumerate(parts, start=1)
        ]
    return pa.Table.from_pylist(rows)


def product(world: World) -> pa.Table:
    """The assortment; it is the same at every scale."""
    draw = Draw(world.seed, "product")
    leaves = [i * 10 + k for i, parts in enumerate(DEPARTMENTS.values(), 1) for k in range(1, len(parts) + 1)]
    return pa.table(
        {
            "product_id": 1 + np.arange(PRODUCTS),
            "sku": numbered("GK-", 10_000 + np.arange(PRODUCTS)),
            "title": product_titles(world),
            "category_id": draw.rng.choice(leaves, PRODUCTS),
            "price": money(draw.between(295, 24_995, PRODUCTS)),
            "attributes": draw.pick(['{"wasbaar": true}', '{"materiaal": ["katoen", "linnen"]}'], PRODUCTS),
            "in_stock": draw.chance(PRODUCTS, 0.9),
        }
    )


def product_titles(world: World) -> pa.Array:
    """Titles in the order of the product number; other tables repeat them as they were then."""
    return Draw(world.seed, "product titles").phrase(PRODUCTS, COLOURS, THINGS)


def exchange_rate(world: World) -> pa.Table:
    """A rate a day for two currencies, with ten places."""
    draw, days = Draw(world.seed, "exchange_rate"), np.arange(19_700, 20_630)
    rates = {"SEK": 11.2, "GBP": 0.85}
    values = np.concatenate(
        [r * (1 + 0.0005 * draw.rng.normal(size=len(days)).cumsum()) for r in rates.values()]
    )
    return pa.table(
        {
            "currency": np.repeat(list(rates), len(days)).tolist(),
            "day": dates(np.tile(days, len(rates))),
            "rate": decimals(np.round(values * 10**10), 38, 10),
        }
    )
