"""Installations in a state that takes runs to reach: reached once a process, and copied from then on."""

import shutil
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TypeVar, cast

Result = TypeVar("Result")


class Kept:
    """Copies of the homes of installations that started empty, on the same inventory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[Hashable, tuple[Path, object]] = {}

    def reached(self, state: Hashable, home: Path, reach: Callable[[], Result]) -> Result:
        """Bring a home into a state; who has it open builds its services anew, for its keys may be others.

        Args:
            state: names it.
            home: of an installation in which nothing happened yet.
            reach: does what leads there, the first time; its result is given each time.
        """
        if state not in self._known:
            result = reach()
            copy = self._folder / str(len(self._known))
            shutil.copytree(home, copy)
            self._known[state] = (copy, result)
            return result
        copy, known = self._known[state]
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(copy, home)
        return cast(Result, known)
