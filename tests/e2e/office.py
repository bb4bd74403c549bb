"""An installation of the product in a folder, on the demo's inventory; each person's bundle is made once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from testbed.running import installation, run, store

from afschrift.domain.errors import NeedsPersonError
from afschrift.register.register import Register
from afschrift.services import Services

ROOT = Path(__file__).parents[2]
RECEIVED = "2026-07-01T09:00:00Z"
"""After everything in the demo."""


@dataclass
class Office:
    home: Path
    services: Services
    _made: dict[tuple[Any, ...], Path] = field(default_factory=dict)

    @classmethod
    def open(cls, home: Path, warehouse: Path, amend: Mapping[str, str] | None = None) -> Office:
        """Set up on a warehouse; `amend` replaces texts of the demo's inventory."""
        return cls(home, installation(home, inventory(home / "inventory", warehouse, amend or {})))

    @property
    def register(self) -> Register:
        return self.services.register

    def submit(self, right: str, keys: Mapping[str, str], **more: Any) -> str:
        """Store a request of a person who was logged in; its id."""
        return store(self.services, keys, right, received_at=RECEIVED, **more)

    def run(self, request: str) -> Path:
        """A run to its end; the delivered bundle.

        Raises:
            NeedsPersonError: where the run ends because a person must decide.
        """
        return run(self.services, request)

    def answer(self, request: str, choices: Mapping[str, str]) -> None:
        """Answer all open questions of a request, by their kind; who asked before gets the answer again (R26)."""
        known = {"decision": "fulfil", "review": "approved", "active_content": "include", **choices}
        for question in self.register.questions.all(request_id=request):
            self.register.questions.answer(question.id, known[question.kind], "officer")

    def bundle(self, right: str, keys: Mapping[str, str], choices: Mapping[str, str] | None = None) -> Path:
        """The delivered ZIP file of a person; `choices` answer the questions that come up."""
        choices = choices or {}
        wanted = (right, *sorted(keys.items()), *sorted(choices.items()))
        if wanted not in self._made:
            request = self.submit(right, keys)
            self._made[wanted] = self.run_answering(request, choices)
        return self._made[wanted]

    def run_answering(self, request: str, choices: Mapping[str, str] | None = None) -> Path:
        """A run to its end, over what is asked before the plan and about it."""
        for _ in range(3):
            try:
                return self.run(request)
            except NeedsPersonError:
                self.answer(request, choices or {})
        return self.run(request)

    def state(self, request: str) -> str:
        return str(self.register.requests.get(request).state)

    def delivered(self, request: str) -> list[str]:
        return [path.name for path in (self.home / "outbox").glob(f"{request}*")]


def inventory(folder: Path, warehouse: Path, amend: Mapping[str, str]) -> Path:
    """The demo's inventory with the warehouse's path written in: no environment variable is needed.

    Its data have fixed days, so the periods are longer here: else an officer would have to see an answer first.
    """
    folder.mkdir(parents=True)
    for file in (ROOT / "include" / "inventory").glob("*.yml"):
        text = file.read_text(encoding="utf-8")
        for old, new in {"${AFSCHRIFT_DEMO_DATA}": str(warehouse), **amend}.items():
            text = text.replace(old, new)
        text = re.sub(r"period: P\d+[YM]\b", "period: P40Y", text)
        (folder / file.name).write_text(text, encoding="utf-8")
    return folder
