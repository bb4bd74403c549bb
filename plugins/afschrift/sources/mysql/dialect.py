"""MySQL's and MariaDB's SQL. Instants are RFC 3339 texts in UTC, whose order is that of time.

Their equality of texts ignores case, accents and trailing spaces. So keys and joins are compared by bytes
too; the condition by collation remains, for the column's index. They have no function to compose letters, so
the key table holds each key twice: composed, and decomposed.

Parts of JSON documents are selected by functions that both databases have. MariaDB stores JSON as text. Its
functions take the first of two members with the same name, and only some of them find a member whose name is
written with an escape: such documents fail the statement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import KeyMatch
from afschrift.domain.plain_text import DASHES, INVISIBLE, NARROW, SPACES, WIDE
from afschrift.domain.sources import ColumnType, in_template
from afschrift.domain.value_kind import DocumentPart, MemberPath, ValueKind
from afschrift.sources.dialect import (
    AT_ENDS,
    DOTTED,
    DOUBLE,
    KEPT,
    NO_DOCUMENT,
    StandardDialect,
    unread,
)
from afschrift.sources.json_parts import Tree, objects, paths, tree
from afschrift.sources.mysql.column_types import AMBIGUOUS, BYTES, FLOAT, NUMBERS, UNREADABLE, bare, failing
from afschrift.sources.person_keys import PLAIN_NUMBER, number

WHOLE, DECIMALS = 35, 30
_NUMBER = f"DECIMAL({WHOLE + DECIMALS}, {DECIMALS})"
KEY_VARIABLE = "@afschrift_keys"
NO_CACHE = "optimizer_switch = 'subquery_cache=off'"
"""MariaDB caches the result of a subquery by its argument, and takes texts that its collation holds equal for
the same argument."""
_PATHS = (
    "person INT PATH '$[0]', name VARCHAR(64) PATH '$[1]', value LONGTEXT PATH '$[2]', "
    f"number {_NUMBER} PATH '$[3]', valid_from VARCHAR(40) PATH '$[4]', "
    "valid_to VARCHAR(40) PATH '$[5]', is_current TINYINT PATH '$[6]', asked_at VARCHAR(40) PATH '$[7]'"
)
_TABLE = f"JSON_TABLE({KEY_VARIABLE}, '$[*]' COLUMNS ({_PATHS})) AS j"
_FROM_VARIABLE = f"(SELECT j.*, CAST(j.value AS BINARY) AS bytes FROM {_TABLE})"  # noqa: S608 - constants
_RFC3339 = "'%Y-%m-%dT%H:%i:%s.%fZ'"
_TEXTS = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set")
_FLOATS = ("float", "double")
_HEXADECIMAL = ("uuid", "inet4", "inet6")


class MysqlDialect(StandardDialect):
    """The dialect of MySQL and MariaDB.

    Args:
        source: name of the source, for errors.
        knows_zone: whether the server knows a time zone by its name.
    """

    name = "mysql"
    templates: Mapping[str, str] = {
        "bound": "CASE WHEN {instant} >= '0001' THEN {instant} END",  # a zero date is none
        "last_four": "CASE WHEN char_length({text}) >= 8 THEN right({text}, 4) ELSE '' END",
        "matches": "{text} COLLATE utf8mb4_bin REGEXP {pattern}",
        "mentions": "LOCATE(CAST({value} AS BINARY), CAST({text} AS BINARY)) > 0",
        "replaced": "REGEXP_REPLACE({text}, {pattern}, {by})",
        "text": "CAST({expression} AS CHAR)",
        # bytes: texts of two collations cannot be concatenated
        "token": "left(sha2(concat(CAST(CONVERT({salt} USING utf8mb4) AS BINARY), "
        "CAST(CONVERT({text} USING utf8mb4) AS BINARY)), 256), {digits})",
    }
    hides_tables = True
    version_statement = "SELECT concat('MariaDB or MySQL ', version())"
    account = "SELECT CURRENT_USER()"
    keeps_text = True
    """Whether JSON is stored as it was written, as in MariaDB."""

    def __init__(self, source: str, knows_zone: Callable[[str], bool]) -> None:
        self._source = source
        self._knows_zone = knows_zone

    def keys_in_variable(self) -> None:
        """Read the keys from a session variable from now on, because no table can hold them."""
        self.keys = _FROM_VARIABLE

    def relation(self, table: str) -> str:
        """Quote a table; a connection reads one database, so a dot is part of the name."""
        return self.quote(table)

    def is_text(self, native: str) -> bool:
        """Texts, ENUM and SET."""
        return bare(native) in _TEXTS

    def is_bytes(self, native: str) -> bool:
        """Bytes, and UUIDs and addresses, which are compared as bytes."""
        return bare(native) in (*BYTES, *_HEXADECIMAL)

    def exact_below(self, native: str) -> int | None:
        """Floats of both sizes: a FLOAT is compared as a DOUBLE."""
        return DOUBLE if bare(native) in _FLOATS else None

    def text_bytes(self, column: str, native: str) -> str:
        """The bytes of the text in UTF-8, whatever the column's character set."""
        return _bytes(self._as_text(column, native))

    def key_form(self, column: str, native: str, match: str = KeyMatch.EXACT) -> str:
        """Normalise the text and not its bytes, of which `lower` changes nothing."""
        return self.normal_text(self._as_text(column, native), match)

    def _as_text(self, column: str, native: str) -> str:
        return f"CONVERT({column} USING utf8mb4)" if self.is_text(native) else self.key_text(column, native)

    def normal_text(self, text: str, match: str, *, trimmed: bool = False) -> str:
        """Build the normal form; letters are neither composed nor decomposed."""
        if match == KeyMatch.DIGITS:
            return _bytes(f"nullif(REGEXP_REPLACE({text}, '[^0-9]+', ''), '')")
        text = text if trimmed else f"REGEXP_REPLACE({text}, '{AT_ENDS}', '')"
        # Only ASCII is lower-cased in this form. `lower` changes all alphabets, so the characters other than
        # ASCII are appended unchanged: texts are equal only if those are equal too.
        if match == KeyMatch.EMAIL:
            text = f"CONCAT(lower({text}), CHAR(0), REGEXP_REPLACE({text}, '[\\x01-\\x7f]+', ''))"
        elif match == KeyMatch.CASEFOLD:
            kept = f"REPLACE({text} COLLATE utf8mb4_bin, '{DOTTED}', '{KEPT}')"
            text = f"lower({kept} COLLATE utf8mb4_general_ci)"
        return _bytes(text)

    def bound_form(self, match: str) -> str:
        """Use the key table's column with the bytes of the key."""
        return "k.bytes" if match == KeyMatch.EXACT else self.normal_text("k.value", match, trimmed=True)

    def holds_key(
        self, column: str, native: str, match: str = KeyMatch.EXACT, *, normal: bool = False
    ) -> str:
        """Compare; no column stores the form that `normal_text` builds for `email`."""
        holds = super().holds_key(column, native, match, normal=normal and match != KeyMatch.EMAIL)
        index = normal and match == KeyMatch.EMAIL and self.is_text(native)
        return f"{self.likens_key(column, native, match)} AND {holds}" if index else holds

    def holds_value(self, column: str, native: str) -> str:
        """Compare numbers by value, bytes directly, and other types by their text, some in lower case."""
        kind = bare(native)
        if kind in _FLOATS:  # compared with a float the key would be rounded
            text = FLOAT.format(column=column) if kind == "float" else self.text(column)
            same = f"CAST({text} AS {_NUMBER}) = k.number"
            return same if kind == "float" else f"{column} = k.number AND {same}"
        if kind == "decimal" and not _fits(native):
            same = f"{self.text_bytes(column, native)} = {_bytes('k.value')}"
            return f"{same} AND k.value REGEXP '^({PLAIN_NUMBER})$'"
        if kind in NUMBERS:
            return f"{column} = k.number"
        if kind in BYTES:
            return f"{column} = {_bytes('k.value')}"
        if kind in _HEXADECIMAL:
            return f"{_bytes(f'lower({self.text(column)})')} = {_bytes('lower(k.value)')}"
        return f"{_bytes(self.text(column))} = {_bytes('k.value')}"

    def likens_key(self, column: str, native: str, match: str = KeyMatch.EXACT) -> str:
        """Compare in the column's character set and by its collation, for its index."""
        charset, collation = _charset(native)
        match = KeyMatch.CASEFOLD if match == KeyMatch.EMAIL else match
        value = self.normal_text("k.value", match, trimmed=True) if match != KeyMatch.EXACT else "k.value"
        return f"{column} = CONVERT({value} USING {charset}) COLLATE {collation}"

    def plain(self, text: str) -> str:
        """Replace the odd signs class by class, and those of full width one by one: it has no `translate`."""
        text = f"CONVERT({text} USING utf8mb4) COLLATE utf8mb4_bin"
        for signs, by in ((INVISIBLE, ""), (SPACES, " "), (DASHES, "-")):
            text = self.replaced(text, f"[{signs}]", by)
        for wide, narrow in zip(WIDE, NARROW, strict=True):
            if narrow.isalnum() or narrow in "@.+-_":
                text = f"REPLACE({text}, '{wide}', '{narrow}')"
        return f"LOWER({text})"

    def likens(self, own: tuple[str, str], theirs: tuple[str, str]) -> str:
        """Compare by the collation of our own column, for its index: two collations cannot be compared."""
        if not self.is_text(own[1]) or not self.is_text(theirs[1]):
            return f"{own[0]} = {theirs[0]}"
        charset, collation = _charset(own[1])
        if _charset(theirs[1]) == (charset, collation):
            return f"{own[0]} = {theirs[0]}"
        return f"{own[0]} = CONVERT({theirs[0]} USING {charset}) COLLATE {collation}"

    def key_text(self, column: str, native: str) -> str:
        """Write a whole number without fraction: a customer number stored as 46.0 is 46 in other tables."""
        kind = bare(native)
        if kind in _TEXTS:
            return f"CONVERT({column} USING utf8mb4) COLLATE utf8mb4_bin"
        if kind in ("decimal", *_FLOATS):
            whole = self.text(f"CAST({column} AS DECIMAL(65, 0))")
            return f"CASE WHEN {column} = TRUNCATE({column}, 0) THEN {whole} ELSE {self.text(column)} END"
        return self.text(f"{column} + 0" if "zerofill" in native else column)

    def instant(self, column: str, native: str, zone: str | None) -> str:
        """Read times without zone as local times of the source.

        Raises:
            ConfigurationError: the server does not know the zone, and would make every time NULL.
        """
        if bare(native) != "timestamp" and (zone or "UTC") != "UTC":
            assert zone is not None
            if not self._knows_zone(zone):
                raise ConfigurationError(
                    f"The server of source {self._source} does not know the time zone {zone}.",
                    remedy="load its time zone tables: `mariadb-tzinfo-to-sql /usr/share/zoneinfo`.",
                )
            column = f"CONVERT_TZ({column}, {self.literal(zone)}, '+00:00')"
        return f"DATE_FORMAT({column}, {_RFC3339})"

    def row_order(self, expressions: Sequence[str]) -> str:
        """Order by a digest of the row's text, so that rows with the same digest are equal."""
        return f"sha2(concat_ws(',', {', '.join(f'quote({e})' for e in expressions)}), 256)"

    def part_of(self, document: ColumnType, part: DocumentPart, place: str) -> ColumnType:  # noqa: ARG002
        """Select a part of JSON, as text. In a column of text MySQL keeps only the last of equal members."""
        if document.kind is not ValueKind.JSON:
            return unread(document, NO_DOCUMENT)
        if not self.keeps_text and bare(document.native) != "json":
            return unread(
                document, "make the column a JSON, or give the person a view with its members as columns."
            )
        if any(name.startswith("-") for path in (part.path, *part.named) for name in path):
            return unread(document, "MariaDB knows no path with a name that begins with `-`: make a view.")
        return replace(document, value=value_of(part))


def _bytes(text: str) -> str:
    return f"CAST({text} AS BINARY)"


def mysql_number(value: str) -> str | None:
    """Write a number as text, which JSON does not round."""
    found = number(value, WHOLE, DECIMALS)
    return None if found is None else format(found, "f")


def _fits(native: str) -> bool:
    """Whether the key table's `number` holds all values of a DECIMAL."""
    size = re.search(r"\(([0-9]+), *([0-9]+)\)", native)
    return size is None or (int(size[1]) - int(size[2]) <= WHOLE and int(size[2]) <= DECIMALS)


def _charset(native: str) -> tuple[str, str]:
    parts = native.split(" ")
    return (parts[-2], parts[-1]) if len(parts) > 2 else ("utf8mb4", "utf8mb4_bin")


_DOCUMENT = "{column}"
_literal = StandardDialect().literal


def value_of(part: DocumentPart) -> str:
    """SQL of the text of a part, with `{column}` for the document."""
    named = tree([part.path] if part.path else part.named)
    doubts = [f"({_ambiguous(way, inside)})" for way, inside in objects(named)]
    # The server only warns of a path that it does not understand, and returns NULL.
    doubts.append(f"JSON_CONTAINS_PATH({_DOCUMENT}, 'one', {', '.join(map(_path, paths(named)))}) IS NULL")
    ambiguous = " OR ".join(doubts)
    if part.path:
        found = _at(part.path)
        value = f"WHEN JSON_TYPE({found}) <> 'NULL' THEN CAST({found} AS CHAR)"
    else:
        other = f"WHEN JSON_TYPE({_DOCUMENT}) <> 'OBJECT' THEN CAST({_DOCUMENT} AS CHAR)"
        value = f"WHEN {_empty((), named)} THEN NULL {other} ELSE CAST({_without(named)} AS CHAR)"
    unreadable = f"WHEN NOT JSON_VALID({_DOCUMENT}) THEN {failing(UNREADABLE, empty=True)}"
    return (
        f"CASE WHEN {_DOCUMENT} IS NULL THEN NULL {unreadable} "
        f"WHEN {ambiguous} THEN {failing(AMBIGUOUS)} {value} END"
    )


def _ambiguous(way: MemberPath, named: Tree) -> str:
    """Condition: two members have the same name, or a named member may be written with an escape."""
    found = _at(way)
    keys = f"JSON_KEYS({found})"
    units = "".join(named).encode("utf-16-be").hex()
    signs = {f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)}
    signs |= {"\\/"} if "/" in "".join(named) else set()
    doubts = [f"JSON_LENGTH({found}) <> JSON_LENGTH({keys})"]
    doubts += [f"LOCATE({_literal(sign)}, LOWER({keys})) > 0" for sign in sorted(signs)]
    return f"JSON_TYPE({found}) = 'OBJECT' AND ({' OR '.join(doubts)})"


def _empty(way: MemberPath, named: Tree) -> str:
    """Condition: a value is null, or an object that holds nothing but named members."""
    found = _at(way)
    counts = [
        f"CASE WHEN {_empty((*way, name), inside)} THEN 1 ELSE 0 END"
        if inside
        else f"JSON_CONTAINS_PATH({_DOCUMENT}, 'one', {_path((*way, name))})"
        for name, inside in named.items()
    ]
    only = f"JSON_TYPE({found}) = 'OBJECT' AND JSON_LENGTH({found}) = {' + '.join(counts)}"
    return f"(JSON_TYPE({found}) = 'NULL' OR ({only}))"


def _without(named: Tree) -> str:
    """The document without the named members, and without objects that hold nothing else."""
    gone = [_path(path) for path in paths(named)]
    for way, inside in reversed(list(objects(named))[1:]):
        already = _path((*way, *paths(inside)[0]))  # already removed, so this removes nothing
        gone.append(f"CASE WHEN {_empty(way, inside)} THEN {_path(way)} ELSE {already} END")
    return f"JSON_REMOVE({_DOCUMENT}, {', '.join(gone)})"


def _at(path: MemberPath) -> str:
    return f"JSON_EXTRACT({_DOCUMENT}, {_path(path)})" if path else _DOCUMENT


def _path(path: MemberPath) -> str:
    """A path as a literal: `$."address"."city"`."""
    quoted = (name.replace("\\", "\\\\").replace('"', '\\"') for name in path)
    steps = "".join(f'."{name}"' for name in quoted)
    return in_template(_literal(f"${steps}"))
