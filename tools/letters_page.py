"""Print the page *Kinds of letters* of the site, from the kinds in `letters/kinds.py`.

`python tools/letters_page.py`. How letters are made and sent is in docs/letters.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "plugins"))

from afschrift.letters.kinds import KINDS

HEAD = """# Kinds of letters

*Filled in* names what a person must fill in; days, reference, authority and court come from the register
and `controller.yml`. *Before identity* says whether a letter may go to a person who is not identified yet.
[Letters](letters.md) says how they are made and sent.

| Kind | Filled in | Why | Before identity |
|---|---|---|---|
"""


def rows() -> Iterator[str]:
    """A row a kind."""
    for kind in KINDS.values():
        asked = ", ".join(f"`{element.name}`" for element in kind.asked if element.name in kind.required)
        before = "yes" if kind.before_identity else "no"
        yield f"| `{kind.name}` | {asked or 'nothing'} | {kind.source} | {before} |\n"


def page() -> str:
    """Return the page."""
    return HEAD + "".join(rows())


if __name__ == "__main__":
    sys.stdout.write(page())
