"""What is said of a setting of an installation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ProcessKind(StrEnum):
    """A kind of process that reads the environment."""

    SCHEDULER = "scheduler"
    PARSER = "DAG processor"
    WORKER = "worker"
    API = "API server"
    TERMINAL = "terminal"


class Secret(StrEnum):
    """Whether a value is to be kept from others."""

    NO = "no"
    YES = "yes"
    MAY_HOLD = "may hold one"
    POINTS = "the value no, what it names yes"


@dataclass(frozen=True)
class Setting:
    """One setting, or all of one form where the name holds `<NAME>`.

    Attributes:
        name: of the variable.
        meaning: what it sets, in Markdown.
        default: in `unit` where that is one; in words where it follows from another setting.
        read_by: the processes that need it.
        unit: of a number.
        secret: whether its value is one.
        read_in: the one module below `afschrift` that reads it.
    """

    name: str
    meaning: str
    default: float | str
    read_by: tuple[ProcessKind, ...]
    unit: str = ""
    secret: Secret = Secret.NO
    read_in: str = "app.settings"
