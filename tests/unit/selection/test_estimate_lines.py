import pytest
from testbed.mini import write_inventory

from afschrift.domain.reconciliation import Estimate, TableEstimate
from afschrift.inventory.load import load
from afschrift.inventory.model import SourceFile
from afschrift.selection.estimate_lines import about, estimate_lines
from afschrift.sources.registry import SOURCES


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> SourceFile:
    return load(write_inventory(tmp_path_factory.mktemp("inventory")), SOURCES).sources["shop"]


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        (
            TableEstimate("orders", True, rows=2_100_000, size=310_000_000),
            "orders: reads all 2.1 million rows, 310 MB (no index on customer_id is of use)",
        ),
        (TableEstimate("orders", True), "orders: reads all rows (no index on customer_id is of use)"),
        (TableEstimate("elsewhere", True, rows=5), "elsewhere: reads all 5 rows"),
        (
            TableEstimate("orders", False, "by_customer", 2_100_000, 999),
            "orders: by index by_customer, of 2.1 million rows, 999 bytes",
        ),
        (TableEstimate("orders", False, "by_customer"), "orders: by index by_customer"),
        (TableEstimate("orders", False), "orders: by index"),
        (TableEstimate("orders", None), "orders: the database does not say how it would read it"),
        (TableEstimate("orders", True, size=1_000, files=1), "orders: looks through 1 file (1 kB)"),
        (TableEstimate("orders", True, files=1_200), "orders: looks through 1,200 files"),
    ],
)
def test_how_a_table_would_be_read_in_words(reading: TableEstimate, words: str, shop: SourceFile) -> None:
    assert list(estimate_lines(Estimate(readings=(reading,)), shop)) == [words]


def test_database_s_estimate_of_the_statement(shop: SourceFile) -> None:
    lines = list(estimate_lines(Estimate(12_000, 431.6), shop))
    assert lines == [
        "about 12,000 rows, cost 432 in the database's own unit",
        "the database does not say how it would read the table",
    ]

    assert (about(0), about(999_999), about(12_345_678)) == ("0", "999,999", "12.3 million")
