"""Lines of a CSV file become requests; the wrong ones are named and can be mended and loaded again."""

import time
from pathlib import Path

import pytest
from testbed import small
from testbed.running import installation

from afschrift.app.settings import Settings
from afschrift.casework.intake.entry import GROUPS, MATTERS, names
from afschrift.casework.intake.import_csv import ImportReport, import_csv
from afschrift.domain.errors import RefusedError
from afschrift.law.case_facts import OTHER_RIGHTS
from afschrift.services import Services

HEAD = "message;channel;received_on;right;made_by;key.customer_id;person_name;limits_quote;limits"
SECRET = "zangvogel"


def line(number: int, **changed: str) -> str:
    row = {"message": f'"Mag ik ""alles"" zien? {number}\nGroet"', "channel": "letter"}
    row |= {"received_on": "2026-03-05", "right": "access, portability", "made_by": "self"}
    row |= {"key.customer_id": str(number), "person_name": f"Jan {number}", "limits_quote": "", "limits": ""}
    return ";".join((row | changed).values())


def load(services: Services, text: str, encoding: str = "utf-8-sig") -> ImportReport:
    return import_csv(Settings.from_environment(), services, text.encode(encoding), "cli:ivo")


FAULTS = {
    (("received_on", SECRET),): ("column 3 (received_on)", "is no day"),
    (("received_on", ""),): ("column 3 (received_on)", "is missing"),
    (("received_on", "2199-01-01"),): ("column 3 (received_on)", "lies in the future"),
    (("right", SECRET),): ("column 4 (right)", "choose one of"),
    (("right", ""),): ("column 4 (right)", "choose a right"),
    (("made_by", "slef"),): ("column 5 (made_by)", "did you mean `self`"),
    (("channel", "Per Brief"),): ("column 2 (channel)", "is a code"),
    (("message", ""),): ("column 1 (message)", "is missing"),
    (("person_name", "x" * 300),): ("column 7 (person_name)", "is longer than 200 characters"),
    (("limits", SECRET), ("limits_quote", "Alleen dat")): ("column 9 (limits)", "names a table"),
    (("limits", "login"),): ("column 8 (limits_quote)", "may not be empty"),
    (("message", "x" * 200_000),): ("the line", "longer than is taken"),
    (("person_name", "a;b"),): ("the line", "has 10 columns, not 9"),
}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_wrong_lines_are_named_mended_and_loaded_again(services: Services, encoding: str) -> None:
    good = [line(n, person_name="Renée‏🙂" if encoding != "cp1252" else "Renée") for n in range(1, 4)]
    wrong = [line(n, **dict(changes)) for n, changes in enumerate(FAULTS, 10)]
    done = load(services, "\r\n".join([HEAD, *good, *wrong, good[0], ""]), encoding)

    assert (len(done.opened), done.found) == (6, 1)
    at = dict[int, tuple[str, str]]()
    for number, column, fault in done.faults:
        at.setdefault(number, (column, fault))
    for (number, (column, fault)), (name, words) in zip(sorted(at.items()), FAULTS.values(), strict=True):
        assert column == name and words in fault, (number, column, fault)
    assert sorted(at)[0] == 8  # messages have two lines each
    assert SECRET not in "".join(done.lines())

    again = load(services, "\n".join([HEAD, *good, *(line(n) for n, _ in enumerate(FAULTS, 10))]), encoding)
    assert (len(again.opened), again.found, again.faults) == (2 * len(FAULTS), 3, [])


@pytest.mark.nightly
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_five_thousand_lines_on_postgresql(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINI_SHOP", str(small.write_database(tmp_path / small.FILE)))
    folder = small.write_inventory(tmp_path / "inventory")
    services = installation(tmp_path / "home", folder, REGISTER=url)
    assert not services.register.store.database.sqlite
    wrong = set(range(7, 5_000, 300))
    assert len(wrong) == 17
    lines = [line(n, right=SECRET if n in wrong else "access") for n in range(1, 5_001)]
    begun = time.process_time()
    done = load(services, "\n".join([HEAD, *lines]), "utf-8-sig")
    assert (len(done.opened), len({at for at, *_ in done.faults})) == (5_000 - len(wrong), len(wrong))
    again = load(services, "\n".join([HEAD, *lines]), "utf-8-sig")
    assert (len(again.opened), again.found) == (0, 5_000 - len(wrong))
    print(f"{time.process_time() - begun:.0f} CPU seconds for 5,000 lines twice")


@pytest.mark.parametrize("text", ["", "\n", "naam;bericht\n1;2", f"{HEAD};{HEAD}\n", "a" * 999, "\0;\0"])
def test_a_file_without_the_names_of_fields_stores_nothing(services: Services, text: str) -> None:
    with pytest.raises(RefusedError, match="Nothing was stored"):
        load(services, text)
    assert services.register.cases.all() == ()


def test_fields_have_names_of_their_own(services: Services) -> None:
    assert tuple(MATTERS) == OTHER_RIGHTS
    found = names(services.inventory)
    assert len(set(found)) == len(found) >= sum(map(len, GROUPS.values()))
