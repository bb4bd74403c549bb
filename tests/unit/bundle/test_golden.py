"""Bundles of every version of the format still verify and load (docs/bundle.md)."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.support import golden
from typer.testing import CliRunner

from afschrift.bundle.container.layout import FORMAT_VERSION
from afschrift.cli.main import app

LOAD = Path(__file__).parents[3] / "examples" / "reuse" / "load.py"
BUNDLES = sorted(golden.GOLDEN.glob("*/*.zip"))


def known(bundle: Path) -> dict[str, Any]:
    facts: dict[str, dict[str, Any]] = json.loads((bundle.parent / "known.json").read_text(encoding="utf-8"))
    return facts[bundle.name]


def verified(bundle: Path, key: Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["verify", str(bundle), "--key", str(key)])
    return done.exit_code, done.output


def test_the_version_of_today_is_among_them() -> None:
    assert (golden.GOLDEN / FORMAT_VERSION / "known.json").exists()


@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda b: f"{b.parent.name}-{b.stem}")
def test_a_golden_bundle_verifies(bundle: Path, tmp_path: Path) -> None:
    code, shown = verified(bundle, bundle.with_suffix(".pem"))
    facts = known(bundle)
    assert code == 0, shown
    assert f"request {facts['request']} ({facts['right']})" in shown

    content = bytearray(bundle.read_bytes())
    content[content.index(b"/bag-info.txt") + 30] ^= 1
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(content)
    assert verified(damaged, bundle.with_suffix(".pem"))[0] == 1


@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda b: f"{b.parent.name}-{b.stem}")
def test_a_golden_bundle_loads(bundle: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'loaded.db'}"
    done = subprocess.run(
        [sys.executable, str(LOAD), str(bundle), url], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    facts = known(bundle)
    with sa.create_engine(url).connect() as connection:
        for table, rows in facts["tables"].items():
            assert connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar() == rows
        # What golden bundles are for: forms of values that a careless change would alter.
        value = connection.execute(
            sa.text("SELECT words, whole, amount, day FROM shop_value ORDER BY id LIMIT 3")
        ).fetchall()
        photo = connection.execute(sa.text("SELECT content, row_key FROM uploaded_file ORDER BY row_number"))
        assert photo.fetchone() == (b"\x89PNG", '{"id": "1"}')
    assert [tuple(map(str, row)) for row in value] == [
        ("\\N", "9007199254740993", "1.1", "2024-02-29"),
        ("", "-1", "-1e-10", "infinity"),
        ("None", "None", "None", "None"),
    ]


def test_no_golden_bundle_is_ever_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golden, "GOLDEN", tmp_path)
    monkeypatch.setattr(golden, "make", lambda into: into.mkdir())
    for _ in range(3):
        golden.main()
    assert {p.name for p in tmp_path.iterdir()} == {f"{FORMAT_VERSION}{n}" for n in ("", "-2", "-3")}
