"""What the shop computed, guessed and bought about the people."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from demo.draw import Draw, dates, gaps, money
from demo.words import INTERESTS, SUPPLIERS
from demo.world import World

_REGIONS = ("Noord", "Oost", "Midden", "Zuid", "West")


def profile(world: World) -> pa.Table:
    """Totals and guesses, one row each."""
    draw, n = Draw(world.seed, "profile"), world.size
    embedding = pa.FixedSizeListArray.from_arrays(
        pa.array(np.round(draw.rng.normal(size=4 * n), 3).astype(np.float32)), 4
    )
    counted = Draw(world.seed, "credit")
    return pa.table(
        {
            "customer_id": world.ids,
            "region": draw.pick(_REGIONS, n),
            "order_count": draw.rng.poisson(8 * world.weight),
            "total_spent": money(draw.between(0, 300_000, n)),
            "household_guess": gaps(draw.pick(["1", "2", "3+"], n), draw.chance(n, 0.2)),
            "interests_guess": draw.lists(INTERESTS, n, 3),
            "embedding": embedding,
            "model_version": draw.pick(["profiel-7", "profiel-8"], n),
            "scored_on": dates(draw.between(20_400, 20_600, n)),
            "paid_on_time": gaps(pa.array(100 - counted.between(0, 70, n)), counted.chance(n, 0.1)),
            "sent_back": counted.between(0, 40, n),
        }
    )


def enrichment(world: World) -> pa.Table:
    """Bought from two suppliers, about some of the people."""
    draw = Draw(world.seed, "enrichment")
    about = [np.flatnonzero(draw.chance(world.size, 0.3) | (np.arange(world.size) == 0)) for _ in SUPPLIERS]
    owners = np.concatenate(about)
    n = len(owners)
    return pa.table(
        {
            "customer_id": world.ids[owners],
            "supplier": np.repeat(SUPPLIERS, [len(some) for some in about]).tolist(),
            "supplied_on": dates(draw.between(19_800, 20_500, n)),
            "household_class": draw.pick(["H1", "H2", "H3"], n),
            "income_band": draw.pick(["I1", "I2", "I3"], n),
            "owns_car": gaps(pa.array(draw.chance(n, 0.6)), draw.chance(n, 0.15)),
            "certainty": np.round(draw.rng.random(n), 3),
        }
    )


def loyalty_account(world: World) -> pa.Table:
    """Saving cards; their numbers are beyond what a double holds exactly."""
    draw = Draw(world.seed, "loyalty_account")
    owners = np.flatnonzero(draw.chance(world.size, 0.4) | (np.arange(world.size) < world.personas))
    n = len(owners)
    return pa.table(
        {
            "card_number": 6_400_000_000_000_000_001 + 7 * np.arange(n),
            "customer_id": world.ids[owners],
            "opened_on": dates(draw.between(19_000, 20_500, n)),
            "points": draw.between(0, 5_000, n),
            "tier": draw.pick(["brons", "zilver", "goud"], n),
        }
    )
