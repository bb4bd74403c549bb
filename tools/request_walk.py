"""`python -m tools.request_walk`: the walk of a request's id through `classify`, in stays and climbs.

A stay is a module of ours that is entered from another one with the id, or the request itself, among its
arguments; it counts once, however often it is entered. A climb is a call on that walk from a lower layer of
the import contract into a higher one, once for each pair of modules.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

PACKAGE = ROOT / "plugins" / "afschrift"


@dataclass
class Walk:
    """The changes of module on the way of an id.

    Attributes:
        request: its id.
        layers: package -> its place in the import contract, the highest first.
        calls: function that calls, and that is called, in the order of their first call.
    """

    request: str
    layers: dict[str, int]
    calls: dict[tuple[str, str], None] = field(default_factory=dict)

    def profile(self, frame: FrameType, event: str, _argument: object) -> None:
        """For `sys.setprofile`."""
        if event != "call" or not (called := _module(frame)) or frame.f_code.co_name.startswith("<"):
            return
        caller = frame.f_back
        while caller is not None and not _module(caller):
            caller = caller.f_back
        if caller is None or _module(caller) == called or not self._has_id(frame):
            return
        self.calls.setdefault((_name(caller), _name(frame)))

    def _has_id(self, frame: FrameType) -> bool:
        code = frame.f_code
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        return any(self._is_id(frame.f_locals.get(name)) for name in names)

    def _is_id(self, given: Any) -> bool:
        if isinstance(given, str):
            return given == self.request
        return type(given).__name__ == "Request" and given.id == self.request

    @property
    def stays(self) -> set[str]:
        """Modules that the id comes to."""
        return {_of(called) for _, called in self.calls}

    @property
    def climbs(self) -> set[tuple[str, str]]:
        """Calls into a higher layer, by their modules."""
        pairs = {(_of(caller), _of(called)) for caller, called in self.calls}
        return {pair for pair in pairs if self._layer(pair[1]) < self._layer(pair[0])}

    def _layer(self, name: str) -> int:
        return self.layers.get(name.partition(".")[0], len(self.layers))


def walked() -> Walk:
    """The walk of a small request, over the shop of the tests."""
    import os

    from testbed.mini import write_database, write_inventory
    from testbed.running import installation, store

    from afschrift.steps.assess import assess
    from afschrift.steps.classify import classify

    with tempfile.TemporaryDirectory(prefix="walk-") as folder:
        os.environ["MINI_SHOP"] = str(write_database(Path(folder) / "shop.duckdb"))
        services = installation(Path(folder) / "home", write_inventory(Path(folder) / "inventory"))
        request = store(services, {"customer_id": "1"}, formats=["csv"])
        assess(services, request)
        walk = Walk(request, _layers())
        sys.setprofile(walk.profile)
        try:
            classify(services, request)
        finally:
            sys.setprofile(None)
    return walk


def _layers() -> dict[str, int]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [order] = [
        layer["layers"]
        for layer in settings["tool"]["importlinter"]["contracts"]
        if layer["type"] == "layers"
    ]
    return {
        package.strip().removeprefix("afschrift."): number
        for number, layer in enumerate(order)
        for package in layer.split("|")
    }


def _module(frame: FrameType) -> str:
    """Of ours, from below the package; else empty."""
    path = Path(frame.f_code.co_filename)
    if not path.is_relative_to(PACKAGE):
        return ""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def _name(frame: FrameType) -> str:
    return f"{_module(frame)}:{frame.f_code.co_name}"


def _of(name: str) -> str:
    return name.partition(":")[0]


def main() -> None:
    """Count, and with `--list` name them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--list", action="store_true", help="name each call; a climb is marked")
    args = parser.parse_args()
    walk = walked()
    for caller, called in walk.calls if args.list else ():
        mark = "climb" if (_of(caller), _of(called)) in walk.climbs else "     "
        print(f"{mark} {caller} -> {called}")
    print(f"{len(walk.stays)} stays, {len(walk.climbs)} climbs")


if __name__ == "__main__":
    main()
