"""A run with every kind of staged file, stopped after a step, one file spoilt, and gone on with as advised."""

import io
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from testbed import small
from testbed.running import installation, store
from tests.support import maps
from tests.support.active_files import pdf
from tests.support.manual import add_systems, system

from afschrift.app.settings import Settings
from afschrift.casework.answer import answer_question
from afschrift.casework.manual.scan import scan
from afschrift.casework.officer import Officer
from afschrift.domain.errors import AfschriftError, NeedsPersonError
from afschrift.law.roles import Person, Role, Roles
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.close import close
from afschrift.steps.deliver import deliver
from afschrift.steps.extract import extract
from afschrift.steps.package import package
from afschrift.steps.validate import validate
from afschrift.wiring.build_services import build

FORMATS = ("csv", "json", "ndjson", "xml", "parquet")
STEPS = ("assess", "classify", "extract", "validate", "package", "deliver", "close")
REVIEW = "review"
STOPS = ("classify", "extract", "validate", "package", REVIEW)
"""After which step a run is stopped; `review`: it ended at a review, which was approved since."""

_TABLES = """
CREATE TABLE customer (customer_id INTEGER, photo BLOB);
CREATE TABLE ticket (ticket_id INTEGER, customer_id INTEGER, body VARCHAR);
INSERT INTO customer VALUES (1, x'89504e47'), (2, NULL);
INSERT INTO ticket VALUES (7, 1, 'Bel ook carla@example.net.'), (8, 2, 'Niets.');
"""
_ANNA = Person("Anna", frozenset({"cli:anna"}), frozenset({Role.OFFICER}))


def removed(file: Path) -> None:
    file.unlink()


def truncated(file: Path) -> None:
    """Its second half is gone."""
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def flipped(file: Path) -> None:
    """One byte of it is another."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


SPOILS: tuple[Callable[[Path], None], ...] = (removed, truncated, flipped)


@dataclass(frozen=True)
class Stopped:
    """A run that was stopped after a step.

    Attributes:
        home: of the installation; never worked in, but copied.
    """

    home: Path
    inventory: Path
    request: str

    @property
    def files(self) -> list[str]:
        """What is staged, as paths below the request's folder."""
        folder = self.home / "staging" / self.request
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.enc"))

    def spoilt(self, into: Path, file: str, spoil: Callable[[Path], None]) -> Services:
        """A copy of the installation, with one staged file spoilt in it."""
        shutil.copytree(self.home, into)
        spoil(into / "staging" / self.request / file)
        return opened(into, self.inventory)


def opened(home: Path, inventory: Path) -> Services:
    there = {"AFSCHRIFT_HOME": str(home), "AFSCHRIFT_INVENTORY": str(inventory)}
    return build(lambda _line: None, Settings.from_environment(there))


def stops(folder: Path) -> Iterator[tuple[str, Stopped]]:
    """The same run, stopped after each step."""
    inventory, services, request = _begun(folder)
    for step in STOPS:
        if step == REVIEW:
            with suppress(NeedsPersonError):
                deliver(services, request)
            _approve(services, request)
        elif step == "classify":
            go_on(services, request, "assess", until="classify")
        else:
            go_on(services, request, step, until=step)
        home = folder / f"after-{step}"
        shutil.copytree(folder / "home", home)
        yield step, Stopped(home, inventory, request)


def _begun(folder: Path) -> tuple[Path, Services, str]:
    small.execute(folder / small.FILE, _TABLES)
    shop = maps.text("staged_walk.yml", path=folder / small.FILE)
    inventory = maps.write(folder / "inventory", shop=shop)
    add_systems(inventory, system("mail", "mailbox"))
    services = installation(folder / "home", inventory)
    request = store(services, {"customer_id": "1"}, "portability", formats=FORMATS)
    assess(services, request)
    with suppress(NeedsPersonError):
        classify(services, request)
    [asked] = services.register.questions.all(request_id=request)
    content = pdf()
    file = scan("brief.pdf", io.BytesIO(content), len(content), 1_000_000)
    officer = Officer(services.register, Roles((_ANNA,), location="roles.yml"), "cli:anna")
    answer_question(officer, asked.id, "given", files=[file])
    return inventory, services, request


def _approve(services: Services, request: str) -> None:
    [asked] = [q for q in services.register.questions.all(request_id=request) if q.kind == "review"]
    services.register.questions.answer(asked.id, "approved", "officer")


def go_on(services: Services, request: str, step: str, until: str = "close") -> Path | None:
    """A step and what follows it, as the tasks of a run; where the bundle lies, once it was delivered."""
    delivered = None
    for name in STEPS[STEPS.index(step) : STEPS.index(until) + 1]:
        if name == "extract":
            frozen = services.register.steps.latest(request, "classify")
            assert frozen is not None
            for source in frozen["sources"]:
                extract(services, request, source)
        elif name == "deliver":
            delivered = Path(deliver(services, request)["uri"].removeprefix("file://"))
        else:
            _PLAIN[name](services, request)
    return delivered


_PLAIN = {"assess": assess, "classify": classify, "validate": validate, "package": package, "close": close}


def finished(services: Services, request: str, stop: str) -> tuple[Path, list[str]]:
    """Go on to the end as an operator would: clear what the message says, approve what is asked.

    Returns:
        the bundle, and the steps that had to be cleared.
    """
    step = "assess" if stop == REVIEW else STEPS[STEPS.index(stop) + 1]
    cleared: list[str] = []
    for _ in range(6):
        try:
            bundle = go_on(services, request, step)
        except NeedsPersonError:
            _approve(services, request)
            step = "assess"
        except AfschriftError as error:
            advised = re.findall(r"clear `([a-z]+)[\w-]*` and what follows", str(error))
            assert len(advised) == 1, error
            [step] = advised
            cleared.append(step)
        else:
            assert bundle is not None
            return bundle, cleared
    raise AssertionError(f"the advice led nowhere: {cleared}")


def data_of(bundle: Path) -> dict[str, bytes]:
    """The files of a bundle that hold data, without times and digests."""
    with zipfile.ZipFile(bundle) as archive:
        names = {name.partition("/")[2]: name for name in archive.namelist()}
        return {
            path: archive.read(name)
            for path, name in names.items()
            if path.startswith(("data/shop/", "data/files/"))
        }
