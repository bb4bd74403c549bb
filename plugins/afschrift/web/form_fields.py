"""Form fields of a page, made from JSON Schema; reading their values; and the form of each ground."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afschrift.casework.question_kinds import kind_named
from afschrift.domain.right import Right
from afschrift.law.grounds import (
    FieldStorage,
    FourEyes,
    Ground,
    GroundField,
    Grounds,
    Need,
    OnlyWhile,
    Outcome,
)
from afschrift.questions.forms import is_words
from afschrift.questions.view import in_words
from afschrift.web.multipart import Sent

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
        shown: `radios`, `select`, `ticks`, `tick`, `lines`, `amounts`, `pairs`, `date`, `number`, `line` or
            `text`.
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
    hint = " ".join(filter(None, (_hint(schema, shown), example and f"Such as {example}.")))
    return FormField(name, schema.get("title") or in_words(name), schema, shown, codes, need, hint, longest)


def fields_of(form: Mapping[str, Any] | None, options: Sequence[str]) -> Iterator[FormField]:
    """The fields of a question's form, without the choice."""
    for name, schema in (form or {}).get("properties", {}).items():
        if name != "choice":
            yield form_field(name, schema, _need(form or {}, name, options))


def filled_value(fields: Sequence[FormField], sent: Sent) -> tuple[dict[str, Any], dict[str, Any]]:
    """Codes and words that were filled in, without empty fields. A value that cannot be read stays a text."""
    found = {field.name: value for field in fields if (value := _value(field, sent)) is not None}
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
    if "enum" in schema:
        shown = "radios" if len(schema["enum"]) <= _RADIOS else "select"
        return shown, _codes(schema["enum"], schema.get("x-titles", {}))
    if kind == "boolean":
        return "radios", (("true", "Yes"), ("false", "No"))
    if kind == "array":
        return ("ticks", _codes(items["enum"])) if "enum" in items else ("lines", ())
    if kind == "object":
        return ("amounts", _codes(names["enum"])) if "enum" in names else ("pairs", ())
    if kind in ("integer", "number"):
        return "number", ()
    if schema.get("format") == "date":
        return "date", ()
    long = schema.get("maxLength", 0) > _SHORT or ("maxLength" not in schema and is_words(schema))
    return ("text" if long else "line"), ()


def _codes(values: Sequence[object], titles: Mapping[str, str] = {}) -> tuple[tuple[str, str], ...]:
    return tuple((str(value), titles.get(str(value)) or in_words(value)) for value in values)


def _hint(schema: Mapping[str, Any], shown: str) -> str:
    if shown == "lines":
        return "One a line."
    if shown == "amounts":
        return "In euro, as 3.50. Leave empty what is not charged."
    if shown == "pairs":
        codes = schema.get("additionalProperties", {}).get("enum", ())
        return (
            f"One a line, as name: code. Codes: {', '.join(codes)}."
            if codes
            else "One a line, as name: value."
        )
    return str(schema.get("description", ""))


def _need(form: Mapping[str, Any], name: str, options: Sequence[str]) -> str:
    """When a field is needed, in words."""
    if name in form.get("required", ()):
        return "needed"
    whens = [
        rule["if"].get("properties", {})
        for rule in form.get("allOf", ())
        if name in rule["then"].get("required", ())
    ]
    choices = {when["choice"]["const"] for when in whens if list(when) == ["choice"]}
    if options and choices >= set(options):
        return "needed"
    words = [_when(when, form) for when in whens]
    return f"needed for {' and '.join(dict.fromkeys(words))}" if words else ""


def _when(when: Mapping[str, Any], form: Mapping[str, Any]) -> str:
    parts = []
    for name, value in when.items():
        code = f"“{in_words(value.get('const'))}”"
        title = form["properties"][name].get("title") or in_words(name)
        parts.append(code if name == "choice" else f"{title}: {code}")
    return " with ".join(parts)


def _value(field: FormField, sent: Sent) -> Any:
    text = sent.value(field.sent).strip()
    match field.shown:
        case "tick":
            return True if text else None
        case "ticks":
            return sent.all(field.sent) or None
        case "lines":
            return [line.strip() for line in text.splitlines() if line.strip()] or None
        case "amounts":
            given = {
                code: sent.value(f"{field.sent}.{code}").strip().replace(",", ".") for code, _ in field.codes
            }
            return {code: amount for code, amount in given.items() if amount} or None
        case "pairs":
            pairs = (line.partition(":") for line in text.splitlines() if line.strip())
            return {name.strip(): value.strip() for name, _, value in pairs} or None
        case "radios" | "select" if text:
            known = field.schema.get("enum", (True, False))
            return next(
                (v for v in known if (str(v).lower() if isinstance(v, bool) else str(v)) == text), text
            )
        case "number" if text:
            digits = text.removeprefix("-")
            return int(text) if digits.isdecimal() and len(digits) <= _DIGITS else text
    return text or None


@dataclass(frozen=True)
class GroundForm:
    """A ground for one outcome, in words.

    Attributes:
        fits: when it may be chosen.
        signs: who signs.
        letter: which letter follows.
        fields: of its form, codes and words alike, in the order of the table.
    """

    code: str
    title: str
    rules: tuple[str, ...]
    fits: str
    signs: str
    letter: str
    fields: tuple[FormField, ...]


@dataclass(frozen=True)
class OutcomeChoice:
    """An outcome with the grounds on which it may rest; without any it needs none."""

    code: str
    title: str
    does: str
    grounds: tuple[GroundForm, ...]


def choices(grounds: Grounds, right: Right, options: Sequence[str]) -> list[OutcomeChoice]:
    """The outcomes that can be chosen; none is a default."""
    return [
        OutcomeChoice(
            option,
            in_words(option),
            kind_named("decision").does.get(option, ""),
            tuple(
                ground_form(grounds, code, Outcome(option))
                for code in grounds.offered(Outcome(option), right)
            ),
        )
        for option in options
    ]


def ground_form(grounds: Grounds, code: str, outcome: Outcome) -> GroundForm:
    """The form of a ground for an outcome."""
    ground = grounds.grounds[code]
    shown = []
    for name in ground.asks(outcome):
        field = grounds.fields[name]
        schema = {"title": field.title["en"], **field.schema, "x-kept": field.kept.value}
        shown.append(form_field(name, schema, _ground_needs(grounds, ground, outcome, name), _example(field)))
    return GroundForm(
        code,
        ground.title["en"],
        ground.rules,
        _fits(ground),
        _signs(ground),
        _letter(grounds, ground, outcome),
        tuple(shown),
    )


def _example(field: GroundField) -> str:
    """An example for a field of codes that cannot be chosen from a list."""
    patterned = (
        "pattern" in {**field.schema, **field.schema.get("items", {})} and field.kept is FieldStorage.TRAIL
    )
    return str(field.example[0] if isinstance(field.example, list) else field.example) if patterned else ""


_WHILE = {
    OnlyWhile.UNIDENTIFIED: "the identity is not confirmed",
    OnlyWhile.WITHOUT_MANDATE: "the representative's authority is not proven",
}


def _fits(ground: Ground) -> str:
    rights = " and ".join(ground.rights)
    only = f", while {_WHILE[ground.only]}" if ground.only else ""
    return f"For {rights} requests{only}."


def _signs(ground: Ground) -> str:
    first = " or ".join(in_words(role).lower() for role in ground.signers)
    match ground.four_eyes:
        case FourEyes.ALWAYS:
            return f"You as {first}; it counts once a second signer agrees, who is another person."
        case FourEyes.FIRST_REQUEST:
            return f"You as {first}; of the person's first request in a year, a second signer too."
    return f"You as {first}, alone."


def _letter(grounds: Grounds, ground: Ground, outcome: Outcome) -> str:
    kind = ground.outcomes[outcome]
    if kind is None:
        return "No letter follows."
    unless = " and ".join(
        f"“{grounds.fields[name].title['en']}” is “{in_words(value)}”"
        for name, value in ground.no_letter_when.items()
    )
    return f"The letter “{in_words(kind)}”{f', unless {unless}' if unless else ''}. It must be sent."


def _ground_needs(grounds: Grounds, ground: Ground, outcome: Outcome, name: str) -> str:
    if name in ground.required(outcome, first_request=False, form={}):
        return "needed"
    whens = [" and ".join(_ground_when(grounds, need)) for need in ground.needed if name in need.fields]
    return f"needed where {' or where '.join(filter(None, whens))}" if any(whens) else ""


def _ground_when(grounds: Grounds, need: Need) -> Iterator[str]:
    for name, value in need.when.items():
        if name == "first_request":
            yield "this is the person's first request in a year"
        elif name == "effect":
            yield f"the provision {value} it"
        elif name != "outcome":
            yield f"“{grounds.fields[name].title['en']}” is “{in_words(value)}”"
