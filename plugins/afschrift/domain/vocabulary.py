"""Origins, legal bases and data categories, with their terms in the W3C's Data Privacy Vocabulary (DPV 2.3).

The origin of data is the axis on which access and portability differ. Bases of Art. 6(1) and
conditions of Art. 9(2) bear their DPV names without prefix. Categories are those of the Fides taxonomy, whose
keys have no IRIs: the nearest DPV term says what is meant.
"""

from __future__ import annotations

from enum import StrEnum

_DPV = "https://w3id.org/dpv#"


class Origin(StrEnum):
    """Origin of a column's data, with its DPV term."""

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
        return _DPV + _ORIGIN_TERMS[self]

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


_ORIGIN_TERMS = {
    Origin.PROVIDED: "ProvidedPersonalData",
    Origin.OBSERVED: "ObservedPersonalData",
    Origin.DERIVED: "DerivedPersonalData",
    Origin.INFERRED: "InferredPersonalData",
    Origin.ASSIGNED: "GeneratedPersonalData",
    Origin.THIRD_PARTY: "CollectedPersonalData",
    Origin.NOT_PERSONAL: "AnonymisedData",
}


BASES = tuple(f"A6-1-{letter}" for letter in "abcdef")
SPECIAL_CONDITIONS = tuple(f"A9-2-{letter}" for letter in "abcdefghij")

PORTABLE = frozenset({"A6-1-a", "A9-2-a", "A6-1-b"})
"""Consent and contract: the only bases that Art. 20(1)(a) names (R20)."""

CONSENT = frozenset({"A6-1-a", "A9-2-a"})
LEGITIMATE_INTEREST = "A6-1-f"

_PD = "https://w3id.org/dpv/pd#"

# Only terms with the same or a wider meaning: a narrower term would say more than is known.
_TERMS = {
    "user.account": "AccountIdentifier",
    "user.account.settings": "Preference",
    "user.account.username": "Username",
    "user.authorization": "Authenticating",
    "user.authorization.biometric": "Biometric",
    "user.authorization.credentials": "Authenticating",
    "user.authorization.password": "Password",
    "user.behavior": "Behavioural",
    "user.behavior.browsing_history": "BrowsingBehaviour",
    "user.behavior.media_consumption": "ServiceConsumptionBehaviour",
    "user.behavior.purchase_history": "PurchasesAndSpendingHabit",
    "user.biometric": "Biometric",
    "user.biometric.fingerprint": "Fingerprint",
    "user.biometric.retinal": "Retina",
    "user.contact": "Contact",
    "user.contact.address": "PhysicalAddress",
    "user.contact.address.city": "City",
    "user.contact.address.country": "Country",
    "user.contact.address.postal_code": "PostalCode",
    "user.contact.address.state": "Region",
    "user.contact.address.street": "Street",
    "user.contact.email": "EmailAddress",
    "user.contact.phone_number": "TelephoneNumber",
    "user.content": "Communication",
    "user.content.self_image": "Picture",
    "user.criminal_history": "Criminal",
    "user.demographic": "Demographic",
    "user.demographic.age_range": "AgeRange",
    "user.demographic.date_of_birth": "BirthDate",
    "user.demographic.gender": "Gender",
    "user.demographic.language": "Language",
    "user.demographic.marital_status": "MaritalStatus",
    "user.demographic.political_opinion": "PoliticalOpinion",
    "user.demographic.profile": "IndividualProfile",
    "user.demographic.race_ethnicity": "EthnicOrigin",
    "user.demographic.religious_belief": "ReligiousBelief",
    "user.demographic.sexual_orientation": "SexualPreference",
    "user.device": "DeviceBased",
    "user.device.cookie_id": "Identifier",
    "user.device.device_id": "Identifier",
    "user.device.ip_address": "IPAddress",
    "user.financial": "Financial",
    "user.financial.bank_account": "BankAccount",
    "user.financial.credit_card": "PaymentCard",
    "user.government_id": "OfficialID",
    "user.government_id.national_identification_number": "OfficialID",
    "user.government_id.passport_number": "Passport",
    "user.health_and_medical": "Health",
    "user.health_and_medical.genetic": "Genetic",
    "user.health_and_medical.record_id": "HealthRecord",
    "user.job_title": "Job",
    "user.location": "Location",
    "user.location.imprecise": "Location",
    "user.location.precise": "GPSCoordinate",
    "user.name": "Name",
    "user.name.first": "Name",
    "user.name.last": "Name",
    "user.payment": "Transactional",
    "user.privacy_preferences": "PrivacyPreference",
    "user.social": "Social",
    "user.telemetry": "Tracking",
    "user.unique_id": "Identifier",
    "user.unique_id.pseudonymous": "Identifier",
    "user.workplace": "Professional",
}


def basis_iri(code: str) -> str:
    """DPV term of a basis, for example `A6-1-b`."""
    return f"https://w3id.org/dpv/legal/eu/gdpr#{code}"


def category_iri(category: str) -> str | None:
    """The DPV term of a Fides category, or of the nearest category above it; None where there is none."""
    while category not in _TERMS:
        category, dot, _ = category.rpartition(".")
        if not dot:
            return None
    return _PD + _TERMS[category]
