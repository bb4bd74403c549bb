"""Whatever is lost or damaged in staging is made again, from the step that the message names."""

import io
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from testbed import small
from testbed.delivered import open_delivered
from testbed.running import installation, run, store
from tests.support import maps
from tests.support.active_files import pdf
from tests.support.deciding import ROLES
from tests.support.driving import given_rows, payloads, planned
from tests.support.manual import add_systems, system
from tests.support.moves import assess, classify, close, deliver, extract, package, validate

from afschrift.app.settings import Settings
from afschrift.casework.answer import answer_question
from afschrift.casework.manual.scan import scan
from afschrift.casework.officer import Officer
from afschrift.domain.errors import AfschriftError, NeedsPersonError, StagedFileError, ValidationFailedError
from afschrift.services import Services
from afschrift.wiring.build_services import build

pytestmark = [pytest.mark.slow, pytest.mark.hypothesis]

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
        there = {"AFSCHRIFT_HOME": str(into), "AFSCHRIFT_INVENTORY": str(self.inventory)}
        return build(lambda _line: None, Settings.from_environment(there))


def stops(folder: Path) -> Iterator[tuple[str, Stopped]]:
    """The same run, stopped after each step."""
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
    officer = Officer(services.register, ROLES, "cli:anna")
    answer_question(officer, asked.id, "given", files=[file])
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


def _approve(services: Services, request: str) -> None:
    [asked] = [q for q in services.register.questions.all(request_id=request) if q.kind == "review"]
    services.register.questions.answer(asked.id, "approved", "officer")


def go_on(services: Services, request: str, step: str, until: str = "close") -> Path | None:
    """A step and what follows it, as the tasks of a run; the opened bundle, once it was delivered."""
    delivered = None
    for name in STEPS[STEPS.index(step) : STEPS.index(until) + 1]:
        if name == "extract":
            frozen = services.register.steps.latest(request, "classify")
            assert frozen is not None
            for source in frozen["sources"]:
                extract(services, request, source)
        elif name == "deliver":
            deliver(services, request)
            delivered = open_delivered(services, request)
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


MAKES = {"keys": "classify", "bundle": "package"}
"""Which step makes a staged file, by the first part of its path; `extract` makes all others."""


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stopped]:
    return dict(stops(tmp_path_factory.mktemp("walk")))


@pytest.fixture(scope="module")
def undisturbed(stopped: dict[str, Stopped], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    case = stopped["classify"]
    services = case.spoilt(tmp_path_factory.mktemp("whole") / "home", case.files[0], lambda _: None)
    bundle, cleared = finished(services, case.request, "classify")
    assert cleared == []
    return data_of(bundle)


def cases(stop: str, files: list[str]) -> list[tuple[str, Any]]:
    """File, and what spoils it: all of them in depth; else each kind of file after every other step, in turn."""
    if settings().max_examples > 100:
        return list(product(files, SPOILS))
    turn = STOPS.index(stop)
    files = [file for number, file in enumerate(files) if not file.startswith("data/") or number % 5 == turn]
    turns = enumerate(files, turn)
    return [(file, SPOILS[turn // 2 % len(SPOILS)]) for turn, file in turns if turn % 2 or len(files) == 1]


def test_every_kind_of_file_is_walked(stopped: dict[str, Stopped]) -> None:
    kinds = {file.partition("/")[0] for file in stopped[REVIEW].files}
    assert kinds == {"keys.json.enc", "records", "samples", "overviews", "pointers", "data", "bundle.zip.enc"}
    assert {Path(file).suffixes[-2] for file in stopped[REVIEW].files if file.startswith("data/shop")} >= {
        f".{name}" for name in FORMATS
    }


@pytest.mark.parametrize("stop", STOPS)
def test_any_spoilt_file_is_made_again_as_its_message_says(
    stopped: dict[str, Stopped], undisturbed: dict[str, bytes], tmp_path: Path, stop: str
) -> None:
    faults, case = [], stopped[stop]
    for number, (file, spoil) in enumerate(cases(stop, case.files)):
        services = case.spoilt(tmp_path / str(number), file, spoil)
        try:
            bundle, cleared = finished(services, case.request, stop)
            fault = _fault(services, case.request, file, stop, cleared, data_of(bundle) == undisturbed)
            lying = [path.name for path in (tmp_path / str(number) / "outbox").iterdir()]
            fault = fault or ("" if lying == [bundle.name] else f"{len(lying)} files at the destination")
        except Exception as error:
            fault = f"{type(error).__name__}: {error}"
        if fault:
            faults.append(f"after {stop}, {file} {spoil.__name__}: {fault}")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    "files",
    [
        ("records/shop.json.enc", "bundle.zip.enc"),
        ("keys.json.enc", "data/shop/ticket.csv.enc", "pointers/shop.json.enc"),
    ],
)
def test_several_files_lost_at_once_are_made_again(
    stopped: dict[str, Stopped], undisturbed: dict[str, bytes], tmp_path: Path, files: tuple[str, ...]
) -> None:
    case = stopped[REVIEW]
    services = case.spoilt(tmp_path / "home", files[0], removed)
    for file in files[1:]:
        flipped(tmp_path / "home" / "staging" / case.request / file)
    bundle, cleared = finished(services, case.request, REVIEW)
    assert (cleared, data_of(bundle)) == ([], undisturbed)  # a new run needs no advice
    again = payloads(services, case.request, "staged_again")
    assert sum(sum(kinds.values()) for case in again for kinds in case["files"].values()) == len(files)


def test_damaged_bundle_is_packed_again_by_the_next_delivery(
    stopped: dict[str, Stopped], undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    case = stopped[REVIEW]
    services = case.spoilt(tmp_path / "home", "bundle.zip.enc", flipped)
    go_on(services, case.request, "assess", until="classify")
    with pytest.raises(StagedFileError, match="clear `package` and what follows"):
        deliver(services, case.request)
    assert list((tmp_path / "home" / "outbox").iterdir()) == []
    bundle = go_on(services, case.request, "deliver")
    assert bundle is not None
    assert data_of(bundle) == undisturbed


def test_another_bundle_of_the_same_files_is_reviewed_anew_and_delivered(
    stopped: dict[str, Stopped], tmp_path: Path
) -> None:
    """What the database says of its tables changed, and no row; the first bundle is lost."""
    stop = stopped[REVIEW]
    services = stop.spoilt(tmp_path / "home", "records/shop.json.enc", removed)
    removed(tmp_path / "home" / "staging" / stop.request / "bundle.zip.enc")
    database = stop.inventory.parent / small.FILE
    made = "ALTER TABLE ticket RENAME TO ticket_kept; CREATE VIEW ticket AS SELECT * FROM ticket_kept"
    small.execute(database, made)
    _, cleared = finished(services, stop.request, REVIEW)
    small.execute(database, "DROP VIEW ticket; ALTER TABLE ticket_kept RENAME TO ticket")
    packed = [payload["bundle"] for payload in payloads(services, stop.request, "packed")]
    assert cleared == []
    assert len(set(packed)) == len(packed) == 2
    asked = services.register.questions.all(request_id=stop.request, open_only=False)
    assert [q.about for q in asked if q.kind == REVIEW] == packed


STAGED = "data/shop/customer.csv"


def flip_a_byte(services: Services, request: str, home: Path) -> None:
    (file,) = home.rglob("customer.csv.enc")
    flipped(file)


def replace_well_encrypted(services: Services, request: str, home: Path) -> None:
    staging = services.staging(request)
    with staging.reader("data/shop/orders.csv") as stream:
        other = stream.read()
    with staging.writer(STAGED) as sink:
        sink.write(other)


@pytest.mark.parametrize(
    ("spoil", "error"), [(flip_a_byte, StagedFileError), (replace_well_encrypted, ValidationFailedError)]
)
def test_what_was_corrected_meanwhile_is_in_the_bundle(
    services: Services, tmp_path: Path, spoil: Any, error: type[AfschriftError]
) -> None:
    request = planned(services)
    first = extract(services, request, "shop")
    assert extract(services, request, "shop") == first  # done, and whole: nothing is read again
    spoil(services, request, tmp_path)
    small.execute(tmp_path / small.FILE, "UPDATE customer SET name = 'Anna' WHERE customer_id = 1")
    validate(services, request)  # what was read back while it was written is not read again here
    with pytest.raises(error):
        package(services, request)
    assert given_rows(run(services, request), "customer")[0]["name"] == "Anna"
    assert len({payload["snapshot"] for payload in payloads(services, request, "extracted")}) == 2


def _fault(services: Any, request: str, file: str, stop: str, cleared: list[str], same: bool) -> str:
    maker = MAKES.get(re.split(r"[./]", file)[0], "extract")
    again = payloads(services, request, "staged_again")
    asked = services.register.questions.all(request_id=request, open_only=False)
    if not same:
        return "another bundle came out"
    if not [q for q in asked if q.kind == REVIEW]:
        return "no review was asked for"
    if cleared not in ([], [maker]):
        return f"cleared {cleared}"
    if [case["step"] for case in again] != [maker] and (cleared or stop == REVIEW):
        return f"the trail has {again}"
    return ""
