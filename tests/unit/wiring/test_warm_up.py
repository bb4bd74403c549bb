import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from jinja2 import Environment
from sqlalchemy.sql.compiler import SQLCompiler
from testbed.running import drive, installation, store
from testbed.small import write_database, write_inventory
from tests.support.nightly import nightly_after

from afschrift.app.settings import Settings
from afschrift.audit.wording import wording
from afschrift.bundle.page.words import page_templates
from afschrift.inventory import load as inventory_load
from afschrift.register.database import database
from afschrift.register.database.database import _compiling
from afschrift.selection.statements import sql_templates
from afschrift.wiring.build_services import build, load_inventory
from afschrift.wiring.warm_up import warm_up


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))
    folder = write_inventory(tmp_path / "inventory")
    return Settings.from_environment(
        {"AFSCHRIFT_HOME": str(tmp_path / "home"), "AFSCHRIFT_INVENTORY": str(folder)}
    )


def warm(settings: Settings) -> list[str]:
    """Lines that it logs."""
    lines: list[str] = []
    warm_up(lines.append, settings)
    return lines


def in_a_child(work: Callable[[], str]) -> str:
    """What a forked process finds."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, work().encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read) as answer:
        return answer.read()


def test_a_child_finds_the_inventory_in_memory_until_it_changes(settings: Settings) -> None:
    def loading() -> str:
        hits = inventory_load._compiled.cache_info().hits
        digest = load_inventory(settings.inventory).digest
        return f"{inventory_load._compiled.cache_info().hits - hits} {digest}"

    assert warm(settings) == []
    had, before = in_a_child(loading).split()
    assert had == "1"
    shop = settings.inventory / "shop.yml"
    shop.write_text(shop.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    had, after = in_a_child(loading).split()
    assert had == "0"
    assert before != after == load_inventory(settings.inventory).digest


@pytest.mark.parametrize("language", nightly_after(1, ["nl", "en"]))
def test_after_it_no_step_compiles_a_template(
    language: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compiling them took longer than all other work on a small request, and each task is a fork."""
    services = installation(settings.home, settings.inventory)
    request = store(services, {"customer_id": "1"}, language=language)
    for cached in (sql_templates, page_templates, wording):
        cached.cache_clear()
    warm(settings)

    def compiled(
        _self: Environment, _source: object, name: str | None = None, *_: object, **__: object
    ) -> None:
        pytest.fail(f"{name} was compiled in a step")

    monkeypatch.setattr(Environment, "compile", compiled)
    assert drive(services, request).exists()
    assert wording("en").event("extracted", {"tables": {}, "files": [], "seconds": 1})


def test_after_it_a_gate_compiles_hardly_a_statement(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To compile them takes a gate longer than the database does, and each task is a fork."""
    monkeypatch.setattr(database, "_compiling", _compiling)  # else it finds what other tests compiled
    request = store(installation(settings.home, settings.inventory), {"customer_id": "1"})
    begin = SQLCompiler.__init__

    def compiled_at_a_gate() -> int:
        services, made = build(lambda _line: None, settings), list[object]()

        def counted(self: SQLCompiler, *given: object, **more: object) -> None:
            made.append(self)
            begin(self, *given, **more)  # type: ignore[arg-type]

        def asking() -> str:
            SQLCompiler.__init__ = counted  # type: ignore[method-assign]
            services.register.evidence.must_follow(request)
            return str(len(made))

        return int(in_a_child(asking))

    _compiling.cache_clear()
    without = compiled_at_a_gate()
    _compiling.cache_clear()
    assert warm(settings) == []
    assert compiled_at_a_gate() <= 2 < 7 < without


def test_an_unusable_register_or_inventory_ends_nothing(settings: Settings) -> None:
    assert (warm(settings), settings.home.exists()) == ([], False)  # and no register is made
    settings.home.mkdir()
    (settings.home / "register.db").write_bytes(b"no database" * 100)
    [line] = warm(settings)
    assert line.partition(",")[0] == "Each task compiles its register queries itself"
    (settings.inventory / "shop.yml").write_text("source: [", encoding="utf-8")
    [line] = warm(settings)
    assert "shop.yml:1" in line


LOADED = """
import sys
for blocked in sys.argv[1:]:
    sys.modules[blocked] = None
from afschrift.wiring.warm_up import warm_up
lines = []
warm_up(lines.append)
print(*(name for name, module in sys.modules.items() if module))
print(*lines, sep="\\n")
"""
LIBRARIES = {"duckdb", "adbc_driver_postgresql", "psycopg", "pymysql"}


@pytest.mark.parametrize(
    ("kind", "blocked", "libraries"),
    nightly_after(2, [("duckdb", "", {"duckdb"}), ("duckdb", "duckdb", set()), ("sqlite", "", set())]),
)
def test_it_imports_what_steps_and_the_sources_of_the_map_need(
    settings: Settings, kind: str, blocked: str, libraries: set[str]
) -> None:
    """Before steps are forked; what does not import is one warning."""
    shop = settings.inventory / "shop.yml"
    text = shop.read_text(encoding="utf-8").replace("kind: sqlite", f"kind: {kind}")
    shop.write_text(text, encoding="utf-8")
    env = {"AFSCHRIFT_HOME": str(settings.home), "AFSCHRIFT_INVENTORY": str(settings.inventory)}
    command = [sys.executable, "-c", LOADED, *([blocked] if blocked else [])]
    run = subprocess.run(command, env=os.environ | env, capture_output=True, text=True, check=True)
    modules, *lines = run.stdout.splitlines()
    assert {"pyarrow", "polars", "afschrift.steps.extract", "afschrift.steps.close"} <= set(modules.split())
    assert set(modules.split()) & LIBRARIES == libraries
    assert [blocked in line for line in lines if line] == [True] * bool(blocked)
