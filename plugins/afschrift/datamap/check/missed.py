"""What a person would miss in an answer by this map: what other checks of it find, counted by subject."""

from __future__ import annotations

from collections.abc import Iterator

from afschrift.datamap.check.finding import Code
from afschrift.datamap.check.map_check import unexplained
from afschrift.domain.vocabulary import LEGITIMATE_INTEREST
from afschrift.inventory.model import Inventory
from afschrift.inventory.processing import AutomatedDecision
from afschrift.inventory.readable import Need, Readability, described_columns
from afschrift.inventory.sheet_gaps import all_columns, gaps
from afschrift.inventory.unconfirmed import progress

_SHOWN = 3
_OF_SHEET = {
    "why data are used": (".purposes", ".title"),
    "how long data are kept, and from when": (".retention",),
    "who gets data, and how they are protected there": (".recipients", ".transfers"),
    "who gave data": (".source",),
    "what a computer decides": (".automated_decision",),
}
"""Subject -> what the path of a gap in the sheet has in it; the first that fits."""


def missed(inventory: Inventory) -> dict[str, list[str]]:
    """Return subject -> places in the map that leave it open."""
    found: dict[str, list[str]] = {"where a value comes from": progress(inventory)[1]}
    found |= {subject: [] for subject in _OF_SHEET}
    for gap in gaps(inventory, all_columns(inventory), as_proposed=True):
        subject = next((s for s, parts in _OF_SHEET.items() if any(part in gap.where for part in parts)), "")
        if subject:
            found[subject].append(f"{gap.source}.{gap.where}")
    for source, file in inventory.sources.items():
        for name, purpose in file.purposes.items():
            found["who gets data, and how they are protected there"] += [
                f"{source}.purposes.{name}.recipients.{number}"  # a group that gets the rows of everybody
                for number, recipient in enumerate(purpose.recipients or ())
                if recipient.group and not (recipient.tables or recipient.only)
            ]
            if purpose.basis == LEGITIMATE_INTEREST and purpose.interest is None:
                found["why data are used"].append(f"{source}.purposes.{name}.interest")
            decision = purpose.automated_decision
            if isinstance(decision, AutomatedDecision):
                found["what a computer decides"] += [
                    f"{source}.purposes.{name}.automated_decision.{part}"
                    for part in ("inputs", "exception")
                    if not getattr(decision, part)
                ]
    of_decisions = (Code.DECISION_NOT_EXPLAINED, Code.DECISION_NOT_PERMITTED)
    kept_back = (f.place for f in unexplained(inventory) if f.code not in of_decisions)
    found["why a value is kept back"] = list(kept_back)
    given = described_columns(inventory)
    judged = Readability(inventory, given)
    found["what a code or a member means"] = [
        f"{table.source}.{table.table}.{column}"
        for table in given
        for column, needs in judged.missing(table).items()
        if {Need.CODES, Need.MEMBERS} & {*needs}
    ]
    return {subject: list(dict.fromkeys(places)) for subject, places in found.items()}


def missed_lines(inventory: Inventory) -> Iterator[str]:
    """Yield a line for each subject that the map leaves open, with its number and its first places."""
    found = {subject: places for subject, places in missed(inventory).items() if places}
    if not found:
        yield "A person would miss nothing of what an answer must tell, as far as the map says."
        return
    yield f"What a person would miss in an answer by this map ({sum(map(len, found.values()))}):"
    for subject, places in found.items():
        more = ", ..." if len(places) > _SHOWN else ""
        yield f"  {subject}: {len(places)} ({', '.join(places[:_SHOWN])}{more})"
