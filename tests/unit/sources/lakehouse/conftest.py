"""DuckDB 1.5 with its own readers of Delta Lake and Iceberg, in a process and an environment of its own."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from tests.support.nightly import DRAWN

RELEASE = "1.5.5"
_EXTENSIONS = ("avro", "delta", "iceberg")
_PROGRAM = f"""
import json, os, sys
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # its readers print of their own
sys.path.insert(0, sys.argv[1])
import duckdb
con = duckdb.connect()
for name in {_EXTENSIONS}:
    con.execute(f"LOAD '{{sys.argv[1]}}/duckdb_extension_{{name}}/extensions/v{RELEASE}/{{name}}.duckdb_extension'")
for line in sys.stdin:
    try:
        found = sorted(map(repr, con.execute(line).fetchall()))
    except Exception as error:
        found = [str(error)]
    print(json.dumps(found), file=answers, flush=True)
"""

Judge = Callable[[str], list[str]]


@pytest.fixture(scope="session")
def duckdb_1_5(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge | None]:
    """Runs a statement there, and gives its rows as texts in order; None where its wheels cannot be had."""
    folder = tmp_path_factory.mktemp("duckdb")
    wheels = [f"duckdb-extension-{name}=={RELEASE}" for name in _EXTENSIONS]
    install = [sys.executable, "-m", "pip", "install", "-q", "--only-binary=:all:", "--target", str(folder)]
    done = subprocess.run(
        [*install, f"duckdb=={RELEASE}", *wheels], capture_output=True, text=True, check=False
    )
    if done.returncode:
        yield None
        return
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def ask(statement: str) -> list[str]:
            assert process.stdin and process.stdout
            process.stdin.write(" ".join(statement.split()) + "\n")
            process.stdin.flush()
            found: list[str] = json.loads(process.stdout.readline())
            return found

        yield ask
        process.stdin.close()  # type: ignore[union-attr]


@pytest.fixture
def judge(request: pytest.FixtureRequest) -> Judge | None:
    """It by night; its 190 MB are not fetched by day. Where it cannot be had, the last history says so."""
    nightly = request.node.get_closest_marker("nightly")
    found: Judge | None = request.getfixturevalue("duckdb_1_5") if nightly else None
    if found is None and request.node.callspec.id == f"night-{DRAWN - 1}":
        pytest.skip(f"the wheels of DuckDB {RELEASE} and its extensions cannot be had: it judged no history")
    return found
