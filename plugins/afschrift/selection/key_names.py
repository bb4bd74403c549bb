"""Which columns and members of documents hold a key of a person by their name: `klantnr`, `customerId`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache

from afschrift.domain.keys import Unique
from afschrift.domain.name_parts import NUMBERS, flat, is_generic, pointed_to, row_names, word_set, words
from afschrift.inventory.model import Inventory, SourceFile

_ALIKE = tuple(
    map(
        word_set,
        (
            "customer cust klant clnt debiteur",
            "user usr gebruiker",
            "employee emp medewerker personeel",
            "member lid",
            "subscriber abonnee",
            "patient pat",
            "account acct",
        ),
    )
)
"""Words for the same kind of person. `client` is also a program, so it is not one of them."""

_ROLES = word_set("referrer referredby introducer introducedby inviter invitedby aanbrenger aangebrachtdoor")
"""Roles in which the people who ask may be in a row that another person's number leads to."""

_PRIVATE = word_set("bsn ssn sofi sofinummer ip")
"""Words of keys whose values are not searched for."""


def is_private(key: str) -> bool:
    """Whether a key's name says that its values are not searched for (R11)."""
    return not _PRIVATE.isdisjoint(words(key))


def is_shared(inventory: Inventory, key: str) -> bool:
    """Whether several persons have the same value of a key, such as a household's."""
    declared = inventory.identity.keys.get(key)
    return declared is not None and declared.unique is Unique.NO


def is_for_ever(inventory: Inventory, key: str) -> bool:
    """Whether a value of a key is never another person's."""
    declared = inventory.identity.keys.get(key)
    return declared is not None and declared.unique is Unique.YES


def person_words(inventory: Inventory) -> dict[str, frozenset[str]]:
    """Key -> what its name and its own table call a person; without keys that several persons share."""
    found = {}
    for key, declared in inventory.identity.keys.items():
        if declared.unique is Unique.NO or is_private(key):
            continue
        named = {key: pointed_to(key) or flat(key)}
        for source in inventory.sources.values():
            for name, table in source.tables.items():
                link = table.subject.get(key)
                if link is not None and table.key == (link.column,):
                    named[name] = "" if is_generic(link.column) else pointed_to(link.column) or ""
        known = {word for word in named.values() if word}
        known |= {word for name, word in named.items() if not word for word in row_names(name)}
        roles = _ROLES if key == inventory.identity.person else frozenset[str]()
        found[key] = known.union(roles, *(same for same in _ALIKE if known & same))
    return {key: frozenset(known) for key, known in found.items()}


def in_source(known: Mapping[str, frozenset[str]], source: SourceFile) -> dict[str, frozenset[str]]:
    """Of keys with the same words, those that a source's own tables hold, if it holds any of them."""
    held = {key for table in source.tables.values() for key in table.subject}
    return {
        key: found
        for key, found in known.items()
        if key in held or not any(other in held and found & known[other] for other in known)
    }


@lru_cache(maxsize=50_000)
def says(column: str, known: frozenset[str]) -> bool:
    """Whether the name of a column ends in such a word, with or without a word for a number behind it."""
    parts = words(column)
    if len(parts) > 1 and parts[-1] in NUMBERS:
        parts = parts[:-1]
    endings = {"".join(parts[start:]) for start in range(len(parts))}
    return not known.isdisjoint(endings | {pointed_to(column) or ""})


def member_sign(known: Collection[str]) -> str:
    """A pattern, in small and capital letters, that every `member_name` of some words fulfils."""
    names = ("".join(f"[{sign}{sign.upper()}]" for sign in word) for word in sorted(known))
    return f"({'|'.join(names)})"


def member_name(known: frozenset[str]) -> str:
    """A pattern for such a name in front of its value in JSON, a query or a text: `"customerId":`."""
    number = f"[ _-]?({'|'.join(sorted(NUMBERS))})"
    return f"({'|'.join(sorted(known))})({number}[\"'\\\\]*|[\"'\\\\]+) ?[:=>]"
