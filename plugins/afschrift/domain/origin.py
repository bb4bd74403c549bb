"""Where a piece of personal data comes from: the axis on which access and portability differ (matrix A.0)."""

from __future__ import annotations

from enum import StrEnum

_DPV = "https://w3id.org/dpv#"


class Origin(StrEnum):
    """Origin of a column's data, with its DPV term (RULES E.1)."""

    PROVIDED = "provided"
    OBSERVED = "observed"
    DERIVED = "derived"
    INFERRED = "inferred"
    ASSIGNED = "assigned"
    THIRD_PARTY = "third_party"
    NOT_PERSONAL = "not_personal"

    @property
    def iri(self) -> str:
        """The DPV term. A third party's delivery is collected data with another source."""
        return _DPV + _TERMS[self]

    @property
    def from_the_person(self) -> bool:
        """Whether the person provided it, actively or by using a service or device (Art. 20(1))."""
        return self in (Origin.PROVIDED, Origin.OBSERVED)

    @property
    def made_by_controller(self) -> bool:
        """Whether the organisation generated it itself."""
        return self in (Origin.DERIVED, Origin.INFERRED, Origin.ASSIGNED)

    @property
    def source_iri(self) -> str:
        """The DPV data source that tells two collected origins apart."""
        if self is Origin.THIRD_PARTY:
            return _DPV + "ThirdPartyDataSource"
        return _DPV + ("DataSubjectDataSource" if self.from_the_person else "DataControllerDataSource")


_TERMS = {
    Origin.PROVIDED: "ProvidedPersonalData",
    Origin.OBSERVED: "ObservedPersonalData",
    Origin.DERIVED: "DerivedPersonalData",
    Origin.INFERRED: "InferredPersonalData",
    Origin.ASSIGNED: "GeneratedPersonalData",
    Origin.THIRD_PARTY: "CollectedPersonalData",
    Origin.NOT_PERSONAL: "AnonymisedData",
}
