"""The content of the information sheet in a language, for the page and for the JSON document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from afschrift.bundle.contents import Contents
from afschrift.bundle.page.words import SheetWords, local_day
from afschrift.bundle.sheet.sheet import HeldColumn, Processing, PurposeKey, SheetRight, rights
from afschrift.domain.vocabulary import CONSENT, Origin
from afschrift.inventory.base import Text
from afschrift.inventory.model import Purpose
from afschrift.law.clock.deadline import Period
from afschrift.law.information import outside_eea


@dataclass(frozen=True)
class DataKind:
    """A kind of data; `id` is its Fides category, or the name of a table whose columns have none."""

    id: str
    title: str
    tables: tuple[str, ...]
    purposes: tuple[str, ...]


@dataclass(frozen=True)
class RetentionText:
    """How long data are kept, or the criterion; `until` is the last day if the start is known."""

    period: str | None
    text: str
    until: date | None = None


@dataclass(frozen=True)
class Receiver:
    """A recipient of data. `country` is a code or empty; `safeguard` is for third countries."""

    name: str
    country: str
    country_name: str
    outside: bool
    does: tuple[str, ...]
    purposes: tuple[str, ...]
    safeguard: str = ""
    why: str = ""


@dataclass(frozen=True)
class Use:
    """A purpose for which this person's data are processed."""

    id: str
    title: str
    bases: tuple[str, ...]
    reasons: tuple[str, ...]
    consent: str | None
    kinds: tuple[DataKind, ...]
    receivers: tuple[Receiver, ...]
    kept: RetentionText
    marketing: bool


@dataclass(frozen=True)
class DataGiver:
    """A source of data that are not from the person."""

    names: tuple[str, ...]
    how: str
    kinds: tuple[str, ...]


class SheetContent:
    """The content of the sheet, in the language of the answer."""

    def __init__(self, contents: Contents, words: SheetWords) -> None:
        self.contents = contents
        self.words = words
        self.processing = Processing(contents)

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        """(a), linked to kinds of data, recipients and storage."""
        return tuple(self._use(key, columns) for key, columns in self.processing.purposes.items())

    @cached_property
    def kinds(self) -> tuple[DataKind, ...]:
        """(b) the kinds of data, in the order of their first use."""
        return self._kinds(self.processing.columns)

    @cached_property
    def receivers(self) -> tuple[Receiver, ...]:
        """(c) and 15(2): third countries first, then by name; each once."""
        found: dict[tuple[str, str], Receiver] = {}
        for use in self.uses:
            for receiver in use.receivers:
                first = found.get((receiver.name, receiver.country))
                found[receiver.name, receiver.country] = (
                    receiver if first is None else _merge_receivers(first, receiver)
                )
        return tuple(sorted(found.values(), key=_abroad_first))

    @cached_property
    def given(self) -> tuple[DataGiver, ...]:
        """(g) who gave what is not from the person."""
        found: dict[tuple[tuple[str, ...], str], list[HeldColumn]] = {}
        for held, giver, field_path in self.processing.givers():
            read = tuple(row[0] or "" for row in self.processing.rows(held.source, field_path))
            names = (self._text(giver.name),) if giver.name else read
            found.setdefault((names, self._text(giver.how)), []).append(held)
        return tuple(
            DataGiver(names, how, self._titles(columns)) for (names, how), columns in found.items() if names
        )

    def origins(self) -> Iterator[tuple[Origin, tuple[str, ...]]]:
        """The kinds of data by where they come from; what others gave is listed by itself."""
        for origin in Origin:
            columns = [held for held in self.processing.columns if origin in held.origins]
            if columns and origin not in (Origin.THIRD_PARTY, Origin.NOT_PERSONAL):
                yield origin, self._titles(columns)

    def rights(self) -> Iterator[tuple[SheetRight, tuple[str, ...]]]:
        """(e) the rights that apply, with their sentences."""
        for right in rights(self.processing):
            yield (
                right,
                tuple(
                    self.words.phrase("right_texts", key).format_map(
                        {"purposes": "; ".join(self.titles(named))}
                    )
                    for key, named in right.texts
                ),
            )

    def titles(self, keys: Iterable[PurposeKey]) -> tuple[str, ...]:
        """Titles of purposes."""
        return tuple(self._text(self.processing.purpose(key).title) for key in keys)

    def _text(self, text: Text | None) -> str:
        return text.get(self.contents.language) if text else ""

    def _use(self, key: PurposeKey, columns: tuple[HeldColumn, ...]) -> Use:
        purpose, consent = self.processing.purpose(key), self.processing.consent(key)
        bases = tuple(code for code in (purpose.basis, purpose.special) if code)
        gone = consent in ("withdrawn", "absent")
        return Use(
            id=".".join(key),
            title=self._text(purpose.title),
            bases=bases,
            reasons=tuple(self.words.phrase("bases", c) for c in bases if not (gone and c in CONSENT)),
            consent=consent,
            kinds=self._kinds(columns),
            receivers=tuple(self._receivers(key, purpose, {held.table for held in columns})),
            kept=self._kept(key[0], f"purposes.{key[1]}.retention", purpose),
            marketing=purpose.direct_marketing,
        )

    def _kinds(self, columns: Iterable[HeldColumn]) -> tuple[DataKind, ...]:
        found: dict[str, tuple[str, dict[str, None], dict[str, None]]] = {}
        for held in columns:
            category = self.contents.column(held.source, held.table, held.field.name).category or ""
            table = self.contents.table_title(held.source, held.table)
            key, title = self.words.data_kind(category) or (f"{held.source}.{held.table}", table)
            _, tables, purposes = found.setdefault(key, (title, {}, {}))
            tables[table] = None
            names = self.contents.purposes(held.source, held.table, held.field.name)
            purposes |= dict.fromkeys(f"{held.source}.{name}" for name in names)
        return tuple(DataKind(key, title, tuple(t), tuple(p)) for key, (title, t, p) in found.items())

    def _titles(self, columns: Iterable[HeldColumn]) -> tuple[str, ...]:
        return tuple(kind.title for kind in self._kinds(columns))

    def _receivers(self, key: PurposeKey, purpose: Purpose, tables: set[str]) -> Iterator[Receiver]:
        safeguards = {t.country: self._text(t.safeguard) for t in purpose.transfers}
        title, found = self._text(purpose.title), []
        for number, recipient in enumerate(purpose.recipients or ()):
            if recipient.tables and tables.isdisjoint(recipient.tables):
                continue  # these recipients get no data of the person
            fixed = recipient.country if isinstance(recipient.country, str) else ""
            if recipient.from_ is None:
                named = [(recipient.name or self._text(recipient.group), fixed)]
            else:
                rows = self.processing.rows(key[0], f"purposes.{key[1]}.recipients.{number}")
                named = [(row[0] or "", (row[1] if len(row) > 1 else "") or fixed) for row in rows]
            found += [
                Receiver(
                    name=name,
                    country=country,
                    country_name=self.words.country(country) if country else "",
                    outside=bool(country) and outside_eea(country),
                    does=tuple(filter(None, [self._text(recipient.does)])),
                    purposes=(title,),
                    safeguard=safeguards.get(country, ""),
                    why=self._text(recipient.why),
                )
                for name, country in named
            ]
        yield from sorted(found, key=_abroad_first)

    def _kept(self, source: str, field_path: str, purpose: Purpose) -> RetentionText:
        """(d) a date if the start is known, else the period and the event that starts it."""
        retention = purpose.retention
        assert retention is not None
        if retention.period is None:
            values = {"criterion": self._text(retention.criterion)}
            return RetentionText(None, self.words.phrase("kept", "criterion").format_map(values))
        period = Period.parse(retention.period)
        assert period is not None
        zone = self.contents.inventory.controller.zone
        first, last, without = (*(self.processing.rows(source, field_path) or [(None, None, "0")])[0],)
        start, end = local_day(first, zone), local_day(last, zone)
        until = period.after(end) if end else None
        words = {"period": self.words.lasts(period), "trigger": self._trigger(source, purpose)}
        if until is None:
            return RetentionText(retention.period, self.words.phrase("kept", "open").format_map(words))
        state = local_day(self.contents.plan.frozen_at, zone)
        how = "one" if start == end else "many"
        how = "part" if without != "0" else "passed" if state and until <= state else how
        words["day"] = self.words.date(until)
        return RetentionText(retention.period, self.words.phrase("kept", how).format_map(words), until)

    def _trigger(self, source: str, purpose: Purpose) -> str:
        retention = purpose.retention
        assert retention is not None
        if retention.trigger is not None or retention.from_ is None:
            return self._text(retention.trigger)
        table, _, column = retention.from_.rpartition(".")
        return self.words.phrase("kept", "column").format_map(
            {
                "column": self.contents.column_title(source, table, column),
                "table": self.contents.table_title(source, table),
            }
        )


def _merge_receivers(first: Receiver, other: Receiver) -> Receiver:
    return replace(
        first,
        does=tuple(dict.fromkeys((*first.does, *other.does))),
        purposes=tuple(dict.fromkeys((*first.purposes, *other.purposes))),
        safeguard=first.safeguard or other.safeguard,
        why=first.why or other.why,
    )


def _abroad_first(receiver: Receiver) -> tuple[bool, str, str]:
    return (not receiver.outside, receiver.name.casefold(), receiver.name)
