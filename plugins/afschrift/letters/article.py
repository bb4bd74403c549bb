"""The article that a letter rests on, by its ground and the right that was used (R45, R56).

A ground that a letter cannot rest on has no article there, and the letter is turned down.
"""

from __future__ import annotations

from collections.abc import Mapping

from afschrift.domain.right import Right

ARTICLES = ("11_2", "12_5", "12_6", "15_1", "15_3", "15_4", "20_1", "20_2", "20_4", "23")
"""Codes of the articles of the GDPR, each said in plain words by `texts.yml`: `12_5` is Article 12(5)."""

_ANY = ""
_Articles = Mapping[str, str | Mapping[Right, str]]
_ABUSE: _Articles = {
    "manifestly_unfounded": "12_5",
    "manifestly_excessive": "12_5",
    "malicious_intent": "12_5",
}
_REFUSED: _Articles = {
    **_ABUSE,
    "identity_failure": "12_6",
    "no_mandate": {Right.ACCESS: "15_1", Right.PORTABILITY: "20_1"},
    "rights_of_others": {Right.ACCESS: "15_4", Right.PORTABILITY: "20_4"},
    "legally_exempted": "23",
    "outside_portability": {Right.PORTABILITY: "20_1"},
}
_OF: Mapping[str, _Articles] = {
    "refusal": _REFUSED,
    "partial_refusal": _REFUSED,
    "fee": {**_ABUSE, "further_copy": {Right.ACCESS: "15_3"}},
    "nothing_portable": {_ANY: "20_1"},
    "cannot_identify": {_ANY: "11_2"},
    "transfer_not_feasible": {_ANY: "20_2"},
}


def article(kind: str, ground: str | None, right: Right) -> str | None:
    """The article, one of `ARTICLES`.

    Args:
        kind: of the letter.
        ground: that it names; None where its kind has one reason alone.
        right: that was used; of a message that does not say which, access (R05).

    Returns:
        None: this kind of letter does not rest on that, for that right.
    """
    found = _OF.get(kind, {}).get(ground or _ANY)
    return found.get(right) if isinstance(found, Mapping) else found
