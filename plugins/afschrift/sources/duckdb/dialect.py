"""DuckDB's SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from afschrift.domain.keys import KeyMatch
from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import DocumentPart, ValueKind
from afschrift.sources.dialect import (
    AT_ENDS,
    CAPITALS,
    DOTTED,
    DOUBLE,
    KEPT,
    NO_DOCUMENT,
    NO_FIELD,
    SMALL,
    StandardDialect,
    unread,
)
from afschrift.sources.duckdb.column_types import column_type
from afschrift.sources.duckdb.document_parts import place_of
from afschrift.sources.person_keys import PLAIN_NUMBER

_INEXACT = ("DOUBLE", "FLOAT", "DECIMAL")
_ZEROS = r"regexp_replace({text}, '(\.[0-9]*[1-9])0+$', '\1')"
"""SQL of a plain number without trailing zeros in its fraction."""


class DuckDialect(StandardDialect):
    """DuckDB's SQL."""

    name = "duckdb"
    templates: Mapping[str, str] = {
        "matches": "regexp_matches({text}, {pattern})",
        "mentions": "contains({text}, {value})",
        "order": "{column}",  # texts are compared by their bytes
        "plain": "lower(translate({text}, {odd}, {usual}))",
        "replaced": "regexp_replace({text}, {pattern}, {by}, 'g')",
        "row_order": "md5(CAST(ROW({row}) AS VARCHAR))",
        "sampled": "{relation} TABLESAMPLE BERNOULLI ({percent:.6f}%) REPEATABLE (1)",  # not blocks of rows
        "token": "left(sha256({salt} || {text}), {digits})",
        "without": "translate({text}, {signs}, '')",
    }
    version_statement = "SELECT 'DuckDB ' || version()"
    gathers_keys = True
    has_collations = False
    """Whether any table or view has a collation; the catalogue does not say of which column."""

    def __init__(self, cell_limit: int = 64 << 20) -> None:
        self._cell_limit = cell_limit
        self._relations: dict[str, tuple[str, str]] = {}

    def table(self, name: str, schema: str, table: str) -> str:
        """Remember schema and table of a name in the inventory: a table's own name may have a dot."""
        self._relations[name] = (schema, table)
        return name

    def relation(self, table: str) -> str:
        """Quote the parts of `schema.table` separately; without a schema it is in `main`."""
        if table not in self._relations:
            return super().relation(table)
        schema, name = self._relations[table]
        return self.quote(name) if schema == "main" else f"{self.quote(schema)}.{self.quote(name)}"

    def typed_key(self, value: str, native: str) -> str:
        """Cast a key; NULL unless it comes back the same: TRY_CAST alone rounds, and 3.7 must not find 4."""
        if native == "VARCHAR":
            return value
        if native == "BLOB":
            return f"encode({value})"
        cast = f"TRY_CAST({value} AS {native})"
        if native.startswith(_INEXACT):
            spelled = (_ZEROS.format(text=text) for text in (self.key_text(cast, native), value))
            same = f"regexp_full_match({value}, '{PLAIN_NUMBER}') AND {' = '.join(spelled)}"
        elif native == "UUID":
            same = f"CAST({cast} AS VARCHAR) = lower({value})"
        else:
            same = f"CAST({cast} AS VARCHAR) = {value}"
        return f"CASE WHEN {same} THEN {cast} END"

    def is_text(self, native: str) -> bool:
        """VARCHAR or ENUM."""
        return native == "VARCHAR" or native.startswith("ENUM(")

    def exact_below(self, native: str) -> int | None:
        """Floats of 64 and 32 bits: an integer compared with one is converted."""
        return {"DOUBLE": DOUBLE, "FLOAT": 2**24}.get(native)

    def text_bytes(self, column: str, native: str) -> str:
        """Cast to text, by way of a BLOB if the database has collations, which expressions would inherit."""
        if native.startswith(_INEXACT):
            return self.key_text(column, native)
        text = column if native == "VARCHAR" else f"CAST({column} AS VARCHAR)"
        return f"decode(encode({text}))" if self.has_collations and self.is_text(native) else text

    def normal_text(self, text: str, match: str, *, trimmed: bool = False) -> str:
        """Build the normal form; DuckDB's `lower` handles all alphabets."""
        if match == KeyMatch.DIGITS:
            return f"nullif(regexp_replace({text}, '[^0-9]+', '', 'g'), '')"
        if not trimmed:
            text = f"nfc_normalize(regexp_replace({text}, '{AT_ENDS}', '', 'g'))"
        if match == KeyMatch.EMAIL:
            return f"translate({text}, '{CAPITALS}', '{SMALL}')"
        return f"lower(translate({text}, '{DOTTED}', '{KEPT}'))" if match == KeyMatch.CASEFOLD else text

    def holds_key(
        self, column: str, native: str, match: str = KeyMatch.EXACT, *, normal: bool = False
    ) -> str:
        """Condition that the column holds the key `k`."""
        return " = ".join(self.key_sides(column, native, match, normal=normal))

    def key_sides(
        self, column: str, native: str, match: str = KeyMatch.EXACT, *, normal: bool = False
    ) -> tuple[str, str]:
        """The two sides to join by: for a correlated EXISTS DuckDB keeps all needed columns of all rows."""
        if not self.is_text(native) and match != KeyMatch.DIGITS:
            return column, self.typed_key("k.value", native)
        stored = self.text_bytes(column, native) if normal else self.key_form(column, native, match)
        return stored, self.bound_form(match)

    def key_text(self, column: str, native: str) -> str:
        """Write a whole number without fraction: a customer number stored as 46.0 is 46 in other tables."""
        if native == "BLOB":
            return f"TRY(decode({column}))"
        if not native.startswith(_INEXACT):
            return self.text_bytes(column, native if self.is_text(native) else "")
        text = f"CAST({column} AS VARCHAR)"
        whole = f"TRY_CAST({column} AS HUGEINT)"
        return f"CASE WHEN {whole} = {column} THEN CAST({whole} AS VARCHAR) ELSE {text} END"

    def instant(self, column: str, native: str, zone: str | None) -> str:
        """Read times without zone as local times of the source."""
        if native == "TIMESTAMP WITH TIME ZONE":
            return column
        if native == "TIMESTAMPTZ_NS":
            return f"CAST({column} AS TIMESTAMPTZ)"
        if native == "INT96":  # in a Parquet file: a struct of a day and a time
            column = f"(struct_extract({column}, 'date') + CAST(struct_extract({column}, 'time') AS TIME))"
        return f"timezone({self.literal(zone or 'UTC')}, CAST({column} AS TIMESTAMP))"

    def part_of(self, document: ColumnType, part: DocumentPart, place: str) -> ColumnType:
        """Select a field of a struct, which has its own type, or a member of JSON, which is JSON."""
        if document.kind is not ValueKind.JSON:
            return unread(document, NO_DOCUMENT)
        found = place_of(document.native, part, place)
        if found is None:
            return unread(document, NO_FIELD)
        known = column_type(place, found.native, self._cell_limit)
        return replace(known, value=found.value)
