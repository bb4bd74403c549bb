"""The texts of page and information sheet in a language, with its numbers, sizes and dates.

They are in the folder `bundle` of the language: `texts.yml`, `sheet.yml` and `README.txt.j2`. Every text of
the model language must exist in every other language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.files import ActivePart
from afschrift.domain.notation import MODEL
from afschrift.domain.right import Right
from afschrift.inventory.organisation import Organisation
from afschrift.law.clock.deadline import Period
from afschrift.outside.read_yaml import read_yaml

_BRACES = str.maketrans("", "", "{}")
_UNITS = ("kB", "MB", "GB", "TB")
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?")
_FRACTION = re.compile(r"(-?)(\d+)\.(\d+)")
_DURATIONS = ("days", "hours", "minutes", "seconds")
_SENTENCE = re.compile(r"(?<=[.?!])\s+")
_LAW = {
    "others": ("others_masked", "redacted_rights_of_others", "decided_others"),
    "trade_secret": ("redacted_trade_secret", "decided_trade_secret"),
    "restriction": ("decided_restriction",),
    "portable": ("redacted_outside_portability", "rows_not_from_you", "searched_not_from_you",
                 "policy_observed", "origin_derived", "origin_inferred", "origin_assigned",
                 "origin_third_party"),
    "basis": ("basis_not_portable", "proof_record", "consent_missing", "decided_outside"),
    "public_task": ("public_task",),
    "not_automated": ("not_automated",),
    "security": ("security_secret", "payment_masked"),
    "mentioned": ("mentioned",),
    "other_holder": ("other_holder",),
    "shared_key": ("shared_key",),
}  # fmt: skip
"""Key of the text about an article -> reasons that rest on it; others rest on a wish or a decision."""


class PageWords:
    """The phrases of a language. A missing phrase is an error of the configuration."""

    def __init__(self, texts: Mapping[str, Any], language: str, file: str) -> None:
        self._texts = texts
        self._language = language
        self._place = f"include/letters/{language}/bundle/{file}"

    @classmethod
    def load(cls, letters: Path, language: str) -> PageWords:
        """Read a language.

        Args:
            letters: the folder `include/letters`.
            language: `nl`, `en` or another folder next to them.

        Raises:
            ConfigurationError: there are no texts in this language.
        """
        path = letters / language / "bundle" / "texts.yml"
        if not path.is_file():
            raise ConfigurationError(
                f"There are no texts of the bundle in the language '{language}'.",
                remedy=f"choose another language, or add the folder {path.parent} with its texts.",
            )
        words = cls(texts(path), language, "texts.yml")
        words.require(texts(letters / MODEL / "bundle" / "texts.yml"))
        return words

    def require(self, model: Mapping[str, Any]) -> None:
        """Require all texts of the model language.

        Raises:
            ConfigurationError: with the name of each missing text.
        """
        known = set(_names(self._texts))
        missing = [name for name in _names(model) if name not in known]
        if missing:
            raise ConfigurationError(
                f"{_listed(missing)} missing in {self._place}.", remedy="add it in every language."
            )

    def phrase(self, section: str, key: str) -> str:
        """A phrase of a section, for example `origins`, `provided`."""
        return str(self._entry(section, key))

    def say(self, key: str, **values: object) -> str:
        """A sentence of the page with values filled in, which are escaped later by the template."""
        return self.phrase("page", key).format_map(values)

    def court(self, controller: Organisation) -> str:
        """The way to court; of a late answer too, as nothing in a bundle knows when it arrives.

        A late answer of a public body is a decision with the usual way (UAVG 34).
        """
        found, late = controller.court.get(self._language), controller.court_late
        if controller.body == "public":
            return found
        text = self.phrase("court_if_late", "known" if late else "unknown")
        sentences = _SENTENCE.split(late.get(self._language)) if late else []
        more = " ".join(sentence for sentence in sentences if sentence not in found)
        return f"{found} {text.format(text=more)}" if more or not late else found

    def law(self, why: str, right: Right) -> str:
        """The article on which data are kept back, in words; empty where the reason rests on none."""
        key = next((key for key, reasons in _LAW.items() if why in reasons), None)
        return self.phrase("law", key).format(article=right.article) if key else ""

    def count(self, key: str, number: int, **values: object) -> str:
        """A sentence of the page in the plural form for a number, which is `{n}` in it."""
        form = self.form(self._entry("page", key), number)
        return form.format_map({"n": self.number(number), **values})

    def form(self, forms: Mapping[str, str], number: int) -> str:
        """The plural form for a number, of forms named as in CLDR: `one`, `few`, `other`."""
        return str(forms.get(plural_rule(self._language)(number), forms["other"]))

    def number(self, number: int) -> str:
        """An integer with the language's thousands sign."""
        return f"{number:,}".replace(",", str(self._texts["thousands"]))

    def written(self, number: str) -> str:
        """A decimal number of the data with the language's signs; any other text unchanged."""
        if (found := _FRACTION.fullmatch(number)) is None:
            return number
        minus, whole, part = found.groups()
        return f"{minus}{self.number(int(whole))}{self._texts['decimal']}{part}"

    def measured(self, total: int, parts: int) -> str:
        """A measured value, `total / parts`, with one decimal, or none if it is whole."""
        text = f"{round(total / parts, 1):,.1f}".removesuffix(".0")
        signs = {ord(","): str(self._texts["thousands"]), ord("."): str(self._texts["decimal"])}
        return text.translate(signs)

    def unit(self, code: str) -> str:
        """A unit (UCUM) in words, or else its code."""
        return str(self._texts["units"].get(code) or code.translate(_BRACES))

    def kind(self, kind: str) -> str:
        """What values of a kind look like; empty if that needs no explanation."""
        return str(self._texts["kinds"].get(kind, ""))

    def period(self, name: str) -> str:
        """A month (`2026-03`) in words; a year as it is."""
        year, _, month = name.partition("-")
        return f"{self._texts['months'][int(month) - 1]} {year}" if month else year

    def script(self) -> dict[str, Any]:
        """The texts of the page's script."""
        return {
            **self._texts["script"],
            "months": self._texts["months"],
            "lasted": self._texts["lasted"],
            "local_time": self._texts["local_time"],
            "day": self._texts["day"],
            "thousands": self._texts["thousands"],
            "decimal": self._texts["decimal"],
        }

    def size(self, size: int) -> str:
        """A size in bytes, in words: `812 bytes`, `1,2 MB`."""
        if size < 1000:
            return f"{size} {self._texts['bytes']}"
        power = next((p for p in range(1, len(_UNITS)) if size < 999.95 * 1000**p), len(_UNITS))
        return f"{size / 1000**power:.1f} {_UNITS[power - 1]}".replace(".", str(self._texts["decimal"]))

    def day(self, instant: str, zone: str) -> str:
        """The day of an RFC 3339 instant in a zone, in words."""
        return self._date("day", _local(instant, zone))

    def moment(self, instant: str, zone: str) -> str:
        """An RFC 3339 instant in a zone, in words, with UTC added."""
        local = _local(instant, zone)
        utc = _local(instant, "UTC")
        # The day in UTC is added if it differs.
        other = utc.strftime("%H:%M") if utc.date() == local.date() else utc.strftime("%Y-%m-%d %H:%M")
        return self._date("moment", local, time=local.strftime("%H:%M"), place=zone_name(zone), utc=other)

    def state(self, first: str, last: str, zone: str) -> str:
        """The date of the data: one instant, or the time between two RFC 3339 instants (R07)."""
        start, end = self.moment(first, zone), self.moment(last, zone)
        if start == end:
            return self.say("state", moment=start)
        return self.say("state_between", first=start, last=end)

    def local_time(self, instant: str, zone: str) -> str | None:
        """An instant of the data in a zone, to the second; None if it is none (`infinity`)."""
        try:
            local = _local(instant, zone)
        except (ValueError, OverflowError):
            return None
        return self._date("local_time", local, time=local.strftime("%H:%M:%S"))

    def calendar_day(self, day: str) -> str | None:
        """A date of the data; None if it is none (`infinity`)."""
        try:
            return self.day(f"{date.fromisoformat(day)}T00:00:00Z", "UTC")
        except ValueError:
            return None

    def lasted(self, duration: str) -> str:
        """An ISO 8601 duration of days to seconds in words, without parts of a second; empty of others."""
        found = _DURATION.fullmatch(duration)
        parts = zip(_DURATIONS, found.groups() if found else (), strict=False)
        forms = self._texts["lasted"]
        return self.phrase("lasted", "and").join(
            self.form(forms[unit], int(number)).format(n=self.number(int(number)))
            for unit, number in parts
            if number and int(number)
        )

    def _date(self, key: str, local: datetime, **values: str) -> str:
        month = self._texts["months"][local.month - 1]
        return str(self._texts[key]).format_map(
            {"day": local.day, "month": month, "year": local.year, **values}
        )

    def _entry(self, section: str, key: str) -> Any:
        try:
            return self._texts[section][key]
        except KeyError:
            raise ConfigurationError(
                f"The text '{section}.{key}' is missing in {self._place}.",
                remedy="add it in every language.",
            ) from None


@cache
def plural_rule(language: str) -> Callable[[int], str]:
    """The language's rule for plurals (CLDR), or the English one for an unknown language."""
    from babel import Locale, UnknownLocaleError  # only needed for bundles

    try:
        return Locale.parse(language, sep="-").plural_form
    except (UnknownLocaleError, ValueError):
        return Locale("en").plural_form


def texts(path: Path) -> Mapping[str, Any]:
    """The content of a file of texts; not to be changed."""
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _read(path: Path, _changed: int) -> Mapping[str, Any]:
    texts: Mapping[str, Any] = read_yaml(path.read_text(encoding="utf-8"))
    return texts


def _names(texts: Mapping[str, Any], before: str = "") -> Iterator[str]:
    for key, value in texts.items():
        if isinstance(value, Mapping) and "other" in value:
            yield f"{before}{key}.other"  # other plural forms depend on the language
        elif isinstance(value, Mapping):
            yield from _names(value, f"{before}{key}.")
        else:
            yield f"{before}{key}"


def _listed(names: list[str]) -> str:
    quoted = ", ".join(f"'{name}'" for name in names)
    return f"The text {quoted} is" if len(names) == 1 else f"The texts {quoted} are"


def zone_name(zone: str) -> str:
    """The place in the name of a time zone."""
    return zone.rsplit("/", 1)[-1].replace("_", " ")


def _local(instant: str, zone: str) -> datetime:
    parsed = datetime.fromisoformat(instant)
    if parsed.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return parsed.astimezone(ZoneInfo(zone))


@cache
def page_templates(letters: Path) -> Environment:
    """Templates of all languages; compiled once, and again if a file changes."""
    return Environment(
        loader=FileSystemLoader([letters / "bundle", letters]),
        autoescape=select_autoescape(enabled_extensions=("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


_WARNINGS = 10


def warnings(parts: Sequence[ActivePart], words: PageWords) -> tuple[str, ...]:
    """A sentence for each finding, and advice; empty without findings."""
    if not parts:
        return ()
    sentences = list(dict.fromkeys(_warning(part, words) for part in parts))
    more = (words.say("active_more"),) if len(sentences) > _WARNINGS else ()
    return (*sentences[:_WARNINGS], *more, words.say("active_advice"))


def _warning(part: ActivePart, words: PageWords) -> str:
    where = " ".join(_steps(part.position, words))
    return words.phrase("active", part.kind).format_map({"where": where[:1].upper() + where[1:]})


def _steps(position: str, words: PageWords) -> Iterator[str]:
    """Its position in words, from inside to outside."""
    if not position:
        yield words.phrase("active_place", "file")
    for step in reversed(position.split("/") if position else ()):
        word, _, number = step.partition(".")
        yield words.phrase("active_place", word).format_map({"n": number})


UNITS = ("years", "months", "weeks", "days")


class SheetWords(PageWords):
    """The texts of `sheet.yml` over those of `texts.yml`."""

    @classmethod
    def of(cls, letters: Path, language: str) -> SheetWords:
        """Read a language.

        Raises:
            ConfigurationError: there are no texts in this language, or some are missing.
        """
        PageWords.load(letters, language)  # raises an explained error for an unknown language
        words = cls(_merge_texts(letters, language), language, "sheet.yml")
        words.require(_merge_texts(letters, MODEL))
        return words

    def data_kind(self, category: str) -> tuple[str, str] | None:
        """The most specific parent of a Fides category with a text, and the text; None if there is none."""
        known: Mapping[str, str] = self._texts["data_kinds"]
        while category and category not in known:
            category = category.rpartition(".")[0]
        return (category, str(known[category])) if category else None

    def country(self, code: str) -> str:
        """A country's name, or else its code."""
        return str(self._texts["countries"].get(code, code))

    def lasts(self, period: Period) -> str:
        """A period in words: `1 jaar en 6 maanden`."""
        numbers = ((unit, getattr(period, unit)) for unit in UNITS)
        return self.phrase("kept", "and").join(self._lasting(unit, n) for unit, n in numbers if n)

    def date(self, day: date) -> str:
        """A date in words."""
        return self.day(f"{day.isoformat()}T12:00:00Z", "UTC")

    def _lasting(self, unit: str, number: int) -> str:
        return self.form(self._texts["periods"][unit], number).format(n=self.number(number))


def local_day(value: str | None, zone: str) -> date | None:
    """The day of a value form: a date, a local time, or an instant in a zone; None if it is none."""
    try:
        moment = datetime.fromisoformat(value or "")
        return (moment.astimezone(ZoneInfo(zone)) if moment.tzinfo else moment).date()
    except (ValueError, OverflowError):
        return None


def _merge_texts(letters: Path, language: str) -> dict[str, Any]:
    folder = letters / language / "bundle"
    of_page, of_sheet = texts(folder / "texts.yml"), texts(folder / "sheet.yml")
    return {**of_page, **of_sheet, "page": {**of_page["page"], **of_sheet["page"]}}
