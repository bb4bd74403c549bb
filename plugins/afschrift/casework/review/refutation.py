"""The ways in which an answer refutes itself, each a finding for the officer at the review.

Rows past their period are asked about before packing (`casework.retention`); masks of another answer of the
message are compared by `review.compare`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from afschrift.domain.extracted import SourceExtract
from afschrift.domain.plan import Plan

Refutations = Mapping[str, Mapping[str, int]]
"""Kind -> place in the data map -> rows; never a value."""
Refuter = Callable[[Plan, Sequence[SourceExtract]], Refutations]

KINDS = {
    "mask_determined": "masked, but other columns of the row tell it: mask these too, or give both",
    "others_key_given": "keys of others in the clear: mask them in the map (`third_party: mask`), or redact",
    "recipient_left_out": "a purpose leaves out a recipient of this table: name it under that purpose too",
    "origin_not_by_row": "given by you, it says, in rows of others: name the author's column under `origin`",
    "own_value_masked": "own values or words are masked: take out the mask, as Art. 15(4) protects others",
    "masked_otherwise": "clear in another answer of the case: mask it in both, or in neither",
}
"""Kind -> what it says, and the way out. The check of the map finds the first four for everybody."""


def refuted_lines(detail: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each finding in the detail of a review."""
    found = {**detail.get("refuted", {}), "masked_otherwise": detail.get("masked_otherwise", {})}
    for kind, places in found.items():
        yield from (f"{place}, {rows} row(s), {KINDS[kind]}" for place, rows in places.items())
