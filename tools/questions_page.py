"""Print the page *Kinds of questions* of the site, from the kinds in `casework`.

`python tools/questions_page.py`. How questions are answered is in docs/questions.md.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "plugins"))

from afschrift.casework.question_kinds import KINDS  # noqa: E402
from afschrift.questions.kind import QuestionKind  # noqa: E402

HEAD = """# Kinds of questions

What a run can ask a person, with the options and what each of them does. [Questions](questions.md) says who
answers, and how.
"""


def section(kind: QuestionKind) -> str:
    """The section of a kind: what it asks, and a line an option."""
    asks = f"{kind.asks} {kind.note}".strip()
    asks = asks.replace("[below](#", "[questions](#").replace("](#", "](questions.md#")
    options = "".join(f"- `{option}`: {words}\n" for option, words in kind.does.items())
    return f"\n## `{kind.name}`\n\n{asks}\n\n{options}"


def page() -> str:
    """Return the page."""
    return HEAD + "".join(map(section, KINDS.values()))


if __name__ == "__main__":
    sys.stdout.write(page())
