"""Every fault of the files of a data map is reported, with the line that has it.

data/faults.tsv has which text of which file is replaced, what is on the line that is named, and what is said of it.
`\\n` in it is a line end.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from testbed import mini
from tests.support import family, help_desk, profile_shop
from tests.support.data import lines
from tests.support.manual import add_systems
from tests.support.rental import TEXT, write_map
from tests.unit.inventory.test_defaults import SHOP as DEFAULTS
from tests.unit.inventory.test_other_files import MAIL

from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.document import InventoryError
from afschrift.inventory.law_files import age_of_consent, load_grounds
from afschrift.inventory.load import load
from afschrift.sources.registry import SOURCES

GROUNDS = Path(__file__).parents[3] / "include" / "grounds"
Change = Callable[[str], str]
TWO = "label: title", "label: [title, rating]"


def shop(folder: Path, text: str) -> object:
    return load(mini.write_inventory(folder, text), SOURCES)


def file_of(folder: Path, name: str, change: Change) -> Path:
    path = folder / name
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    return folder


def members(folder: Path, change: Change) -> object:
    written = profile_shop.write_inventory(folder / "map", "duckdb", "options: {path: nowhere.duckdb}")
    return load(file_of(written, "shop.yml", change))


def ages(folder: Path, change: Change) -> object:
    (folder / "ages.yml").write_text(change(""), encoding="utf-8")
    return age_of_consent(folder / "ages.yml", "NL")


MAPS: dict[str, Callable[[Path, Change], object]] = {
    "shop": lambda folder, change: shop(folder, change(mini.SHOP)),
    "defaults": lambda folder, change: load(mini.write_inventory(folder, change(DEFAULTS))),
    "members": members,
    "labels": lambda folder, change: load(write_map(folder, change(TEXT))),
    "labels of two": lambda folder, change: load(write_map(folder, change(TEXT).replace(*TWO))),
    "manual": lambda folder, change: load(add_systems(mini.write_inventory(folder), change(MAIL))),
    "free text": lambda folder, change: load(file_of(help_desk.write(folder), "shop.yml", change)),
    "identity": lambda folder, change: load(
        file_of(mini.write_inventory(folder, family.SHOP), "identity.yml", change)
    ),
    "controller": lambda folder, change: load(
        file_of(mini.write_inventory(folder), "controller.yml", change)
    ),
    "ages": ages,
    "grounds": lambda folder, change: load_grounds(
        file_of(Path(shutil.copytree(GROUNDS, folder / "grounds")), "grounds.yml", change)
    ),
}


def unescaped(found: re.Match[str]) -> str:
    return "\n" if found[1] == "n" else "\\"


FAULTS = [
    {name: re.sub(r"\\([n\\])", unescaped, text) for name, text in row.items()}
    for row in lines(__file__, "faults.tsv")
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault['map']}: {fault['says'] or fault['at']}")
def test_each_fault_is_reported_with_its_line(tmp_path: Path, fault: dict[str, str]) -> None:
    def change(text: str) -> str:
        assert fault["old"] in text
        return text.replace(fault["old"], fault["new"], 1) if fault["old"] else text + fault["new"]

    with pytest.raises(ConfigurationError) as caught:
        MAPS[fault["map"]](tmp_path, change)
    assert fault["says"] in str(caught.value)
    if not isinstance(caught.value, InventoryError):
        assert "grounds.yml:" in str(caught.value)  # with a line
        assert "docs/grounds.md" in str(caught.value)
        return
    named = [found for found in caught.value.faults if fault["says"] in str(found)]
    assert named
    lines = [next(tmp_path.rglob(f.file)).read_text("utf-8").splitlines()[f.line - 1] for f in named]
    assert any(fault["at"] in line for line in lines), lines
