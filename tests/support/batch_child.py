"""A batch in a process of its own, which is killed at a given place."""

import os
import signal
from pathlib import Path
from typing import Any

from afschrift.app.settings import Settings
from afschrift.batch.fulfil_batch import extract_batch
from afschrift.register.steps import Steps
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.wiring.build_services import build


def batch(home: Path, inventory: Path, requests: list[str], killed_at: int, before: str = "") -> None:
    """Extract the shop together; die before the so-and-so-many-th file or result is written.

    Args:
        killed_at: where, from 1.
        before: `file` or `result`, where only these count.
    """
    settings = Settings.from_environment({"AFSCHRIFT_HOME": str(home), "AFSCHRIFT_INVENTORY": str(inventory)})
    services, left = build(lambda _line: None, settings), killed_at

    def counted(method: Any) -> Any:
        def counting(*args: Any, **more: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return method(*args, **more)

        return counting

    if before != "result":
        EncryptedStaging.writer = counted(EncryptedStaging.writer)  # type: ignore[method-assign]
    if before != "file":
        Steps.finish = counted(Steps.finish)  # type: ignore[method-assign]
    extract_batch(services, "shop", requests, "bat-1", lambda _request: services)
