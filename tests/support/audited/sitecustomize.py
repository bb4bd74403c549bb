"""Logs every contact with a source: one line for each session and each statement, over the real session.

A line is `<request> <source> <call>`, where the call `stream` is the one that reads rows to hand out.

Python imports a module of this name at its start, so a folder on PYTHONPATH reaches every process of an
Airflow; AFSCHRIFT_TEST_STATEMENTS names the file. Tests in one process call `audit` themselves.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

REGISTRY = "afschrift.sources.registry"
FILE = "AFSCHRIFT_TEST_STATEMENTS"


class Audited:
    """A real session of a source, whose every call is told first."""

    def __init__(self, session: Any, tag: str, log: Path) -> None:
        self._session = session
        self._tag = tag
        self._log = log

    def __enter__(self) -> Audited:
        self._tell("open")
        self._session.__enter__()
        return self

    def __exit__(self, *exc: object) -> Any:
        return self._session.__exit__(*exc)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._session, name)
        if not callable(found) or name == "dialect":
            return found

        def told(*arguments: Any, **named: Any) -> Any:
            self._tell(name)
            return found(*arguments, **named)

        return told

    def _tell(self, what: str) -> None:
        with self._log.open("a", encoding="ascii") as file:  # short lines in append mode do not mix
            file.write(f"{self._tag or '-'} {self._session.name} {what}\n")


def audit(sources: dict[str, Any], log: Path) -> None:
    """Wrap every kind of source."""

    def audited(make: Any) -> Any:
        return lambda opening: Audited(make(opening), opening.tag, log)

    for kind, make in sources.items():
        sources[kind] = audited(make)


class _Hook(importlib.abc.MetaPathFinder):
    """Wraps the sources when their registry is imported, and not before: that import is heavy."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != REGISTRY:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        assert spec is not None
        assert spec.loader is not None
        run = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            run(module)
            audit(module.SOURCES, Path(os.environ[FILE]))

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


if FILE in os.environ:
    sys.meta_path.insert(0, _Hook())
