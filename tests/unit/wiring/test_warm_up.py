from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from jinja2 import Environment
from sqlalchemy.sql.compiler import SQLCompiler
from testbed.mini import write_database, write_inventory
from testbed.running import drive, installation, store

from afschrift.app.settings import Settings
from afschrift.audit.wording import wording
from afschrift.bundle.page.words import page_templates
from afschrift.inventory import load as inventory_load
from afschrift.register.database import database
from afschrift.register.database.database import _compiling
from afschrift.selection.statements import sql_templates
from afschrift.services import Services
from afschrift.wiring.build_services import build, load_inventory
from afschrift.wiring.warm_up import warm_up


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    folder = write_inventory(tmp_path / "inventory")
    return Settings.from_environment(
        {"AFSCHRIFT_HOME": str(tmp_path / "home"), "AFSCHRIFT_INVENTORY": str(folder)}
    )


def in_a_child(settings: Settings) -> tuple[bool, str]:
    """Whether a forked process had the inventory already, and its digest."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        hits = inventory_load._compiled.cache_info().hits
        digest = load_inventory(settings.inventory).digest
        os.write(write, f"{inventory_load._compiled.cache_info().hits - hits} {digest}".encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read) as answer:
        hit, digest = answer.read().split()
    return hit == "1", digest


def test_a_child_finds_the_inventory_in_memory_until_it_changes(settings: Settings) -> None:
    lines: list[str] = []
    warm_up(lines.append, settings)
    had, before = in_a_child(settings)
    assert (had, lines) == (True, [])
    shop = settings.inventory / "shop.yml"
    shop.write_text(shop.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    had, after = in_a_child(settings)
    assert not had
    assert before != after == load_inventory(settings.inventory).digest


@pytest.mark.parametrize("language", ["nl", "en"])
def test_after_it_no_step_compiles_a_template(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compiling them took longer than all other work on a small request, and each task is a fork."""
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.duckdb")))
    services = installation(tmp_path / "home", write_inventory(tmp_path / "inventory"))
    request = store(services, {"customer_id": "1"}, language=language)
    for cached in (sql_templates, page_templates, wording):
        cached.cache_clear()
    warm_up(lambda _line: None, Settings.from_environment({"AFSCHRIFT_HOME": str(tmp_path / "home")}))

    def compiled(
        _self: Environment, _source: object, name: str | None = None, *_: object, **__: object
    ) -> None:
        pytest.fail(f"{name} was compiled in a step")

    monkeypatch.setattr(Environment, "compile", compiled)
    assert drive(services, request).exists()
    assert wording("en").event("extracted", {"tables": {}, "files": [], "seconds": 1})


def compiled_in_a_child(services: Services, request: str) -> int:
    """How many statements a forked process compiles at a gate."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        made: list[object] = []
        begin = SQLCompiler.__init__

        def counted(self: SQLCompiler, *given: object, **more: object) -> None:
            made.append(self)
            begin(self, *given, **more)  # type: ignore[arg-type]

        SQLCompiler.__init__ = counted  # type: ignore[method-assign]
        services.register.evidence.must_follow(request)
        os.write(write, str(len(made)).encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read) as answer:
        return int(answer.read())


def test_after_it_a_gate_compiles_hardly_a_statement(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To compile them takes a gate longer than the database does, and each task is a fork."""
    monkeypatch.setattr(database, "_compiling", _compiling)  # else it finds what other tests compiled
    services = installation(tmp_path / "home", settings.inventory)
    request = store(services, {"customer_id": "1"})
    _compiling.cache_clear()
    without = compiled_in_a_child(build(lambda _line: None, settings), request)
    _compiling.cache_clear()
    lines: list[str] = []
    warm_up(lines.append, settings)
    assert compiled_in_a_child(build(lambda _line: None, settings), request) <= 2 < 7 < without
    assert lines == []


def test_a_register_that_cannot_be_asked_ends_nothing_and_none_is_made(settings: Settings) -> None:
    lines: list[str] = []
    warm_up(lines.append, settings)
    assert (lines, settings.home.exists()) == ([], False)
    settings.home.mkdir()
    (settings.home / "register.db").write_bytes(b"no database" * 100)
    warm_up(lines.append, settings)
    assert [line.partition(",")[0] for line in lines] == ["Each task compiles its register queries itself"]


def test_an_inventory_that_cannot_be_used_ends_nothing(settings: Settings) -> None:
    (settings.inventory / "shop.yml").write_text("source: [", encoding="utf-8")
    lines: list[str] = []
    warm_up(lines.append, settings)
    [line] = lines
    assert "shop.yml:1" in line


def test_what_steps_need_for_rows_is_loaded_before_they_are_forked() -> None:
    code = "import sys\nfrom afschrift.wiring.warm_up import warm_up\nwarm_up(lambda line: None)\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"pyarrow", "polars", "afschrift.steps.extract", "afschrift.steps.close"} <= set(
        run.stdout.split()
    )


def loaded(settings: Settings, blocked: str = "") -> tuple[set[str], list[str]]:
    """Top-level modules of a process that is warm, and what it says; `blocked` does not import there."""
    code = f"""
import sys
if {blocked!r}:
    sys.modules[{blocked!r}] = None
from afschrift.wiring.warm_up import warm_up
lines = []
warm_up(lines.append)
print(*{{name.partition(".")[0] for name, module in sys.modules.items() if module}})
print(*lines, sep="\\n")
"""
    env = {"AFSCHRIFT_HOME": str(settings.home), "AFSCHRIFT_INVENTORY": str(settings.inventory)}
    run = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | env, capture_output=True, text=True, check=True
    )
    first, *lines = run.stdout.splitlines()
    return set(first.split()), [line for line in lines if line]


def test_it_imports_the_libraries_of_the_sources_that_the_map_names(settings: Settings) -> None:
    libraries = {"duckdb", "adbc_driver_postgresql", "psycopg", "pymysql"}
    of_duckdb, messages = loaded(settings)
    shop = settings.inventory / "shop.yml"
    shop.write_text(
        shop.read_text(encoding="utf-8").replace("kind: duckdb", "kind: sqlite"), encoding="utf-8"
    )
    of_sqlite, more = loaded(settings)

    assert (of_duckdb & libraries, of_sqlite & libraries) == ({"duckdb"}, set())
    assert messages == more == []


def test_what_does_not_import_is_one_warning(settings: Settings) -> None:
    modules, [line] = loaded(settings, "duckdb")

    assert "duckdb" in line
    assert {"polars", "pyarrow"} <= modules
