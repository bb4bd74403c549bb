"""The two rights that the software fulfils."""

from __future__ import annotations

from enum import StrEnum


class Right(StrEnum):
    """A data subject right, named as in DPV."""

    ACCESS = "access"
    PORTABILITY = "portability"

    @property
    def article(self) -> str:
        """The article of the GDPR that grants the right."""
        return "15" if self is Right.ACCESS else "20"

    @property
    def iri(self) -> str:
        """The DPV term of the right (RULES E.2)."""
        return f"https://w3id.org/dpv/legal/eu/gdpr#A{self.article}"
