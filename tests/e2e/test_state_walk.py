"""Each request of a walk through the states can reach an end; the graphs are in state_walk.md.

Each scenario walks on from what the ones before it did not come to. `AFSCHRIFT_WALK=whole` (`make test-deep`)
walks each to all its ends, and `AFSCHRIFT_WALK=draw pytest tests/e2e/test_state_walk.py -p no:xdist` writes the
graphs anew.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from testbed import mini, small
from testbed.running import drive
from tests.e2e.state_walk import Box, Place, edges_in, walk
from tests.support.deciding import Bureau
from tests.support.family import CHILD, open_family
from tests.support.manual import add_systems, system
from tests.support.reviewing import policy

from afschrift.casework.decision.require_decision import open_decision
from afschrift.casework.record_death import record_death
from afschrift.wiring.build_services import build

pytestmark = pytest.mark.slow

PAGE = Path(__file__).with_name("state_walk.md")
GRAPH = "graph of the walk"
TURNED_DOWN = ("turned down", "cannot be produced", "has no key")
WHOLE = os.environ.get("AFSCHRIFT_WALK")
KNOWN: set[Box] = set()
"""Boxes from which an earlier scenario walked on to an end."""


def replaced(page: str, part: str, graph: str) -> str:
    """The page with another graph between the two comments that name the part."""
    begin, end = f"<!-- {part}: begin -->\n", f"<!-- {part}: end -->"
    before, _, rest = page.partition(begin)
    return f"{before}{begin}{graph}\n{end}{rest.partition(end)[2]}"


@dataclass(frozen=True)
class Begin:
    """How a scenario begins.

    Attributes:
        right, asked: of the request.
        review: of the policy.
        all_tables: over the mini shop; `family`: over the shop with dates of birth.
        prepare: before the request comes in.
        then: after it came in.
    """

    right: str = "access"
    asked: Mapping[str, Any] = field(default_factory=dict)
    review: str = "never"
    all_tables: bool = False
    family: bool = False
    prepare: Callable[[Bureau], object] = lambda _bureau: None
    then: Callable[[Bureau, str], object] = lambda _bureau, _request: None

    def __call__(self, folder: Path, patch: pytest.MonkeyPatch) -> tuple[Bureau, str]:
        if self.family:
            bureau = open_family(folder, patch, all_tables=True)
        else:
            bureau = Bureau.open(folder, patch, all_tables=self.all_tables)
            policies = mini.POLICY + policy(self.review)
            (folder / "inventory" / "policy.yml").write_text(policies, encoding="utf-8")
        self.prepare(bureau)
        bureau.services = build(lambda _line: None, bureau.settings)
        request = bureau.store(self.right, **self.asked)
        self.then(bureau, request)
        return bureau, request


def opens(bureau: Bureau, request: str) -> None:
    open_decision(bureau.services.grounds, bureau.register, request)


def answers_and_opens(bureau: Bureau, request: str) -> None:
    drive(bureau.services, request)
    opens(bureau, request)


def searched(bureau: Bureau) -> None:
    add_systems(bureau.settings.inventory, system("paper", "paper"))


def unclassified(bureau: Bureau) -> None:
    shop = small.SHOP.replace("      name: {origin: provided}\n", "", 1)
    (bureau.settings.inventory / "shop.yml").write_text(shop, encoding="utf-8")


def dies(bureau: Bureau, request: str) -> None:
    answers_and_opens(bureau, request)
    record_death(bureau.officer(), request, "civil_register")


HEIR = {"name": "J. Jansen", "address": "Kade 2"}
UNKNOWN = {"authenticated": None}
QUOTE = "Only your price list."
LIMITED = {"message": QUOTE, "limits": {"tables": ["shop.sku"], "quote": QUOTE}}
SCENARIOS: dict[str, Begin] = {
    "A known person asks for access": Begin(),
    "An unknown person asks": Begin(asked=UNKNOWN),
    "Nothing is held": Begin(asked={"keys": {"customer_id": "99"}}),
    "Nothing is portable": Begin("portability", {"keys": {"customer_id": "4"}}),
    "The person's own limits leave nothing": Begin(asked=LIMITED, all_tables=True),
    "Another person uses the key too": Begin(asked={"keys": {"customer_id": "2"}}, all_tables=True),
    "The third request of a year": Begin(prepare=lambda bureau: bureau.answered(2)),
    "An officer opens a decision": Begin(then=opens),
    "An officer opens one when the answer is ready": Begin(then=answers_and_opens),
    "An officer opens one about an unknown person": Begin(asked=UNKNOWN, then=opens),
    "An earlier request is still open": Begin(prepare=lambda bureau: bureau.store(days=5)),
    "A child asks alone": Begin(asked={"keys": CHILD}, family=True),
    "A parent asks": Begin(asked={"keys": CHILD, "made_by": "parent"}, family=True),
    "The person dies when the answer is ready": Begin(asked={"heir": HEIR}, then=dies),
    "An heir asks": Begin(asked={"keys": {}, "authenticated": None, "made_by": "heir", "heir": HEIR}),
    "A system that people search": Begin(prepare=searched),
    "Every bundle is reviewed": Begin(review="always"),
    "A column without a description": Begin(prepare=unclassified),
}


@pytest.mark.parametrize("title", SCENARIOS)
def test_every_request_can_end(title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bureau, request = SCENARIOS[title](tmp_path, monkeypatch)
    start = Place(bureau, tmp_path / "home", request)

    known = set() if WHOLE else KNOWN
    found = walk(start, tmp_path, known)

    walked = {label for labels in found.edges.values() for label in labels}
    never = {label: why for label, why in found.turned_down.items() if label not in walked}
    assert all(any(words in why for words in TURNED_DOWN) for why in never.values()), never
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


@pytest.mark.parametrize(
    ("title", "letters"),
    [
        ("The person dies when the answer is ready", {"person_deceased", "delivery", "refusal"}),
        ("An heir asks", {"person_deceased", "delivery"}),  # the death may have been recorded in error
        ("A parent asks", {"delivery"}),
    ],
)
def test_a_death_an_heir_and_a_representative_reach_a_sent_letter(title: str, letters: set[str]) -> None:
    """The graphs are those that the walks above make."""
    page = PAGE.read_text(encoding="utf-8")
    graph = page.partition(f"<!-- {GRAPH}, {title}: begin -->")[2].partition("<!--")[0]
    ends = re.findall(r'\(\["<b>\w+</b>(?:<br>letter (\w+))+"\]\)', graph)
    sent = re.findall(r'"(?:\w+<br>)*?(\w+) (?:made and )?sent\b', graph)
    assert letters <= {name for name in ends if name in sent}
