"""Print the page *Actions* of the site, from the table in `casework/actions`: each with its route and roles.

`python tools/actions_page.py`. Roles are in docs/questions.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "plugins"))

from afschrift.casework.actions.action import Action  # noqa: E402
from afschrift.casework.actions.actions import ACTIONS  # noqa: E402
from afschrift.casework.question_kinds import KINDS  # noqa: E402
from afschrift.law.roles import Person, Role, Roles  # noqa: E402
from afschrift.questions.forms import is_words  # noqa: E402

HEAD = """# Actions

What a person can do, with the roles that may (●). Each action has a command (`afschrift request NAME ID`,
`case`, `letter`), a page (`/afschrift/requests/ID/do/NAME`) and a route of the API, with these parameters.
Those in bold are needed; those in italics are words, which are kept encrypted.
"""
ROLES = Roles(tuple(Person(role.value, frozenset({role.value}), frozenset({role})) for role in Role))


def marks(may: Iterator[bool]) -> str:
    """A cell for each role."""
    return " | ".join("●" if each else "" for each in may)


def row(action: Action) -> str:
    """The line of an action: its route, who may, and its parameters."""
    needed, names = action.needed(), []
    for name, field in action.fields().items():
        shown = f"*{name}*" if is_words(field) else f"`{name}`"
        names.append(f"**{shown}**" if name in needed else shown)
    may = marks(action.is_for(ROLES, role) for role in Role)
    return f"| `POST /api/{action.of}/ID/{action.name}` | {action.title} | {may} | {', '.join(names)} |"


def page() -> str:
    """Return the page."""
    roles = " | ".join(f"`{role}`" for role in Role)
    head = f"| Route | What it does | {roles} |"
    rule = "|---" * (2 + len(Role))
    actions = "\n".join([f"{head} Parameters |", f"{rule}|---|", *map(row, ACTIONS)])
    kinds = "\n".join(
        f"| `{kind.name}` | {kind.title} | {marks(ROLES.holds(role, kind.role) for role in Role)} |"
        for kind in KINDS.values()
    )
    answers = "\n## Answers\n\n`POST /api/questions/ID/answer`, by kind of question:\n"
    return f"{HEAD}\n{actions}\n{answers}\n{head.replace('Route', 'Kind')}\n{rule}|\n{kinds}\n"


if __name__ == "__main__":
    sys.stdout.write(page())
