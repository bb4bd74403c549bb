"""Fields of forms, made from JSON Schema, and the one way to read what was typed into them.

Pages, commands and prompts show the same fields and read them here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afschrift.domain.language import gettext
from afschrift.law.ground_check import takes
from afschrift.questions.forms import is_words
from afschrift.questions.view import in_words

Typed = Callable[[str], Sequence[str]]
"""Name of a field -> the texts that were typed for it; of an amount by code: `name.code`."""

_RADIOS = 7
"""Up to so many codes are radio buttons; more are a drop-down list."""

_SHORT = 200
"""Texts of up to so many characters get a one-line field."""

_DIGITS = 18
"""Most digits of a number. `int` fails on thousands of digits; a longer text fails the form's schema."""


@dataclass(frozen=True)
class FormField:
    """A field as a page shows it.

    Attributes:
        title: what it asks.
        shown: `radios`, `select`, `ticks`, `tick`, `lines`, `amounts`, `named`, `pairs`, `date`, `number`,
            `line` or `text`.
        codes: value and words of what can be chosen.
        need: when it is needed, in words; empty: it may stay empty.
        hint: what it takes, where its kind of field does not show it.
        longest: characters; 0: any number.
    """

    name: str
    title: str
    schema: Mapping[str, Any]
    shown: str
    codes: tuple[tuple[str, str], ...] = ()
    need: str = ""
    hint: str = ""
    longest: int = 0

    @property
    def words(self) -> bool:
        """It takes words, which are kept encrypted."""
        return is_words(self.schema)

    @property
    def takes(self) -> str:
        """What it takes, in words, where no list to choose from is shown."""
        return takes(self.schema)

    @property
    def id(self) -> str:
        """In the page, for links to it."""
        return f"f-{self.name}"

    @property
    def sent(self) -> str:
        """The name under which a browser sends it."""
        return f"f.{self.name}"


def form_field(name: str, schema: Mapping[str, Any], need: str = "", example: str = "") -> FormField:
    """A field from the JSON Schema of its value; `example`: a value, where what it takes is not plain."""
    shown, codes = _shown(schema)
    longest = schema.get("maxLength", 0)
    such = example and gettext("Such as {example}.", example=example)
    hint = " ".join(filter(None, (_hint(schema, shown), such)))
    title = gettext(schema.get("title", "")) or in_words(name)
    return FormField(name, title, schema, shown, codes, need, hint, longest)


def fields_of(form: Mapping[str, Any] | None, options: Sequence[str]) -> Iterator[FormField]:
    """The fields of a question's form, without the choice."""
    for name, schema in (form or {}).get("properties", {}).items():
        if name != "choice":
            yield form_field(name, schema, _need(form or {}, name, options))


def read_fields(fields: Iterable[FormField], typed: Typed) -> tuple[dict[str, Any], dict[str, Any]]:
    """Codes and words that were filled in, without empty fields. A value that cannot be read stays a text."""
    fields = list(fields)
    found = {field.name: value for field in fields if (value := _value(field, typed)) is not None}
    words = {field.name for field in fields if field.words}
    return (
        {name: value for name, value in found.items() if name not in words},
        {name: value for name, value in found.items() if name in words},
    )


def _shown(schema: Mapping[str, Any]) -> tuple[str, tuple[tuple[str, str], ...]]:
    kind = schema.get("type")
    items, names = schema.get("items", {}), schema.get("propertyNames", {})
    if schema.get("const") is True:
        return "tick", ()
    if kind == "object" and "enum" in schema:
        return "named", _codes(schema["enum"], schema.get("x-titles", {}))
    if "enum" in schema:
        shown = "radios" if len(schema["enum"]) <= _RADIOS else "select"
        return shown, _codes(schema["enum"], schema.get("x-titles", {}))
    if kind == "boolean":
        return "radios", (("true", in_words(True)), ("false", in_words(False)))
    if kind == "array":
        return (
            ("ticks", _codes(items["enum"], schema.get("x-titles", {}))) if "enum" in items else ("lines", ())
        )
    if kind == "object":
        return ("amounts", _codes(names["enum"])) if "enum" in names else ("pairs", ())
    if kind in ("integer", "number"):
        return "number", ()
    if schema.get("format") == "date":
        return "date", ()
    long = schema.get("maxLength", 0) > _SHORT or ("maxLength" not in schema and is_words(schema))
    return ("text" if long else "line"), ()


def _codes(values: Sequence[object], titles: Mapping[str, str] = {}) -> tuple[tuple[str, str], ...]:
    return tuple((str(value), gettext(titles.get(str(value), "")) or in_words(value)) for value in values)


def _hint(schema: Mapping[str, Any], shown: str) -> str:
    if shown == "lines":
        return gettext("One a line.")
    if shown == "amounts":
        return gettext("In euro, as 3.50. Leave empty what is not charged.")
    if shown == "pairs":
        codes = schema.get("additionalProperties", {}).get("enum", ())
        if codes:
            return gettext("One a line, as name: code. Codes: {codes}.", codes=", ".join(codes))
        return gettext("One a line, as name: value.")
    return gettext(schema.get("description", ""))


def _need(form: Mapping[str, Any], name: str, options: Sequence[str]) -> str:
    """When a field is needed, in words."""
    if name in form.get("required", ()):
        return gettext("needed")
    whens = [
        rule["if"].get("properties", {})
        for rule in form.get("allOf", ())
        if name in rule["then"].get("required", ())
    ]
    choices = {when["choice"]["const"] for when in whens if list(when) == ["choice"]}
    if options and choices >= set(options):
        return gettext("needed")
    words = gettext(" and ").join(dict.fromkeys(_when(when, form) for when in whens))
    return gettext("needed for {choices}", choices=words) if words else ""


def _when(when: Mapping[str, Any], form: Mapping[str, Any]) -> str:
    parts = []
    for name, value in when.items():
        code = f"“{in_words(value.get('const'))}”"
        english = form["properties"][name].get("title", "")
        title = gettext(english) or in_words(name)
        parts.append(code if name == "choice" else f"{title}: {code}")
    return gettext(" with ").join(parts)


def _value(field: FormField, typed: Typed) -> Any:
    texts = [text.strip() for text in typed(field.name)]
    lines = [line.strip() for text in texts for line in text.splitlines() if line.strip()]
    text = "\n".join(texts).strip()
    match field.shown:
        case "tick":
            return True if text == "true" else text or None
        case "ticks" | "lines":
            return lines or None
        case "amounts" | "named":
            given = {code: "".join(typed(f"{field.name}.{code}")).strip() for code, _ in field.codes}
            if field.shown == "amounts":
                given = {code: amount.replace(",", ".") for code, amount in given.items()}
            return {code: text for code, text in given.items() if text} or None
        case "pairs":
            pairs = (line.partition(":") for line in lines)
            return {name.strip(): value.strip() for name, _, value in pairs} or None
        case "radios" | "select" if text:
            known = field.schema.get("enum", (True, False))
            return next((v for v in known if _as_typed(v) == text), text)
        case "number" if text:
            digits = text.removeprefix("-")
            return int(text) if digits.isdecimal() and len(digits) <= _DIGITS else text
    return text or None


def _as_typed(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
