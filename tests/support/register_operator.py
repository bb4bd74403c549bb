"""An attacker with write access to the database of the register, and without the keys of the service."""

from contextlib import nullcontext
from pathlib import Path

from sqlalchemy import text
from tests.support.forging import append_forged
from tests.support.unguarded import unguarded as without_guards

from afschrift.register.database.database import Database


class Operator:
    """An attacker with SQL on the register; `unguarded`: the triggers are removed too."""

    def __init__(self, home: Path) -> None:
        self._database = Database(f"sqlite:///{home / 'register.db'}")

    def run(self, *statements: str, unguarded: bool = False, **values: object) -> None:
        with self._database.write() as tx, without_guards(tx) if unguarded else nullcontext():
            for statement in statements:
                tx.execute(text(statement), values)

    def ask(self, query: str, **values: object) -> list[tuple[object, ...]]:
        with self._database.read() as tx:
            return [tuple(row) for row in tx.execute(text(query), values)]

    def append(self, request: str, kind: str, payload: dict[str, object]) -> None:
        """An event that fits the chain, as anybody can make it."""
        with self._database.write() as tx:
            append_forged(tx, kind, payload, request=request)
