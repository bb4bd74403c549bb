"""A rest that was promised with a part and that the inventory does not hold any more (R08, R44, R54).

Without a word about it the next run would close the request as if the promise were kept. So it stops at a
question to an officer, and the coverage names the source with what was said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from afschrift.casework.partial_response.question import REST_GONE_KIND
from afschrift.casework.partial_response.source_for_later import personal_tables
from afschrift.domain.event import digest
from afschrift.domain.plan import Gone
from afschrift.inventory.model import Inventory
from afschrift.law.clock.facts import Timeline
from afschrift.law.partial_response import NOT_HELD, REST_GONE, REST_GONE_OPTIONS, parts
from afschrift.questions.kind import OpenQuestion
from afschrift.register.records import DecisionRow


def gone(
    inventory: Inventory, timeline: Timeline, decisions: Sequence[DecisionRow]
) -> Iterator[tuple[Gone | None, OpenQuestion | None]]:
    """Each source of which the last part promised what is not personal data of the inventory by now.

    With what an officer said of it, or the question that is still open. What was promised earlier was given
    or asked about before the last part. A system that people search by now is told of as such.
    """
    for fact in parts(timeline)[-1:]:
        for one in fact.detail.get("later", ()):
            source = str(one["source"])
            held = personal_tables(inventory, source) if source in inventory.sources else ()
            missing = tuple(table for table in one.get("tables", ()) if table not in held)
            if (missing or not held) and source not in inventory.manual:
                yield _said(_question(source, missing, fact.detail["bundle"], one), decisions)


def _question(source: str, tables: tuple[str, ...], bundle: str, promised: dict[str, str]) -> OpenQuestion:
    detail = {"source": source, "tables": list(tables), "rest_by": promised["rest_by"]}
    bound = digest({"kind": REST_GONE, "source": source, "tables": list(tables), "bundle": bundle})
    words = (
        f"The rest of {source} was promised by {promised['rest_by']}, and the inventory does not have it "
        "any more: put it back and try again, or say why it is not given."
    )
    return OpenQuestion(REST_GONE_KIND, REST_GONE_OPTIONS, words, detail, bound=bound)


def _said(
    question: OpenQuestion, decisions: Sequence[DecisionRow]
) -> tuple[Gone | None, OpenQuestion | None]:
    found = [d for d in decisions if d.kind == REST_GONE and d.about == question.about]
    if not found or found[-1].choice != NOT_HELD:
        return None, question
    tables = tuple(question.detail["tables"])
    return Gone(question.detail["source"], tables, question.detail["rest_by"], found[-1].at), None
