"""An answer in parts on the demo: a lake that is gone, a part, the lake back, the rest; nothing leaks meanwhile."""

import shutil
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.e2e.office import Office
from tests.e2e.opened import Opened
from tests.privacy.canary import CUSTOMER, NEEDLES, TEXT, Cage
from tests.privacy.canary_search import search
from tests.privacy.test_canary import expected
from tests.support.deciding import ROLES
from tests.support.nightly import nightly_after

from afschrift.app.settings import Settings
from afschrift.casework.answer import answer_question
from afschrift.casework.officer import Officer
from afschrift.casework.partial_response.question import ask_about
from afschrift.domain.errors import AfschriftError, SourceDownError
from afschrift.domain.state import State

KEYS = {"customer_id": str(CUSTOMER)}
WHY = f"De opslag van {TEXT} is stuk."


@pytest.mark.parametrize("right", nightly_after(1, ["access", "portability"]))
def test_part_and_rest_are_the_whole_and_nothing_leaks(right: str, cage: Cage, tmp_path: Path) -> None:
    warehouse = tmp_path / "warehouse"
    shutil.copytree(cage.warehouse, warehouse)
    office = Office.open(tmp_path / "seen", warehouse)
    services, register = office.services, office.register
    whole = Opened(office.run(office.submit(right, KEYS)))

    request = office.submit(right, KEYS, message=f"Ik ben {TEXT}, {CUSTOMER}.")
    (warehouse / "lake").rename(tmp_path / "gone")
    printed = []
    with pytest.raises(SourceDownError) as caught:
        office.run_answering(request)
    printed.append("".join(traceback.format_exception(caught.value)))
    printed.append(str(ask_about(services, request, caught.value)))
    [question] = register.questions.all(request_id=request)
    env = {"AFSCHRIFT_HOME": str(office.home), "AFSCHRIFT_INVENTORY": str(office.home / "inventory")}
    officer = Officer(register, ROLES, "cli:anna", settings=Settings.from_environment(env))
    rest_by = str((datetime.now(UTC) + timedelta(days=5)).date())
    with pytest.raises(AfschriftError) as turned_down:
        answer_question(officer, question.id, "partial", detail={"rest_by": TEXT}, text=WHY)
    printed.append(str(turned_down.value))
    answer_question(officer, question.id, "partial", detail={"rest_by": rest_by}, text=WHY)
    first = office.run(request)
    assert register.requests.get(request).state is State.ACCEPTED
    with pytest.raises(SourceDownError) as caught:
        office.run(request)
    printed.append(str(caught.value))
    (tmp_path / "gone").rename(warehouse / "lake")
    second = office.run(request)
    assert register.requests.get(request).state is State.DELIVERED

    part_now, rest = Opened(first), Opened(second)
    parts = {name: content for part in (part_now, rest) for name, content in part.files.items()}
    tables = {name: content for name, content in whole.files.items() if name.endswith((".csv", ".json"))}
    tables = {name: content for name, content in tables.items() if name.count("/") == 2}
    assert len(tables) > 40
    masked = [name for name in tables if b"[masked " in tables[name]]  # a token is a request's own
    assert {name for name in tables if parts.get(name) != tables[name]} <= set(masked)
    data = [
        {name for name in part.files if name.startswith(("data/shop/", "data/app/"))}
        for part in (part_now, rest)
    ]
    assert {name.split("/")[1] for name in data[0]} == {"shop"}
    assert {name.split("/")[1] for name in data[1]} == {"app"}
    wanted = expected(cage.canary, right)
    seen = [cage.canary.seen(b"".join(part.files.values())) for part in (part_now, rest)]
    assert seen[0] | seen[1] == wanted
    assert not seen[0] & seen[1]

    for text in printed:
        assert not any(needle in text for needle in NEEDLES.values()), text
        assert str(tmp_path) not in text.replace(str(Path(__file__).parent), "")
    assert search(tmp_path / "seen", NEEDLES) == []
