"""What a bundle gives once it is open, how an encrypted one is opened, and which errors name what is wrong."""

import io
from pathlib import Path
from unittest.mock import Mock

import pandas as pd
import pyarrow as pa
import pyrage
import pytest
from tests.support.golden import GOLDEN

from afschrift.encryption.aes_zip import AesZip
from afschrift_bundles import Bundle, UnusableBundleError, open_bundle
from afschrift_bundles.tables import TableReader

ZIP = GOLDEN / "1.0" / "portability-xml-ndjson-parquet-csv.zip"
WORDS = "apple banana cherry damson elder fig"


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return open_bundle(ZIP, ZIP.with_suffix(".pem"))


def test_tables_fields_and_files_are_frames(bundle: Bundle) -> None:
    assert bundle.verdict.startswith("whole, signed by key")
    assert bundle.tables.loc["shop.value", "rows"] == 4
    assert bundle.tables["formats"].unique().tolist() == ["parquet, csv, ndjson, xml"]
    fields = bundle.fields(language="nl")
    assert fields.loc[("shop.value", "id"), "title"] == "Nummer"
    assert fields.loc[("shop.value", "whole"), "kind"] == "integer"
    assert bundle.fields("value", language="nl").loc["id", "title"] == "Nummer"
    out = bundle.left_out().set_index("table")
    assert out.loc["shop.ticket", "column"].isna().tolist() == [True, False, False]
    files = bundle.files()
    assert files["row"].tolist() == [0, 1, 3]
    assert [bundle.file(path) for path in files.index] == bundle.frame("value")["photo"].dropna().tolist()


def test_a_table_in_chunks_is_the_table(bundle: Bundle) -> None:
    whole = bundle.frame("shop.value")
    assert whole["code"].dtype.categories.tolist()[:2] == ["A", "B"]
    for rows in (1, 3, 4, 9):
        chunks = list(bundle.chunks("shop.value", rows))
        assert all(len(chunk) <= rows for chunk in chunks)
        pd.testing.assert_frame_equal(pd.concat(chunks), whole)
        assert {tuple(chunk.dtypes) for chunk in chunks} == {tuple(whole.dtypes)}
    empty = TableReader(bundle._archive, [{**bundle._table("value").parts[0], "afschrift:rows": 0}])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TableReader, "batches", lambda _: iter(()))
        patch.setitem(bundle._tables, "shop.value", empty)
        [none] = bundle.chunks("shop.value")
    assert (len(none), *none.dtypes) == (0, *whole.dtypes)
    labelled = bundle.frame("shop.value", labels=True)["code"]
    assert set(labelled.dropna()).isdisjoint({"A", "B"})


def test_a_table_that_memory_does_not_hold_is_to_be_read_in_parts(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = pa.ArrowMemoryError("realloc of size 8 failed")
    monkeypatch.setattr(TableReader, "batches", Mock(side_effect=full))
    with pytest.raises(UnusableBundleError, match=r"chunks\('value'\)"):
        bundle.frame("value")


def test_a_database_has_tables_keys_and_titles(bundle: Bundle) -> None:
    database = bundle.duckdb()
    keys = database.execute(
        "SELECT table_name, referenced_table FROM duckdb_constraints() WHERE constraint_type = 'FOREIGN KEY'"
    ).fetchall()
    assert ("line", "orders") in keys
    assert database.execute(
        "SELECT count(*) FROM shop.line JOIN shop.orders USING (order_id)"
    ).fetchone() == (3,)
    assert database.execute("SELECT photo FROM shop.value WHERE id = 1").fetchone() == (b"\x89PNG",)


@pytest.mark.filterwarnings("error:unclosed file <_io:ResourceWarning")
def test_a_file_as_it_was_handed_over_is_opened(tmp_path: Path) -> None:
    content = ZIP.read_bytes()
    locked, for_key, identity = tmp_path / "locked.zip", tmp_path / "bundle.age", tmp_path / "key.txt"
    with locked.open("wb") as sink:
        AesZip().encrypt(io.BytesIO(content), len(content), sink, WORDS)
    key = pyrage.x25519.Identity.generate()
    for_key.write_bytes(pyrage.encrypt(content, [key.to_public()]))
    identity.write_text(f"# made today\n{key}\n")
    for opened in (
        open_bundle(locked, words=" Apple banana-cherry\ndamson elder FIG"),
        open_bundle(for_key, identity=identity),
    ):
        assert len(opened.frame("shop.value")) == 4
    altered = tmp_path / "altered.zip"
    altered.write_bytes(locked.read_bytes().replace(locked.read_bytes()[5000:5010], bytes(10)))
    identity_of_another = tmp_path / "other.txt"
    identity_of_another.write_text(str(pyrage.x25519.Identity.generate()))
    pgp = tmp_path / "bundle.gpg"
    pgp.write_bytes(b"\x85\x01\x0c" + bytes(50))
    picture, broken = tmp_path / "photo.png", tmp_path / "broken.zip"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    broken.write_bytes(content[:3000])
    for path, options, message in (
        (locked, {}, "Six words open this file"),
        (locked, {"words": "apple banana cherry damson elder grape"}, "not the words of this file"),
        (locked, {"words": "elder fig"}, "These are 2 words; six open this file"),
        (altered, {"words": WORDS}, "altered"),
        (for_key, {}, "A key of age opens this file"),
        (for_key, {"identity": identity_of_another}, "does not open this file"),
        (for_key, {"identity": tmp_path / "none"}, "cannot be read"),
        (pgp, {}, "gpg -o bundle.zip -d"),
        (picture, {}, "it is no ZIP file of a bundle"),
        (broken, {}, "the ZIP file breaks off. Copy it again"),
        (tmp_path / "none.zip", {}, "There is nothing at"),
        (ZIP, {"key": tmp_path / "none.pem"}, "The file of the key cannot be read"),
        (ZIP, {"key": identity}, "This is no public key of this kind"),
        (ZIP, {"key": GOLDEN / "1.0" / "access-csv-json-xml.pem"}, "not signed with the key that you gave"),
    ):
        with pytest.raises(UnusableBundleError, match=message) as raised:
            open_bundle(path, **options)  # type: ignore[arg-type]
        assert not {"apple", "grape"} & set(str(raised.value).lower().split())


def test_a_table_or_file_that_is_not_there_is_named_with_what_is(bundle: Bundle) -> None:
    for ask, message in (
        (lambda: bundle.frame("shop.valu"), r"no table shop.valu\. Is it shop.value"),
        (lambda: bundle.table("ticket"), "no rows of ticket: its status in coverage.json"),
        (lambda: bundle.fields("nothing at all"), "no table nothing at all. See tables"),
        (lambda: bundle.file("../bag-info.txt"), "no file"),
    ):
        with pytest.raises(UnusableBundleError, match=message):
            ask()
    with pytest.raises(ValueError, match="at least one row"):
        next(bundle.chunks("value", 0))
