"""The rights that the software fulfils, each with what it grants.

Callers read a right's terms and never compare rights, so that a further right is not treated as another one.
Where rights differ in more than a term, `match` names each and ends in `assert_never`, so that mypy finds the
places for a further right: `decision.decide`, `law.manual_search.outside`, `law.person.covers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Right(StrEnum):
    """A data subject right, named as in DPV."""

    ACCESS = "access"
    PORTABILITY = "portability"

    @property
    def terms(self) -> Terms:
        """The terms of the right."""
        return TERMS[self]

    @property
    def article(self) -> str:
        """The article of the GDPR that grants the right."""
        return self.terms.article

    @property
    def iri(self) -> str:
        """The DPV term of the right."""
        return f"https://w3id.org/dpv/legal/eu/gdpr#A{self.article}"


@dataclass(frozen=True)
class Terms:
    """What a right grants, and how it is fulfilled.

    Attributes:
        article: of the GDPR.
        steps: of the run that fulfils it, in order.
        provided_only: it reaches what the person provided, on consent or contract, by automated means
            (Art. 20(1)), and not everything about the person.
        information_sheet: the answer tells what is done with the data (Art. 15(1), (2)).
        machine_readable: the files are structured, commonly used and machine-readable (R57).
        specified: who holds a large quantity of data may ask to specify (R25, R42).
    """

    article: str
    steps: tuple[str, ...]
    provided_only: bool
    information_sheet: bool
    machine_readable: bool
    specified: bool


_COPY = ("assess", "classify", "extract", "validate", "package", "deliver", "close")

TERMS: Mapping[Right, Terms] = {
    Right.ACCESS: Terms(
        article="15",
        steps=_COPY,
        provided_only=False,
        information_sheet=True,
        machine_readable=False,
        specified=True,
    ),
    Right.PORTABILITY: Terms(
        article="20",
        steps=_COPY,
        provided_only=True,
        information_sheet=False,
        machine_readable=True,
        specified=False,
    ),
}
