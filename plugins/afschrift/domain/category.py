"""Data categories of the Fides taxonomy as terms of the W3C's Data Privacy Vocabulary (DPV-PD 2.3).

Fides keys have no IRIs, so the nearest DPV term says what is meant to those who do not know the taxonomy.
"""

from __future__ import annotations

_PD = "https://w3id.org/dpv/pd#"

# Only terms that mean the same or something wider: a narrower one would say more than is known.
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


def category_iri(category: str) -> str | None:
    """The DPV term of a Fides category, or of the nearest category above it; None where there is none."""
    while category not in _TERMS:
        category, dot, _ = category.rpartition(".")
        if not dot:
            return None
    return _PD + _TERMS[category]
