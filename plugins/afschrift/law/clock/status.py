"""What is said of a request beside its state, and the grounds for it, in DPV terms (RULES E.3).

These are facts with times of their own, read from questions, decisions, notices and deliveries. A request may
be accepted, extended and suspended at once, so none of them is a state (docs/adr/0010).
"""

from __future__ import annotations

from enum import StrEnum

from afschrift.domain.state import DPV, OWN

_GDPR = "https://w3id.org/dpv/legal/eu/gdpr#JustificationA12"
_JUSTIFICATIONS = "https://w3id.org/dpv/justifications#"


class Justification(StrEnum):
    """The ground of a fact or a refusal."""

    IDENTITY_REQUIRED = "identity_required"
    INFORMATION_REQUIRED = "information_required"
    COMPLEXITY = "complexity"
    MANIFESTLY_UNFOUNDED = "manifestly_unfounded"
    MANIFESTLY_EXCESSIVE = "manifestly_excessive"
    MALICIOUS_INTENT = "malicious_intent"
    IDENTITY_FAILURE = "identity_failure"
    RIGHTS_OF_OTHERS = "rights_of_others"
    LEGALLY_EXEMPTED = "legally_exempted"

    @property
    def iri(self) -> str:
        """Its DPV term."""
        return _GROUNDS[self]


_GROUNDS = {
    Justification.IDENTITY_REQUIRED: _GDPR + "IdentityRequired",
    Justification.INFORMATION_REQUIRED: _GDPR + "InformationRequired",
    # DPV's HighVolume is left out: volume alone is no ground (R40).
    Justification.COMPLEXITY: _GDPR + "Complexity",
    Justification.MANIFESTLY_UNFOUNDED: _GDPR + "ManifestlyUnfounded",
    Justification.MANIFESTLY_EXCESSIVE: _GDPR + "ManifestlyExcessive",
    Justification.MALICIOUS_INTENT: _GDPR + "MaliciousIntent",
    Justification.IDENTITY_FAILURE: _GDPR + "IdentityFailure",
    Justification.RIGHTS_OF_OTHERS: _JUSTIFICATIONS + "ThirdPartyRightsImpaired",
    Justification.LEGALLY_EXEMPTED: _JUSTIFICATIONS + "LegallyExempted",
}

REFUSAL_GROUNDS = (
    Justification.MANIFESTLY_UNFOUNDED,
    Justification.MANIFESTLY_EXCESSIVE,
    Justification.MALICIOUS_INTENT,
    Justification.IDENTITY_FAILURE,
    Justification.RIGHTS_OF_OTHERS,
    Justification.LEGALLY_EXEMPTED,
)
"""What may justify `State.REFUSED`."""


class StatusTerm(StrEnum):
    """Something that holds of a request for a time, or since a moment, whatever its state."""

    WAITING_FOR_IDENTITY = "waiting_for_identity"
    WAITING_FOR_SPECIFICATION = "waiting_for_specification"
    ANSWER_RECEIVED = "answer_received"
    EXTENDED = "extended"
    SUSPENDED = "suspended"
    FEE_PROPOSED = "fee_proposed"
    PARTLY_FULFILLED = "partly_fulfilled"
    STATUS_ASKED = "status_asked"

    @property
    def iri(self) -> str:
        """DPV status where DPV has one, else a sub-term of our own under `broader`."""
        term, own = _TERMS[self]
        return OWN + self.value if own else DPV + term

    @property
    def broader(self) -> str:
        """The DPV term that stands for it or, for a sub-term of our own, above it."""
        return DPV + _TERMS[self][0]

    @property
    def justification(self) -> Justification | None:
        """The ground that comes with it."""
        return _COMES_WITH.get(self)


_TERMS = {
    StatusTerm.WAITING_FOR_IDENTITY: ("RequestRequiresAction", False),
    StatusTerm.WAITING_FOR_SPECIFICATION: ("RequestRequiresAction", False),
    StatusTerm.ANSWER_RECEIVED: ("RequestRequiredActionPerformed", False),
    StatusTerm.EXTENDED: ("RequestActionDelayed", False),
    StatusTerm.SUSPENDED: ("RequestActionDelayed", True),
    StatusTerm.FEE_PROPOSED: ("RequestRequiresAction", True),
    StatusTerm.PARTLY_FULFILLED: ("RequestStatus", True),
    StatusTerm.STATUS_ASKED: ("RequestStatusQuery", False),
}
_COMES_WITH = {
    StatusTerm.WAITING_FOR_IDENTITY: Justification.IDENTITY_REQUIRED,
    StatusTerm.WAITING_FOR_SPECIFICATION: Justification.INFORMATION_REQUIRED,
    StatusTerm.EXTENDED: Justification.COMPLEXITY,
}
