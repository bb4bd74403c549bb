"""The SQL that most databases share, with SQLAlchemy's knowledge of their quotes and types.

Texts are equal, and in order, by the database's own collation. SQL Server and Oracle spell too much
otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BigInteger, String, cast, literal_column
from sqlalchemy.engine import Dialect

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.value_kind import ValueKind
from afschrift.sources.dialect import StandardDialect
from afschrift.sources.postgres.dialect import postgres_token

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

    def holds_key(self, column: str, native: str, *, casefold: bool) -> str:
        """Numbers with numbers, all else as text."""
        kind = self.kinds.get(native)
        if casefold:
            return f"lower({column}) = lower(k.value)"
        if kind in _NUMBERS:
            return f"{column} = k.number"
        if kind is ValueKind.UUID:
            return f"lower({self.text(column)}) = lower(k.value)"
        return f"{column if kind is ValueKind.TEXT else self.text(column)} = k.value"

    def mentions(self, text: str, value: str) -> str:
        """SQLite has no `position`."""
        return f"instr({text}, {value}) > 0" if self.name == "sqlite" else super().mentions(text, value)

    def matches(self, text: str, pattern: str) -> str | None:
        """In PostgreSQL alone."""
        return f"{text} ~ {pattern}" if self.name == "postgresql" else None

    def key_text(self, column: str, native: str) -> str:
        """A customer number kept as 46.0 is the 46 of the other tables."""
        text = self.text(column)
        if self.kinds.get(native) not in (ValueKind.DECIMAL, ValueKind.NUMBER):
            return text
        whole = self.text(f"CAST({column} AS BIGINT)")
        is_whole = f"abs({column}) < 1000000000000000 AND floor({column}) = {column}"
        return f"CASE WHEN {is_whole} THEN {whole} ELSE {text} END"

    def instant(self, column: str, native: str, zone: str | None) -> str:
        """The session is in UTC.

        Raises:
            ConfigurationError: a time without zone follows another clock.
        """
        if self.kinds.get(native) is not ValueKind.INSTANT and (zone or "UTC") != "UTC":
            raise ConfigurationError(
                f"Source {self._source} has times without zone that follow the clock of {zone}, and its "
                "kind `sqlalchemy` cannot compare them.",
                remedy="give the table a view in which the column is in UTC.",
            )
        return column

    def bound(self, instant: str) -> str:
        """As it stands."""
        return instant

    def order(self, column: str, native: str) -> str:  # noqa: ARG002
        """By the database's collation."""
        return column

    def row_order(self, expressions: Sequence[str]) -> str:
        """By all columns, by their places; there is no digest that all databases have."""
        return ", ".join(str(number) for number in range(1, len(expressions) + 1))
