"""A small shop with a canary in it: planted and signed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from testbed import small
from testbed.mini import SQLITE_SHOP, write_database, write_inventory
from testbed.registers import place
from testbed.running import installation

from afschrift.app.settings import Settings
from afschrift.canary import check_canary
from afschrift.canary.canary_file import CANARY
from afschrift.canary.history import CanaryCheck
from afschrift.canary.signature import sign_canary
from afschrift.law.roles import Roles
from afschrift.services import Services
from afschrift.wiring.build_services import build

MARK, NUMBER = "kwik7q3f9a", "739182"
"""What texts and numbers of the canary begin with."""
PLANTED = Path(__file__).with_name("canary_shop.yml")
TERMINAL = "cli:anna"
OPEN = Roles(open_terminal=True)


@dataclass
class CanaryShop:
    folder: Path
    settings: Settings
    services: Services

    def check(self, services: Services | None = None) -> CanaryCheck:
        return check_canary.check_canary(services or self.services, self.settings, "tester")

    def sign(self) -> None:
        canary = check_canary.require_canary(self.settings, self.services.inventory)
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
        patch.setenv("MINI_SHOP", str(write_database(folder / small.FILE)))
        inventory = write_inventory(folder / "inventory", SQLITE_SHOP)
        patch.setenv("AFSCHRIFT_HOME", str(folder / "home"))
        patch.setenv("AFSCHRIFT_INVENTORY", str(inventory))
        # a register without rows, copied: its migrations cost more than the rest of a check
        patch.setattr(check_canary, "upgrade", lambda url: place(Path(url.removeprefix("sqlite:///"))))
        (folder / "tmp").mkdir()
        patch.setattr(tempfile, "tempdir", str(folder / "tmp"))  # others check at the same time
        services = installation(folder / "home", inventory)
        small.execute(folder / small.FILE, PLANTED.with_suffix(".sql").read_text(encoding="utf-8"))
        shutil.copy(PLANTED, inventory / CANARY)
        shop = CanaryShop(folder, Settings.from_environment(), services)
        shop.sign()
        yield shop
