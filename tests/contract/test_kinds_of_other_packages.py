"""Kinds that another package brings by the entry point `afschrift.sources`, and the ways in which that fails."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint

import pytest

from afschrift.domain.errors import ConfigurationError
from afschrift.sources import registry
from afschrift.sources.registry import SOURCES, Adapter, open_source

ADAPTER = Adapter("afschrift.sources.sqlite.source", "Sqlite")
BROUGHT = {
    "brought": f"{__name__}:ADAPTER",
    "no_module": "afschrift_nowhere:ADAPTER",
    "no_name": f"{__name__}:NOWHERE",
    "no_adapter": f"{__name__}:BROUGHT",
    "postgres": f"{__name__}:ADAPTER",  # a name of ours, which no package can take over
}


@pytest.fixture(autouse=True)
def _brought(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    registry._brought.cache_clear()
    monkeypatch.setattr(
        registry, "entry_points", lambda group: [EntryPoint(*each, group) for each in BROUGHT.items()]
    )
    yield
    registry._brought.cache_clear()


def test_a_kind_of_another_package_is_opened_as_ours_are() -> None:
    assert "brought" in SOURCES and "nowhere" not in SOURCES
    assert list(SOURCES).count("postgres") == 1 and len(SOURCES) == len(list(SOURCES))
    assert SOURCES["postgres"] is not ADAPTER
    assert type(open_source("w", "brought", {"path": "x"})).__name__ == "Sqlite"


@pytest.mark.parametrize("kind", ["no_module", "no_name", "no_adapter"])
def test_a_kind_that_cannot_be_loaded_names_its_entry_point(kind: str) -> None:
    with pytest.raises(ConfigurationError, match=f"(?s)kind {kind} of package.*{BROUGHT[kind]}"):
        open_source("w", kind, {})
