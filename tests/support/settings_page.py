"""The table of docs/operator/settings.md: every setting, its default, and the processes that read it."""

from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operator" / "settings.md"
PROCESSES = {"D": "DAG processor", "S": "scheduler", "W": "worker", "A": "API server", "T": "terminal"}


@dataclass(frozen=True)
class SettingRow:
    """One setting, or all of one form where the name holds `<NAME>`."""

    name: str
    default: str
    unit: str
    read_by: frozenset[str]


def rows() -> list[SettingRow]:
    found = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| `AFSCHRIFT_"):
            name, _, default, readers = (cell.strip() for cell in line.strip("|").split(" | "))
            read_by = frozenset(map(PROCESSES.__getitem__, PROCESSES if readers == "all" else readers))
            number, _, unit = default.partition(" ") if default[0].isdigit() else (default, "", "")
            found.append(SettingRow(name.strip("`"), number, unit, read_by))
    return found
