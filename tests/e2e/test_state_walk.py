"""Each request of a walk through the states can reach an end; the graphs are in state_walk.md.

Each scenario walks on from what the ones before it did not come to. `AFSCHRIFT_WALK=whole` (`make test-deep`)
walks each to all its ends, and `AFSCHRIFT_WALK=draw pytest tests/e2e/test_state_walk.py -p no:xdist` writes the
graphs anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from testbed import mini, small
from testbed.running import drive
from tests.e2e.state_walk import Box, Place, edges_in, walk
from tests.support.deciding import Bureau
from tests.support.family import CHILD, open_family
from tests.support.manual import add_systems, system
from tests.support.reviewing import policy

from afschrift.casework.decision.require_decision import open_decision
from afschrift.wiring.build_services import build

pytestmark = pytest.mark.slow

PAGE = Path(__file__).with_name("state_walk.md")
GRAPH = "graph of the walk"
WHOLE = os.environ.get("AFSCHRIFT_WALK")
KNOWN: set[Box] = set()
"""Boxes from which an earlier scenario walked on to an end."""

Begin = Callable[[Path, pytest.MonkeyPatch], tuple[Bureau, str]]


def replaced(page: str, part: str, graph: str) -> str:
    """The page with another graph between the two comments that name the part."""
    begin, end = f"<!-- {part}: begin -->\n", f"<!-- {part}: end -->"
    before, _, rest = page.partition(begin)
    return f"{before}{begin}{graph}\n{end}{rest.partition(end)[2]}"


def _bureau(
    folder: Path, patch: pytest.MonkeyPatch, review: str = "never", *, all_tables: bool = False
) -> Bureau:
    bureau = Bureau.open(folder, patch, all_tables=all_tables)
    (folder / "inventory" / "policy.yml").write_text(mini.POLICY + policy(review), encoding="utf-8")
    bureau.services = build(lambda _line: None, bureau.settings)
    return bureau


def access(folder: Path, patch: pytest.MonkeyPatch) -> tuple[Bureau, str]:
    bureau = _bureau(folder, patch)
    return bureau, bureau.store()


def unknown_sender(folder: Path, patch: pytest.MonkeyPatch) -> tuple[Bureau, str]:
    bureau = _bureau(folder, patch)
    return bureau, bureau.store(authenticated=None)


def no_rows(folder: Path, patch: pytest.MonkeyPatch) -> tuple[Bureau, str]:
    bureau = _bureau(folder, patch)
    return bureau, bureau.store(keys={"customer_id": "99"})


def nothing_portable(folder: Path, patch: pytest.MonkeyPatch) -> tuple[Bureau, str]:
    bureau = _bureau(folder, patch)
    return bureau, bureau.store("portability", keys={"customer_id": "4"})


def limits(folder: Path, patch: pytest.MonkeyPatch) -> tuple[Bureau, str]:
    bureau = _bureau(folder, patch, all_tables=True)
    quote = "Only your price list."
    return bureau, bureau.store(message=quote, limits={"tables": ["shop.sku"], "quote": quote})


def shared_key(folder: Path, patch: pytest.MonkeyPatch) -> tuple[Bureau, str]:
    bureau = _bureau(folder, patch, all_tables=True)
    return bureau, bureau.store(keys={"customer_id": "2"})


def third_of_a_year(folder: Path, patch: pytest.MonkeyPatch) -> tuple[Bureau, str]:
    bureau = _bureau(folder, patch)
    bureau.answered(2)
    return bureau, bureau.store()


def decision_opened(folder: Path, patch: pytest.MonkeyPatch) -> tuple[Bureau, str]:
    bureau, request = access(folder, patch)
    open_decision(bureau.services.grounds, bureau.register, request)
    return bureau, request


def decision_on_a_ready_answer(folder: Path, patch: pytest.MonkeyPatch) -> tuple[Bureau, str]:
    bureau, request = access(folder, patch)
    drive(bureau.services, request)
    open_decision(bureau.services.grounds, bureau.register, request)
    return bureau, request


def unknown_and_put_before_an_officer(folder: Path, patch: pytest.MonkeyPatch) -> tuple[Bureau, str]:
    bureau, request = unknown_sender(folder, patch)
    open_decision(bureau.services.grounds, bureau.register, request)
    return bureau, request


def overlapping(folder: Path, patch: pytest.MonkeyPatch) -> tuple[Bureau, str]:
    bureau = _bureau(folder, patch)
    bureau.store(days=5)
    return bureau, bureau.store()


def child(folder: Path, patch: pytest.MonkeyPatch) -> tuple[Bureau, str]:
    bureau = open_family(folder, patch, all_tables=True)
    return bureau, bureau.store(keys=CHILD)


def parent(folder: Path, patch: pytest.MonkeyPatch) -> tuple[Bureau, str]:
    bureau = open_family(folder, patch, all_tables=True)
    return bureau, bureau.store(keys=CHILD, made_by="parent")


def searched_by_people(folder: Path, patch: pytest.MonkeyPatch) -> tuple[Bureau, str]:
    bureau = _bureau(folder, patch)
    add_systems(folder / "inventory", system("paper", "paper"))
    bureau.services = build(lambda _line: None, bureau.settings)
    return bureau, bureau.store()


def reviewed(folder: Path, patch: pytest.MonkeyPatch) -> tuple[Bureau, str]:
    bureau = _bureau(folder, patch, review="always")
    return bureau, bureau.store()


def unclassified(folder: Path, patch: pytest.MonkeyPatch) -> tuple[Bureau, str]:
    bureau = _bureau(folder, patch)
    shop = small.SHOP.replace("      name: {origin: provided}\n", "", 1)
    (folder / "inventory" / "shop.yml").write_text(shop, encoding="utf-8")
    bureau.services = build(lambda _line: None, bureau.settings)
    return bureau, bureau.store()


SCENARIOS: dict[str, Begin] = {
    "A known person asks for access": access,
    "An unknown person asks": unknown_sender,
    "Nothing is held": no_rows,
    "Nothing is portable": nothing_portable,
    "The person's own limits leave nothing": limits,
    "Another person uses the key too": shared_key,
    "The third request of a year": third_of_a_year,
    "An officer opens a decision": decision_opened,
    "An officer opens one when the answer is ready": decision_on_a_ready_answer,
    "An officer opens one about an unknown person": unknown_and_put_before_an_officer,
    "An earlier request is still open": overlapping,
    "A child asks alone": child,
    "A parent asks": parent,
    "A system that people search": searched_by_people,
    "Every bundle is reviewed": reviewed,
    "A column without a description": unclassified,
}


@pytest.mark.parametrize("title", SCENARIOS)
def test_every_request_can_end(title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bureau, request = SCENARIOS[title](tmp_path, monkeypatch)
    start = Place(bureau, tmp_path / "home", request)

    known = set() if WHOLE else KNOWN
    found = walk(start, tmp_path, known)

    walked = {label for labels in found.edges.values() for label in labels}
    never = {label: why for label, why in found.turned_down.items() if label not in walked}
    assert all("turned down" in why or "cannot be produced" in why for why in never.values()), never
    assert found.stuck(known) == []
    KNOWN.update(found.boxes)
    part, page = f"{GRAPH}, {title}", PAGE.read_text(encoding="utf-8")
    if WHOLE == "draw":
        graph = "\n".join([f"### {title}", "", *found.lines(), ""])
        PAGE.write_text(replaced(page, part, graph), encoding="utf-8")
        return
    known_edges = edges_in(page.partition(f"<!-- {part}: begin -->")[2].partition("<!--")[0])
    assert found.edge_labels() <= known_edges, "draw it anew, see above"
    assert not WHOLE or found.edge_labels() == known_edges, "draw it anew, see above"
