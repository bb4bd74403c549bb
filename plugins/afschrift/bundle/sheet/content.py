"""The content of the information sheet in a language, for the page and for the JSON document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from afschrift.bundle.contents import Contents
from afschrift.bundle.page.words import SheetWords, local_day
from afschrift.bundle.sheet.explained_decisions import Explainer, Explanation
from afschrift.bundle.sheet.sheet import HeldColumn, Processing, PurposeKey, SheetRight, rights
from afschrift.domain.vocabulary import CONSENT, LEGITIMATE_INTEREST, Origin
from afschrift.inventory.base import Text
from afschrift.inventory.model import Purpose
from afschrift.inventory.processing import AutomatedDecision, Retention
from afschrift.inventory.sheet_gaps import gaps, sheet_columns
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
class LateRows:
    """Rows of a table that should have been removed: number, all rows, the oldest day, the day of removal."""

    table: str
    rows: int
    of: int
    oldest: date
    removed_by: date


@dataclass(frozen=True)
class RetentionText:
    """How long data are kept, or the criterion; `until` is the last day if the start is known."""

    period: str | None
    text: str
    until: date | None = None
    late: tuple[LateRows, ...] = ()


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
    """A purpose for which this person's data are processed.

    Attributes:
        unnamed: there may be recipients whose names come from data that the person did not provide.
    """

    id: str
    title: str
    bases: tuple[str, ...]
    reasons: tuple[str, ...]
    consent: str | None
    kinds: tuple[DataKind, ...]
    receivers: tuple[Receiver, ...]
    unnamed: bool
    kept: RetentionText
    marketing: bool


@dataclass(frozen=True)
class DataGiver:
    """A source of data that are not from the person."""

    names: tuple[str, ...]
    how: str
    contacts: tuple[str, ...]
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
    def whole_uses(self) -> tuple[Use, ...]:
        """Those of which the map says everything: a portability answer does not wait for the others."""
        found = gaps(self.contents.inventory, sheet_columns(self.contents.plan))
        places = ((gap.source, *gap.where.split(".")) for gap in found)
        unknown = {(source, path[0]) for source, of, *path in places if of == "purposes"}
        known = (item for item in self.processing.purposes.items() if item[0] not in unknown)
        return tuple(self._use(key, columns) for key, columns in known)

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
        found: dict[tuple[tuple[str, ...], str, tuple[str, ...]], list[HeldColumn]] = {}
        for held, giver, field_path in self.processing.givers():
            read = tuple(row[0] or "" for row in self.processing.rows(held.source, field_path))
            names = (self._text(giver.name),) if giver.name else read
            key = (names, self._text(giver.how), giver.contacts(names))
            found.setdefault(key, []).append(held)
        return tuple(DataGiver(*key, self._titles(columns)) for key, columns in found.items() if key[0])

    def origins(self) -> Iterator[tuple[Origin, tuple[str, ...]]]:
        """The kinds of data by where they come from; what others gave is listed by itself."""
        for origin in Origin:
            columns = [held for held in self.processing.columns if origin in held.origins]
            if columns and origin not in (Origin.THIRD_PARTY, Origin.NOT_PERSONAL):
                yield origin, self._titles(columns)

    @cached_property
    def decisions(self) -> tuple[tuple[PurposeKey, AutomatedDecision, Explanation | None], ...]:
        """(h) the automated decisions, explained where the map names their outcome."""
        return tuple(
            (key, of, Explainer(self.contents, self.words, key[0], of).explain() if of.outcome else None)
            for key, of in self.processing.decisions()
        )

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
            reasons=tuple(self._reason(c, purpose) for c in bases if not (gone and c in CONSENT)),
            consent=consent,
            kinds=self._kinds(columns),
            receivers=tuple(self._receivers(key, purpose, {held.table for held in columns})),
            unnamed=self.contents.plan.right.terms.provided_only
            and any(recipient.from_ for recipient in purpose.recipients or ()),
            kept=self._kept(key, purpose, columns),
            marketing=purpose.direct_marketing,
        )

    def _reason(self, basis: str, purpose: Purpose) -> str:
        if basis != LEGITIMATE_INTEREST or purpose.interest is None:
            return self.words.phrase("bases", basis)
        interest = self._text(purpose.interest).rstrip(".")
        return self.words.phrase("interests", basis).format(interest=interest)

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
            served = not recipient.tables or not tables.isdisjoint(recipient.tables)
            if not served or not self.contents.concerns(*key, number):
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

    def _kept(self, key: PurposeKey, purpose: Purpose, columns: Sequence[HeldColumn]) -> RetentionText:
        """(d) a date if the start is known, else the period and the event that starts it; and why."""
        assert purpose.retention is not None
        kept, why = self._time_kept(key, purpose, columns), self._text(purpose.retention.why)
        return replace(kept, text=f"{kept.text} {why}".strip())

    def _time_kept(self, key: PurposeKey, purpose: Purpose, columns: Sequence[HeldColumn]) -> RetentionText:
        retention = purpose.retention
        assert retention is not None
        if retention.period is None:
            values = {"criterion": self._text(retention.criterion)}
            return RetentionText(None, self.words.phrase("kept", "criterion").format_map(values))
        period = Period.parse(retention.period)
        assert period is not None
        first, last, whole = self._span(key)
        words = {"period": self.words.lasts(period), "trigger": self._trigger(key[0], purpose)}
        until, late = _ends(retention, last), tuple(self._late(key[0], columns))
        if first is None or last is None or until is None:
            no_day = "not_begun" if self.contents.denial == "plain" else "no_day"
            how = no_day if self._has_no_day(key) else "open"
            return RetentionText(retention.period, self.words.phrase("kept", how).format_map(words))
        how = "passed" if self._is_over(until) else "one" if first == last else "many"
        how = how if whole else "part_passed" if how == "passed" else "part"
        words |= {"start": self.words.date(last), "day": self.words.date(until)}
        texts = [self.words.phrase("kept", how).format_map(words)]
        begun = (retention.from_ or "").rpartition(".")[0]  # rows elsewhere begin with the newest of these
        older = [held.table for held in columns if how == "passed" or held.table == begun]
        also = "still" if how == "passed" else "older"
        if self._is_over(period.after(first)):
            for purposes, tables in self._others(key, older).items():
                named = {"purposes": "; ".join(purposes), "tables": ", ".join(f"‘{t}’" for t in tables)}
                texts.append(self.words.phrase("kept", also).format_map(named))
        return RetentionText(retention.period, " ".join([*texts, *map(self._late_text, late)]), until, late)

    def _span(self, key: PurposeKey) -> tuple[date | None, date | None, bool]:
        """The first and the last day that start a purpose's period, and whether all rows have one."""
        zone = self.contents.inventory.controller.zone
        if day := local_day(self.contents.plan.withdrawn.get(".".join(key)), zone):
            return day, day, True
        rows = self.processing.rows(key[0], f"purposes.{key[1]}.retention") or [(None, None, "0")]
        first, last, without = (*rows[0],)
        return local_day(first, zone), local_day(last, zone), without == "0"

    def _has_no_day(self, key: PurposeKey) -> bool:
        """Whether the rows were read, and none has a day that starts the purpose's period."""
        place = f"purposes.{key[1]}.retention"
        return self.contents.was_read(key[0], place) and not any(
            row[1] for row in self.processing.rows(key[0], place)
        )

    def _is_over(self, until: date | None) -> bool:
        state = local_day(self.contents.plan.frozen_at, self.contents.inventory.controller.zone)
        return bool(state and until and until <= state)

    def _late(self, source: str, columns: Iterable[HeldColumn]) -> Iterator[LateRows]:
        """Rows of the purpose's tables that should have been removed (R75)."""
        for table in dict.fromkeys(held.table for held in columns):
            overdue, written = self.contents.overdue(source, table), self.contents.extracted(source, table)
            if overdue and written and self.contents.removed_by:
                title, oldest = self.contents.table_title(source, table), date.fromisoformat(overdue.oldest)
                yield LateRows(title, overdue.rows, written.rows, oldest, self.contents.removed_by)

    def _late_text(self, late: LateRows) -> str:
        return self.words.count(
            "late_all" if late.rows == late.of else "late_some",
            late.rows,
            total=self.words.number(late.of),
            table=late.table,
            oldest=self.words.date(late.oldest),
            day=self.words.date(late.removed_by),
        )

    def _others(self, key: PurposeKey, tables: Iterable[str]) -> dict[tuple[str, ...], list[str]]:
        """Titles of purposes for which older rows are kept longer -> titles of the tables with these rows."""
        found: dict[tuple[str, ...], list[str]] = {}
        for table in dict.fromkeys(tables):
            if not self._all_late(key[0], table):
                purposes = self.titles(
                    other
                    for other, held in self.processing.purposes.items()
                    if other[0] == key[0] and self._outlasts(other, key) and table in {h.table for h in held}
                )
                found.setdefault(purposes, []).append(self.contents.table_title(key[0], table))
        return {purposes: titles for purposes, titles in found.items() if purposes}

    def _outlasts(self, other: PurposeKey, key: PurposeKey) -> bool:
        """Whether a purpose keeps rows whose period for another one is over.

        From the same start the longer period does; two that end together do not name each other.
        """
        longer, kept = (self.processing.purpose(name).retention for name in (other, key))
        assert longer is not None and kept is not None
        _, last, _ = self._span(other)
        until, before = _ends(longer, last), _ends(kept, last)
        if other == key or self._is_over(until):
            return False
        same = longer.from_ is not None and longer.from_ == kept.from_
        return not (same and until and before and until <= before)

    def _all_late(self, source: str, table: str) -> bool:
        overdue, written = self.contents.overdue(source, table), self.contents.extracted(source, table)
        return overdue is not None and written is not None and overdue.rows == written.rows

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


def _ends(retention: Retention, start: date | None) -> date | None:
    """The end of a period that starts on a day."""
    period = Period.parse(retention.period) if retention.period else None
    return period.after(start) if period and start else None


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
