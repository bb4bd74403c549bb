"""Starting the run of a request from a terminal, and with which code a command ends that was to start one."""

from __future__ import annotations

from enum import IntEnum

import typer

from afschrift.airflow_ext.local import run_here as run_dag
from afschrift.cli.common import open_register, say
from afschrift.domain.errors import AfschriftError


class Ended(IntEnum):
    """Exit codes of commands that store, answer or start; docs/operations.md has the same table.

    2 is a mistake in the command line itself.
    """

    DONE = 0
    REFUSED = 1
    NOT_STARTED = 3
    WAITS = 4
    FAILED = 5


MEANING = {
    Ended.DONE: "what was asked is done: stored or answered and, where asked, started or run to its end",
    Ended.REFUSED: "refused, or an error: nothing was stored, answered or started",
    Ended.NOT_STARTED: "stored or answered, and its run could not be started: the message has the command",
    Ended.WAITS: "the run went as far as it may, and the request waits for a person",
    Ended.FAILED: "the run began and a task failed: its last line says what to do",
}
CODES = "Exit codes: " + "; ".join(f"{code.value} {words}" for code, words in MEANING.items()) + "."
"""For the help of each of these commands."""

_WORST_FIRST = (Ended.FAILED, Ended.NOT_STARTED, Ended.WAITS, Ended.DONE)


def begin(request_id: str, *, airflow: bool) -> Ended:
    """Start the next run of a stored request, on a running Airflow or in this process."""
    return start_on_airflow(request_id) if airflow else run_here(request_id)


def start_on_airflow(request_id: str) -> Ended:
    """Trigger the next run; where that cannot be, say that the request stands and how to start it."""
    from afschrift.airflow_ext.trigger import RunGoesError, trigger

    try:
        run = trigger(request_id, {})
    except RunGoesError as error:
        say(str(error))
        return Ended.DONE
    except AfschriftError as error:
        say(f"afschrift: {error}")
        say(
            f"Request {request_id} is stored, and its run was not started. When that is mended: "
            f"`afschrift run {request_id} --airflow`. Otherwise the sweep starts it."
        )
        return Ended.NOT_STARTED
    say(f"Run {run} started.")
    return Ended.DONE


def run_here(request_id: str) -> Ended:
    """Run in this process, and tell how it ended."""
    open_register().requests.get(request_id)
    outcome = run_dag(request_id, {}, say)
    register = open_register()
    state = register.requests.get(request_id).state
    say(f"{request_id} is {state} after {outcome.seconds:.1f} s.")
    for delivery in register.deliveries.of(request_id):
        say(f"The bundle is at {delivery.uri}")
    asked = register.questions.all(request_id=request_id)
    for question in asked:
        say(f"Open question {question.id} ({question.kind}): afschrift questions --request {request_id}")
    if outcome.state != "success":
        return Ended.FAILED
    return Ended.WAITS if asked else Ended.DONE


def leave(*ended: Ended) -> None:
    """End the command with the code of the worst that came; `DONE` simply returns."""
    worst = min(ended, key=_WORST_FIRST.index, default=Ended.DONE)
    if worst is not Ended.DONE:
        raise typer.Exit(worst.value)
