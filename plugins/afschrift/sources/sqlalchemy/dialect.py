"""The SQL that most databases share, with SQLAlchemy's knowledge of their quotes and types.

Texts are ordered by the database's own collation. How to compare bytes is known for PostgreSQL, SQLite, MySQL
and MariaDB. In other databases a key is found by the database's own equality, and the keys of each row are
checked here afterwards.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, String, cast, literal_column
from sqlalchemy.engine import Dialect

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.keys import KeyMatch
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.dialect import DOUBLE, StandardDialect, bytes_refused
from afschrift.sources.mysql.dialect import MysqlDialect
from afschrift.sources.postgres.dialect import PostgresDialect, postgres_token
from afschrift.sources.sqlite.dialect import SqliteDialect

_TEMPLATES = {
    "postgresql": {"matches": PostgresDialect.templates["matches"]},
    "sqlite": {"mentions": SqliteDialect.templates["mentions"]},
}
_NUMBERS = (ValueKind.INTEGER, ValueKind.NUMBER, ValueKind.DECIMAL)


class AlchemyDialect(StandardDialect):
    """The dialect of a database behind SQLAlchemy.

    Attributes:
        kinds: kind of each type by its name, filled by the catalogue.
    """

    def __init__(self, source: str, dialect: Dialect, schema: str | None) -> None:
        self.name = dialect.name
        self.hides_tables = dialect.name not in ("postgresql", "sqlite")
        self.kinds: dict[str, ValueKind | None] = {}
        self._source = source
        self._dialect = dialect
        self._schema = schema
        self.postgres = PostgresDialect()
        self.postgres.keys_in_setting()  # the key table here has no columns for PostgreSQL's types
        mysql = MysqlDialect(source, lambda _zone: False)
        known = {"postgresql": self.postgres, "sqlite": SqliteDialect(), "mysql": mysql, "mariadb": mysql}
        self._known: StandardDialect | None = known.get(self.name)
        self.compares_bytes = self._known is not None
        self.templates = {"order": "{column}", "bound": "{instant}"} | _TEMPLATES.get(self.name, {})
        self.decomposed = self._known is mysql
        """Whether it cannot compose letters, so that the key table needs decomposed keys too."""

    def quote(self, identifier: str) -> str:
        """Quote as the database does."""
        return self._bare(self._dialect.identifier_preparer.quote_identifier(identifier))

    def _bare(self, text: str) -> str:
        """Undouble `%`: SQLAlchemy doubles it for drivers that fill in values; no statement here has any."""
        return text.replace("%%", "%") if self._dialect.paramstyle in ("format", "pyformat") else text

    def relation(self, table: str) -> str:
        """Quote a table of the connection's schema, or of the one in the options."""
        return f"{self.quote(self._schema)}.{self.quote(table)}" if self._schema else self.quote(table)

    def literal(self, text: str) -> str:
        """Put in single quotes, and double those inside.

        Raises:
            ConfigurationError: the text has a backslash, which is an escape in some databases.
        """
        if "\\" in text:
            raise ConfigurationError(
                f"A constant of the inventory of source {self._source} holds a backslash.",
                remedy="compare with a column of a view that holds another code.",
            )
        return super().literal(text)

    def replaced(self, text: str, pattern: str, by: str) -> str:
        """Replace in PostgreSQL, whose constants take a backslash."""
        return self.postgres.replaced(text, pattern, by) if self.name == "postgresql" else text

    def text(self, expression: str) -> str:
        """Cast to text."""
        return self._bare(str(cast(literal_column(expression), String()).compile(dialect=self._dialect)))

    def whole(self, expression: str) -> str:
        """Cast to an integer of 64 bits."""
        return self._bare(str(cast(literal_column(expression), BigInteger()).compile(dialect=self._dialect)))

    def hexadecimal(self, column: str) -> str:
        """Use the database's own dialect if it is known."""
        return self._known.hexadecimal(column) if self._known else super().hexadecimal(column)

    def uuid_digits(self, column: str) -> str | None:
        """Use the database's own dialect if it is known."""
        return self._known.uuid_digits(column) if self._known else None

    def token(self, salt: str, text: str, digits: int = 8) -> str | None:
        """Hash in PostgreSQL; of other databases it is not known that SHA-256 hashes UTF-8."""
        return postgres_token(salt, text, digits) if self.name == "postgresql" else None

    def is_text(self, native: str) -> bool:
        """Texts, and unknown types, which may be texts."""
        return self.kinds.get(native) in (ValueKind.TEXT, None)

    def is_bytes(self, native: str) -> bool:
        """Bytes and UUIDs, except in PostgreSQL, which compares them only with each other."""
        return self.name != "postgresql" and self.kinds.get(native) in (ValueKind.BINARY, ValueKind.UUID)

    def exact_below(self, native: str) -> int | None:
        """Floats, except in SQLite, which compares them exactly."""
        return DOUBLE if self.kinds.get(native) is ValueKind.NUMBER and self.name != "sqlite" else None

    def text_bytes(self, column: str, native: str) -> str:
        """Use the database's own dialect if it is known."""
        return self._known.text_bytes(self._as_text(column, native), "text") if self._known else column

    def key_form(self, column: str, native: str, match: str = KeyMatch.EXACT) -> str:
        """Use the database's own dialect if it is known, else the text unchanged."""
        column = self._as_text(column, native)
        return self._known.key_form(column, "text", match) if self._known else column

    def normal_text(self, text: str, match: str, *, trimmed: bool = False) -> str:
        """Use the database's own dialect if it is known, else the text unchanged."""
        return self._known.normal_text(text, match, trimmed=trimmed) if self._known else text

    def bound_form(self, match: str) -> str:
        """The normal form of the bound key; MySQL compares bytes with bytes."""
        if match == KeyMatch.EXACT and self.decomposed:
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
        """Compare by bytes, or by the database's own equality if its functions are not known.

        Raises:
            ConfigurationError: the functions are not known, and the column does not store normal forms.
        """
        if self._known or (not self.is_text(native) and match != KeyMatch.DIGITS):
            normal = normal and not self.decomposed  # which collation an index has is not known
            return super().holds_key(column, native, match, normal=normal)
        if not normal or match != KeyMatch.EXACT:
            raise ConfigurationError(
                f"Source {self._source} is a {self.name}, for which it is not known how to compare texts "
                f"by their bytes, and {column} holds a key as text.",
                remedy="say `normal` at the key in the inventory, with who decided, where each is stored "
                "without blanks around it and composed (NFC); else give the table a view with a number or a "
                "UUID as the key.",
            )
        return f"{self._as_text(column, native)} = k.value"

    def holds_value(self, column: str, native: str) -> str:
        """Compare numbers as numbers, and other types by the bytes of their text."""
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
        """The name of a type of numbers in the database's own dialect."""
        if self.kinds[native] is ValueKind.INTEGER:
            return "bigint"
        if self.name == "postgresql":
            of_floats = "real" if native == "REAL" else "double precision"
            return "numeric" if self.kinds[native] is ValueKind.DECIMAL else of_floats
        return native.lower().replace("numeric", "decimal")

    def likens_key(self, column: str, native: str, match: str = KeyMatch.EXACT) -> str:
        """Compare by the column's collation; in MySQL, which cannot mix two, by a loose one."""
        if self.decomposed:
            return _compare_loosely(self._as_text(column, native), "k.value")
        value = "k.value" if match == KeyMatch.EXACT else self.normal_text("k.value", match, trimmed=True)
        return f"{self._as_text(column, native)} = {value}"

    def likens(self, own: tuple[str, str], theirs: tuple[str, str]) -> str:
        """Compare texts by collation, with an index if both columns have the same type; cast enumerations."""
        if not (self.is_text(own[1]) and self.is_text(theirs[1])):
            return super().likens(own, theirs)
        texts = self._as_text(*own), self._as_text(*theirs)
        return _compare_loosely(*texts) if self.decomposed and own[1] != theirs[1] else " = ".join(texts)

    def joins(self, own: tuple[str, str], theirs: tuple[str, str], *, loose: bool = True) -> str:
        """Compare by bytes.

        Raises:
            ConfigurationError: the functions for that are not known: a row of another person could match.
        """
        if self._known is None and (self.is_text(own[1]) or self.is_text(theirs[1])):
            raise ConfigurationError(
                f"Source {self._source} is a {self.name}, for which it is not known how to compare texts by "
                f"their bytes: no row can be joined by {own[0]} and {theirs[0]}.",
                remedy="join by a number or a UUID, or give the table a view that has the person's key.",
            )
        return super().joins(own, theirs, loose=loose)

    def key_text(self, column: str, native: str) -> str:
        """Write a whole number without fraction: a customer number stored as 46.0 is 46 in other tables."""
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
        """Read a time; the session is in UTC, and in SQLite a function of ours reads its texts.

        Raises:
            ConfigurationError: a time without zone is in a zone other than UTC.
        """
        if self.kinds.get(native) is not ValueKind.INSTANT and (zone or "UTC") != "UTC":
            raise ConfigurationError(
                f"Source {self._source} has times without zone that follow the clock of {zone}, and its "
                "kind `sqlalchemy` cannot compare them.",
                remedy="give the table a view in which the column is in UTC.",
            )
        return self._known.instant(column, native, zone) if isinstance(self._known, SqliteDialect) else column


def _compare_loosely(*texts: str) -> str:
    return " = ".join(f"CONVERT({text} USING utf8mb4) COLLATE utf8mb4_unicode_ci" for text in texts)
