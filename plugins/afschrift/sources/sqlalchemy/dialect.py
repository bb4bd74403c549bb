"""The SQL that most databases share, with SQLAlchemy's knowledge of their quotes and types.

Texts are in order by the database's own collation. How bytes are compared is known of PostgreSQL, SQLite,
MySQL and MariaDB; in any other database a key is found by its own equality, and each row is held against it
here.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BigInteger, String, cast, literal_column
from sqlalchemy.engine import Dialect

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import KeyMatch
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.dialect import DOUBLE, StandardDialect, bytes_refused
from afschrift.sources.mysql.dialect import MysqlDialect
from afschrift.sources.postgres.dialect import PostgresDialect, postgres_token
from afschrift.sources.sqlite.dialect import SqliteDialect

_NUMBERS = (ValueKind.INTEGER, ValueKind.NUMBER, ValueKind.DECIMAL)


class AlchemyDialect(StandardDialect):
    """How a database behind SQLAlchemy spells what the templates need.

    Attributes:
        kinds: kind of each type by its spelling, as the catalogue found them.
    """

    def __init__(self, source: str, dialect: Dialect, schema: str | None) -> None:
        self.name = dialect.name
        self.hides_tables = dialect.name not in ("postgresql", "sqlite")
        self.kinds: dict[str, ValueKind | None] = {}
        self._source = source
        self._dialect = dialect
        self._schema = schema
        self.postgres = PostgresDialect()
        self.postgres.keys_in_setting()  # the key table here has no columns of its types
        mysql = MysqlDialect(source, lambda _zone: False)
        known = {"postgresql": self.postgres, "sqlite": SqliteDialect(), "mysql": mysql, "mariadb": mysql}
        self._known: StandardDialect | None = known.get(self.name)
        self.compares_bytes = self._known is not None
        self.apart = self._known is mysql
        """Whether it cannot put letters together, so that the key table holds them apart too."""

    def quote(self, identifier: str) -> str:
        """As the database quotes."""
        return self._bare(self._dialect.identifier_preparer.quote_identifier(identifier))

    def _bare(self, text: str) -> str:
        """SQLAlchemy doubles `%` for drivers that put values in its place; no statement here has any."""
        return text.replace("%%", "%") if self._dialect.paramstyle in ("format", "pyformat") else text

    def relation(self, table: str) -> str:
        """A table of the connection's schema, or of the one that the options name."""
        return f"{self.quote(self._schema)}.{self.quote(table)}" if self._schema else self.quote(table)

    def literal(self, text: str) -> str:
        """Single quotes, doubled inside.

        Raises:
            ConfigurationError: a backslash, which some databases take for an escape.
        """
        if "\\" in text:
            raise ConfigurationError(
                f"A constant of the inventory of source {self._source} holds a backslash.",
                remedy="compare with a column of a view that holds another code.",
            )
        return super().literal(text)

    def text(self, expression: str) -> str:
        """A value as text."""
        return self._bare(str(cast(literal_column(expression), String()).compile(dialect=self._dialect)))

    def whole(self, expression: str) -> str:
        """A number as an integer of 64 bits."""
        return self._bare(str(cast(literal_column(expression), BigInteger()).compile(dialect=self._dialect)))

    def token(self, salt: str, text: str) -> str | None:
        """Elsewhere than in PostgreSQL there is no SHA-256 that is known to hash UTF-8."""
        return postgres_token(salt, text) if self.name == "postgresql" else None

    def is_text(self, native: str) -> bool:
        """A type that is not known may be one of texts."""
        return self.kinds.get(native) in (ValueKind.TEXT, None)

    def is_bytes(self, native: str) -> bool:
        """PostgreSQL compares them with nothing else."""
        return self.name != "postgresql" and self.kinds.get(native) in (ValueKind.BINARY, ValueKind.UUID)

    def exact_below(self, native: str) -> int | None:
        """SQLite compares without loss."""
        return DOUBLE if self.kinds.get(native) is ValueKind.NUMBER and self.name != "sqlite" else None

    def text_bytes(self, column: str, native: str) -> str:
        """As the database itself spells it, where that is known."""
        return self._known.text_bytes(self._as_text(column, native), "text") if self._known else column

    def key_form(self, column: str, native: str, match: str = KeyMatch.EXACT) -> str:
        """Likewise; else the text as it is, of which more is not known."""
        column = self._as_text(column, native)
        return self._known.key_form(column, "text", match) if self._known else column

    def normal_text(self, text: str, match: str, *, trimmed: bool = False) -> str:
        """Likewise."""
        return self._known.normal_text(text, match, trimmed=trimmed) if self._known else text

    def bound_form(self, match: str) -> str:
        """Likewise; MySQL compares bytes with bytes."""
        if match == KeyMatch.EXACT and self.apart:
            return "CAST(CONVERT(k.value USING utf8mb4) AS BINARY)"
        return super().bound_form(match)

    def _as_text(self, column: str, native: str) -> str:
        kind = self.kinds.get(native)
        if kind in _NUMBERS:
            return f"({self.key_text(column, native)})"
        return column if kind is ValueKind.TEXT else self.text(column)

    def holds_key(
        self, column: str, native: str, match: str = KeyMatch.EXACT, *, normal: bool = False
    ) -> str:
        """By bytes; where they cannot be asked for, by the database's own equality.

        Raises:
            ConfigurationError: of a database whose functions are not known a key is to be compared in another
                form than it is stored in.
        """
        if self._known or (not self.is_text(native) and match != KeyMatch.DIGITS):
            normal = normal and not self.apart  # which collation an index has is not known
            return super().holds_key(column, native, match, normal=normal)
        if not normal or match != KeyMatch.EXACT:
            raise ConfigurationError(
                f"Source {self._source} is a {self.name}, of which it is not known how texts are compared by "
                f"their bytes, and {column} holds a key as text.",
                remedy="say `normal` at the key in the inventory, with who decided, where each is stored "
                "without blanks around it and composed (NFC); else give the table a view with a number or a "
                "UUID as the key.",
            )
        return f"{self._as_text(column, native)} = k.value"

    def holds_value(self, column: str, native: str) -> str:
        """Numbers with numbers, all else as the bytes of its text."""
        kind = self.kinds.get(native)
        if kind in _NUMBERS and self._known:
            return self._known.holds_value(column, self._number(native))
        if kind in _NUMBERS:
            return f"{column} = {'k.number' if kind is ValueKind.INTEGER else 'coalesce(k.number, k.exact)'}"
        if kind is ValueKind.BINARY and (self.name == "postgresql" or not self._known):
            raise bytes_refused(column)
        sides = [self.text(column), "k.value"]
        if kind is ValueKind.UUID:
            sides = [f"lower({side})" for side in sides]
        return " = ".join(self._known.text_bytes(side, "text") if self._known else side for side in sides)

    def _number(self, native: str) -> str:
        """A type of numbers, as the database that is known spells it."""
        if self.kinds[native] is ValueKind.INTEGER:
            return "bigint"
        if self.name == "postgresql":
            of_floats = "real" if native == "REAL" else "double precision"
            return "numeric" if self.kinds[native] is ValueKind.DECIMAL else of_floats
        return native.lower().replace("numeric", "decimal")

    def likens_key(self, column: str, native: str, match: str = KeyMatch.EXACT) -> str:
        """By the column's collation; in MySQL, which mixes no two, by a loose one."""
        if self.apart:
            return _loosely(self._as_text(column, native), "k.value")
        value = "k.value" if match == KeyMatch.EXACT else self.normal_text("k.value", match, trimmed=True)
        return f"{self._as_text(column, native)} = {value}"

    def likens(self, own: tuple[str, str], theirs: tuple[str, str]) -> str:
        """Likewise, by the columns' index where they are of one type; an enumeration equals no text."""
        if not (self.is_text(own[1]) and self.is_text(theirs[1])):
            return super().likens(own, theirs)
        texts = self._as_text(*own), self._as_text(*theirs)
        return _loosely(*texts) if self.apart and own[1] != theirs[1] else " = ".join(texts)

    def joins(self, own: tuple[str, str], theirs: tuple[str, str], *, loose: bool = True) -> str:
        """By bytes.

        Raises:
            ConfigurationError: they cannot be asked for, so that a row of another person may look the same.
        """
        if self._known is None and (self.is_text(own[1]) or self.is_text(theirs[1])):
            raise ConfigurationError(
                f"Source {self._source} is a {self.name}, of which it is not known how texts are compared by "
                f"their bytes: no row can be joined by {own[0]} and {theirs[0]}.",
                remedy="join by a number or a UUID, or give the table a view that has the person's key.",
            )
        return super().joins(own, theirs, loose=loose)

    def mentions(self, text: str, value: str) -> str:
        """SQLite has no `position`."""
        return f"instr({text}, {value}) > 0" if self.name == "sqlite" else super().mentions(text, value)

    def matches(self, text: str, pattern: str) -> str | None:
        """In PostgreSQL alone."""
        return f"{text} ~ {pattern}" if self.name == "postgresql" else None

    def key_text(self, column: str, native: str) -> str:
        """A customer number kept as 46.0 is the 46 of the other tables."""
        if self.is_text(native) and self._known:
            return self._known.key_text(self._as_text(column, native), "text")
        text = self.text(f"{column} + 0" if "ZEROFILL" in native else column)
        if self.kinds.get(native) not in (ValueKind.DECIMAL, ValueKind.NUMBER):
            return text
        if self._known:
            return self._known.key_text(column, self._number(native))
        whole = self.text(self.whole(column))
        is_whole = f"abs({column}) <= 9007199254740992 AND floor({column}) = {column}"
        return f"CASE WHEN {is_whole} THEN {whole} ELSE {text} END"

    def instant(self, column: str, native: str, zone: str | None) -> str:
        """The session is in UTC; SQLite has no times, and a function of ours reads its texts.

        Raises:
            ConfigurationError: a time without zone follows another clock.
        """
        if self.kinds.get(native) is not ValueKind.INSTANT and (zone or "UTC") != "UTC":
            raise ConfigurationError(
                f"Source {self._source} has times without zone that follow the clock of {zone}, and its "
                "kind `sqlalchemy` cannot compare them.",
                remedy="give the table a view in which the column is in UTC.",
            )
        return self._known.instant(column, native, zone) if isinstance(self._known, SqliteDialect) else column

    def bound(self, instant: str) -> str:
        """Return the expression unchanged."""
        return instant

    def order(self, column: str, native: str) -> str:  # noqa: ARG002
        """By the database's collation."""
        return column

    def row_order(self, expressions: Sequence[str]) -> str:
        """By all columns, by their places; there is no digest that all databases have."""
        return ", ".join(str(number) for number in range(1, len(expressions) + 1))


def _loosely(*texts: str) -> str:
    return " = ".join(f"CONVERT({text} USING utf8mb4) COLLATE utf8mb4_unicode_ci" for text in texts)
