"""Print the page *States* of the site: every state of a request, and every transition between them.

`python tools/states_page.py`. Both tables come from `domain/state.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "plugins"))

from afschrift.domain.state import END_ONCE_INFORMED, TRANSITIONS, State  # noqa: E402

HEAD = """# States

A request is in one of these states. The register makes the transitions below and no other one; each is
an event `state_changed`, which names the event that caused it. What can be true in any state (suspended,
extended, partly delivered, under hold) is a fact ([deadlines](deadlines.md)). Why:
[ADR 0023](adr/0023-answered-when-the-person-is-informed.md).

[The walk](../tests/e2e/state_walk.md) shows how requests of every kind reach their ends.

"""
NOTES = """
- `fact_letter_sent` closes by the content of its letter: a refusal, or the answer that is ready. A letter
  about a decision or an answer that was replaced closes nothing, and the software does not send it.
- `fact_handed_over` is an officer's entry that the person has the files, or knows where they are.
- `fact_letter_bounced` leads back, if the letter ended the request. An answer that was handed over
  remains so.
- `fact_asked_again` leads back where an answer is given again, with the data of another day.
- `fact_complaint_ended` leads back where an officer says with the outcome that the request ended wrongly.
- A transition compares the state and version that it saw. If two would end a request, the second finds it
  closed, is recorded and changes nothing.
"""


def states() -> Iterator[str]:
    """A row a state, with what it means for the clock."""
    yield "| State | The clock | DPV |"
    yield "|---|---|---|"
    for state in State:
        if state.to_inform:
            clock = f"runs; when the person is informed, it becomes `{END_ONCE_INFORMED[state]}`"
        else:
            clock = "runs" if state.open else "has stopped: the request has ended"
        term = state.broader.partition("#")[2]
        yield f"| `{state}` | {clock} | {term if state.iri == state.broader else f'below {term}'} |"


def transitions() -> Iterator[str]:
    """A row a transition: the event, the states in which it may be, the next one."""
    yield "| Event | In the state | Leads to |"
    yield "|---|---|---|"
    for transition in TRANSITIONS:
        before = [state for state in State if state in transition.states]
        yield f"| `{transition.event}` | {', '.join(f'`{state}`' for state in before)} | `{transition.to}` |"


def page() -> str:
    """Return the page."""
    lines = ["## The states", "", *states(), "", "## The transitions", "", *transitions()]
    return HEAD + "\n".join(lines) + "\n" + NOTES


if __name__ == "__main__":
    sys.stdout.write(page())
