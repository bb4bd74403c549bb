"""Identifiers of a person that are unique in any text, in the spellings that people use.

E-mail addresses, telephone numbers and IBANs are; a customer number is not, and is only compared with columns
of such numbers. A key's value decides its kind. In addition to the keys, the person's own record is read
once, when the plan is made, to search for what it holds (R08); it never decides whose row a row is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from html import escape
from string import ascii_lowercase, ascii_uppercase
from urllib.parse import quote

import msgspec
import phonenumbers
from phonenumbers import PhoneNumberFormat
from stdnum import iban

from afschrift.domain.decision import About
from afschrift.domain.keys import Key
from afschrift.domain.redaction import PointerKind
from afschrift.domain.sources import Source
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.model import SourceFile
from afschrift.law.person import below
from afschrift.selection.statements import Statements

_EMAIL = re.compile(r"[^\s@\\]+@[^\s@\\]+\.[^\s@.\\]{2,}")
_PHONE = re.compile(r"(?:\+|0)[0-9 ()./-]{6,24}")
_DISTINCTIVE = 8  # digits; a shorter number is one like any other
_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)
_ESCAPED = r"\\[bfnrt]|\\u00[2-7][0-9a-f]|%[0-9a-f]{2}"  # a sign in JSON or a URL
EDGES: dict[PointerKind, tuple[str, str]] = {
    PointerKind.EMAIL: (
        rf"(^|[^a-z0-9._%+-]|{_ESCAPED}|(^|[^a-z0-9])[._%+-]+)",
        r"($|[^a-z0-9._-]|[._-]+($|[^a-z0-9]))",
    ),
    PointerKind.PHONE: (r"(^|[^0-9])", r"($|[^0-9])"),
    PointerKind.IBAN: (rf"(^|[^a-z0-9]|{_ESCAPED})", r"($|[^a-z0-9])"),
}
"""Kind -> patterns before and behind a complete identifier: `xjan@example.nl` is not `jan@example.nl`."""

SIGNS: dict[PointerKind, str] = {
    PointerKind.EMAIL: "@|%40",
    PointerKind.PHONE: "[0-9]([ ()./_-]{0,3}[0-9]){6}",
    PointerKind.IBAN: "[a-zA-Z][ ._-]{0,3}[a-zA-Z][ ._-]{0,3}[0-9][ ._-]{0,3}[0-9][ ._-]{0,3}[a-zA-Z0-9]",
}
"""Kind -> a pattern that every spelling contains. Most texts lack it, and are not searched further."""

GAPS = {PointerKind.PHONE: " ()./_-", PointerKind.IBAN: " ._-"}
"""Kind -> separators that people write within an identifier, at any place."""

_MEANING = re.compile(r"[\\\[\].*+?^${}()|]")  # those that a pattern gives a meaning


def kind_of(value: str, region: str, *, described: bool = False) -> PointerKind | None:
    """Kind of a value, if it is unique in any text; None: a plain number or code.

    Args:
        value: from the register or the person's own record.
        region: country of telephone numbers without a country code, ISO 3166 such as `NL`.
        described: the data map says that the column holds such values, so a telephone number that is not
            assigned yet counts too.
    """
    if _EMAIL.fullmatch(value):
        return PointerKind.EMAIL
    if iban.is_valid(value):
        return PointerKind.IBAN
    if _PHONE.fullmatch(value) and _phone(value, region, given_out=not described) is not None:
        return PointerKind.PHONE
    return None


def spellings(kind: PointerKind, value: str, region: str) -> frozenset[str]:
    """The spellings of an identifier, in lower case (ASCII) and without `GAPS`."""
    match kind:
        case PointerKind.EMAIL:
            return frozenset(way.translate(_SMALL) for way in _email_spellings(value))
        case PointerKind.IBAN:
            return frozenset({iban.compact(value).lower()})
        case PointerKind.PHONE:
            number = _phone(value, region, given_out=False)
            return frozenset() if number is None else frozenset(_phone_spellings(number))
        case _:
            return frozenset()


def whole(kind: PointerKind, spelling: str) -> str:
    """A pattern for a spelling in lower case, with gaps, but not within a longer identifier.

    It uses only what the regular expressions of RE2, PostgreSQL (POSIX), PCRE and Python have in common.
    """
    before, behind = EDGES[kind]
    signs = [_MEANING.sub(r"\\\g<0>", sign) for sign in spelling]
    gap = f"[{GAPS[kind]}]{{0,3}}" if kind in GAPS else ""
    return f"{before}{gap.join(signs)}{behind}"


def search_keys(keys: Iterable[Key], own: Iterable[str], at: str, region: str) -> tuple[Key, ...]:
    """Spellings of the person's identifiers at an instant, and their patterns, for the session's key table.

    Former identifiers may belong to another person now, and are not searched for.

    Args:
        keys: the person's, as the plan has them.
        own: further identifiers from their own record (`own_identifiers`).
        at: instant of the request (RFC 3339).
        region: country of the controller.
    """
    kinds = [(key.value, kind_of(key.value, region)) for key in keys if key.valid_at(at)]
    kinds += [(value, kind_of(value, region, described=True)) for value in own]
    rows = {
        found
        for value, kind in kinds
        if kind is not None
        for way in spellings(kind, value, region)
        for found in (Key(search_name(kind), way), Key(whole_name(kind), whole(kind, way)))
    }
    return tuple(sorted(rows))


def search_name(kind: PointerKind) -> str:
    """Name of the spellings of a kind in the key table; it is no name of an identity key."""
    return f"afschrift:{kind.value}"


def whole_name(kind: PointerKind) -> str:
    """Name of the patterns of these spellings in the key table."""
    return f"{search_name(kind)}:whole"


SEARCH_NAMES = frozenset(map(search_name, EDGES))
"""The names of spellings."""


def _phone(value: str, region: str, *, given_out: bool) -> phonenumbers.PhoneNumber | None:
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
    known = phonenumbers.is_valid_number if given_out else phonenumbers.is_possible_number
    return number if known(number) else None


def _email_spellings(value: str) -> Iterator[str]:
    """As typed, and as URLs, JSON, HTML and mail servers write it."""
    name, _, host = value.rpartition("@")
    with suppress(UnicodeError):  # no host that a mail server knows
        yield f"{name}@{host.encode('idna').decode('ascii')}"
    for case in {value, value.lower(), value.upper()}:  # a database may know small letters of ASCII alone
        yield from (case, json.dumps(case)[1:-1], escape(case))
        yield from (quote(case, safe=safe) for safe in ("", "+", "@"))


def _phone_spellings(number: phonenumbers.PhoneNumber) -> Iterator[str]:
    """National, as a table of numbers has it (without its zero), behind `31` (and so `+31`) and `0031`.

    `+31 (0)6` is the national one behind other signs.
    """
    code, *rest = _digits(phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL))
    short = "".join(rest)
    national = "".join(_digits(phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)))
    yield from (national, f"{code}{short}", f"00{code}{short}", f"{code}{national}", f"00{code}{national}")
    if len(short) >= _DISTINCTIVE:
        yield short


def _digits(text: str) -> list[str]:
    return [part for part in re.split(r"[^0-9]+", text) if part]


CATEGORIES = ("user.contact.email", "user.contact.phone_number", "user.financial.bank_account")
"""Fides categories of identifiers that are unique in any text."""

_MOST = 20  # a record with more of them is no record of one person


def own_columns(source: SourceFile, person: str) -> Iterator[tuple[str, str]]:
    """Table and column of the person's identifiers, in the tables with one row for each person.

    Args:
        source: as the data map has it.
        person: name of the person's own key.
    """
    for name, table in source.tables.items():
        link = table.subject.get(person)
        one_row = link is not None and table.key == (link.column,)
        if table.personal and one_row and source.may_follow(name):
            for column, described in table.columns.items():
                if described.about is About.SUBJECT and below(described.category, CATEGORIES):
                    yield name, column


def own_identifiers(source: SourceFile, session: Source, statements: Statements, person: str) -> set[str]:
    """Values of `own_columns` in the person's rows, read in a session with the person's keys bound.

    Columns that the account may not read are skipped: if they must be given, the plan asks for the right.

    Raises:
        ConfigurationError, NeedsPersonError: a column is not there, or the table may not be read.
    """
    found: set[str] = set()
    for table, column in own_columns(source, person):
        known = statements.columns(table).get(column)
        if known is not None and known.closed:
            continue
        _, statement = statements.names(table, column)
        values = {str(value) for (value,) in session.rows(statement) if value is not None}
        if known is not None and known.part and known.kind is ValueKind.JSON:
            values = set(_texts(values))
        found |= values if len(values) <= _MOST else set()
    return found


def _texts(documents: Iterable[str]) -> Iterator[str]:
    """Texts and numbers in JSON documents, without quotes."""
    for document in documents:
        with suppress(msgspec.DecodeError):
            value = msgspec.json.decode(document)
            if isinstance(value, str):
                yield value
            elif not isinstance(value, dict | list):
                yield document
