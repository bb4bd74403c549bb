"""Print the page *Actions* of the site, from the table in `casework/actions`: each with its route and roles.

`python tools/actions_page.py`. Roles are in docs/questions.md.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "plugins"))

from afschrift.casework.actions.action import Action, Subject  # noqa: E402
from afschrift.casework.actions.actions import ACTIONS  # noqa: E402
from afschrift.law.roles import Person, Role, Roles  # noqa: E402
from afschrift.questions.forms import is_words  # noqa: E402

HEAD = """# Actions

What a person can do, with the roles that may (●). Each action has a command (`afschrift request NAME ID`,
`case`, `letter`), a page (`/afschrift/requests/ID/do/NAME`) and a route of the API, with these parameters.
Those in bold are needed; those in italics are words, which are kept encrypted. An answer is an action of the
kind of its question: the parameters are the fields of its `detail`.
"""
ROLES = Roles(tuple(Person(role.value, frozenset({role.value}), frozenset({role})) for role in Role))


def row(action: Action) -> str:
    """The line of an action: its route, who may, and its parameters."""
    needed, names = action.needed(), []
    for name, field in action.fields().items():
        shown = f"*{name}*" if is_words(field) else f"`{name}`"
        names.append(f"**{shown}**" if name in needed else shown)
    may = " | ".join("●" if action.is_for(ROLES, role) else "" for role in Role)
    answers = action.of is Subject.QUESTION
    route = f"{action.of}/ID/answer`, kind `{action.name}" if answers else f"{action.of}/ID/{action.name}"
    return f"| `POST /api/{route}` | {action.title} | {may} | {', '.join(names)} |"


def page() -> str:
    """Return the page."""
    roles = " | ".join(f"`{role}`" for role in Role)
    head = f"| Route | What it does | {roles} | Parameters |"
    return "\n".join([HEAD, head, f"{'|---' * (3 + len(Role))}|", *map(row, ACTIONS)]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
