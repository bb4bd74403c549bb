"""The live check names tables of a lake of which a person's key rules out few files, and what sorting saves."""

from pathlib import Path

import pyarrow as pa
from deltalake import write_deltalake
from tests.support.key_shop import KeyShop, mapped

from afschrift.datamap.check.finding import Code
from afschrift.datamap.check.map_check import check_sources
from afschrift.inventory.load import load

FILES = 24


def test_tables_whose_key_rules_out_no_files_are_named(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    for file in range(FILES):
        for table, start, step in (("tidy", file * 10, 1), ("mixed", file, FILES), ("texts", file * 10, 1)):
            numbers = [start + step * n for n in range(10)]
            ids = pa.array([f"k{n:05}" for n in numbers] if table == "texts" else numbers)
            rows = pa.table({"id": pa.array(numbers), "customer_id": ids})
            write_deltalake(lake / table, rows, mode="append")
    tables = "".join(
        mapped(name, "subject: {customer_id: customer_id}", "id", "customer_id")
        for name in ("tidy", "mixed", "texts")
    )
    report = check_sources(load(KeyShop(tmp_path, "delta").write(tables, ("customer_id",))))
    found = {of.table: of for of in report.findings if of.code is Code.READ_WHOLE}
    assert set(found) == {"mixed", "texts"}
    assert "about 24 of 24 files" in found["mixed"].sentence
    assert "about 1 if they were sorted by it" in found["mixed"].sentence
    assert "mark customer_id as `normal`" in found["texts"].remedy
