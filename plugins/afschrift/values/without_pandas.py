"""Keeps pandas out of a process that has no use for it: pyarrow loads it at its first array of Python values.

It is 33 MB. pyarrow asks once whether it is there, so it is asked while it seems not to be.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType


def keep_pandas_out() -> None:
    """From now on pyarrow makes no frames in this process, and others may import pandas as before.

    For processes of our own alone: a task, never what forks or serves others. Nothing changes where pandas is
    there already.
    """
    if "pandas" in sys.modules:
        return
    import pyarrow as pa

    hidden = _Hidden()
    sys.meta_path.insert(0, hidden)
    try:
        pa.array([""])
    finally:
        sys.meta_path.remove(hidden)


class _Hidden:
    """Says that there is no pandas."""

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """As an import asks.

        Raises:
            ModuleNotFoundError: of pandas.
        """
        if name == "pandas":
            raise ModuleNotFoundError(f"{name} is kept out of this process.", name=name)
        return None
