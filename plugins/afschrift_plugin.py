"""For an Airflow that has this folder as its plugins folder; an installed package is found by entry point."""

from __future__ import annotations

from importlib.metadata import entry_points

if "afschrift" not in entry_points(group="airflow.plugins").names:
    from afschrift.entry_points import AfschriftPlugin  # noqa: F401  (Airflow looks for its class)
