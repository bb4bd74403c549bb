"""A proposal in the words of the inventory."""

from __future__ import annotations

from typing import Any

from afschrift.datamap.scan.proposal import ColumnProposal


def column_words(proposal: ColumnProposal, *, own: bool) -> dict[str, Any]:
    """What stands at a column; `review: needed` with each, so that none counts before somebody confirms it.

    It stands at the column and not at the table: a column that a later scan adds must not count either.

    Args:
        proposal: for the column.
        own: the rows are the people's own records, so that what they hold is about them.
    """
    others = proposal.about_others and not own
    words: dict[str, Any] = {}
    if proposal.origin is not None:
        words["origin"] = proposal.origin.value
    if proposal.category is not None:
        words["category"] = proposal.category
    if proposal.secret:
        words["protect"] = "secret"
    if others:
        words["about"] = "third_party"
    if proposal.free_text:
        words["free_text"] = True
    if proposal.unit is not None:
        words["unit"] = proposal.unit
    if proposal.identifies and own and not proposal.secret:
        words["identifies"] = True
    return {
        **words,
        "review": "needed",
        "proposed": {"confidence": round(proposal.confidence, 2), "because": proposal.reason},
    }
