"""The frozen plan of a request, the parts of its answer (R44, R54), and the seal of its bundle.

Names and order of the plan's fields enter its digest, which reviews are bound to: they are data.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

import msgspec

from afschrift.domain.decision import Action, ground_of
from afschrift.domain.event import canonical
from afschrift.domain.redaction import Redaction
from afschrift.domain.right import Right
from afschrift.domain.sources import TableVersions
from afschrift.domain.value_kind import DocumentPart, ValueKind
from afschrift.domain.vocabulary import Origin


class Portion(StrEnum):
    """Which part of an answer a bundle is; the kind of its delivery."""

    FULL = "full"
    PARTIAL = "partial"
    SUPPLEMENT = "supplement"


class Place(NamedTuple):
    """A column of the inventory."""

    source: str
    table: str
    column: str

    def __str__(self) -> str:
        return ".".join(self)


@dataclass(frozen=True)
class Later:
    """A source that a person left for later, or a column with a value that cannot be read.

    Attributes:
        since: RFC 3339 instant since which it was not reached, as far as known.
        rest_by: date by which the rest is promised.
        about: digest that was decided on (`about`).
        place: `table.column`; empty: the whole source.
    """

    source: str
    since: str
    rest_by: str
    about: str
    place: str = ""

    @property
    def name(self) -> str:
        """The source, or the column."""
        return f"{self.source}.{self.place}" if self.place else self.source


@dataclass(frozen=True)
class Gone:
    """A source of which an earlier part promised more than there is now, as an officer confirmed.

    Attributes:
        tables: names of the missing tables; empty: all of them.
        rest_by: date by which they were promised.
        said_at: RFC 3339 instant of the decision.
    """

    source: str
    tables: tuple[str, ...]
    rest_by: str
    said_at: str


@dataclass(frozen=True)
class Before:
    """What an earlier part said about a table, or about a system that a person searched.

    Attributes:
        table: empty for such a system.
        status: as in the coverage of that part.
        rows: where it was read.
        delivered_at: RFC 3339 instant at which that part was delivered.
        bundle: SHA-256 of its ZIP file.
    """

    source: str
    table: str
    status: str
    rows: int | None
    delivered_at: str
    bundle: str


class Medium(StrEnum):
    """What kind of system people search (R08)."""

    MAILBOX = "mailbox"
    PAPER = "paper"
    PROCESSOR = "processor"
    SAAS = "saas"
    BACKUP = "backup"
    RECORDING = "recording"
    CHAT = "chat"
    FILES = "files"
    NO_KEY = "no_key"  # rows that no key of a person reaches (Art. 11(2))


NOTHING_GIVEN = "nothing_given"
"""Status that the person sees of what is not given, where the reason may not be named (R84)."""


class ManualStatus(StrEnum):
    """Outcome of the search of such a system."""

    GIVEN = "given"
    NONE_HELD = "none_held"
    HELD_BACK = "held_back"  # a restriction of which the person may not know keeps back what was found (R84)
    NOT_SEARCHED = "not_searched"
    OUTSIDE = "outside"  # not asked: the request does not reach it


@dataclass(frozen=True)
class ManualPlan:
    """A system that people search, as a plan has it.

    Attributes:
        reason: a code, where it was not searched or not asked.
        answer: digest of the answer with its files; empty: no question was asked.
        answered_at: RFC 3339, UTC.
        files: ids of the documents in the case file.
        masks: what a reviewer masked in their texts; the key of a row is the id of a document.
    """

    source: str
    medium: Medium
    status: ManualStatus
    rules: tuple[str, ...]
    reason: str = ""
    answer: str = ""
    answered_at: str = ""
    files: tuple[str, ...] = ()
    masks: tuple[Redaction, ...] = ()

    @property
    def status_for_person(self) -> str:
        """The status for the person: the same for nothing held and for what is held back (R84)."""
        alike = (ManualStatus.NONE_HELD, ManualStatus.HELD_BACK)
        return NOTHING_GIVEN if self.status in alike else self.status.value


@dataclass(frozen=True)
class FieldPlan:
    """A column of the inventory with its decision.

    Attributes:
        name: column name in the source.
        kind: logical kind, from the source's catalogue; None where the column is not selected.
        action, rules, reason, mask: the column decision.
        origin: None where the origin goes by row; `origins` then holds the included ones.
        outside_art20: handed over voluntarily (R22).
        read_as: kind of its values in the source, if cells or spans of it are redacted; `kind` is text then,
            as the mask is. None: nothing is redacted.
        part: set if it is part of a document and no column of the source.
        damage: code of the damaged value for which the database's own text is given; empty: none was found.
    """

    name: str
    kind: ValueKind | None
    action: Action
    rules: tuple[str, ...]
    reason: str
    origin: Origin | None = None
    origins: tuple[Origin, ...] = ()
    mask: str | None = None
    outside_art20: bool = False
    about_others: bool = False
    read_as: ValueKind | None = None
    part: DocumentPart | None = None
    damage: str = ""

    @property
    def ground(self) -> str:
        """The reason; of what a person decided, the ground of the decision."""
        return ground_of(self.reason, self.rules)


@dataclass(frozen=True)
class ExtractPlan:
    """A table: its column decisions and the statement that reads it.

    Attributes:
        statement: SQL text without any value; the person's keys are bound in the session.
        masked_statement: counts what each mask hides, in the order of the masked fields; may be empty.
        keys: names of the identity keys that the statement uses.
        order: the columns that give the rows their total order; empty: by digest of the row.
        row_rule: columns value -> in or out, where the origin goes by row.
        path: how the table leads to the person, in words for the officer.
        redactions: cells and spans of its rows that a reviewer masked.
    """

    source: str
    table: str
    fields: tuple[FieldPlan, ...]
    statement: str
    keys: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    row_rule: dict[str, Any] = field(default_factory=dict)
    path: str = ""
    masked_statement: str = ""
    redactions: tuple[Redaction, ...] = ()

    @property
    def name(self) -> str:
        """`source.table`, unique in a plan."""
        return f"{self.source}.{self.table}"

    @property
    def selected(self) -> tuple[FieldPlan, ...]:
        """The columns that leave the warehouse, in the order of the file."""
        return tuple(f for f in self.fields if f.action in (Action.INCLUDE, Action.MASK))

    @property
    def whole(self) -> dict[str, FieldPlan]:
        """The columns that leave without a mask, by name."""
        return {f.name: f for f in self.fields if f.action is Action.INCLUDE}


@dataclass(frozen=True)
class FactPlan:
    """A small question about the person's own rows, for the information sheet of an access answer.

    Attributes:
        place: where the inventory asks for it, for example `purposes.sale.recipients.0`.
        fields: columns of the statement's result.
        statement: SQL text without any value, as of an extract.
    """

    source: str
    place: str
    fields: tuple[FieldPlan, ...]
    statement: str


@dataclass(frozen=True)
class Withheld:
    """A table of which nothing leaves the warehouse, and why."""

    source: str
    table: str
    fields: tuple[FieldPlan, ...]


_ABSENT = (b'"damage":"",', b'"place":"",', b'"masks":[],', b'"versions":{},', b'"withdrawn":{},')
"""Fields that are left out where they are empty, so that a plan frozen before them keeps its digest."""
_FIRST_BEYOND_D7FF = 0xEE
"""First byte in UTF-8 of characters that UTF-16, which RFC 8785 sorts by, may order differently."""


def _plain(value: Any) -> bool:
    """Whether a value consists of texts and booleans alone."""
    if isinstance(value, dict):
        return all(map(_plain, value)) and all(map(_plain, value.values()))
    return all(map(_plain, value)) if isinstance(value, list | tuple) else type(value) in (str, bool)


@dataclass(frozen=True)
class Plan:
    """Everything that was decided before the first row is read.

    Attributes:
        frozen_at: RFC 3339 instant at which it was decided what is read; the systems are read after it.
        inventory, policy: digests of what the decisions rest on; a change stops the run (drift).
        package: version of the software.
        keys: fingerprint of the person's keys that the plan was made for.
        destination: where the bundle goes.
        consents: `source.purpose` -> state of the person's own consent.
        withdrawn: `source.purpose` -> when it was withdrawn, where a period runs from then.
        facts: what the information sheet needs from the sources, and which purposes concern the person.
        manual: systems that a person searched, with what came of it.
        received_at: when the request arrived; who held which key is looked up as of then.
        later: sources that are not opened and columns that are not read, as a person decided (R44).
        before: tables and searched systems that an earlier part of the answer described.
        after: digests of the bundles of all earlier parts; what is delivered by this plan follows them (R54).
        again: `source.table` of tables that an earlier part described too, and that are given whole again.
        versions: source -> the versions of its tables that are read, where they have any.
        gone: what the last part promised and is not held any more, as an officer confirmed.
    """

    request: str
    right: Right
    language: str
    formats: tuple[str, ...]
    extracts: tuple[ExtractPlan, ...]
    withheld: tuple[Withheld, ...]
    inventory: str
    policy: str
    package: str
    frozen_at: str
    keys: str = ""
    destination: str = ""
    consents: dict[str, str] = field(default_factory=dict)
    facts: tuple[FactPlan, ...] = ()
    manual: tuple[ManualPlan, ...] = ()
    received_at: str = ""
    later: tuple[Later, ...] = ()
    before: tuple[Before, ...] = ()
    after: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    gone: tuple[Gone, ...] = ()
    withdrawn: dict[str, str] = field(default_factory=dict, repr=False)
    versions: dict[str, TableVersions] = field(default_factory=dict)

    def digest(self) -> str:
        """SHA-256 over the plan in canonical JSON: what reviews and later steps are bound to."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        text = self._canonical()
        for absent in _ABSENT:
            text = text.replace(absent, b"")
        return hashlib.sha256(text).hexdigest()

    def _canonical(self) -> bytes:
        """The plan in canonical JSON (RFC 8785).

        For texts and booleans whose names sort alike in UTF-8 and UTF-16, sorted JSON by msgspec is
        canonical, in a hundredth of the time.
        """
        quick = msgspec.json.encode(self, order="sorted")
        if max(quick) < _FIRST_BEYOND_D7FF and all(_plain(extract.row_rule) for extract in self.extracts):
            return quick
        return canonical(asdict(self))

    def of_source(self, source: str) -> tuple[ExtractPlan, ...]:
        """The extracts of one source."""
        return tuple(e for e in self.extracts if e.source == source)

    def opening(self, source: str) -> dict[str, TableVersions]:
        """Further arguments to open a source with, so that it reads what the plan chose."""
        return {"versions": self.versions[source]} if source in self.versions else {}

    @property
    def unopened(self) -> frozenset[str]:
        """Sources that are left for later as a whole."""
        return frozenset(later.source for later in self.later if not later.place)

    @property
    def sources(self) -> tuple[str, ...]:
        """Sources with something to extract, in order."""
        return tuple(dict.fromkeys(e.source for e in self.extracts))

    @property
    def given(self) -> tuple[ManualPlan, ...]:
        """Systems in which a person found files."""
        return tuple(manual for manual in self.manual if manual.status is ManualStatus.GIVEN)

    @property
    def staged(self) -> tuple[str, ...]:
        """Sources with something staged: read by a statement, or found by a person.

        A supplement may have nothing to stage, and must be packed all the same. Then the sources that it
        describes count, or, if there are none, those that it names as gone or described before.
        """
        found = (*self.sources, *(manual.source for manual in self.given))
        if found or not self.after:
            return found
        named = self.withheld if self.withheld or self.later else (self.gone or self.before)
        return tuple(dict.fromkeys(part.source for part in named))

    @property
    def part(self) -> Portion:
        """Which part of the answer this is."""
        return Portion.PARTIAL if self.later else Portion.SUPPLEMENT if self.after else Portion.FULL


@dataclass(frozen=True)
class Seal:
    """What a bundle is sealed with; fixed for a plan, so that packing again gives the same bytes.

    Attributes:
        sealed_at: RFC 3339 instant, UTC.
        trail_seq, trail_head: last event of the audit trail at sealing and its digest (hex); so every
            delivered bundle is a witness of the trail.
        snapshots: source -> instant at which this result was read first; a later reading has another instant.
    """

    sealed_at: str
    trail_seq: int
    trail_head: str
    snapshots: dict[str, str] = field(default_factory=dict)
