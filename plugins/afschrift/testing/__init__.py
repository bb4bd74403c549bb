"""The contract of sources, for packages that bring a kind: a plugin of pytest (`-p afschrift.testing`).

A test that takes `source_check` runs once for each check of the contract:

    def test_contract(source_check, source_to_test):
        source_check(source_to_test)
"""

from __future__ import annotations

from typing import Any


def pytest_generate_tests(metafunc: Any) -> None:
    """Give a test that asks for `source_check` each check of the contract."""
    if "source_check" in metafunc.fixturenames:
        from afschrift.testing.checks import CHECKS

        metafunc.parametrize("source_check", CHECKS.values(), ids=CHECKS)
