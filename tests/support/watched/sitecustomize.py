"""Lets the modules beside it watch a process, each where its environment variable names a place.

Python imports a module of this name at its start, so this folder on PYTHONPATH reaches every process of an
Airflow. A watcher comes when what it watches is imported, and not before: that import is heavy.
"""

import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

WATCHERS = {
    "AFSCHRIFT_TEST_KILLS": ("killing", "afschrift.register.database.database"),
    "AFSCHRIFT_TEST_STATEMENTS": ("auditing", "afschrift.sources.registry"),
}
"""Environment variable -> watcher, and the module that it watches."""


class _Hook(importlib.abc.MetaPathFinder):
    def __init__(self, watcher: str, watched: str, place: Path) -> None:
        self._watcher, self._watched, self._place = watcher, watched, place

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self._watched:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        assert spec is not None
        assert spec.loader is not None
        run = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            run(module)
            importlib.import_module(self._watcher).watch(module, self._place)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


for variable, names in WATCHERS.items():
    if variable in os.environ:
        sys.meta_path.insert(0, _Hook(*names, Path(os.environ[variable])))
