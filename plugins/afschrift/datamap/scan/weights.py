"""How much name, type, sample and comment of a column speak for a concept: a factor and a sentence each."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from afschrift.datamap.scan.concepts import Candidate, Concept, Vocabulary
from afschrift.datamap.scan.evidence import DECISIVE, ENOUGH, NAMES, SampleEvidence
from afschrift.domain.origin import Origin
from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import ValueKind

_UNKNOWN_WORD, _SILENT_WORD, _OTHER_END, _LOOSE_TYPE = 0.85, 0.95, 0.75, 0.95
_AGREES, _DISAGREES = 0.8, 0.5  # shares of a sample
_LENGTH = re.compile(r"char\w*(?: varying)?\((\d+)\)", re.IGNORECASE)
_LEAST = {"email": 6, "iban": 15, "bsn": 8, "phone": 6, "ip": 7, "url": 8, "postcode": 4, "card": 13}
"""Form -> characters that one has at least."""

_FAMILIES = {
    ValueKind.TEXT: "text",
    ValueKind.INTEGER: "integer",
    ValueKind.DECIMAL: "number",
    ValueKind.NUMBER: "number",
    ValueKind.BOOLEAN: "boolean",
    ValueKind.DATE: "date",
    ValueKind.TIME: "date",
    ValueKind.DATETIME: "date",
    ValueKind.INSTANT: "date",
    ValueKind.DURATION: "number",
    ValueKind.BINARY: "binary",
    ValueKind.UUID: "uuid",
    ValueKind.JSON: "json",
}


class Weight(NamedTuple):
    """A factor of the confidence; `said` is empty where there is nothing to say."""

    factor: float = 1.0
    rise: float = 0.0  # share of what is missing to 1
    said: str = ""


def family(of: ColumnType) -> str | None:
    """The family of a column's type; None where the software does not know the type."""
    return None if of.kind is None else _FAMILIES[of.kind]


def fits(concept: Concept, of: ColumnType) -> bool:
    """Whether a column of this type can hold it. A text may hold whatever it is long enough for."""
    kind = family(of)
    if kind == "text":
        length = _LENGTH.search(of.native)
        return not length or int(length[1][:9]) >= _LEAST.get(concept.sample or "", 0)
    return kind is None or kind in concept.kinds


def by_type(concept: Concept, of: ColumnType) -> Weight:
    """Of a type that fits."""
    kind = family(of)
    return Weight() if kind in concept.kinds else Weight(_LOOSE_TYPE)


def by_name(vocabulary: Vocabulary, candidate: Candidate, silent: Collection[str]) -> Weight:
    """Of the words beside those that the concept takes; `silent` are those of the table's own name."""
    factor = 1.0 if candidate.at_end else _OTHER_END
    for word in candidate.beside:
        if word not in vocabulary.neutral and word not in vocabulary.others and word not in silent:
            factor *= _SILENT_WORD if vocabulary.lexicon.known(word) else _UNKNOWN_WORD
    return Weight(factor)


def by_sample(concept: Concept, seen: SampleEvidence, alien: str | None) -> Weight:
    """Of the forms of the values; `alien` is a form that says that they are something else."""
    if seen.count < ENOUGH:
        return Weight()
    if alien is not None:
        return Weight(0.0, said=f"but {said_of(seen, alien)}")
    if concept.sample is None:
        return Weight()
    share = seen.share(concept.sample)
    if share <= _DISAGREES:
        return Weight(0.0, said=f"but {said_of(seen, concept.sample)}")
    has = seen.has(concept.sample)
    return Weight(
        1.0 if share >= _AGREES else share,
        0.5 * share * has / (has + 5) if share >= _AGREES else 0.0,
        said_of(seen, concept.sample),
    )


def decisive_form(seen: SampleEvidence) -> str | None:
    """A form of most values that says what they are, whatever the name."""
    forms = (form for form in DECISIVE if seen.count >= ENOUGH and seen.share(form) >= _AGREES)
    return next(forms, None)


def alien_form(concept: Concept, seen: SampleEvidence) -> str | None:
    """A form of most values that a column of the concept does not have."""
    if concept.free_text or seen.count < ENOUGH:
        return None
    own = {concept.sample, *concept.may_look}
    if concept.sample in ("phone", "bsn"):  # a national number may look like one of a telephone
        own.add("strict phone")
    strange = (*DECISIVE, "number", "url", "uuid") if concept.sample == "words" else DECISIVE
    return next((form for form in strange if form not in own and seen.share(form) >= _AGREES), None)


def comment_origin(vocabulary: Vocabulary, comment: str) -> Origin | None:
    """The origin that a comment tells of; None where it tells of none, or of several."""
    text = comment.casefold()
    told = {o for o, cues in vocabulary.comments.items() if any(_stands(cue, text) for cue in cues)}
    return told.pop() if len(told) == 1 else None


def _stands(cue: str, text: str) -> bool:
    return cue in text and re.search(rf"\b{re.escape(cue)}", text) is not None


def said_of(seen: SampleEvidence, form: str) -> str:
    """How many values have a form, in words."""
    return f"{seen.has(form)} of {seen.count} samples are {NAMES[form]}"
