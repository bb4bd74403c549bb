"""The app's events: Parquet files by day, known by the device alone."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from demo.draw import DAY, Draw, gaps, instants, us
from demo.people import AWKWARD, CUSTOMERS, HEART_RATE_WITHDRAWN, WITHDREW
from demo.words import CITIES, COLOURS, EVENTS, SCREENS, THINGS
from demo.world import LAKE_BEGIN, LAKE_END, Use, World, is_heavy
from demo.zoo import JSONS, NUMBERS, TEXTS

HEAVY_SAMPLES = 500_000


class Series:
    """Rows of one table: for each use of a device, moments spread over its time, none twice.

    Args:
        keeps: which uses send such rows.
        mean: rows of an ordinary use, times the scale of its owner's activity.
        personas: rows of each persona's use.
    """

    def __init__(
        self, world: World, name: str, keeps: Callable[[Use], bool], mean: float, personas: int
    ) -> None:
        self.draw = Draw(world.seed, name)
        uses = [clipped for use in world.uses if keeps(use) for clipped in [_clip(use, name)] if clipped]
        weights = np.array([world.weight[u.owner] if u.owner >= 0 else 0.1 for u in uses])
        counts = self.draw.rng.poisson(weights * mean)
        for i, use in enumerate(uses):
            if 0 <= use.owner < world.personas:
                heavy = name == "heart_rate" and is_heavy(use)
                counts[i] = round(HEAVY_SAMPLES * world.scale) if heavy else personas
        self.use = np.repeat(np.arange(len(uses)), counts)
        self.n = len(self.use)
        place = np.arange(self.n) - np.repeat(np.cumsum(counts) - counts, counts)
        begin = np.array([u.begin for u in uses])
        step = (np.array([u.end for u in uses]) - begin) / np.maximum(counts, 1)
        # The first row falls on the very first moment: a device that changes hands has one there.
        jitter = np.where(place == 0, 0, self.draw.rng.random(self.n) * 0.9)
        self.at = begin[self.use] + ((place + jitter) * step[self.use]).astype(np.int64)
        self.devices = pa.array([u.device_id for u in uses]).take(pa.array(self.use))
        self.cities = world.city[[u.owner for u in uses]][self.use]


def heart_rate(world: World) -> pa.Table:
    """Samples of watches."""
    series = Series(world, "heart_rate", lambda u: u.kind == "watch", 700, 300)
    hour = (series.at % DAY) / DAY * 2 * np.pi
    beat = 74 - 14 * np.cos(hour) + series.draw.rng.normal(0, 9, series.n)
    return pa.table(
        {
            "device_id": series.devices,
            "measured_at": instants(series.at),
            "bpm": pa.array(np.clip(beat, 38, 195).astype(np.int16)),
        }
    )


def location(world: World) -> pa.Table:
    """Positions of phones whose owners agreed."""
    agreed = world.consents["location"]
    series = Series(
        world, "location", lambda u: u.kind == "phone" and u.owner >= 0 and bool(agreed[u.owner]), 190, 50
    )
    rng, n = series.draw.rng, series.n
    rows = pa.table(
        {
            "device_id": series.devices,
            "located_at": instants(series.at),
            "lat": np.round(np.array([c[1] for c in CITIES])[series.cities] + rng.normal(0, 0.01, n), 6),
            "lon": np.round(np.array([c[2] for c in CITIES])[series.cities] + rng.normal(0, 0.02, n), 6),
            "accuracy": pa.array(np.round(rng.gamma(2, 6, n), 1).astype(np.float32)),
        }
    )
    odd = pa.array(np.array(NUMBERS))
    moments = instants(_zoo_moments(len(odd)))
    zoo = [
        _zoo_device(len(odd)),
        moments,
        odd,
        pa.array(-np.array(NUMBERS)),
        odd.cast(pa.float32(), safe=False),
    ]
    return pa.concat_tables([rows, pa.table(zoo, schema=rows.schema)])


def app_event(world: World) -> pa.Table:
    """What happened in the app; delivered at least once, so some rows occur twice."""
    series = Series(world, "app_event", lambda _: True, 75, 60)
    draw, n = series.draw, series.n
    value = gaps(pa.array(np.round(draw.rng.random(n) * 100, 2)), draw.chance(n, 0.5))
    rows = pa.table(
        {
            "device_id": series.devices,
            "at": instants(series.at),
            "name": draw.pick(EVENTS, n),
            "properties": _properties(draw.pick(SCREENS, n), value, draw.lists(["nieuw", "snel"], n, 2)),
            "context": draw.pick(['{"os": "demo 16", "taal": "nl"}', '{"os": "demo 19", "taal": "en"}'], n),
            "experiment_arm": draw.pick(["A", "B"], n),
        }
    )
    twice = rows.take(pa.array(np.flatnonzero(draw.chance(n, 0.003))))
    texts = pa.array(list(TEXTS.values()))
    k = len(texts)
    odd = pa.array((NUMBERS * k)[:k])
    tags = pa.array([[text, None, ""] for text in TEXTS.values()])
    context = pa.array((JSONS * k)[:k])
    zoo = pa.table(
        [
            _zoo_device(k),
            instants(_zoo_moments(k)),
            texts,
            _properties(texts, odd, tags),
            context,
            draw.pick(["A"], k),
        ],
        schema=rows.schema,
    )
    return pa.concat_tables([rows, twice, zoo])


def search(world: World) -> pa.Table:
    """Queries typed in the app."""
    series = Series(world, "search", lambda u: u.kind != "watch", 12, 12)
    draw = series.draw
    rows = pa.table(
        {
            "device_id": series.devices,
            "searched_at": instants(series.at),
            "query": draw.phrase(series.n, COLOURS, THINGS),
        }
    )
    k = len(TEXTS)
    zoo = [_zoo_device(k), instants(_zoo_moments(k)), pa.array(list(TEXTS.values()))]
    return pa.concat_tables([rows, pa.table(zoo, schema=rows.schema)])


TABLES = {
    "heart_rate": ("measured_at", heart_rate),
    "location": ("located_at", location),
    "app_event": ("at", app_event),
    "search": ("searched_at", search),
}
"""Name -> column with the row's time, generator."""


def write(folder: Path, rows: pa.Table, time: str, days_a_file: int = 1) -> int:
    """Write one table below `folder`; returns the number of rows.

    Args:
        folder: of the table.
        rows: its rows.
        time: the column with a row's time.
        days_a_file: a file for each UTC day; of more days it bears the first.
    """
    moments = rows[time].cast(pa.int64()).to_numpy()
    days = moments // DAY // days_a_file * days_a_file
    order = np.lexsort((moments, pc.rank(rows["device_id"]).to_numpy(), days))
    rows, days = rows.take(pa.array(order)), days[order]
    edges = np.flatnonzero(np.diff(days, prepend=-1, append=-1))

    def write_day(begin: int, end: int) -> None:
        day = datetime.fromtimestamp(int(days[begin]) * 86_400, UTC).date()
        place = folder / f"day={day}"
        place.mkdir(parents=True)
        pq.write_table(rows.slice(begin, end - begin), place / "part-0.parquet", compression="zstd")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write_day, edges[:-1], edges[1:]))
    return len(order)


def _clip(use: Use, table: str) -> Use | None:
    """The part of a use inside the lake's days and, for the heart rate, before consent ended."""
    begin, end = max(use.begin, LAKE_BEGIN), min(use.end, LAKE_END)
    if table == "heart_rate" and use.owner == CUSTOMERS.index(WITHDREW):
        end = min(end, us(HEART_RATE_WITHDRAWN))
    return Use(use.device_id, use.kind, use.owner, begin, end) if begin < end else None


def _properties(screen: pa.Array, value: pa.Array, tags: pa.Array) -> pa.Array:
    return pa.StructArray.from_arrays([screen, value, tags], ["screen", "value", "tags"])


def _zoo_moments(n: int) -> np.ndarray:
    """An hour apart over the night on which the clocks go forward, at odd microseconds."""
    return us("2026-03-28T20:00:00.000001Z") + np.arange(n) * 3_600_000_000


def _zoo_device(n: int) -> pa.Array:
    return pa.array([AWKWARD.pairings[0].device_id] * n)
