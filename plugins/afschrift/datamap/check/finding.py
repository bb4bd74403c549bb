"""What `afschrift inventory check` may find, and what one check reports; never a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How much it matters; the words are those of SARIF.

    An error stops requests or makes an answer wrong; a warning may, and a person has to look; a note is how
    it is, and asks for nothing where that is meant.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Code(StrEnum):
    """Kinds of findings."""

    FAULT = "fault"
    CONFIRMED_OTHERWISE = "confirmed_otherwise"
    CONFIRMATION_LAPSED = "confirmation_lapsed"
    TABLE_NOT_DESCRIBED = "table_not_described"
    TABLE_GONE = "table_gone"
    COLUMN_NOT_DESCRIBED = "column_not_described"
    COLUMN_GONE = "column_gone"
    TYPE_UNKNOWN = "type_unknown"
    READ_TWICE = "read_twice"
    COPY_DIFFERS = "copy_differs"
    NO_RIGHT = "no_right"
    VIEW_NOT_CONFIRMED = "view_not_confirmed"
    HISTORY_NOT_DECIDED = "history_not_decided"
    FILES_NOT_READ = "files_not_read"
    KEY_NOT_UNIQUE = "key_not_unique"
    KEY_NOT_NORMAL = "key_not_normal"
    KEY_IN_OTHER_FORM = "key_in_other_form"
    KEYS_OF_ONE_FORM = "keys_of_one_form"
    KEYS_EQUAL_TO_DATABASE = "keys_equal_to_database"
    JOIN_FINDS_NOTHING = "join_finds_nothing"
    JOIN_CROSSES_PERSONS = "join_crosses_persons"
    POINTS_TO_NOTHING = "points_to_nothing"
    TABLE_NOT_REACHED = "table_not_reached"
    ROWS_NOT_REACHED = "rows_not_reached"
    ROWS_OF_SEVERAL = "rows_of_several"
    ROWS_OF_SHARED_KEY = "rows_of_shared_key"
    ROWS_BY_SEVERAL_WAYS = "rows_by_several_ways"
    HOLDS_IDENTIFIER = "holds_identifier"
    STATEMENT_FAILS = "statement_fails"
    NOT_LOOKED_AT = "not_looked_at"
    READ_WHOLE = "read_whole"


class Rule(NamedTuple):
    """What a code means."""

    severity: Severity
    means: str


_ERROR, _WARNING, _NOTE = _ORDER = tuple(Severity)

RULES: dict[Code, Rule] = {
    Code.FAULT: Rule(_ERROR, "the inventory itself cannot be used"),
    Code.CONFIRMED_OTHERWISE: Rule(_WARNING, "a file says otherwise than was confirmed; what it says counts"),
    Code.CONFIRMATION_LAPSED: Rule(_NOTE, "what was confirmed has changed or is gone: it counts no longer"),
    Code.TABLE_NOT_DESCRIBED: Rule(_ERROR, "the source has a table that the inventory does not describe"),
    Code.TABLE_GONE: Rule(_ERROR, "the inventory describes a table that the source has not"),
    Code.COLUMN_NOT_DESCRIBED: Rule(_ERROR, "a table has a column that the inventory does not describe"),
    Code.COLUMN_GONE: Rule(_ERROR, "the inventory describes a column that the table has not"),
    Code.TYPE_UNKNOWN: Rule(_ERROR, "a column has a type that is not known"),
    Code.READ_TWICE: Rule(_ERROR, "two entries would read the same rows"),
    Code.COPY_DIFFERS: Rule(_ERROR, "what is called a copy has a column of its own"),
    Code.NO_RIGHT: Rule(_ERROR, "the connection has no right to read it"),
    Code.VIEW_NOT_CONFIRMED: Rule(_ERROR, "nobody confirmed that a view holds every row"),
    Code.HISTORY_NOT_DECIDED: Rule(_ERROR, "nobody decided about former rows, or there are none"),
    Code.FILES_NOT_READ: Rule(_ERROR, "a folder of a lake holds files that are neither read nor passed over"),
    Code.KEY_NOT_UNIQUE: Rule(_ERROR, "several rows have the same `key`"),
    Code.KEY_NOT_NORMAL: Rule(_ERROR, "keys are not in the form that `normal` says: no request finds them"),
    Code.KEY_IN_OTHER_FORM: Rule(_NOTE, "keys are stored in another form: found by reading the whole table"),
    Code.KEYS_OF_ONE_FORM: Rule(_ERROR, "keys of two persons differ in their spelling alone: requests stop"),
    Code.KEYS_EQUAL_TO_DATABASE: Rule(_WARNING, "the database takes several keys for one: requests ask"),
    Code.JOIN_FINDS_NOTHING: Rule(_ERROR, "no row finds one by a `join`, or the types do not compare"),
    Code.JOIN_CROSSES_PERSONS: Rule(_ERROR, "a `join` reaches rows that bear another person's key"),
    Code.POINTS_TO_NOTHING: Rule(_WARNING, "rows point to one that is not there"),
    Code.TABLE_NOT_REACHED: Rule(_ERROR, "no way leads from any row of a table to a person"),
    Code.ROWS_NOT_REACHED: Rule(_NOTE, "some rows of a table are nobody's, by the ways of the inventory"),
    Code.ROWS_OF_SEVERAL: Rule(_ERROR, "rows are of several persons: requests stop; look-ups only warn"),
    Code.ROWS_OF_SHARED_KEY: Rule(_NOTE, "a key in the row is of several persons at that time: requests ask"),
    Code.ROWS_BY_SEVERAL_WAYS: Rule(_NOTE, "two ways lead to two persons, as of sender and recipient"),
    Code.HOLDS_IDENTIFIER: Rule(_WARNING, "a column that is called not personal holds what names people"),
    Code.STATEMENT_FAILS: Rule(_ERROR, "the source does not take a statement of a request"),
    Code.NOT_LOOKED_AT: Rule(_NOTE, "something was not counted, as it took too long or failed"),
    Code.READ_WHOLE: Rule(_NOTE, "a request reads a large table from end to end"),
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        table: as the inventory calls it, else as the source does; empty: of the source as a whole.
        column: empty: of the table as a whole.
        sentence: what is so, with its place; counts and names of tables and columns, never a value.
        remedy: what to do.
        severity: the code's; where it is another one, it is said here.
        undecided: what may be so at this place or below it all the same, as not all of it was looked at.
    """

    code: Code
    source: str
    table: str
    column: str
    sentence: str
    remedy: str
    severity: Severity = Severity.ERROR
    undecided: frozenset[Code] = frozenset()

    @property
    def place(self) -> str:
        """`source.table.column`, as far as it goes."""
        return ".".join(part for part in (self.source, self.table, self.column) if part)


def finding(
    code: Code,
    place: tuple[str, ...],
    sentence: str,
    remedy: str,
    *,
    sure: bool = True,
    undecided: Iterable[Code] = (),
) -> Finding:
    """A finding of its code's own severity.

    Args:
        code: what is so.
        place: source, table and column, as far as it goes.
        sentence: as of `Finding`.
        remedy: as of `Finding`.
        sure: False: rows that were not looked at may say otherwise, so an error is a warning, and undecided.
        undecided: as of `Finding`.
    """
    source, table, column = (*place, "", "")[:3]
    said, remedy = sentence.strip().removesuffix("."), remedy.strip().removesuffix(".")
    own = RULES[code].severity
    severity = own if sure or own is not Severity.ERROR else Severity.WARNING
    left = frozenset(undecided) | (frozenset() if sure else {code})
    return Finding(code, source, table, column, said, remedy, severity, left)


class SampleKind(StrEnum):
    """How rows were chosen."""

    EXACT = "exact"
    SAMPLE = "sample"
    FIRST = "first"

    def words(self, rows: int) -> str:
        """Such as `of a sample of 20,000 rows`."""
        those = {
            SampleKind.EXACT: "of",
            SampleKind.SAMPLE: "of a sample of",
            SampleKind.FIRST: "of the first",
        }
        return f"{those[self]} {rows:,} rows"


@dataclass(frozen=True)
class TableReach:
    """The rows of a table by how many persons they lead to.

    Attributes:
        table: as the inventory calls it.
        rows: that were looked at.
        counted: `exact`: all rows; `sample`: drawn at random; `first`: the first that came.
        nobody: no way leads from them to a key.
        one, several: persons.
        unknown: they bear a key of which another source knows whose it is.
    """

    source: str
    table: str
    rows: int
    counted: str
    nobody: int
    one: int
    several: int
    unknown: int


@dataclass(frozen=True)
class TableCost:
    """What one request reads of a table.

    Attributes:
        lines: in words, as `afschrift plan` says it.
        cost: in the database's own unit; None: it knows none.
        bytes: of what is read from end to end, or of the files of a lake; None: not known.
    """

    source: str
    table: str
    right: str
    lines: tuple[str, ...]
    cost: float | None
    bytes: int | None


@dataclass(frozen=True)
class NotReached:
    """A source that could not be opened, and why; what it holds is not known."""

    source: str
    why: str
    remedy: str


@dataclass
class MapReport:
    """What a check saw.

    Attributes:
        notes: what is passed over by a decision in the map.
        columns, classified: columns of personal tables that the sources have, and those that are classified.
        prepared: statements that the sources took.
    """

    findings: list[Finding] = field(default_factory=list)
    not_reached: list[NotReached] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    columns: int = 0
    classified: int = 0
    prepared: int = 0
    reach: list[TableReach] = field(default_factory=list)
    costs: list[TableCost] = field(default_factory=list)

    @property
    def differences(self) -> list[str]:
        """The sentences of errors and warnings."""
        return [found.sentence for found in self.findings if found.severity is not Severity.NOTE]

    def tidy(self) -> MapReport:
        """The same with each finding once, errors first."""
        once: dict[str, Finding] = {}
        for found in self.findings:
            once.setdefault(found.sentence, found)  # a fault of a table is one of all its entries
        return replace(self, findings=sorted(once.values(), key=lambda found: _ORDER.index(found.severity)))


def failures(report: MapReport, least: Severity) -> Iterator[Finding]:
    """Findings of at least a severity."""
    for found in report.findings:
        if _ORDER.index(found.severity) <= _ORDER.index(least):
            yield found


def table() -> str:
    """The codes as a table, which tools/findings_page.py prints."""
    rows = ["| Code | Severity | What it means |", "|---|---|---|"]
    rows += (f"| `{code.value}` | {rule.severity.value} | {rule.means} |" for code, rule in RULES.items())
    return "\n".join(rows)
