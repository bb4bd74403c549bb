"""The table of docs/operator/settings.md: every setting, its default, and the processes that read it."""

from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operator" / "settings.md"
PROCESSES = frozenset({"scheduler", "DAG processor", "worker", "API server", "terminal"})


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
            name, _, default, unit, readers, _ = (cell.strip() for cell in line.strip("|").split(" | "))
            read_by = PROCESSES if readers == "all" else frozenset(readers.split(", "))
            assert read_by <= PROCESSES, line
            found.append(SettingRow(name.strip("`"), default, unit, read_by))
    return found
