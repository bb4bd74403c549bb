"""Frames of delivered bundles hold what the warehouse holds: values, types and missing ones; the notebook runs."""

import json
import math
import os
import shutil
import uuid
from collections import Counter
from datetime import UTC, date, datetime, time
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pandas as pd
import pytest
from demo.people import AWKWARD, HEAVY
from tests.e2e.office import Office
from tests.support.nightly import nightly_after

from afschrift_bundles import Bundle, open_bundle

COMPARED = {"text", "integer", "decimal", "number", "boolean", "date", "time", "datetime", "instant", "binary", "uuid"}  # fmt: skip
CHANGED = ("afschrift:masked", "afschrift:redacted", "afschrift:asStored")


@pytest.fixture(scope="module", params=nightly_after(1, [AWKWARD.number, HEAVY.number]))
def bundle(request: pytest.FixtureRequest, office: Office) -> Bundle:
    return open_bundle(office.bundle("access", {"customer_id": str(request.param)}))


def plain(value: Any) -> Any:
    """A value of either side, so that equal ones are equal."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value
    if isinstance(value, date):
        return datetime.combine(value, time())
    return value


def column_of(field: dict[str, Any]) -> str:
    """Its SQL expression; a float of four bytes has its shortest text, as in the bundle."""
    column = '"' + field["afschrift:column"].partition(".")[2] + '"'
    if field["afschrift:kind"] == "number":
        return f"CAST(CAST({column} AS VARCHAR) AS DOUBLE)"
    is_text = field["type"] == "string" and field["afschrift:kind"] != "binary"
    return f"CAST({column} AS VARCHAR)" if is_text else column


def test_frames_are_equal_to_the_warehouse(bundle: Bundle, by_hand: duckdb.DuckDBPyConnection) -> None:
    compared = 0
    for resource in bundle.package["resources"]:
        if resource["format"] != "csv":
            continue
        source, table = resource["afschrift:source"], resource["afschrift:table"]
        frame = bundle.frame(f"{source}.{table}")
        assert len(frame) == resource["afschrift:rows"]
        fields = [
            f
            for f in resource["schema"]["fields"]
            if f["afschrift:kind"] in COMPARED and not any(c in f for c in CHANGED)
        ]
        names = [f["name"] for f in fields]
        columns = [column_of(f) for f in fields]
        place = f"{'main' if source == 'shop' else source}.{table}"
        theirs = Counter(
            tuple(map(plain, row))
            for row in by_hand.execute(f"SELECT {', '.join(columns)} FROM {place}").fetchall()
        )
        ours = Counter(
            tuple(map(plain, row)) for row in zip(*(frame[name].tolist() for name in names), strict=True)
        )
        assert ours - theirs == Counter(), (table, names)
        compared += len(names)
    assert compared > 100


NOTEBOOK = Path(__file__).parents[2] / "examples" / "notebook" / "own_data.ipynb"


def test_the_notebook_runs_and_draws(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("Agg")
    monkeypatch.chdir(tmp_path)
    bundle = office.bundle("access", {"customer_id": str(HEAVY.number)})
    shutil.copy(bundle, "bundle.zip")
    Path("organisation.pem").write_text(open_bundle(bundle).labels["Afschrift-Public-Key"])
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    space = vars(ModuleType("notebook"))
    for cell in cells:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), space)
    assert len(plt.get_fignums()) == 3
    for number in plt.get_fignums():
        figure = plt.figure(number)
        assert all(axes.has_data() and axes.get_xlabel() + axes.get_ylabel() for axes in figure.axes)
        if folder := os.environ.get("PAGE_SHOTS"):
            figure.savefig(Path(folder) / f"notebook_{number}.png", bbox_inches="tight")
    plt.close("all")
    assert (len(space["pulse"]), len(space["searches"]), len(space["parcels"])) == (10_000, 72, 41)
