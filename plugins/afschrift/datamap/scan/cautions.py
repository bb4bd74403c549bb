"""What the law asks of a column beside its origin and category, as words of a reason."""

from __future__ import annotations

from collections.abc import Iterator

from afschrift.law.person.assurance import SPECIAL, below

_CRIMINAL = "user.criminal_history"
_CAUTIONS = (
    (tuple(c for c in SPECIAL if c != _CRIMINAL), "special data: a purpose needs a condition of Art. 9(2)"),
    ((_CRIMINAL,), "criminal data (Art. 10)"),
    (("user.government_id.national_identification_number",), "on a statutory basis alone (UAVG 46)"),
    (("user.government_id.passport_number",), "mostly kept on a legal obligation"),
    (("user.financial.credit_card",), "payment data: the last four digits are enough"),
)


def cautions(category: str | None, *, secret: bool, child: bool) -> Iterator[str]:
    """What to heed.

    Args:
        category: Fides data category.
        secret: its value must not leave.
        child: column or table speak of a child.
    """
    if child:
        yield "about a child, for whom a parent asks up to 16 (R16)"
    if secret:
        yield "secret: that it exists is said, its value never leaves (R87)"
    yield from (caution for these, caution in _CAUTIONS if below(category, these))
