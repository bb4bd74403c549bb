"""Identifiers of a person that are unique in any text, in the spellings that people use.

E-mail addresses, telephone numbers and IBANs are; a customer number is not, and is only compared with columns
of such numbers. A key's value decides its kind. In addition to the keys, the person's own record is read
once, when the plan is made, to search for what it holds (R08); it never decides whose row a row is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from enum import StrEnum
from html import escape
from ipaddress import ip_address
from string import ascii_lowercase, ascii_uppercase
from types import MappingProxyType
from urllib.parse import quote
from uuid import UUID

import msgspec
import phonenumbers
from phonenumbers import PhoneNumberFormat
from stdnum import iban

from afschrift.domain.decision import About
from afschrift.domain.keys import OF_SOFTWARE, Key
from afschrift.domain.redaction import PointerKind
from afschrift.domain.sources import Source
from afschrift.domain.value_kind import ValueKind
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.law.person import below
from afschrift.selection.key_names import is_for_ever, is_private, is_shared, member_name, person_words
from afschrift.selection.statements import Statements


class Sought(StrEnum):
    """Kinds of what the search looks for in texts; the first three are those of the finder too.

    Attributes:
        NUMBER: an account number, or a key of so many digits that it is one person's.
        CODE: a key with letters and digits, such as a UUID or a user name.
        NAMED: any other key, searched only behind a name that says which key it is.
    """

    EMAIL = "email"
    PHONE = "phone"
    IBAN = "iban"
    NUMBER = "number"
    CODE = "code"
    NAMED = "named"


NOT_SOUGHT = ("name", "birth_date", "address", "bsn", "ip_address")
"""Kinds of identifiers that are not searched for in texts; they are others' as well, or too private."""

_EMAIL = re.compile(r"[^\s@\\]+@[^\s@\\]+\.[^\s@.\\]{2,}")
_PHONE = re.compile(r"(?:\+|0)[0-9 ()./-]{6,24}")
_DISTINCTIVE = 8  # digits; a shorter number is one like any other
_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)
_ESCAPED = r"\\[bfnrt]|\\u00[2-7][0-9a-f]|%[0-9a-f]{2}"  # a sign in JSON or a URL
_WORD = (rf"(^|[^a-z0-9]|{_ESCAPED})", r"($|[^a-z0-9])")
EDGES: dict[str, tuple[str, str]] = {
    Sought.EMAIL: (
        rf"(^|[^a-z0-9._%+-]|{_ESCAPED}|(^|[^a-z0-9])[._%+-]+)",
        r"($|[^a-z0-9._-]|[._-]+($|[^a-z0-9]))",
    ),
    Sought.PHONE: (r"(^|[^0-9])", r"($|[^0-9])"),
    Sought.IBAN: _WORD,
    Sought.NUMBER: _WORD,
    Sought.CODE: (rf"(^|[^a-z0-9_]|{_ESCAPED})", r"[.-]*($|[^a-z0-9_.@-])"),
    Sought.NAMED: ("[ \"'\\\\]*", r"($|[^a-z0-9.]|[.]($|[^0-9]))"),
}
"""Kind -> patterns before and behind a complete identifier: `xjan@example.nl` is not `jan@example.nl`."""

_OTHER = "[^ -~]"  # a control character, or a sign beyond ASCII; patterns of a first scan have no backslash
_DIGITS = f"[0-9]([^0-9a-zA-Z,:;]{{0,3}}[0-9]){{6}}|({_OTHER}[ ()./_-]{{0,3}}){{7}}"
_AT = "[^a-zA-Z0-9 ] {0,2}[aA][tT] {0,2}[^a-zA-Z0-9 ]"
SIGNS: dict[str, str] = {
    Sought.EMAIL: f"@|%(25)*40|=40|&#|&commat|u0040|{_AT}|{_OTHER}{{7}}"
    f"|[a-zA-Z0-9]{_OTHER}[a-zA-Z0-9.-]*[.][a-zA-Z]{{2}}",
    Sought.PHONE: _DIGITS,
    Sought.IBAN: "[a-zA-Z]x[a-zA-Z]x[0-9]x[0-9]x[a-zA-Z0-9]".replace("x", f"([ ._-]|{_OTHER}){{0,3}}")
    + f"|({_OTHER} ?){{7}}",
    Sought.NUMBER: _DIGITS,
    Sought.CODE: "[0-9_][a-zA-Z0-9_.-]{5}|[a-zA-Z0-9_.-]{3}[0-9_]",
}
"""Kind -> a pattern that every spelling contains. Most texts lack it, and are not searched further."""

GAPS: dict[str, str] = {
    Sought.EMAIL: "\r\n",
    Sought.PHONE: " ()./_-",
    Sought.IBAN: " ._-",
    Sought.NUMBER: " ()./_-",
    Sought.CODE: "-",
}
"""Kind -> separators within an identifier, at any place; a line of a mail may end within an address."""

_SPACE = (r"&(amp;)*(nbsp|#0*(32|160)|#x0*(20|a0));|\\+u00(20|a0)|%(25)*(c2%(25)*)?(20|a0)", " ")
_COMMAT = r"&(amp;)*(commat|#0*64|#x0*40);|\\+u0040|%(25)*40|=40|[\[({] ?(at|@) ?[\])}]|@"
_DECODED = (
    _SPACE,
    (r"=\r?\n", ""),
    (rf" {{0,3}}({_COMMAT}) {{0,3}}", "@"),
    (r"&(amp;)*(plus|#0*43|#x0*2b);|\\+u002b|%(25)*2b|=2b", "+"),
    (r"&(amp;)*(period|#0*46|#x0*2e);|\\+u002e|%(25)*2e|=2e| ?[\[({] ?(dot|punt) ?[\])}] ?", "."),
)


def decoded(kind: str) -> tuple[tuple[str, str], ...]:
    """Patterns in a plain text and what replaces them, in order: a sign as HTML, JSON or a URL writes it."""
    return _DECODED if kind == Sought.EMAIL else (_SPACE,)


def coded(kind: str) -> str:
    """A pattern of texts whose plain form may hold what their small letters do not."""
    if kind == Sought.EMAIL:
        return f"{_OTHER}|&|%|u00|=| @|@ |{_AT}"
    before = "[0-9a-zA-Z]" if kind == Sought.IBAN else "[0-9_]"
    return f"{before}({_OTHER}|&|%|.?u00)|{_OTHER}[0-9_]|{_OTHER}{{7}}"


_DATE = re.compile(r"(19|20)[0-9]{2}[-.]?[01][0-9][-.]?[0-3][0-9]")
_CODE = re.compile(r"(?=.*[0-9_])[A-Za-z0-9][A-Za-z0-9_.-]*")
_HEX = re.compile(r"\{?[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}\}?")
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


def spellings(kind: str, value: str, region: str) -> frozenset[str]:
    """The spellings of an identifier in its plain form, in lower case (ASCII) and without `GAPS`."""
    match kind:
        case Sought.EMAIL:
            return frozenset(way.translate(_SMALL) for way in _email_spellings(value))
        case Sought.IBAN:
            return frozenset({iban.compact(value).lower()})
        case Sought.PHONE:
            number = _phone(value, region, given_out=False)
            return frozenset() if number is None else frozenset(_phone_spellings(number))
        case Sought.NUMBER:
            whole_number = "".join(_digits(value))
            short = whole_number.lstrip("0")
            return frozenset({whole_number, short} if len(short) >= _DISTINCTIVE else {whole_number})
        case Sought.CODE:
            return frozenset({re.sub(r"[-{}]", "", value.lower())})
        case _:
            return frozenset({value.lower()})


def whole(kind: str, spelling: str, name: str = "") -> str:
    """A pattern for a spelling in lower case, with gaps, but not within a longer identifier.

    It uses only what the regular expressions of RE2, PostgreSQL (POSIX), PCRE and Python have in common.
    `name`: pattern of what a number is called, which then precedes it.
    """
    before, behind = EDGES[kind]
    signs = [_MEANING.sub(r"\\\g<0>", sign) for sign in spelling]
    gap = f"[{GAPS[kind]}]{{0,3}}" if kind in GAPS else ""
    return f"{name}{before}{gap.join(signs)}{behind}"


def sought_as(value: str, region: str, *, described: bool = False) -> Iterator[tuple[Sought, str]]:
    """Kinds as which a value is searched for, each with the value; see `kind_of` for the arguments."""
    kind = kind_of(value, region, described=described)
    if kind is not None:
        yield Sought(kind.value), value
    if kind is PointerKind.IBAN:
        account = re.split("[a-z]+", iban.compact(value).lower()[4:])[-1]
        account = account[-10:] if value.strip().upper().startswith("DE") else account
        if len(account.lstrip("0")) >= _DISTINCTIVE:
            yield Sought.NUMBER, account
    elif kind is not None or _is_address(value):
        return
    elif re.fullmatch(r"[0-9]+(?:[ .-][0-9]+)*", value):
        if len("".join(_digits(value)).lstrip("0")) >= _DISTINCTIVE and not _DATE.fullmatch(value):
            yield Sought.NUMBER, value
        elif value.isdecimal():
            yield Sought.NAMED, value
    elif _uuid(value) is not None:
        yield Sought.CODE, value
    elif _CODE.fullmatch(value):
        yield Sought.CODE if len(value) >= _DISTINCTIVE else Sought.NAMED, value


def search_keys(keys: Iterable[Key], own: Iterable[str], at: str, inventory: Inventory) -> tuple[Key, ...]:
    """Spellings of the person's identifiers, and their patterns, for the session's key table.

    A former identifier may belong to another person now, unless its key is unique for ever. Its spellings
    have names of their own, so that what they find is asked with the period.

    Args:
        keys: the person's, as the plan has them.
        own: further identifiers from their own record (`own_identifiers`).
        at: instant of the request (RFC 3339).
        inventory: country of the controller, uniqueness and names of keys.
    """
    region, known, rows = inventory.controller.country, person_words(inventory), dict[Key, None]()
    of_person = sorted(keys, key=lambda key: not key.valid_at(at))
    for key in of_person:
        former = not key.valid_at(at) and not is_for_ever(inventory, key.name)
        for kind, value in () if is_private(key.name) else sought_as(key.value, region):
            shared = kind in (Sought.NUMBER, Sought.CODE) and is_shared(inventory, key.name)
            if not shared and (kind is not Sought.NAMED or key.name in known):
                rows |= dict.fromkeys(_rows(kind, value, region, key.name, known, former=former))
    for value in own:
        for kind, part in sought_as(value, region, described=True):
            if kind is not Sought.NAMED:
                rows |= dict.fromkeys(_rows(kind, part, region))
    if len(rows) > MOST_ROWS:
        return (*sorted(list(rows)[:MOST_ROWS]), Key(TOO_MANY, "1"))
    return tuple(sorted(rows))


def _rows(
    kind: Sought,
    value: str,
    region: str,
    key: str = "",
    known: Mapping[str, frozenset[str]] = MappingProxyType({}),
    *,
    former: bool = False,
) -> Iterator[Key]:
    """The rows of a value: each spelling, its pattern, and a UUID as its type and as bytes hold it."""
    named = member_name(known[key]) if kind is Sought.NAMED else ""
    name = search_name(kind, key if named else "", former=former)
    for way in sorted(spellings(kind, value, region)):
        yield Key(name, way)
        yield Key(f"{name}:whole", whole(kind, way, named))
    if kind is Sought.CODE and (uuid := _uuid(value)) is not None:
        yield Key(UUID_NAME, str(uuid))
        text, windows = uuid.hex, uuid.bytes_le.hex()
        time_first = text[12:16] + text[8:12] + text[:8] + text[16:]  # by MySQL's `uuid_to_bin(u, 1)`
        yield from (Key(BYTES_NAME, digits) for digits in (text, windows, time_first))


MOST_ROWS = 4_000
TOO_MANY = f"{OF_SOFTWARE}too_many"
"""Most spellings and patterns of a person; the name of the row that says that there are more."""
UUID_NAME = f"{OF_SOFTWARE}uuid"
BYTES_NAME = f"{OF_SOFTWARE}bytes"
"""Names of the person's UUIDs in the key table: for columns of that type, and as hex digits for bytes."""


def not_sought(keys: Iterable[Key], inventory: Inventory) -> Iterator[str]:
    """Kinds of identifiers, and names of the person's keys, that are not searched for in texts."""
    yield from NOT_SOUGHT
    names = sorted({key.name for key in keys})
    yield from (name for name in names if is_private(name) or is_shared(inventory, name))
    if TOO_MANY in names:
        yield "too_many"


def search_name(kind: str, key: str = "", *, former: bool = False) -> str:
    """Name of the spellings of a kind in the key table, and with `:whole` of their patterns.

    It is no name of an identity key. `key`: the identity key of a `NAMED` one.
    """
    return f"{OF_SOFTWARE}{'former:' if former else ''}{kind}{':' if key else ''}{key}"


def spelled_kind(name: str) -> str | None:
    """Kind of the spellings with a name in the key table; None: the row is no spelling."""
    parts = name.removeprefix(OF_SOFTWARE).removeprefix("former:").split(":")
    found = name.startswith(OF_SOFTWARE) and parts[0] in EDGES and parts[-1] != "whole"
    return parts[0] if found else None


def spelled_key(name: str) -> str:
    """The identity key in the name of `NAMED` spellings."""
    return name.removeprefix(OF_SOFTWARE).removeprefix("former:").partition(":")[2]


def is_former(name: str) -> bool:
    return name.startswith(f"{OF_SOFTWARE}former:")


def _is_address(value: str) -> bool:
    with suppress(ValueError):
        return ip_address(value) is not None
    return False


def _uuid(value: str) -> UUID | None:
    with suppress(ValueError):
        return UUID(value) if _HEX.fullmatch(value) else None
    return None


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
    tag = re.fullmatch(r"([^+]+)\+.*", name)
    ways = [value] if tag is None else [value, f"{tag[1]}@{host}"]
    for case in {case for way in ways for case in (way, way.lower(), way.upper())}:
        # A database may know small letters of ASCII alone.
        yield from (case, json.dumps(case)[1:-1], escape(case))
        yield from (quote(case, safe=safe) for safe in ("", "+", "@", "+@"))


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


def own_columns(
    source: SourceFile, person: str, categories: Collection[str] = CATEGORIES
) -> Iterator[tuple[str, str]]:
    """Table and column of what identifies the person, in the tables with one row for each person."""
    for name, table in source.tables.items():
        link = table.subject.get(person)
        one_row = link is not None and table.key == (link.column,)
        if table.personal and one_row and source.may_follow(name):
            for column, described in table.columns.items():
                if described.about is About.SUBJECT and below(described.category, categories):
                    yield name, column


def own_identifiers(
    source: SourceFile,
    session: Source,
    statements: Statements,
    person: str,
    categories: Collection[str] = CATEGORIES,
) -> set[str]:
    """Values of `own_columns` in the person's rows, read in a session with the person's keys bound.

    Columns that the account may not read are skipped: if they must be given, the plan asks for the right.
    """
    found: set[str] = set()
    for table, column in own_columns(source, person, categories):
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
