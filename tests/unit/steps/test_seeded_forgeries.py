"""Forgeries drawn from a seed: none has the request delivered, each is found, and other requests go on.

`make test-forgeries` draws a thousand; AFSCHRIFT_FORGERIES says how many, AFSCHRIFT_FORGERIES_SEED from where.
"""

import os
import random
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError
from tests.support.attempts import World, of_both_rights
from tests.support.forgeries import Forgery, Target, forge
from tests.unit.conftest import RECEIVED, Ticking

from afschrift.domain.errors import AfschriftError
from afschrift.domain.keys import Key
from afschrift.domain.right import Right
from afschrift.register import schema
from afschrift.register.database.database import Database
from afschrift.register.keys.store import KeyStore
from afschrift.register.register import Register
from afschrift.register.trail.height import set_back
from afschrift.register.trail.own_events import acts
from afschrift.register.trail.replay import check_case
from afschrift.register.trail.schema_check import schema_changed
from afschrift.steps.deliver import deliver

pytestmark = pytest.mark.slow

MANY = int(os.environ.get("AFSCHRIFT_FORGERIES", "40"))
SEED = int(os.environ.get("AFSCHRIFT_FORGERIES_SEED", "29"))
OLDER = 0.05
"""Share of an older copy of the whole file."""


class Installed:
    """An installation on SQLite with a request whose identity was taken back, and another; to be set up anew."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.revoked, self.other = world.all_at(deliver, stored=of_both_rights)
        self.older = self._copy("older")
        world.register.decisions.take(self.revoked, "identity", "not_confirmed", "officer")
        self.as_it_was = self._copy("as_it_was")
        [self.height] = world.home.glob(".keys.json.height-*")
        self.kept = self.height.read_bytes()
        self.target = Target(self.revoked, world.register.requests.get(self.revoked).case)

    def _copy(self, name: str) -> Path:
        into = self.world.home.parent / f"{name}.db"
        with closing(sqlite3.connect(self.world.home / "register.db")) as connection:
            connection.execute("VACUUM INTO ?", (str(into),))
        return into

    def put(self, file: Path) -> None:
        self.world.register.store.database.close()
        for entry in ("", "-wal", "-shm"):
            Path(f"{self.world.home}/register.db{entry}").unlink(missing_ok=True)
        shutil.copy(file, self.world.home / "register.db")

    def anew(self) -> None:
        self.put(self.as_it_was)
        self.height.write_bytes(self.kept)
        for file in self.world.home.joinpath("outbox").rglob("*.zip"):
            file.unlink()

    def forged(self, draw: random.Random) -> Forgery:
        if draw.random() < OLDER:
            self.put(self.older)
            return Forgery("an older copy of the file", whole=True)
        while True:
            try:
                with Database(f"sqlite:///{self.world.home}/register.db")._transaction(write=True) as tx:
                    return forge(draw, tx, self.target)
            except (DBAPIError, AfschriftError):
                continue  # the database itself refused it

    def delivers(self, request: str) -> bool:
        before = len(self.world.seen[1])
        try:
            deliver(self.world.services, request)
        except AfschriftError:
            assert len(self.world.seen[1]) == before
            return False
        return True


def test_none_delivers_each_is_found_and_others_go_on(world: World) -> None:
    installed, draw, kinds = Installed(world), random.Random(SEED), Counter[str]()
    for number in range(MANY):
        installed.anew()
        done = installed.forged(draw)
        kinds[done.what.partition(":")[0]] += 1
        where = f"forgery {number} of seed {SEED}: {done.what}"
        assert list(world.register.evidence.differences()), f"not found: {where}"
        for _ in range(2):  # a refusal is an event, upon which nothing opens either
            assert not installed.delivers(installed.revoked), f"delivered: {where}"
        assert installed.delivers(installed.other) is not done.whole, f"the other request: {where}"
    installed.anew()
    assert installed.delivers(installed.other)
    print(f"{MANY} forgeries of seed {SEED}: none delivered, all found; {dict(kinds)}")


def test_on_postgresql_too(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Ticking, keys: KeyStore
) -> None:
    """At the register: what a gate asks of the request that was forged, and of another one."""
    url = request.getfixturevalue("postgres").url
    schema.upgrade(url)
    register = Register(url, keys, clock)
    mine, other = opened(register), opened(register)
    register.decisions.take(mine, "identity", "confirmed", "officer")
    register.decisions.take(other, "identity", "confirmed", "officer")
    register.decisions.take(mine, "identity", "not_confirmed", "officer")
    target, draw = Target(mine, register.requests.get(mine).case), random.Random(SEED)
    height = register.evidence.kept()
    assert height is not None
    other_case, trail_keys = register.requests.get(other).case, keys.trail_keys()
    for number in range(max(MANY // 5, 10)):
        with pytest.raises(_BackError), register.store.database.latest() as tx:
            try:
                done = forge(draw, tx, target)
            except DBAPIError:
                raise _BackError from None
            whole = [*schema_changed(tx), *set_back(tx, height, trail_keys)]
            known = acts(tx, trail_keys)
            found = [*whole, *check_case(tx, target.case, trail_keys, known, rest=True)]
            others = list(check_case(tx, other_case, trail_keys, known, rest=True))
            where = f"forgery {number} of seed {SEED}: {done.what}"
            about_mine = "of no request" not in done.what
            assert found or not about_mine, f"not found: {where}"
            assert bool(whole) or not others, f"the other request: {where}"
            raise _BackError


def opened(register: Register) -> str:
    case = register.cases.open(b"Graag al mijn gegevens.", "mail", RECEIVED, RECEIVED)
    zone, keys = "Europe/Amsterdam", (Key("customer_id", "C-1"),)
    return register.requests.open(
        case, Right.ACCESS, RECEIVED, zone, "nl", ("csv",), "outbox", keys, set()
    ).id


class _BackError(Exception):
    """What was forged is rolled back."""
