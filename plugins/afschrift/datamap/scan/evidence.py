"""What speaks for a concept: name, type, comment, and forms of sampled values; no value goes further."""

from __future__ import annotations

import ipaddress
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

from stdnum import luhn
from stdnum.nl import bsn

from afschrift.datamap.scan.concepts import Candidate, Concept, Vocabulary
from afschrift.domain.redaction import PointerKind
from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import ValueKind
from afschrift.domain.vocabulary import Origin
from afschrift.selection.identifiers import kind_of

ENOUGH = 3
"""Values below which a sample shows nothing."""

_LONG = 10_000  # characters of a value that are looked at
_UUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*([eE][+-]?\d+)?")
_DATE = re.compile(
    r"-?\d{4}-\d\d?-\d\d?([ T].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}([ T].*)?|(1[89]|20|21)\d\d"
    r"|(1[89]|20|21)\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])\d{0,6}|1\d{9}(\d{3})?"
)
_POSTCODE = re.compile(r"(?=.*\d)[A-Z0-9]{2,6}([ -]?[A-Z0-9]{2,5})?", re.IGNORECASE)
_PHONE = re.compile(r"(?=(\D*\d){6})[+(]?[\d ()./-]{6,24}")
_CARD = re.compile(r"\d{4}([ -]?\d{4}){2}[ -]?\d{1,7}")
_POINT = re.compile(
    r"(SRID=\d+;)?POINT.*|\(?[+-]?\d{1,3}\.\d+\s*[,; ]\s*[+-]?\d{1,3}\.\d+\)?|01010000[0-9A-F]+", re.I
)
_PASSWORD_HASH = re.compile(r"\$(2[abxy]?|argon2\w*|pbkdf2[\w-]*|scrypt|[156y])\$.+|pbkdf2_\w+\$.+", re.I)
_WORTH_A_LOOK = re.compile(r"@|(?:\d\D*){6}")
"""What every e-mail address, IBAN and telephone number has."""
_WORDS = re.compile(r"(?=.*[^\W\d_])[^@{}\[\]<>=;]{1,80}")


@dataclass(frozen=True)
class SampleEvidence:
    """What a sample shows.

    Attributes:
        count: values that are not empty.
        shares: form -> share of the values that have it, 0 to 1; a value may have several.
        few: the same few values come again and again.
    """

    count: int = 0
    shares: Mapping[str, float] | None = None
    few: bool = False

    def share(self, form: str) -> float:
        """The share of values of a form."""
        return (self.shares or {}).get(form, 0.0)

    def has(self, form: str) -> int:
        """How many values have a form."""
        return round(self.share(form) * self.count)


def look(sample: TextSample | None) -> SampleEvidence:
    """Look at a sample."""
    values = [text for value in sample.values if (text := value[:_LONG].strip())] if sample else []
    if sample is None or not values:
        return SampleEvidence()
    different = Counter(values)
    shares = {
        form: sum(count for value, count in different.items() if has(value)) / len(values)
        for form, has in _FORMS.items()
    }
    kinds: Counter[PointerKind | None] = Counter()
    for value, count in different.items():
        if _WORTH_A_LOOK.search(value):
            kinds[kind_of(value, sample.region, described=True)] += count
    shares["email"] = kinds[PointerKind.EMAIL] / len(values)
    shares["iban"] = kinds[PointerKind.IBAN] / len(values)
    shares["strict phone"] = kinds[PointerKind.PHONE] / len(values)
    few = len(values) >= 10 and len(different) * 5 <= len(values)
    return SampleEvidence(len(values), shares, few)


def _is_bsn(value: str) -> bool:
    digits = re.sub(r"[ .]", "", value)
    return digits.isascii() and digits.isdigit() and len(digits) in (8, 9) and bsn.is_valid(digits.zfill(9))


def _is_ip(value: str) -> bool:
    if "." not in value and ":" not in value:
        return False
    try:
        ipaddress.ip_interface(value)
    except ValueError:
        return False
    return True


def _is_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return bool(parts.scheme and (parts.netloc or parts.scheme == "urn")) or value.startswith(("/", "www."))


def _is_json(value: str) -> bool:
    if value[:1] not in "{[":
        return False
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        return False
    return True


def _is_card(value: str) -> bool:
    return bool(_CARD.fullmatch(value)) and luhn.is_valid(re.sub(r"[ -]", "", value))


def _is_coordinate(value: str) -> bool:
    if not _NUMBER.fullmatch(value):
        return bool(_POINT.fullmatch(value))
    try:
        return abs(float(value.replace(",", "."))) <= 180
    except ValueError:
        return False


def _is_sentence(value: str) -> bool:
    return len(value) >= 20 and len(value.split()) >= 4 and not _is_json(value)


_FORMS: dict[str, Callable[[str], object]] = {
    "bsn": _is_bsn,
    "card": _is_card,
    "coordinate": _is_coordinate,
    "date": _DATE.fullmatch,
    "ip": _is_ip,
    "json": _is_json,
    "number": _NUMBER.fullmatch,
    "password hash": _PASSWORD_HASH.fullmatch,
    "phone": _PHONE.fullmatch,
    "postcode": _POSTCODE.fullmatch,
    "sentence": _is_sentence,
    "url": _is_url,
    "uuid": _UUID.fullmatch,
    "words": lambda value: (
        bool(_WORDS.fullmatch(value)) and not _is_url(value) and not _UUID.fullmatch(value)
    ),
}

FORMS = frozenset({*_FORMS, "email", "iban", "strict phone"})
"""All forms."""

DECISIVE = {
    "email": "user.contact.email",
    "iban": "user.financial.bank_account",
    "bsn": "user.government_id.national_identification_number",
    "strict phone": "user.contact.phone_number",
    "ip": "user.device.ip_address",
}
"""Forms that say what a value is, whatever the column's name, with their categories.

Most values of one of them contradict each name of another form. `strict phone` is a telephone number that has
been assigned, and decides alone; the loose `phone` only confirms a name.
"""

NAMES = {
    "email": "e-mail addresses",
    "iban": "IBANs",
    "bsn": "national numbers",
    "strict phone": "telephone numbers",
    "phone": "telephone numbers",
    "ip": "IP addresses",
    "card": "card numbers",
    "coordinate": "coordinates",
    "date": "dates",
    "number": "numbers",
    "postcode": "postal codes",
    "url": "URLs or paths",
    "words": "words",
    "uuid": "UUIDs",
    "json": "JSON",
    "sentence": "sentences",
    "password hash": "password hashes",
}
"""How many of them are called in a reason."""


@dataclass(frozen=True)
class TextSample:
    """Up to some dozens of values of a column as text, without NULL and empty ones.

    Attributes:
        values: never shown, logged or kept; what is said of them is how many have a form.
        region: country of telephone numbers that are written without one, ISO 3166.
    """

    values: tuple[str, ...] = field(repr=False)
    region: str = "NL"

    def __repr__(self) -> str:
        """How many there are, and none of them."""
        return f"Sample({len(self.values)} values)"


_UNKNOWN_WORD, _SILENT_WORD, _OTHER_END, _LOOSE_TYPE = 0.85, 0.95, 0.75, 0.95
_AGREES, _DISAGREES = 0.8, 0.5  # shares of a sample
_LENGTH = re.compile(r"char\w*(?: varying)?\((\d+)\)", re.IGNORECASE)
_LEAST = {"email": 6, "iban": 15, "bsn": 8, "phone": 6, "ip": 7, "url": 8, "postcode": 4, "card": 13}
"""Form -> characters that one has at least."""

_FAMILIES = {
    ValueKind.TEXT: "text",
    ValueKind.INTEGER: "integer",
    ValueKind.DECIMAL: "number",
    ValueKind.NUMBER: "number",
    ValueKind.BOOLEAN: "boolean",
    ValueKind.DATE: "date",
    ValueKind.TIME: "date",
    ValueKind.DATETIME: "date",
    ValueKind.INSTANT: "date",
    ValueKind.DURATION: "number",
    ValueKind.BINARY: "binary",
    ValueKind.UUID: "uuid",
    ValueKind.JSON: "json",
}


class Weight(NamedTuple):
    """A factor of the confidence; `remark` is empty where there is nothing to say."""

    factor: float = 1.0
    rise: float = 0.0  # share of what is missing to 1
    remark: str = ""


def family(of: ColumnType) -> str | None:
    """The family of a column's type; None where the software does not know the type."""
    return None if of.kind is None else _FAMILIES[of.kind]


def fits(concept: Concept, of: ColumnType) -> bool:
    """Whether a column of this type can hold it. A text may hold whatever it is long enough for."""
    kind = family(of)
    if kind == "text":
        length = _LENGTH.search(of.native)
        return not length or int(length[1][:9]) >= _LEAST.get(concept.sample or "", 0)
    return kind is None or kind in concept.kinds


def by_type(concept: Concept, of: ColumnType) -> float:
    """Factor for a type that fits."""
    return 1.0 if family(of) in concept.kinds else _LOOSE_TYPE


def by_name(vocabulary: Vocabulary, candidate: Candidate, silent: Collection[str]) -> float:
    """Factor for the words beside those of the concept; `silent` are those of the table's own name."""
    factor = 1.0 if candidate.at_end else _OTHER_END
    for word in candidate.other_words:
        if word not in vocabulary.neutral and word not in vocabulary.others and word not in silent:
            factor *= _SILENT_WORD if vocabulary.lexicon.known(word) else _UNKNOWN_WORD
    return factor


def by_sample(concept: Concept, seen: SampleEvidence, alien: str | None) -> Weight:
    """Of the forms of the values; `alien` is a form that says that they are something else."""
    if seen.count < ENOUGH:
        return Weight()
    if alien is not None:
        return Weight(0.0, remark=f"but {said_of(seen, alien)}")
    if concept.sample is None:
        return Weight()
    share = seen.share(concept.sample)
    if share <= _DISAGREES:
        return Weight(0.0, remark=f"but {said_of(seen, concept.sample)}")
    has = seen.has(concept.sample)
    return Weight(
        1.0 if share >= _AGREES else share,
        0.5 * share * has / (has + 5) if share >= _AGREES else 0.0,
        said_of(seen, concept.sample),
    )


def decisive_form(seen: SampleEvidence) -> str | None:
    """A form of most values that says what they are, whatever the name."""
    forms = (form for form in DECISIVE if seen.count >= ENOUGH and seen.share(form) >= _AGREES)
    return next(forms, None)


def alien_form(concept: Concept, seen: SampleEvidence) -> str | None:
    """A form of most values that a column of the concept does not have."""
    if concept.free_text or seen.count < ENOUGH:
        return None
    own = {concept.sample, *concept.may_look}
    if concept.sample in ("phone", "bsn"):  # a national number may look like one of a telephone
        own.add("strict phone")
    strange = (*DECISIVE, "number", "url", "uuid") if concept.sample == "words" else DECISIVE
    return next((form for form in strange if form not in own and seen.share(form) >= _AGREES), None)


def comment_origin(vocabulary: Vocabulary, comment: str) -> Origin | None:
    """The origin that a comment names; None where it names none, or several."""
    text = comment.casefold()
    named = {o for o, cues in vocabulary.comments.items() if any(_begins_a_word(cue, text) for cue in cues)}
    return named.pop() if len(named) == 1 else None


def _begins_a_word(cue: str, text: str) -> bool:
    return cue in text and re.search(rf"\b{re.escape(cue)}", text) is not None


def said_of(seen: SampleEvidence, form: str) -> str:
    """How many values have a form, in words."""
    return f"{seen.has(form)} of {seen.count} samples are {NAMES[form]}"
