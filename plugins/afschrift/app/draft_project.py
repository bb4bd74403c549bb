"""Drafts a project of one's own, from `include/project`: inventory, settings, DAG file, test, CI file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from afschrift import __version__
from afschrift.app.include import SHIPPED
from afschrift.app.private_files import private_folder
from afschrift.app.project import STATE
from afschrift.domain.errors import ConfigurationError

_DOT = "dot-"
"""In place of a dot at the beginning of a name: not all tools take hidden files along."""
_EXAMPLE = """
CREATE TABLE customer (customer_id INTEGER PRIMARY KEY, email TEXT, name TEXT, score INTEGER);
CREATE TABLE purchase (purchase_id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer,
                       bought_at TEXT, product TEXT, cents INTEGER);
INSERT INTO customer VALUES (1, 'ann@example.org', 'Ann Example', 71),
  (2, 'bob@example.org', 'Bob Example', 12);
INSERT INTO purchase VALUES (10, 1, '2026-02-01T10:00:00', 'Paddle', 4995),
  (11, 1, '2026-03-05T17:30:00', 'Dry bag', 1950), (12, 2, '2026-03-07T09:15:00', 'Canoe', 89900);
"""


def draft_project(folder: Path, now: str) -> list[str]:
    """Write a project into a folder that is empty or not there yet.

    Args:
        folder: of the project.
        now: the present moment (RFC 3339), of the request to try out.

    Returns:
        The files, relative to the folder.

    Raises:
        ConfigurationError: the folder holds something, or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(
            f"{folder} is no empty folder, and nothing in it was changed.",
            remedy="name an empty folder, or one that is not there yet.",
        )
    template, made = SHIPPED / "project", []
    try:
        for file in sorted(path for path in template.rglob("*") if path.is_file()):
            if file.suffix == ".pyc":
                continue
            name = str(file.relative_to(template)).replace(_DOT, ".", 1)
            text = file.read_text(encoding="utf-8").replace("VERSION", __version__).replace("RECEIVED", now)
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            made.append(name)
        private_folder(folder / STATE)
        with closing(sqlite3.connect(folder / STATE / "example.db")) as example:
            example.executescript(_EXAMPLE)
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be written ({type(error).__name__}).", remedy="name a folder of your own."
        ) from None
    return sorted(made)
