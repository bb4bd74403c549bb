"""Whose rows a table has is found by values, whatever columns are called, and asked where values leave it open.

data/by_values.yml has databases, and what is found in them.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.scanned import found, ways

from afschrift.datamap.scan.scan_findings import Findings
from afschrift.datamap.scan.table_context import TableRole
from afschrift.datamap.scan.ways import by_values
from afschrift.datamap.scan.ways.person_shapes import shape_of

DATA = yaml.safe_load(Path(__file__).with_name("data").joinpath("by_values.yml").read_text(encoding="utf-8"))
PEOPLE = DATA["people"]


def asked(findings: Findings) -> dict[str, list[str]]:
    """Table that is asked about -> its possible ways, or the reason."""
    return {
        name: sorted(way.text for way in table.ways) or [table.why] for name, table in findings.open.items()
    }


@pytest.mark.parametrize("case", DATA["cases"], ids=lambda case: case["case"])
def test_whose_rows_a_table_has(tmp_path: Path, case: dict[str, Any]) -> None:
    script = "" if case.get("alone") else PEOPLE
    findings = found(tmp_path / "w.db", script + case["tables"], values=case.get("values", True))
    if "roots" in case:
        assert list(findings.roots) == case["roots"]
    if "keys" in case:
        assert {name: findings.people[name].key for name in case["keys"]} == case["keys"]
    assert {n: w for n, w in ways(findings).items() if n in case.get("ways", ())} == case.get("ways", {})
    for name, expected in case.get("asked", {}).items():
        assert asked(findings)[name] == expected
    for name in case.get("of_no_person", ()):
        assert findings.places[name].role is TableRole.UNREACHED
        assert name not in findings.open, asked(findings)[name]
    words = " ".join(way.guess for place in findings.places.values() for way in place.ways)
    words += " ".join(way.guess for table in findings.open.values() for way in table.ways)
    assert all(part in words for part in case.get("evidence", ())), words


def test_300_columns(tmp_path: Path) -> None:
    names = ", ".join(f"c{number} INTEGER" for number in range(299))
    values = ", ".join("90000 + seq" for _ in range(299))
    wide = (
        f"CREATE TABLE wide ({names}, c299 TEXT); WITH RECURSIVE n(seq) AS (SELECT 1 UNION ALL SELECT seq + 1 "
        f"FROM n WHERE seq < 30) INSERT INTO wide SELECT {values}, "
        "printf('%08x-1111-4222-8333-444455556666', seq) FROM n;"
    )
    findings = found(tmp_path / "w.db", PEOPLE + wide)
    assert ways(findings)["wide"] == ["wide.c299 -> qzv.a"]


def test_key_that_was_not_read_leaves_tables_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("afschrift.datamap.matching.read_sketches._CELLS", 1)
    monkeypatch.setattr("afschrift.datamap.matching.read_sketches._FEWEST_ROWS", 10)
    monkeypatch.setattr(by_values, "_LARGE_KEYS", 0)
    findings = found(tmp_path / "w.db", PEOPLE + DATA["codes"])
    assert asked(findings)["codes"] == ["it was not compared with qzv"]


def test_large_key_of_people_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("afschrift.datamap.matching.read_sketches._CELLS", 1)
    monkeypatch.setattr("afschrift.datamap.matching.read_sketches._FEWEST_ROWS", 10)
    monkeypatch.setattr(by_values, "_WHOLE_ROWS", 0)
    findings = found(tmp_path / "w.db", PEOPLE + DATA["visits"])
    assert ways(findings)["xk"] == ["xk.n -> qzv.a"]
    assert " of a sample are in qzv.a" in findings.places["xk"].ways[0].guess


@pytest.mark.parametrize(
    ("samples", "because"),
    [
        ({"a": ["Anna", "Bram", "Cleo", "Daan"], "b": ["Jansen", "de", "Smit", "Bos"]}, None),
        ({"a": ["a@b.nl", "c@d.nl", "e@f.nl"]}, ["an e-mail address"]),
        ({"a": ["999-12-3456", "999-12-3457", "999-12-3458"]}, ["a citizen number"]),
        ({"a": ["1950-01-02", "1971-11-30", "2001-05-06"]}, ["dates of birth"]),
        ({"a": ["2001-01-02", "2002-11-30", "2003-05-06"]}, None),
        ({"a": ["Maria Anders", "Ana Trujillo", "Thomas B. Hardy"]}, ["a full name"]),
        ({"a": ["Utrecht", "Delft", "Zwolle"], "b": ["Noord", "Zuid", "Oost"]}, None),
        ({"a": ["Anna"]}, None),
    ],
)
def test_forms_of_values_of_people(samples: dict[str, list[str]], because: list[str] | None) -> None:
    shape = shape_of(samples)
    assert (shape and [what for _, what in shape.because]) == because
