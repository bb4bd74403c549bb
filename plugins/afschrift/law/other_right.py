"""What a message asks beside access and portability: handed over to others, never swallowed (R05)."""

from __future__ import annotations

from enum import StrEnum

_GDPR = "https://w3id.org/dpv/legal/eu/gdpr#"
_OWN = "urn:afschrift:matter:"


class Matter(StrEnum):
    """A right that somebody else of the organisation fulfils, or a message about somebody who died."""

    RECTIFICATION = "rectification"
    ERASURE = "erasure"
    RESTRICTION = "restriction"
    OBJECTION = "objection"
    AUTOMATED_DECISION = "automated_decision"
    COMPLAINT = "complaint"
    INFORMATION = "information"
    DECEASED = "deceased"  # the GDPR does not cover the dead (R17)

    @property
    def article(self) -> str | None:
        """The article of the GDPR that grants it; None: it grants none (Recital 27)."""
        return _ARTICLES.get(self)

    @property
    def iri(self) -> str:
        """The DPV term of the right; for what is no right of the GDPR a term of our own."""
        return f"{_GDPR}A{self.article}" if self.article else _OWN + self.value

    @property
    def has_period(self) -> bool:
        """Whether the law sets a last day: one month from the same receipt (Art. 12(3))."""
        return self.article is not None


_ARTICLES = {
    Matter.RECTIFICATION: "16",
    Matter.ERASURE: "17",
    Matter.RESTRICTION: "18",
    Matter.OBJECTION: "21",
    Matter.AUTOMATED_DECISION: "22",
    Matter.COMPLAINT: "77",
    Matter.INFORMATION: "13",
}

OTHER_RIGHTS = tuple(right for right in Matter if right is not Matter.DECEASED)
"""What intake may name beside its own rights."""
