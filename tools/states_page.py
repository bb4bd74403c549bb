"""Write docs/states.md: the table of transitions, and the graph of the walk through it.

`python tools/states_page.py` writes the table into the page; with `--check` nothing is written, and the exit
status is 1 where the page differs. The graph is the walk's: `tests/e2e/test_state_walk.py` makes it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "plugins"))

from afschrift.domain.state import TOLD, TRANSITIONS, State  # noqa: E402

PAGE = ROOT / "docs" / "states.md"
TABLE, GRAPH = "table of transitions", "graph of the walk"


def rows() -> Iterator[str]:
    """A row a transition: the event, the states in which it may be, the next one."""
    yield "| Event | In the state | Leads to |"
    yield "|---|---|---|"
    for one in TRANSITIONS:
        states = [state for state in State if state in one.states]
        yield f"| `{one.event}` | {', '.join(f'`{state}`' for state in states)} | `{one.to}` |"


def states() -> Iterator[str]:
    """A row a state, with what it means for the clock."""
    yield "| State | The clock | DPV |"
    yield "|---|---|---|"
    for state in State:
        if state.to_tell:
            clock = f"runs; told, it becomes `{TOLD[state]}`"
        else:
            clock = "runs" if state.open else "stands: it is an end"
        term = state.broader.partition("#")[2]
        yield f"| `{state}` | {clock} | {term if state.iri == state.broader else f'below {term}'} |"


def replaced(page: str, part: str, lines: Iterator[str]) -> str:
    """The page with one part of it made anew.

    Args:
        page: the whole page.
        part: its name, which stands in a comment before and after it.
        lines: what belongs there.
    """
    begin, end = f"<!-- {part}: begin -->\n", f"<!-- {part}: end -->"
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    return before + begin + "\n".join(lines) + "\n" + end + after


def main() -> int:
    """Write the page, or compare it."""
    page = PAGE.read_text(encoding="utf-8")
    made = replaced(replaced(page, TABLE, rows()), "states", states())
    if "--check" in sys.argv:
        return int(made != page)
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
