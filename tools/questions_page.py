"""Print the page *Kinds of questions* of the site, from the kinds in `casework`.

`python tools/questions_page.py`. How questions are answered is in docs/questions.md.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "plugins"))

from afschrift.casework.question_kinds import KINDS  # noqa: E402

HEAD = """# Kinds of questions

What a run can ask a person. [Questions](questions.md) says who answers, and how.

| Kind | Asks | Options | What an answer does |
|---|---|---|---|
"""


def page() -> str:
    """Return the page."""
    rows = []
    for kind in KINDS.values():
        asks = f"{kind.asks} {kind.note}".strip().replace("](#", "](questions.md#")
        options = ", ".join(f"`{option}`" for option in kind.options)
        does = " ".join(f"`{option}`: {words}" for option, words in kind.does.items())
        rows.append(f"| `{kind.name}` | {asks} | {options} | {does} |\n")
    return HEAD + "".join(rows)


if __name__ == "__main__":
    sys.stdout.write(page())
