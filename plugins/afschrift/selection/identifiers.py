"""What of a person's keys tells them from everybody else in any text, in the spellings that people use.

An e-mail address, a telephone number and an IBAN do; a customer number is a number like any other, and is
only compared with columns of such numbers. What a key is, its value says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from string import ascii_lowercase, ascii_uppercase
from urllib.parse import quote

import phonenumbers
from phonenumbers import PhoneNumberFormat
from stdnum import iban

from afschrift.domain.keys import Key
from afschrift.domain.pointer import PointerKind

_EMAIL = re.compile(r"[^\s@\\]+@[^\s@\\]+\.[^\s@.\\]{2,}")
_PHONE = re.compile(r"(?:\+|0)[0-9 ()./-]{6,24}")
_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)
_ESCAPED = r"\\[bfnrt]"  # a line break in the text of a JSON value: its letter belongs to no word
EDGES: dict[PointerKind, tuple[str, str]] = {
    PointerKind.EMAIL: (
        rf"(^|[^a-z0-9._%+-]|{_ESCAPED}|(^|[^a-z0-9])[._%+-]+)",
        r"($|[^a-z0-9._-]|[._-]+($|[^a-z0-9]))",
    ),
    PointerKind.PHONE: (r"(^|[^0-9])", r"($|[^0-9])"),
    PointerKind.IBAN: (rf"(^|[^a-z0-9]|{_ESCAPED})", r"($|[^a-z0-9])"),
}
"""Kind -> patterns of what stands before and behind a whole one: `xjan@example.nl` is not `jan@example.nl`.
"""

SIGNS: dict[PointerKind, str] = {
    PointerKind.EMAIL: "@|%40",
    PointerKind.PHONE: "[0-9]([ .()/-]{0,3}[0-9]){6}",
    PointerKind.IBAN: "[a-zA-Z]{2}[0-9]{2}[ .-]?[a-zA-Z0-9]{4}",
}
"""Kind -> a pattern that every spelling has in it: most texts have none, and go no further."""


def kind_of(value: str, region: str) -> PointerKind | None:
    """What a key's value is, where it is distinctive; None for a plain number or code.

    Args:
        value: as the register has it.
        region: country of telephone numbers that are written without one, ISO 3166 such as `NL`.
    """
    if _EMAIL.fullmatch(value):
        return PointerKind.EMAIL
    if iban.is_valid(value):
        return PointerKind.IBAN
    if _PHONE.fullmatch(value) and _phone(value, region) is not None:
        return PointerKind.PHONE
    return None


def spellings(kind: PointerKind, value: str, region: str) -> frozenset[str]:
    """The ways to write an identifier, in small letters (ASCII)."""
    match kind:
        case PointerKind.EMAIL:
            cases = {value, value.lower(), value.upper()}  # a database may know small letters of ASCII alone
            return frozenset(way.translate(_SMALL) for case in cases for way in (case, quote(case, safe="")))
        case PointerKind.IBAN:
            compact = iban.compact(value).lower()
            return frozenset({compact, *(_in_fours(compact, gap) for gap in " -.")})
        case PointerKind.PHONE:
            number = _phone(value, region)
            return frozenset() if number is None else frozenset(_phone_spellings(number))
        case _:
            return frozenset()


def search_keys(keys: Iterable[Key], own: Iterable[str], at: str, region: str) -> tuple[Key, ...]:
    """The spellings of what is the person's at an instant, as rows of the session's key table.

    What was theirs once may be somebody else's by now, and is not searched for.

    Args:
        keys: the person's, as the plan has them.
        own: what else their own record says of them (`own_identifiers`).
        at: instant of the request (RFC 3339).
        region: country of the controller.
    """
    values = {*own, *(key.value for key in keys if key.valid_at(at))}
    found = {
        Key(search_name(kind), way)
        for value in values
        if (kind := kind_of(value, region)) is not None
        for way in spellings(kind, value, region)
    }
    return tuple(sorted(found))


def search_name(kind: PointerKind) -> str:
    """Under which name the key table holds the spellings of a kind; it is no identity key's."""
    return f"afschrift:{kind.value}"


def _phone(value: str, region: str) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


_GROUPS = {
    8: (((0, 4), (4, 8)), ((0, 2), (2, 5), (5, 8)), ((0, 3), (3, 6), (6, 8)), ((0, 3), (3, 5), (5, 8))),
    7: (((0, 3), (3, 7)), ((0, 3), (3, 5), (5, 7))),
    6: (((0, 3), (3, 6)),),
}
"""Length of a subscriber's number -> the groups in which people write it, beside pairs."""


def _phone_spellings(number: phonenumbers.PhoneNumber) -> Iterable[str]:
    """National, behind `31` (and so `+31`) and behind `0031`; without gaps, and with each usual one."""
    national = _digits(phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL))
    code, *rest = _digits(phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL))
    yield from _gaps(national)
    for behind in (code, f"00{code}"):
        yield from _gaps([behind, *rest])
        if national[0].startswith("0"):
            yield from (f"{behind}{gap}(0){way}" for gap in ("", " ") for way in _gaps(rest, " "))


def _digits(text: str) -> list[str]:
    return [part for part in re.split(r"[^0-9]+", text) if part]


def _gaps(parts: list[str], gaps: str = " -.") -> Iterable[str]:
    """Between all parts, behind the first one alone, between the last pairs too, and nowhere."""
    *first, last = parts
    pairs = [last[at : at + 2] for at in range(0, len(last), 2)]
    inside = [[last[a:b] for a, b in cuts] for cuts in _GROUPS.get(len(last), ())]
    yield "".join(parts)
    yield from (gap.join(parts) for gap in gaps)
    yield from (gap.join((parts[0], "".join(parts[1:]))) for gap in gaps if first)
    if len(last) % 2 == 0:
        yield " ".join([*first, *pairs])
    for groups in inside:
        yield from (gap.join((" ".join(first), " ".join(groups))).strip() for gap in gaps[:2])


def _in_fours(compact: str, gap: str) -> str:
    return gap.join(compact[at : at + 4] for at in range(0, len(compact), 4))
