"""Registers without rows, to be copied: migrations cost more than most tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from afschrift.app.settings import Settings
from afschrift.register import schema
from afschrift.register.open import initialise


def place(file: Path) -> str:
    """Put a register without rows into a file that is not there yet; its address."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_migrated())
    return f"sqlite:///{file}"


def set_up(settings: Settings) -> None:
    """Keys and a register without rows, as `initialise` makes them; the register is a file of the home."""
    if not (file := settings.home / "register.db").exists():
        place(file)
    initialise(settings)


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "register.db"
        schema.upgrade(f"sqlite:///{file}")
        return file.read_bytes()
