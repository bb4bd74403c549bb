"""Where texts, statements and tables stand. Asked while DAG files are parsed, so nothing heavy is here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]


def include_folder(environment: Mapping[str, str] | None = None) -> Path:
    """The folder with `sql`, `letters`, `grounds` and `inventory` (`AFSCHRIFT_INCLUDE`)."""
    env = os.environ if environment is None else environment
    return Path(env.get("AFSCHRIFT_INCLUDE", PROJECT / "include")).absolute()
