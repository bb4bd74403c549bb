"""Pages of the documentation as tests read them: their text, tables, words in backticks and examples."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def text_of(page: str) -> str:
    """A page below docs/."""
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    return text.split(f"## {heading}\n")[1].split("\n## ")[0]


def rows(text: str, heading: str = "") -> dict[str, list[str]]:
    """Name in the first cell, which begins with a backtick -> the other cells, of the tables below a heading."""
    found = {}
    for line in (section(text, heading) if heading else text).splitlines():
        if line.startswith("| `"):
            names, *cells = (cell.strip() for cell in line.split("|")[1:-1])
            found |= dict.fromkeys(re.findall(r"`([^`]+)`", names), cells)
    return found


def codes(text: str) -> list[str]:
    """Words in backticks."""
    return re.findall(r"`([^`\n]+)`", text)


def examples(text: str, kind: str = "yaml") -> list[str]:
    """Blocks of code."""
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)
