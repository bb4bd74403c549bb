"""Logs every contact with a source: one line for each session and each statement, over the real session.

A line is `<request> <source> <call>`, where the call `stream` is the one that reads rows to hand out.
AFSCHRIFT_TEST_STATEMENTS names the file; tests in one process call `audit` themselves.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any


class Audited:
    """A real session of a source, whose every call is recorded first."""

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

        def audited(*arguments: Any, **named: Any) -> Any:
            self._tell(name)
            return found(*arguments, **named)

        return audited

    def _tell(self, what: str) -> None:
        with self._log.open("a", encoding="ascii") as file:  # short lines in append mode do not mix
            file.write(f"{self._tag or '-'} {self._session.name} {what}\n")


class AuditedKind:
    """An adapter whose sessions are audited."""

    def __init__(self, adapter: Any, log: Path) -> None:
        self._adapter, self._log = adapter, log

    def __call__(self, opening: Any) -> Audited:
        return Audited(self._adapter(opening), opening.tag, self._log)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapter, name)


def audit(sources: dict[str, Any], log: Path) -> None:
    """Wrap every kind of source."""
    for kind, adapter in sources.items():
        sources[kind] = AuditedKind(adapter, log)


def watch(registry: ModuleType, log: Path) -> None:
    audit(registry.SOURCES, log)
