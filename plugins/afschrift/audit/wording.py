"""The texts of the trail in a language: templates of `include/trail`, and the format of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from jinja2 import DictLoader, Environment, Undefined

from afschrift.app.project import SHIPPED
from afschrift.domain.language import gettext
from afschrift.outside.read_yaml import read_yaml

FOLDER = SHIPPED / "trail"
_MOST, _MOST_OF_SERIES = 12, 20


class _Missing(Undefined):
    """A payload of another release may lack a member."""

    def __str__(self) -> str:
        return "-"


class Wording:
    """One language of the trail.

    Attributes:
        types: types of events that have a sentence.
    """

    def __init__(self, texts: Mapping[str, Any]) -> None:
        self._texts = texts
        self._marks = {ord(","): texts["thousands"], ord("."): texts["decimal"]}
        templates = {**texts["events"], **texts["phrases"]}
        self._shared: dict[str, str] = {}
        for shared in texts["shared"]:
            templates |= dict.fromkeys(shared["of"], shared["sentence"])
            self._shared |= shared["of"]
        self.types = frozenset({*texts["events"], *self._shared})
        loader = DictLoader(templates)
        self._made = Environment(loader=loader, undefined=_Missing, autoescape=False)  # noqa: S701  plain text
        self._made.globals.clear()  # a member of a payload may have such a name
        numbers, words = (self.number, self.seconds, self.count), (self.code, self.role)
        lists, sentences = (self.listed, self.series, self.each), (self.rests, self.took)
        made = (*numbers, *words, *lists, *sentences, short, total, in_order, clauses)
        self._made.filters |= {found.__name__: found for found in made}

    def event(self, kind: str, members: Mapping[str, Any]) -> str:
        """The sentence of a type of event."""
        return self.phrase(kind, {**members, "what": self._shared.get(kind)})

    def phrase(self, name: str, members: Mapping[str, Any]) -> str:
        """Render a template on one line, so that a name with a line break cannot forge a log line."""
        return " ".join(self._made.get_template(name).render(members).split())

    def compile(self, *names: str) -> None:
        """Compile templates by name, for processes that are forked from this one."""
        for name in names:
            self._made.get_template(name)

    def origin(self, kind: str, name: str = "") -> str:
        """Where an event came from; see `who` of the texts."""
        text: str = self._texts["who"][kind]
        return text.format(name=name)

    def number(self, number: int) -> str:
        """`1,000`."""
        return f"{number:,}".translate(self._marks)

    def seconds(self, seconds: object) -> str:
        """`3.2`."""
        return f"{float(str(seconds)):.1f}".translate(self._marks)

    def count(self, number: object, noun: str) -> str:
        """`1 row`, `2 rows`, `1,000 rows`."""
        found = int(str(number))
        singular, more = self._texts["nouns"].get(noun, (noun, f"{noun}s"))
        return f"{self.number(found)} {singular if found == 1 else more}"

    def code(self, code: object) -> str:
        """A code, or a list of codes, in words."""
        if isinstance(code, list):
            return self.listed(map(self.code, code))
        plain = str(code).replace("_", " ")
        words: str | None = self._texts["codes"].get(str(code))
        if words is None and plain.islower():  # on a page its language has more words; in a log there is none
            found = gettext(plain[:1].upper() + plain[1:])
            return found[:1].lower() + found[1:]
        return plain if words is None else words

    def role(self, role: object) -> str:
        """A role as the glossary calls it: `keeper` is the source owner."""
        words: str = self._texts["roles"].get(str(role), str(role).lower().replace("_", " "))
        return words

    def listed(self, names: Iterable[object]) -> str:
        """`a, b and c`; with many, the first ones and how many more."""
        found = [str(name) for name in names]
        if len(found) > _MOST:
            return f"{', '.join(found[:_MOST])} {self._more(len(found) - _MOST)}"
        last: str = self._texts["and"]
        return last.join(filter(None, [", ".join(found[:-1]), *found[-1:]]))

    def series(self, names: Iterable[object]) -> str:
        """The same with semicolons, as names of tables with what is wrong in each."""
        found = list(map(str, names))
        more = f" {self._more(len(found) - _MOST_OF_SERIES)}" if len(found) > _MOST_OF_SERIES else ""
        return "; ".join(found[:_MOST_OF_SERIES]) + more

    def each(self, pairs: Any, pattern: str) -> list[str]:
        """Each member of a mapping by a pattern: `name` and `value`, in words `spoken` and `words`."""
        found = pairs.items() if isinstance(pairs, Mapping) else pairs
        return [
            pattern.format(name=name, value=value, spoken=self.code(name), words=self._value(value))
            for name, value in found
        ]

    def rests(self, rests: object) -> str:
        """On which decisions a gate let a step pass, with their events."""
        if not isinstance(rests, dict) or not rests:
            return ""
        by = {name: f", {self.role(of['by'])}" if of.get("by") else "" for name, of in rests.items()}
        decisions = [f"{name} (#{of['event']}{by[name]})" for name, of in rests.items()]
        return self.phrase("rests", {"decisions": decisions})

    def took(self, seconds: object) -> str:
        """How long a step took; empty where it was not measured."""
        return (
            ""
            if seconds is None or isinstance(seconds, Undefined)
            else self.phrase("took", {"seconds": seconds})
        )

    def _value(self, value: object) -> str:
        return self.number(value) if isinstance(value, int) else self.code(value)

    def _more(self, number: int) -> str:
        more: str = self._texts["more"]
        return more.format(number=number)


def short(digest: object) -> str:
    """The first twelve digits: enough to find it by."""
    return str(digest)[:12]


def total(found: Any, name: str = "") -> int:
    """The sum of all numbers in mappings within each other; of a member of each, where it is named.

    A text in a list counts as 1.
    """
    if isinstance(found, int | str):
        return found if isinstance(found, int) else 1
    parts = list(found.values() if isinstance(found, Mapping) else found)
    return sum(total(part.get(name, 0) if name else part) for part in parts)


def in_order(found: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Members of a mapping by name."""
    return sorted(found.items())


def clauses(text: str) -> str:
    """A sentence of those of its clauses, each closed by a semicolon, that say something."""
    joined = "; ".join(filter(None, (" ".join(clause.split()) for clause in text.split(";"))))
    return f"{joined[0].upper()}{joined[1:]}." if joined else ""


@cache
def wording(language: str) -> Wording:
    """The texts of a language, read once."""
    file = FOLDER / f"{language}.yml"
    return Wording(read_yaml(file.read_text(encoding="utf-8"), file.name))
