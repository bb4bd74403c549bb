"""Which countries data may go to without more (Art. 44-46)."""

from __future__ import annotations

EEA = frozenset(
    {"AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT"}
    | {"LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"}
)
"""The European Economic Area: ISO 3166-1 codes. Elsewhere a transfer needs a decision or a safeguard."""


def outside_eea(country: str) -> bool:
    """Whether a recipient there makes a transfer to a third country."""
    return country not in EEA
