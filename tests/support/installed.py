"""An installation of Afschrift in a folder, which the environment names while it is open."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.support.command_line import without_settings

CUSTOMERS = tuple(n for n in range(100_006, 100_046) if n not in (100_017, 100_039))
"""Ordinary customers of the small demo, of whom no question is asked: one for each request that stays open."""


@dataclass
class Installation:
    """An empty installation on a warehouse of its own.

    Attributes:
        home: AFSCHRIFT_HOME.
        warehouse: the demo's sources, to be broken at will.
    """

    home: Path
    warehouse: Path

    @property
    def services(self) -> Any:
        from afschrift.wiring.build_services import build

        return build(lambda line: None)

    def submit(self, customer: int | str, right: str, *, authenticated: bool = True, **more: Any) -> str:
        from afschrift.casework.intake.message import Intake
        from afschrift.casework.intake.store_request import submit

        content = {
            "message": "Please send me my data.",
            "channel": "portal",
            "received_at": "2026-06-10T09:30:00+02:00",
            "right": right,
            "keys": {"customer_id": str(customer)},
        } | more
        if authenticated:
            content["authenticated"] = {
                "by": "login",
                "level": "substantial",
                "at": "2026-06-10T09:29:00+02:00",
            }
        [request] = submit(self.services, Intake.model_validate_json(json.dumps(content)), "test")
        return request

    def state(self, request: str) -> str:
        return str(self.services.register.requests.get(request).state)

    def events(self, request: str) -> list[tuple[str, dict[str, Any]]]:
        return [
            (header.type, payload or {}) for header, payload in self.services.register.trail.events(request)
        ]

    def done(self, request: str) -> list[tuple[str, dict[str, Any]]]:
        """As `events`, without the looks at a question, which each opening of its page is."""
        return [event for event in self.events(request) if event[0] != "question_viewed"]

    def counted(self, request: str) -> Counter[str]:
        """The number of each event of a step, over all runs; an extract counts by source."""
        return Counter(
            f"{kind} {payload['source']}" if kind == "extracted" else kind
            for kind, payload in self.events(request)
            if kind not in ("state_changed", "run_started", "run_ended")
        )

    def packed(self, request: str) -> str:
        [digest] = [payload["bundle"] for kind, payload in self.events(request) if kind == "packed"]
        return str(digest)

    @property
    def bundles(self) -> list[Path]:
        return sorted((self.home / "outbox").glob("*.zip"))


@contextmanager
def installed(
    warehouse: Path, folder: Path, variables: Mapping[str, str] | None = None
) -> Iterator[Installation]:
    """An installation in a folder, on a copy of a demo warehouse."""
    copy = folder / "warehouse"
    shutil.copytree(warehouse, copy)
    with set_up(folder / "home", {"AFSCHRIFT_DEMO_DATA": str(copy), **(variables or {})}):
        yield Installation(folder / "home", copy)


def own_inventory(folder: Path) -> Path:
    """The demo's inventory, of an organisation that no longer says that it is the example."""
    from afschrift.app.project import SHIPPED

    shutil.copytree(SHIPPED / "inventory", folder)
    controller = folder / "controller.yml"
    lines = controller.read_text(encoding="utf-8").splitlines(keepends=True)
    controller.write_text(
        "".join(line for line in lines if not line.startswith("example:")), encoding="utf-8"
    )
    return folder


@contextmanager
def set_up(home: Path, variables: Mapping[str, str]) -> Iterator[None]:
    """Keys and an empty register in a folder; the environment has these variables, and no other of ours."""
    from testbed import registers

    from afschrift.app.settings import Settings

    with pytest.MonkeyPatch.context() as patch:
        without_settings(patch)
        for name, value in {"AFSCHRIFT_HOME": str(home), **variables}.items():
            patch.setenv(name, value)
        registers.set_up(Settings.from_environment())
        yield
