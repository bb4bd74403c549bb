"""Which reader of JSON reads is decided in one place: the compiled one where it is there and fits."""

import ctypes
import os
import shutil
import subprocess
import sys
import tomllib
from functools import partial
from pathlib import Path

import pytest
from tests.support.readers import require_native

from afschrift.formats import native_library

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
    command = [sys.executable, "-c", READ_BY.format(before=before)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_without_it_msgspec_reads() -> None:
    assert read_by("sys.modules['afschrift_native'] = None") == ["msgspec", "msgspec", "[]"]


def test_with_the_library_a_record_imports_nothing_more() -> None:
    require_native()
    assert read_by() == ["afschrift-native", "afschrift-native", "[]"]


FUNCTIONS = ("afschrift_open", "afschrift_read", "afschrift_csv_open", "afschrift_csv_read")


class Short:
    """A library that lacks a function."""

    def __init__(self, whole: object, missing: str) -> None:
        self._whole, self._missing = whole, missing

    def __getattr__(self, name: str) -> object:
        if name == self._missing:
            raise AttributeError(name)
        return getattr(self._whole, name)


def test_a_library_that_does_not_fit_is_not_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    require_native()
    import afschrift_native

    (tmp_path / "reader.so").write_bytes(b"\x7fELF of another machine")
    whole, cannot = afschrift_native.load(), "cannot be loaded (AttributeError)"
    cases: list[tuple[object, str, object, str]] = [
        (native_library, "VERSION", 99, "has version 2 instead of 99"),
        (afschrift_native, "_FILE", tmp_path / "reader.so", "cannot be loaded (OSError)"),
        (afschrift_native, "load", lambda: ctypes.CDLL(None), cannot),
        *((afschrift_native, "load", partial(Short, whole, missing), cannot) for missing in FUNCTIONS),
    ]
    for of, name, value, words in cases:
        caplog.clear()
        with monkeypatch.context() as changed:
            changed.setattr(of, name, value)
            assert native_library.library.__wrapped__() is None, (name, words)
        assert f"afschrift-native {words}" in caplog.text


def test_each_native_interface_has_its_own_version(project_root: Path) -> None:
    project = tomllib.loads((project_root / "native" / "pyproject.toml").read_text())["project"]
    assert project["version"].split(".")[1] == str(native_library.VERSION)


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


BUNDLE = """
import hashlib, os, re, sys, zipfile
from pathlib import Path
sys.modules.update({hidden})
from testbed import running
from testbed.small import write_database, write_inventory
folder = Path(sys.argv[1])
def masked(content):
    return re.sub(rb"\\[masked \\w+\\]", b"", content)  # each request has tokens of its own
os.environ["MINI_SHOP"] = str(write_database(folder / "shop.sqlite"))
services = running.installation(folder / "home", write_inventory(folder / "inventory"))
request = running.store(services, {{"customer_id": "1"}}, formats=["csv", "json", "ndjson"])
with zipfile.ZipFile(running.run(services, request)) as bundle:
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
