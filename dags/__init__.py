"""The DAGs of Afschrift, each by its id, for a DAG file of one line (docs/operator/installation.md has it).

A DAG is made when it is asked for: a file gets those that it names, and no other.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = [
    "check_canary",
    "check_deadlines",
    "check_inventory",
    "checkpoint_trail",
    "fulfil_batch",
    "fulfil_request",
    "look_up_identity",
    "sweep",
    "tell_questions",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # the import sets the module as an attribute of this name, so it is replaced by the DAG
    globals()[name] = import_module(f"{__name__}.{name}").DAG
    return globals()[name]
