"""Legal bases of Art. 6(1) and conditions of Art. 9(2), by their DPV names without prefix."""

from __future__ import annotations

BASES = tuple(f"A6-1-{letter}" for letter in "abcdef")
SPECIAL_CONDITIONS = tuple(f"A9-2-{letter}" for letter in "abcdefghij")

PORTABLE = frozenset({"A6-1-a", "A9-2-a", "A6-1-b"})
"""Consent and contract: the only bases that Art. 20(1)(a) names (R20)."""

CONSENT = frozenset({"A6-1-a", "A9-2-a"})


def basis_iri(code: str) -> str:
    """DPV term of a basis (RULES E.2), for example `A6-1-b`."""
    return f"https://w3id.org/dpv/legal/eu/gdpr#{code}"
