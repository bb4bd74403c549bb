"""Many requests wait for people: what do they cost the others, and what becomes of them?

    python -m bench.waiting --count 500 [--repeat 5] [--through COUNT]

1. COUNT requests without an identity decision are run on a real Airflow: each run ends at its question.
2. New requests are run on that Airflow and, in turn, on another one where nothing waits.
3. Airflow is stopped, two tasks of the DAG file are renamed, and it is started again.
4. All questions are answered by the REST interface, which starts each next run, and all runs end.
5. Every request is looked at: its state, its decisions, its bundle, its trail.

A run takes seconds. With `--through`, only so many requests go through Airflow in 1 and 4; the others are
asked, answered and finished in this process, by the functions that tasks and command line call.

Prints seconds, ratio and states; writes them to `bench/results/waiting.json`. Exit code 1 where a request did
not end right or the ratio is above 1.5.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from testbed.running import run as run_through

from afschrift.airflow_ext.environment import DAG_ID, DAGS
from afschrift.app.roles_file import load_roles
from afschrift.app.settings import Settings
from afschrift.casework.answer import answer_question
from afschrift.casework.officer import Officer
from afschrift.domain.errors import NeedsPersonError
from afschrift.steps.assess import assess
from bench.live import CONFIRMED, Live, Shop, airflow

RESULTS = Path(__file__).with_name("results")
ALLOWED = 1.5
LIMIT = 600
"""Seconds after which a run counts as hanging, and the measurement gives up."""

RENAMED = {
    "run(tasks.assess)()": 'run(tasks.assess, task_id="look_at_request")()',
    "run(tasks.classify)(request)": 'run(tasks.classify, task_id="decide_columns")(request)',
}
"""A deployment while requests wait: two tasks of the DAG file get other names."""


def ask_all(live: Live, shop: Shop, requests: Sequence[str], through: int) -> dict[str, Any]:
    """Bring every request to its question, so many of them by a run of Airflow."""
    began = time.monotonic()
    runs = live.paced([partial(live.start, request) for request in requests[:through]], LIMIT)
    services = shop.services
    for request in requests[through:]:
        with suppress(NeedsPersonError):
            assess(services, request)
    asked = {question.request for question in services.register.questions.all()}
    if missing := set(requests) - asked:
        raise RuntimeError(f"{len(missing)} requests have no question")
    return figures_(runs, requests, began)


def in_turn(lives: dict[str, Live], shops: dict[str, Shop], repeat: int) -> dict[str, list[float]]:
    """Seconds of new requests, one here and one there, so that both meet the same machine."""
    seconds: dict[str, list[float]] = {name: [] for name in lives}
    for number in range(repeat + 1):
        for name in sorted(lives, reverse=number % 2 == 1):
            took = lives[name].timed(shops[name].requests(1, known=True)[0])
            if number:  # the first one warms up
                seconds[name].append(round(took, 2))
    return seconds


def answer_all(live: Live, shop: Shop, requests: Sequence[str], through: int) -> dict[str, Any]:
    """Answer every question and let every request end, so many of them by a run of Airflow."""
    began = time.monotonic()
    questions = {question.request: question.id for question in shop.services.register.questions.all()}
    late: list[str] = []

    def over_http(request: str) -> str:
        run: str | None = live.answer(questions[request])["run"]
        if run is None:  # the answer is recorded; Airflow did not take the run
            late.append(request)
        return run or live.going(request) or live.start(request)

    def at_terminal() -> None:
        services = shop.services
        roles = load_roles(Settings.from_environment(shop.variables))
        for request in requests[through:]:
            answer_question(
                Officer(services.register, roles, "cli:anna"),
                questions[request],
                "confirmed",
                detail=CONFIRMED,
            )
            run_through(services, request)

    with ThreadPoolExecutor(1) as pool:
        terminal = pool.submit(at_terminal)
        runs = live.paced([partial(over_http, request) for request in requests[:through]], LIMIT)
        terminal.result()
    renamed = bool(runs) and {"look_at_request", "decide_columns"} <= live.tasks(runs[-1]["dag_run_id"])
    return figures_(runs, requests, began) | {"triggered_again": len(late), "renamed_tasks_ran": renamed}


def figures_(runs: Sequence[dict[str, Any]], requests: Sequence[str], began: float) -> dict[str, Any]:
    return {
        "seconds": round(time.monotonic() - began),
        "runs_of_airflow": dict(Counter(str(run["state"]) for run in runs)),
        "in_this_process": len(requests) - len(runs),
    }


def ends(shop: Shop, requests: Sequence[str]) -> Counter[str]:
    """How the requests ended; `right`: delivered once, with one bundle, on one decision, nothing open."""
    register = shop.services.register
    bundles = Counter(path.name for path in (shop.home / "outbox").glob("*.zip"))
    found: Counter[str] = Counter()
    for request in requests:
        types = Counter(header.type for header, _ in register.trail.events(request))
        once = all(
            types[kind] == 1 for kind in ("question_asked", "decision_taken", "bundle_delivered", "closed")
        )
        mine = sum(count for name, count in bundles.items() if request in name)
        state = str(register.requests.get(request).state)
        if state == "delivered" and once and mine == 1 and not register.questions.all(request_id=request):
            found["right"] += 1
        else:
            found[f"{state}, bundles {mine}, open {len(register.questions.all(request_id=request))}"] += 1
    return found


def rename_tasks(dags: Path) -> None:
    """Change the DAG file as a deployment would."""
    file = dags / f"{DAG_ID}.py"
    text = file.read_text(encoding="utf-8")
    for old, new in RENAMED.items():
        if text.count(old) != 1:
            raise RuntimeError(f"{file.name} does not hold {old} once")
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")


def measure(place: Path, count: int, repeat: int, through: int) -> dict[str, Any]:
    """All five parts; the figures."""
    dags = place / "dags"
    dags.mkdir()
    shutil.copy(DAGS / f"{DAG_ID}.py", dags)
    shops = {name: Shop.make(place / name) for name in ("none", "waiting")}
    waiting = shops["waiting"].requests(count, known=False)
    with airflow(shops["waiting"], dags) as crowded:
        say(f"{count} requests run up to their question ...")
        asked = ask_all(crowded, shops["waiting"], waiting, through)
        with airflow(shops["none"], dags) as empty:
            say(f"New requests run with {count} waiting ones, and elsewhere with none ...")
            seconds = in_turn({"none": empty, "waiting": crowded}, shops, repeat)
    say("Airflow is stopped, the DAG file changed, and Airflow started again ...")
    rename_tasks(dags)
    open_ = {q.request for q in shops["waiting"].services.register.questions.all()}
    with airflow(shops["waiting"], dags) as restarted:
        say(f"{count} questions are answered, {through} of them over HTTP ...")
        answered = answer_all(restarted, shops["waiting"], waiting, through)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return {
        "waiting": count,
        "open_after_restart": len(open_ & set(waiting)),
        "asked": asked,
        "seconds_of_a_new_run": seconds,
        "median_none": medians["none"],
        "median_waiting": medians["waiting"],
        "ratio": round(medians["waiting"] / medians["none"], 2),
        "answered": answered,
        "ended": dict(ends(shops["waiting"], waiting)),
    }


def say(line: str) -> None:
    """Progress; the figures alone go to standard output."""
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


def main() -> None:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=500, help="requests that wait")
    parser.add_argument("--repeat", type=int, default=5, help="new requests timed on each side")
    parser.add_argument("--through", type=int, help="requests that go through Airflow; default: all")
    given = parser.parse_args()
    through = given.count if given.through is None else min(given.through, given.count)
    with tempfile.TemporaryDirectory(prefix="waiting-", ignore_cleanup_errors=True) as folder:
        figures = measure(Path(folder), given.count, given.repeat, through)
    text = json.dumps(figures, indent=2)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "waiting.json").write_text(text + "\n", encoding="utf-8")
    print(text)
    if figures["ended"] != {"right": given.count} or figures["ratio"] > ALLOWED:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
