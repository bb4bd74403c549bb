"""A small shop with a canary in it: proposed from its data map, planted, signed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb
import pytest
from testbed.mini import SHOP, write_database, write_inventory
from testbed.registers import place
from testbed.running import installation

from afschrift.app.settings import Settings
from afschrift.audit.canary_check import Checked
from afschrift.canary import check_canary
from afschrift.canary.canary_file import CANARY
from afschrift.canary.made_values import Mark
from afschrift.canary.propose import propose
from afschrift.canary.proposed_files import as_sql, as_yaml
from afschrift.canary.signed import sign_canary
from afschrift.law.roles import Roles
from afschrift.services import Services
from afschrift.wiring.build_services import build

MARK = Mark("kwik7q3f9a", 739182000)
LINE_NO = '"739182011"'
"""Of the order line as proposed; the team makes it 1, as the shop numbers the lines of an order."""
TERMINAL = "cli:anna"
OPEN = Roles(open_terminal=True)


@dataclass
class CanaryShop:
    """An installation on the shop.

    Attributes:
        proposed: `canary.yml` as proposed.
        sql: the statements as proposed.
    """

    folder: Path
    settings: Settings
    services: Services
    proposed: str
    sql: str

    def check(self, services: Services | None = None) -> Checked:
        """Let the canary ask."""
        return check_canary.check_canary(services or self.services, self.settings, "tester")

    def sign(self) -> None:
        """Sign what lies there."""
        canary = check_canary.known_canary(self.settings, self.services.inventory)
        sign_canary(canary, self.services.register, self.services.register.store.keys, OPEN, TERMINAL)

    @contextmanager
    def map(self, before: str, after: str) -> Iterator[CanaryShop]:
        """The same with another data map, signed or not as this one."""
        folder = self.settings.inventory
        text = (folder / "shop.yml").read_text(encoding="utf-8")
        assert before in text
        (folder / "shop.yml").write_text(text.replace(before, after), encoding="utf-8")
        try:
            services = build(lambda _line: None, self.settings)
            yield replace(self, services=services)
        finally:
            (folder / "shop.yml").write_text(text, encoding="utf-8")


@contextmanager
def canary_shop(folder: Path) -> Iterator[CanaryShop]:
    """The shop in a folder, which the environment names meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINI_SHOP", str(write_database(folder / "shop.duckdb")))
        inventory = write_inventory(folder / "inventory", SHOP)
        patch.setenv("AFSCHRIFT_HOME", str(folder / "home"))
        patch.setenv("AFSCHRIFT_INVENTORY", str(inventory))
        # a register without rows, copied: its migrations cost more than the rest of a check
        patch.setattr(check_canary, "upgrade", lambda url: place(Path(url.removeprefix("sqlite:///"))))
        (folder / "tmp").mkdir()
        patch.setattr(tempfile, "tempdir", str(folder / "tmp"))  # others check at the same time
        services = installation(folder / "home", inventory)
        proposal = propose(services, MARK)
        text = as_yaml(proposal, "Data office", "To see that answers are whole.", date(2026, 11, 28))
        sql = "".join(map(as_sql, proposal.sources))
        with duckdb.connect(str(folder / "shop.duckdb")) as con:
            con.execute("SET TimeZone = 'UTC'")
            con.execute(sql.replace(LINE_NO.strip('"'), "1"))
        (inventory / CANARY).write_text(text.replace(LINE_NO, '"1"'), encoding="utf-8")
        shop = CanaryShop(folder, Settings.from_environment(), services, text, sql)
        shop.sign()
        yield shop
