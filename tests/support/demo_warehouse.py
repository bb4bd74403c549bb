"""The demo's warehouse as tests read it, made once for all processes of a run."""

from pathlib import Path

import pytest
from tests.support.once import once

SCALE = 0.02


def small_demo(folders: pytest.TempPathFactory) -> Path:
    """A hundred customers, and a lake of seventy files; copy it before changing it.

    A file of the lake holds a week. With one for each day, as the demo has them, a third of what a request
    costs is to open files of a few rows; `tests/unit/demo` has that lake.
    """
    from demo.build import build

    return once(folders, "demo-warehouse", lambda into: build(into, SCALE, say=lambda _: None, days_a_file=7))
