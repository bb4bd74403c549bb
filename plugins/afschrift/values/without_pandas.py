"""Keeps pandas (33 MB) out of a process that does not use it.

pyarrow imports pandas when it makes its first array of Python values, and remembers whether that succeeded.
So the first array is made here, while pandas is hidden. A task must not pay for it: each of the ten of a
request is a process of its own, and would load pandas again. Reports, which use it, take one process.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType


def keep_pandas_out() -> None:
    """Make pyarrow do without pandas in this process; other code may still import pandas.

    Only for processes of our own, such as a task, and never for one that forks or serves others. Does nothing
    if pandas is already loaded.
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
    """An import finder that hides pandas."""

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """Refuse pandas; leave other modules to the next finder.

        Raises:
            ModuleNotFoundError: for pandas.
        """
        if name == "pandas":
            raise ModuleNotFoundError(f"{name} is kept out of this process.", name=name)
        return None
