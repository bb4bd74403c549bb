"""The findings and the report of `afschrift inventory check`; they hold no value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from afschrift.inventory.column import Settled

from afschrift.inventory.readable import ReadableShare


class Severity(StrEnum):
    """How much a finding matters, in the words of SARIF.

    An error stops requests or makes an answer wrong; a warning may do so, and a person must look; a note
    needs no action if the map is meant so.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Code(StrEnum):
    """Kinds of findings."""

    FAULT = "fault"
    NOT_DECIDED = "not_decided"
    COURT_NOT_NAMED = "court_not_named"
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
    HOLDS_KEYS = "holds_keys"
    PAST_PERIOD = "past_period"
    OWN_VALUE_MASKED = "own_value_masked"
    MASK_NOT_EXPLAINED = "mask_not_explained"
    MASK_DETERMINED = "mask_determined"
    OTHERS_KEY_GIVEN = "others_key_given"
    ORIGIN_NOT_BY_ROW = "origin_not_by_row"
    RECIPIENT_LEFT_OUT = "recipient_left_out"
    DECISION_NOT_EXPLAINED = "decision_not_explained"
    DECISION_NOT_PERMITTED = "decision_not_permitted"
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
    Code.NOT_DECIDED: Rule(_ERROR, "a text of a draft still says that something is not decided"),
    Code.COURT_NOT_NAMED: Rule(_ERROR, "letters cannot name the way to court that the person has"),
    Code.CONFIRMED_OTHERWISE: Rule(_WARNING, "a file contradicts a confirmation; the file applies"),
    Code.CONFIRMATION_LAPSED: Rule(_NOTE, "confirmed words changed or are gone: the confirmation lapsed"),
    Code.TABLE_NOT_DESCRIBED: Rule(_ERROR, "the source has a table that the inventory does not describe"),
    Code.TABLE_GONE: Rule(_ERROR, "the inventory describes a table that the source does not have"),
    Code.COLUMN_NOT_DESCRIBED: Rule(_ERROR, "a table has a column that the inventory does not describe"),
    Code.COLUMN_GONE: Rule(_ERROR, "the inventory describes a column that the table does not have"),
    Code.TYPE_UNKNOWN: Rule(_ERROR, "a column has a type that is not known"),
    Code.READ_TWICE: Rule(_ERROR, "two entries would read the same rows"),
    Code.COPY_DIFFERS: Rule(_ERROR, "a table with `copy_of` has a column of its own"),
    Code.NO_RIGHT: Rule(_ERROR, "the connection has no right to read it"),
    Code.VIEW_NOT_CONFIRMED: Rule(_ERROR, "it is not confirmed that a view holds every row"),
    Code.HISTORY_NOT_DECIDED: Rule(_ERROR, "whether former rows are read is not decided, or none exist"),
    Code.FILES_NOT_READ: Rule(_ERROR, "a folder of a lake holds files that are neither read nor ignored"),
    Code.KEY_NOT_UNIQUE: Rule(_ERROR, "several rows have the same `key`"),
    Code.KEY_NOT_NORMAL: Rule(_ERROR, "keys are not in the form that `normal` states: no request finds them"),
    Code.KEY_IN_OTHER_FORM: Rule(_NOTE, "keys are stored in another form: found by reading the whole table"),
    Code.KEYS_OF_ONE_FORM: Rule(_ERROR, "keys of two persons differ only in spelling: requests stop"),
    Code.KEYS_EQUAL_TO_DATABASE: Rule(_WARNING, "the database treats several keys as equal: requests ask"),
    Code.JOIN_FINDS_NOTHING: Rule(_ERROR, "no row finds one by a `join`, or the types do not compare"),
    Code.JOIN_CROSSES_PERSONS: Rule(_ERROR, "a `join` reaches rows that have another person's key"),
    Code.POINTS_TO_NOTHING: Rule(_WARNING, "rows point to a row that does not exist"),
    Code.TABLE_NOT_REACHED: Rule(_ERROR, "no way leads from any row of a table to a person"),
    Code.ROWS_NOT_REACHED: Rule(_NOTE, "some rows of a table lead to no person by the ways of the inventory"),
    Code.ROWS_OF_SEVERAL: Rule(_ERROR, "rows are of several persons: requests stop; look-ups only warn"),
    Code.ROWS_OF_SHARED_KEY: Rule(_NOTE, "a key in the row is of several persons at that time: requests ask"),
    Code.ROWS_BY_SEVERAL_WAYS: Rule(_NOTE, "two ways lead to two persons, as of sender and recipient"),
    Code.HOLDS_IDENTIFIER: Rule(_WARNING, "a column that is classified as not personal holds identifiers"),
    Code.HOLDS_KEYS: Rule(_ERROR, "a column holds keys of people, and the map reaches no row by it"),
    Code.PAST_PERIOD: Rule(_WARNING, "rows are held after the period of every purpose: an officer is asked"),
    Code.OWN_VALUE_MASKED: Rule(_ERROR, "what the person gave is masked, which no ground allows"),
    Code.MASK_NOT_EXPLAINED: Rule(_NOTE, "no text says why a value is kept back here"),
    Code.MASK_DETERMINED: Rule(_WARNING, "other columns of the row tell what a mask hides"),
    Code.OTHERS_KEY_GIVEN: Rule(_WARNING, "a person gets the key of another person in the clear"),
    Code.ORIGIN_NOT_BY_ROW: Rule(_WARNING, "what another person wrote counts as given by the person"),
    Code.RECIPIENT_LEFT_OUT: Rule(_WARNING, "a purpose names no recipient, and another one has its table"),
    Code.DECISION_NOT_PERMITTED: Rule(_WARNING, "nothing says what permits a decision without a person"),
    Code.DECISION_NOT_EXPLAINED: Rule(_WARNING, "a decision is not explained by the person's own values"),
    Code.STATEMENT_FAILS: Rule(_ERROR, "the source rejects a statement of a request"),
    Code.NOT_LOOKED_AT: Rule(_NOTE, "something was not checked, as it took too long or failed"),
    Code.READ_WHOLE: Rule(_NOTE, "a request reads a large table from end to end"),
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """A finding of the check.

    Attributes:
        table: its name in the inventory, else in the source; empty: the source as a whole.
        column: empty: the table as a whole.
        sentence: the fault, with its place; counts and names of tables and columns, never a value.
        remedy: what to do.
        severity: the code's, or another one.
        undecided: codes that may also apply at this place or below it, as not all of it was checked.
        of: digest by which a person settles it; empty: it cannot be settled.
        settled: who settled it in the map, and it counts no more; None: it is open.
    """

    code: Code
    source: str
    table: str
    column: str
    sentence: str
    remedy: str
    severity: Severity = Severity.ERROR
    undecided: frozenset[Code] = frozenset()
    of: str = ""
    settled: Settled | None = None

    @property
    def place(self) -> str:
        """`source.table.column`, as far as known."""
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
    """Make a finding with its code's own severity.

    Args:
        code: of the finding.
        place: source, table and column, as far as known.
        sentence: as in `Finding`.
        remedy: as in `Finding`.
        sure: False: rows that were not read may differ, so an error becomes a warning, and undecided.
        undecided: as in `Finding`.
    """
    source, table, column = (*place, "", "")[:3]
    sentence, remedy = sentence.strip().removesuffix("."), remedy.strip().removesuffix(".")
    own = RULES[code].severity
    severity = own if sure or own is not Severity.ERROR else Severity.WARNING
    left = frozenset(undecided) | (frozenset() if sure else {code})
    return Finding(code, source, table, column, sentence, remedy, severity, left)


class SampleKind(StrEnum):
    """How rows were chosen."""

    EXACT = "exact"
    SAMPLE = "sample"
    FIRST = "first"

    def words(self, rows: int) -> str:
        """Return words such as `of a sample of 20,000 rows`."""
        words = {
            SampleKind.EXACT: "of",
            SampleKind.SAMPLE: "of a sample of",
            SampleKind.FIRST: "of the first",
        }
        return f"{words[self]} {rows:,} rows"


@dataclass(frozen=True)
class TableReach:
    """The rows of a table by the number of persons that they lead to; the field names are those of the JSON.

    Attributes:
        table: its name in the inventory.
        rows: that were read.
        counted: `exact`: all rows; `sample`: a random sample; `first`: the first rows.
        nobody: rows from which no way leads to a key.
        one, several: rows that lead to one or several persons.
        unknown: rows with a key whose person only another source knows.
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
    """The cost of one request in a table.

    Attributes:
        lines: in words, as in `afschrift plan`.
        cost: in the database's own unit; None: it has none.
        bytes: read in full scans, or of the files of a lake; None: not known.
    """

    source: str
    table: str
    right: str
    lines: tuple[str, ...]
    cost: float | None
    bytes: int | None


@dataclass(frozen=True)
class NotReached:
    """A source that could not be opened, and why; its content is not known."""

    source: str
    why: str
    remedy: str


@dataclass
class MapReport:
    """The report of a check.

    Attributes:
        notes: what is ignored by a decision in the map.
        columns, classified: columns of personal tables that the sources have, and those that are classified.
        prepared: statements that the sources accept.
        readable: share of cells that a person can understand; None: not measured.
    """

    findings: list[Finding] = field(default_factory=list)
    not_reached: list[NotReached] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    columns: int = 0
    classified: int = 0
    prepared: int = 0
    reach: list[TableReach] = field(default_factory=list)
    costs: list[TableCost] = field(default_factory=list)
    readable: ReadableShare | None = None

    def tidy(self) -> MapReport:
        """Return the report with each finding once, errors first."""
        unique: dict[str, Finding] = {}
        for found in self.findings:
            unique.setdefault(found.sentence, found)  # a fault of a table is found at each of its entries
        return replace(self, findings=sorted(unique.values(), key=lambda found: _ORDER.index(found.severity)))


def failures(report: MapReport, least: Severity) -> Iterator[Finding]:
    """Yield the open findings of at least a severity."""
    for found in report.findings:
        if found.settled is None and _ORDER.index(found.severity) <= _ORDER.index(least):
            yield found


def table() -> str:
    """Return the codes as a table, which tools/findings_page.py prints."""
    rows = ["| Code | Severity | What it means |", "|---|---|---|"]
    rows += (f"| `{code.value}` | {rule.severity.value} | {rule.means} |" for code, rule in RULES.items())
    return "\n".join(rows)
