"""Which reader of JSON reads is decided in one place: the compiled one where it is there and fits."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pytest
from tests.contract.test_follow_contract import changing
from tests.support.readers import MIXED, ROWS, mixed, require_native

from afschrift.domain.errors import ValidationFailedError
from afschrift.domain.files import Format
from afschrift.domain.plan import ExtractPlan, FieldPlan
from afschrift.extraction.write import TableWriter
from afschrift.formats import native_library
from afschrift.formats.json.reader import read_records
from afschrift.formats.registry import FORMATS
from afschrift.services import WriteLimits
from afschrift.staging.encrypted import EncryptedStaging

READ_BY = """
import sys
{before}
from afschrift.formats.registry import FORMATS
for name in ("json", "ndjson"):
    print(FORMATS[name].read_by)
loaded = [one for one in ("pyarrow", "msgspec", "numpy") if one in sys.modules]
print(loaded)
"""


def read_by(before: str = "") -> list[str]:
    """What a new process says of its formats."""
    command = [sys.executable, "-c", READ_BY.format(before=before)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_without_it_msgspec_reads() -> None:
    assert read_by("sys.modules['afschrift_native'] = None") == ["msgspec", "msgspec", "[]"]


def test_with_the_library_a_record_imports_nothing_more() -> None:
    require_native()
    assert read_by() == ["afschrift-native", "afschrift-native", "[]"]


def test_another_version_is_not_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    require_native()
    monkeypatch.setattr(native_library, "VERSION", 99)
    assert native_library.library.__wrapped__() is None
    assert "afschrift-native has version 2 instead of 99" in caplog.text


def test_each_native_interface_has_its_own_version(
    project_root: Path,
) -> None:
    project = tomllib.loads((project_root / "native" / "pyproject.toml").read_text())["project"]
    assert project["version"].split(".")[1] == str(native_library.VERSION)


def test_a_library_for_another_machine_is_not_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    require_native()
    import afschrift_native

    (tmp_path / "reader.so").write_bytes(b"\x7fELF of another machine")
    monkeypatch.setattr(afschrift_native, "_FILE", tmp_path / "reader.so")
    assert native_library.library.__wrapped__() is None
    assert "afschrift-native cannot be loaded (OSError)" in caplog.text


def test_a_truncated_library_is_not_loaded(tmp_path: Path) -> None:
    """An installation that a full disk ended; loaded, it would end the process."""
    require_native()
    import afschrift_native

    installed = Path(afschrift_native.__file__).parent
    for folder in (installed, *installed.parent.glob("afschrift_native-*.dist-info")):
        shutil.copytree(folder, tmp_path / folder.name)
    before = f"sys.path.insert(0, {str(tmp_path)!r})"
    assert read_by(before)[0] == "afschrift-native"

    os.truncate(tmp_path / "afschrift_native" / "reader.so", 20_000)
    assert read_by(before)[0] == "msgspec"


def test_a_library_without_the_functions_is_not_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    require_native()
    import ctypes

    import afschrift_native

    monkeypatch.setattr(afschrift_native, "load", lambda: ctypes.CDLL(None))
    assert native_library.library.__wrapped__() is None
    assert "afschrift-native cannot be loaded (AttributeError)" in caplog.text


def test_a_library_that_lacks_a_function_is_not_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    require_native()
    import afschrift_native

    whole = afschrift_native.load()
    for missing in ("afschrift_open", "afschrift_read", "afschrift_csv_open", "afschrift_csv_read"):

        class Short:
            def __getattr__(self, name: str, missing: str = missing) -> object:
                if name == missing:
                    raise AttributeError(name)
                return getattr(whole, name)

        caplog.clear()
        monkeypatch.setattr(afschrift_native, "load", Short)
        assert native_library.library.__wrapped__() is None
        assert "afschrift-native cannot be loaded (AttributeError)" in caplog.text


@pytest.mark.parametrize("name", ["json", "ndjson"])
@pytest.mark.parametrize("compiled", [False, True], ids=["msgspec", "native"])
def test_a_changed_cell_of_any_kind_stops_the_write(name: str, compiled: bool, tmp_path: Path) -> None:
    if compiled:
        require_native()
    staging = EncryptedStaging(tmp_path, "req-0123456789ab", b"k" * 32)
    plan = ExtractPlan("shop", "orders", tuple(MIXED), "SELECT")

    def read(stream: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]) -> Iterator[Any]:
        return read_records(stream, fields, lines=name == "ndjson", compiled=compiled)

    def written(format_: Format) -> None:
        format_ = replace(format_, reader=read)
        TableWriter(staging, plan, [format_], WriteLimits()).write(lambda: iter([mixed()]), {})

    written(FORMATS[name])
    others = ["plan", "2", "0.25", "false", '{"a":[1,{"b":0}],"c":"\\u00e9"}', "2024-01-02", "y"]
    for place, field in enumerate(MIXED):
        cells = [others[place], *(row[place] for row in ROWS[1:])]

        def change(
            rows: pa.RecordBatch, place: int = place, cells: list[str | None] = cells
        ) -> pa.RecordBatch:
            return rows.set_column(place, rows.schema.field(place), pa.array(cells, pa.string()))

        with pytest.raises(
            ValidationFailedError, match=r"the column reads back as the values extracted"
        ) as caught:
            written(changing(name, change))
        assert f"field {field.name}:" in str(caught.value)


BUNDLE = """
import hashlib, os, re, sys, zipfile
from pathlib import Path
sys.modules.update({hidden})
from testbed import running
from testbed.mini import write_database, write_inventory
folder = Path(sys.argv[1])
def masked(content):
    return re.sub(rb"\\[masked \\w+\\]", b"", content)  # each request has tokens of its own
os.environ["MINI_SHOP"] = str(write_database(folder / "shop.duckdb"))
services = running.installation(folder / "home", write_inventory(folder / "inventory"))
request = running.store(services, {{"customer_id": "1"}}, formats=["csv", "json", "ndjson"])
with zipfile.ZipFile(running.run_reviewed(services, request)) as bundle:
    for name in sorted(bundle.namelist()):
        if "/shop/" in name and name.endswith(("csv", "json")):
            print(name.partition("/shop/")[2], hashlib.sha256(masked(bundle.read(name))).hexdigest())
"""


def test_a_bundle_is_the_same_without_it(tmp_path: Path, project_root: Path) -> None:
    require_native()
    found = []
    for name, hidden in (("with", {}), ("without", {"afschrift_native": None})):
        (tmp_path / name).mkdir()
        command = [sys.executable, "-c", BUNDLE.format(hidden=hidden), str(tmp_path / name)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=project_root)
        found.append(done.stdout.splitlines())
    assert found[0] == found[1]
    assert {line.split()[0].rpartition(".")[2] for line in found[0]} == {"csv", "json", "ndjson"}
