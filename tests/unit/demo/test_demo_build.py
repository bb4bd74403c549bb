import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from demo.build import LAKE, SHOP, build
from demo.lake import TABLES

ROOT = Path(__file__).parents[3]
SCALE = 0.02


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    line, env = [sys.executable, "-m", "demo.build", *arguments], {**os.environ, **environment}
    return subprocess.run(line, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def fingerprints(folder: Path) -> dict[str, tuple[int, int]]:
    """Rows and a sum of digests of each table, whatever the order of the rows."""
    with duckdb.connect(str(folder / SHOP), read_only=True) as con:
        con.execute("SET TimeZone = 'UTC'")
        names = [name for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        places = {name: name for name in names} | {
            f"lake/{name}": f"read_parquet('{folder / LAKE / name}/*/*.parquet', hive_partitioning = true)"
            for name in TABLES
        }
        digest = "sum(md5_number_lower(CAST(t AS VARCHAR))::HUGEINT)"
        return {
            name: con.execute(f"SELECT count(*), {digest} FROM {place} AS t").fetchone() or (0, 0)
            for name, place in places.items()
        }


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The same build from the command line, in another zone, with other hashes and one thread."""
    folder = tmp_path_factory.mktemp("elsewhere")
    elsewhere = {"TZ": "Pacific/Auckland", "PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "1"}
    done = command("--into", str(folder), "--scale", str(SCALE), **elsewhere)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_same_seed_same_rows(demo_warehouse: Path, elsewhere: tuple[Path, str]) -> None:
    here, there = fingerprints(demo_warehouse), fingerprints(elsewhere[0])
    assert len(here) == 34
    assert here == there


def test_another_seed_gives_other_rows(tmp_path: Path) -> None:
    found = []
    for seed in (1, 2):
        build(tmp_path / str(seed), 0.001, seed=seed, say=lambda _: None)
        found.append(fingerprints(tmp_path / str(seed)))
    assert {name for name in found[0] if found[0][name] == found[1][name]} == {"carrier", "category"}


def test_no_clock_and_no_hidden_randomness() -> None:
    found = re.compile(
        r"\b(now|today|utcnow|time\.time|uuid4|urandom|default_rng|gen_random_uuid)\(|current_"
    )
    places = {
        f"{path.name}: {hit.group()}"
        for path in (ROOT / "demo").glob("*.*")
        for hit in found.finditer(path.read_text(encoding="utf-8"))
    }
    assert places == {"draw.py: default_rng(", "run.py: today("}  # the day on which the demo hands over


def test_a_second_build_replaces_the_first(tmp_path: Path) -> None:
    stale = tmp_path / LAKE / "heart_rate" / "day=1999-01-01" / "part-0.parquet"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"of an earlier build")
    (tmp_path / "other.txt").write_text("not ours")
    build(tmp_path, 0.001, say=lambda _: None)
    assert not stale.exists()
    assert (tmp_path / "other.txt").exists()
