"""How far the trail came, at the witness: asked at a run's first gate and at the delivery."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
from testbed import registers
from tests.unit.conftest import Ticking

from afschrift.app.settings import Settings
from afschrift.domain.errors import RetriableError
from afschrift.domain.event import NewEvent
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register
from afschrift.register.trail.differences import ForgedError
from afschrift.witnesses.heights import ask, lost, move_on, must_reach


@dataclasses.dataclass
class Witnessed:
    """A register on SQLite, its keys, and places that know its height."""

    home: Path
    settings: Settings
    register: Register

    def count(self) -> None:
        self.register.trail.record(None, NewEvent("counted"))

    def gate(self) -> None:
        """As at a run's first gate."""
        move_on(self.settings, self.register, must_reach(self.settings, self.register))

    def copy(self) -> bytes:
        """The register as it is."""
        self.register.store.database.close()
        return (self.home / "register.db").read_bytes()

    def put_back(self, copy: bytes) -> None:
        """Set the register back to a copy, as someone who may write its file but not the keys could."""
        self.register.store.database.close()
        for left in self.home.glob("register.db-*"):
            left.unlink()
        (self.home / "register.db").write_bytes(copy)

    def forget_beside(self) -> None:
        """As where the keys lie in a secrets backend: nothing is kept beside them."""
        for file in (self.home / "keys").glob(".keys.json.height-*"):
            file.unlink()


@pytest.fixture
def witnessed(tmp_path: Path, keys: KeyStore, clock: Ticking) -> Witnessed:
    url = registers.place(tmp_path / "register.db")
    env = {"AFSCHRIFT_HOME": str(tmp_path), "AFSCHRIFT_REGISTER": url}
    env |= {f"AFSCHRIFT_WITNESS_{name}": f"file://{tmp_path}/{name.lower()}" for name in ("DPO", "WORKS")}
    (tmp_path / "dpo").mkdir()
    (tmp_path / "works").mkdir()
    register = Register(url, keys, clock)
    register.trail.record(None, NewEvent("counted"))
    return Witnessed(tmp_path, Settings.from_environment(env), register)


def heights(folder: Path) -> list[int]:
    return [int(file.stem.rpartition("-")[2]) for file in sorted(folder.glob("afschrift-height-*"))]


def test_each_first_gate_moves_every_place_on(witnessed: Witnessed, tmp_path: Path) -> None:
    witnessed.gate()
    witnessed.gate()  # nothing came since
    witnessed.count()
    witnessed.gate()

    assert heights(tmp_path / "dpo") == heights(tmp_path / "works") == [1, 2]


def test_a_register_set_back_opens_nothing_by_the_witness_alone(witnessed: Witnessed) -> None:
    copy = witnessed.copy()
    witnessed.count()
    witnessed.gate()
    witnessed.put_back(copy)
    for _ in range(3):
        witnessed.forget_beside()
        with pytest.raises(ForgedError, match="lacks event 2"):
            witnessed.gate()
        witnessed.count()


def test_a_place_that_lies_counts_for_nothing_and_is_named(witnessed: Witnessed, tmp_path: Path) -> None:
    witnessed.gate()
    [true] = (tmp_path / "dpo").iterdir()
    file = json.loads(true.read_bytes())
    file["height"]["seq"] = 900
    lie = true.with_name(true.name.replace("000000000001", "000000000900"))
    lie.write_text(json.dumps(file))
    true.with_name(true.name.replace("000000000001", "000000000800")).write_bytes(true.read_bytes())
    true.with_name(true.name.replace("000000000001", "000000000700")).write_bytes(b"\xff{")

    asked = must_reach(witnessed.settings, witnessed.register)
    assert len(asked.faults["dpo"]) == 3
    assert asked.height is not None
    assert asked.height.seq == 1


def test_a_place_that_lags_is_moved_on_and_the_highest_counts(witnessed: Witnessed, tmp_path: Path) -> None:
    witnessed.gate()
    witnessed.count()
    copy = witnessed.copy()
    witnessed.count()
    witnessed.gate()
    [*_, newest] = sorted((tmp_path / "dpo").iterdir())
    newest.unlink()
    witnessed.gate()
    assert heights(tmp_path / "dpo") == heights(tmp_path / "works") == [1, 3]

    newest.unlink()
    witnessed.put_back(copy)
    witnessed.forget_beside()
    with pytest.raises(ForgedError, match="lacks event 3"):
        witnessed.gate()


def test_unreachable_place_hides_no_other_and_all_away_refuse(witnessed: Witnessed, tmp_path: Path) -> None:
    witnessed.gate()
    shutil.rmtree(tmp_path / "dpo")
    asked = must_reach(witnessed.settings, witnessed.register)
    assert list(asked.away) == ["dpo"]
    shutil.rmtree(tmp_path / "works")
    must_reach(witnessed.settings, witnessed.register)  # the height beside the keys is known
    witnessed.forget_beside()
    with pytest.raises(RetriableError, match="No witness place says how far the trail came"):
        must_reach(witnessed.settings, witnessed.register)


def test_a_place_that_this_account_can_rewrite_is_found(witnessed: Witnessed, tmp_path: Path) -> None:
    assert ask(witnessed.settings, witnessed.register, probe=True).rewritable == ["dpo", "works"]
    assert not list((tmp_path / "dpo").iterdir())


def test_what_a_register_that_was_set_back_lost_is_named(witnessed: Witnessed) -> None:
    witnessed.gate()
    copy = witnessed.copy()
    held = NewEvent("fact_held", payload={"kind": "held"})
    witnessed.register.trail.record(None, held, NewEvent("counted"), NewEvent("stray_data_keys_destroyed"))
    witnessed.gate()
    assert lost(witnessed.settings, witnessed.register) == []
    witnessed.put_back(copy)

    assert lost(witnessed.settings, witnessed.register) == [
        "fact_held of the installation (held), event 2",
        "stray_data_keys_destroyed of the installation, event 4",
    ]
