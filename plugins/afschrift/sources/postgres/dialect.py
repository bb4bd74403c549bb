"""PostgreSQL's SQL."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import BLANKS, KeyMatch
from afschrift.domain.sources import ColumnType
from afschrift.domain.value_kind import DocumentPart, ValueKind
from afschrift.sources.dialect import (
    CAPITALS,
    DOUBLE,
    NO_DOCUMENT,
    NO_FIELD,
    ODD,
    SMALL,
    USUAL,
    StandardDialect,
    bytes_refused,
    unread,
)
from afschrift.sources.person_keys import KEY_TABLE, PLAIN_NUMBER
from afschrift.sources.postgres.document_parts import value_of

KEY_SETTING = "afschrift.keys"
KEY_COLUMNS = (
    "person integer, name text, value text, valid_from timestamptz, valid_to timestamptz, "
    "is_current boolean, asked_at timestamptz"
)
_RECORDS = f"json_to_recordset(CAST(current_setting('{KEY_SETTING}') AS json)) AS r({KEY_COLUMNS})"
_FROM_SETTING = f"(SELECT r.* FROM {_RECORDS})"  # noqa: S608 - constants

_INTEGERS = ("smallint", "integer", "bigint", "oid")
_TEXTS = ("text", "character varying", "name", '"char"')
_PADDED = ("character", "bpchar")  # with a length, and without
_FLOATS = {"double precision": 300, "real": 30}  # a text with so many digits cannot overflow the type
_NUMERIC_DIGITS = 1000
_IS_INTEGER = "^(0|-?[1-9][0-9]{0,18})$"
_IS_NUMBER = f"^({PLAIN_NUMBER})$"
_IS_UUID = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_BIGINT = "BETWEEN -9223372036854775808 AND 9223372036854775807"
_MODIFIERS = re.compile(r"\([0-9, -]*\)")
# First server versions with these functions.
_HAS_INPUT_IS_VALID = 160000
HAS_CONNECTION_CHECK = 140000
_HAS_GENERATED_COLUMNS = 120000
_HAS_SHA256 = 110000
_HAS_NORMALIZE = 130000
_ASCII_BLANKS = "".join(sign for sign in BLANKS if sign.isascii())
SERVER = "SELECT current_setting('server_version_num'), current_setting('server_encoding')"
_UNICODE = ("pg_c_utf8", "C.utf8", "C.UTF-8", "und-x-icu")  # the last one lowers by context
UNICODE_COLLATIONS = f"""
SELECT CAST(collname AS text) FROM pg_collation
WHERE collnamespace = 'pg_catalog'::regnamespace AND collname IN {_UNICODE}
  AND collencoding IN (-1, pg_char_to_encoding(getdatabaseencoding()))
"""  # noqa: S608 - constants
"""Collations that lower all alphabets, whatever the database's own collation does."""
_DOUBLED = str.maketrans({"'": "''", "\\": "\\\\"})
_IN_COLUMNS = {**dict.fromkeys(_INTEGERS, "whole"), "numeric": "number", "uuid": "uuid"}


_ACCOUNT = """
SELECT CAST(rolname AS text) FROM pg_roles
WHERE pg_has_role(current_user, oid, 'USAGE') AND rolname !~ '^pg_'
ORDER BY rolname <> current_user, rolname
"""


class PostgresDialect(StandardDialect):
    """The dialect of PostgreSQL.

    Args:
        schema: schema of tables that the inventory names without one.
    """

    name = "postgres"
    templates: Mapping[str, str] = {
        "among": "{column} = ANY (ARRAY({select}))",  # computed once: a subquery with OR uses no index
        "hexadecimal": "encode({column}, 'hex')",
        "index_on": "CREATE INDEX ON {relation} (({form}))",  # all functions of `normal_text` are immutable
        "matches": "{text} ~ {pattern}",
        "replaced": "regexp_replace({text}, {pattern}, {by}, 'g')",
        "row_order": "sha256(convert_to(CAST(ROW({row}) AS text), getdatabaseencoding()))",
        "sampled": "{relation} TABLESAMPLE SYSTEM ({percent:.6f}) REPEATABLE (1)",  # reads few blocks
        "without": "translate({text}, {signs}, '')",
    }
    account = _ACCOUNT

    def __init__(self, schema: str = "public") -> None:
        self.schema = schema
        self.keys = KEY_TABLE
        self.version = _HAS_INPUT_IS_VALID
        self.encoding = "UTF8"
        self.unicode_collation = ""
        """Collation that lowers all alphabets; empty to use the database's own."""
        self._relations: dict[str, tuple[str, str]] = {}

    @property
    def key_columns(self) -> str:
        """Columns of the temporary table of keys.

        It has the value in other types too: otherwise the text would be converted for each row of a large
        table.
        """
        if self.version < _HAS_GENERATED_COLUMNS:
            return KEY_COLUMNS
        types = {"whole": "bigint", "number": "numeric", "uuid": "uuid"}
        typed = (
            f"{name} {type_} GENERATED ALWAYS AS ({self._typed('value', type_)}) STORED"
            for name, type_ in types.items()
        )
        return ", ".join((KEY_COLUMNS, *typed))

    def keys_in_setting(self) -> None:
        """Read the keys from a session setting from now on, because no temporary table can be made."""
        self.keys = _FROM_SETTING

    def table(self, schema: str, name: str) -> str:
        """Return the name in the inventory of a table in the catalogue, and remember its schema."""
        table = name if schema == self.schema else f"{schema}.{name}"
        self._relations[table] = (schema, name)
        return table

    def relation(self, table: str) -> str:
        """Quote a table, always with its schema, whatever the session's search path."""
        schema, _, name = table.rpartition(".")
        schema, name = self._relations.get(table, (schema or self.schema, name))
        return f"{self.quote(schema)}.{self.quote(name)}"

    def token(self, salt: str, text: str, digits: int = 8) -> str | None:
        """Hash in UTF-8, or the stored bytes if the database has no encoding."""
        return postgres_token(salt, text, digits) if self.version >= _HAS_SHA256 else None

    def typed_key(self, value: str, native: str) -> str:
        """Cast a key without errors or rounding: a text that is not exactly a value of the type gives NULL.

        Raises:
            ConfigurationError: the server is older than 16 and cannot check texts of this type.
        """
        native = _bare(native)
        if native in _IN_COLUMNS and self.keys == KEY_TABLE and self.version >= _HAS_GENERATED_COLUMNS:
            return f"{value.removesuffix('.value')}.{_IN_COLUMNS[native]}"
        return self._typed(value, native)

    @property
    def composes(self) -> bool:
        """Whether the server can compose letters (NFC)."""
        return self.encoding == "UTF8" and self.version >= _HAS_NORMALIZE

    def is_text(self, native: str) -> bool:
        """Texts, and `citext` in any schema."""
        native = _bare(native)
        return native in (*_TEXTS, *_PADDED) or native.rpartition(".")[2] == "citext"

    def exact_below(self, native: str) -> int | None:
        """Floats of both sizes: a `real` is compared as a `double precision`."""
        return DOUBLE if _bare(native) in _FLOATS else None

    def text_bytes(self, column: str, native: str) -> str:
        """The text with collation `C`, which compares bytes."""
        is_number = _bare(native) in ("numeric", *_FLOATS)
        text = f"({self.key_text(column, native)})" if is_number else f"CAST({column} AS text)"
        return f'{text} COLLATE "C"'

    def normal_text(self, text: str, match: str, *, trimmed: bool = False) -> str:
        """Build the normal form, by functions on which an index can be made."""
        if match == KeyMatch.DIGITS:
            text = f"nullif(regexp_replace({text}, '[^0-9]+', '', 'g'), '')"
            return f'{text} COLLATE "C"'
        if not trimmed:
            blanks = BLANKS if self.encoding == "UTF8" else _ASCII_BLANKS
            text = f"btrim({text}, E'{''.join(map(_escaped, blanks))}')"
            text = f"normalize({text}, NFC)" if self.composes else text
        if match == KeyMatch.EXACT:
            return f'{text} COLLATE "C"'
        dotted, kept = ("\\u0130\\u03A3", "\\uF8FF\\u03C3") if self.encoding == "UTF8" else ("", "")
        if match == KeyMatch.EMAIL:
            dotted = kept = ""
        text = f"translate({text}, E'{CAPITALS}{dotted}', E'{SMALL}{kept}')"
        if match == KeyMatch.CASEFOLD:
            by = f" COLLATE {self.unicode_collation}" if self.unicode_collation else ""
            text = f"lower({text}{by})"
        return f'{text} COLLATE "C"'

    def holds_value(self, column: str, native: str) -> str:
        """Compare by value. Bytes are refused: decoding those that are no text would raise an error."""
        if native == "bytea":
            raise bytes_refused(column)
        return super().holds_value(column, native)

    def likens_key(self, column: str, native: str, match: str = KeyMatch.EXACT) -> str:
        """Compare by the column's collation and not by bytes, for its index."""
        return f"{column} = {self._likened(native, match)}"

    def _likened(self, native: str, match: str) -> str:
        value = self.bound_form(match)
        return self.typed_key(value if match == KeyMatch.EXACT else f'{value} COLLATE "default"', native)

    def near_key(
        self, column: str, native: str, match: str = KeyMatch.EXACT, *, normal: bool = False
    ) -> tuple[str, str]:
        """Compare as `holds_key`, so that an index on the normal form is used too."""
        if not self.is_text(native) and match != KeyMatch.DIGITS:
            return column, self.typed_key("k.value", native)
        if normal and self.is_text(native):
            return column, self._likened(native, match)
        return self.key_form(column, native, match), self.bound_form(match)

    def _typed(self, value: str, native: str) -> str:
        if native in _TEXTS:
            return value
        if native in _PADDED:
            return f"CAST({value} AS bpchar)"
        if native in _INTEGERS:
            number = f"CASE WHEN CAST({value} AS numeric) {_BIGINT} THEN CAST({value} AS bigint) END"
            return f"CASE WHEN {value} ~ '{_IS_INTEGER}' THEN {number} END"
        if native == "numeric":
            return self._number(value, _NUMERIC_DIGITS, f"CAST({value} AS numeric)")
        if native in _FLOATS:
            cast = f"CAST({value} AS {native})"
            same = f"CAST(CAST({cast} AS text) AS numeric) = CAST({value} AS numeric)"
            return self._number(value, _FLOATS[native], f"CASE WHEN {same} THEN {cast} END")
        if native == "uuid":
            return f"CASE WHEN {value} ~ '{_IS_UUID}' THEN CAST({value} AS uuid) END"
        if native.rpartition(".")[2] == "citext":
            return f"CAST({value} AS {native})"
        if self.version < _HAS_INPUT_IS_VALID:
            raise ConfigurationError(
                f"A key of type {native} cannot be compared safely on this PostgreSQL.",
                remedy="cast the column to text in a view, or use PostgreSQL 16 or newer.",
            )
        cast = f"CAST({value} AS {native})"
        same = f"CASE WHEN {self.key_text(cast, native)} = {value} THEN {cast} END"
        return f"CASE WHEN pg_input_is_valid({value}, {self.literal(native)}) THEN {same} END"

    def _number(self, value: str, digits: int, number: str) -> str:
        return (
            f"CASE WHEN length({value}) <= {digits} THEN "
            f"CASE WHEN {value} ~ '{_IS_NUMBER}' THEN {number} END END"
        )

    def plain(self, text: str) -> str:
        """Use `translate`, and NFKC if the server has it; without Unicode, small letters alone."""
        if self.encoding != "UTF8":
            return f"lower({text})"
        odd = "".join(map(_escaped, ODD))
        text = f"translate({text}, E'{odd}', E'{USUAL.translate(_DOUBLED)}')"
        return f"lower(normalize({text}, NFKC))" if self.composes else f"lower({text})"

    def key_text(self, column: str, native: str) -> str:
        """Write a whole number without fraction: a customer number stored as 46.0 is 46 in other tables."""
        if self.is_text(native):
            return self.text_bytes(column, native)
        native = _bare(native)
        text = f"CAST({column} AS text)"
        if native == "numeric":
            return f"CASE WHEN {column} = trunc({column}) THEN CAST(trunc({column}) AS text) ELSE {text} END"
        if native in _FLOATS:
            whole = f"CAST(CAST({column} AS bigint) AS text)"
            either = f"CASE WHEN {column} = trunc({column}) THEN {whole} ELSE {text} END"
            return f"CASE WHEN abs({column}) < 9e18 THEN {either} ELSE {text} END"
        if native == "inet":
            return f"textin(inet_out({column}))"
        return text

    def instant(self, column: str, native: str, zone: str | None) -> str:
        """Read times without zone as local times of the source."""
        if _bare(native) == "timestamp with time zone":
            return column
        return f"timezone({self.literal(zone or 'UTC')}, CAST({column} AS timestamp))"

    def part_of(self, document: ColumnType, part: DocumentPart, place: str) -> ColumnType:
        """Select a part of JSON, in the type of its document."""
        if document.kind is not ValueKind.JSON:
            return unread(document, NO_DOCUMENT)
        value = value_of(_bare(document.native), part, place)
        return unread(document, NO_FIELD) if value is None else replace(document, value=value)


def postgres_token(salt: str, text: str, digits: int) -> str:
    """The first hex digits of SHA-256 over two texts."""
    encoding = "CASE getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END"
    return f"left(encode(sha256(convert_to({salt} || {text}, {encoding})), 'hex'), {digits})"


def unicode_collation(found: Collection[str]) -> str:
    """The first of `UNICODE_COLLATIONS` that the server has, quoted; empty if none."""
    return next((f'pg_catalog."{name}"' for name in _UNICODE if name in found), "")


def _escaped(sign: str) -> str:
    return sign if sign == " " else f"\\u{ord(sign):04X}"


def _bare(native: str) -> str:
    """A type without its modifiers: `character varying(20)`, `timestamp(3) with time zone`."""
    return native if native.startswith('"') else _MODIFIERS.sub("", native)
