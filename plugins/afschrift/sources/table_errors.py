"""Errors that all sources share, with the table that a statement reads; and a table that cannot be read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from afschrift.domain.errors import AfschriftError, ConfigurationError, NeedsPersonError, RetriableError
from afschrift.domain.sources import ColumnType
from afschrift.sources.json_parts import TWICE

_RELATION = re.compile(r"^FROM (.+) AS t$", re.MULTILINE)
_QUOTES = str.maketrans("", "", '"`[]')


def relation_of(statement: str) -> str:
    """The SQL after FROM in a statement of `include/sql/`; empty for any other."""
    found = _RELATION.search(statement)
    return found[1] if found else ""


def table_of(source: str, statement: str) -> str:
    """`source.table` of a statement of `include/sql/`."""
    relation = relation_of(statement)
    return f"{source}.{unquoted(relation)}" if relation else f"a statement of {source}"


def unquoted(relation: str) -> str:
    """A quoted name as people write it."""
    return relation.translate(_QUOTES)


def too_large(source: str, column_path: str, size: str = "") -> ConfigurationError:
    """A cell is larger than the limit; `place` is `table.column`."""
    return ConfigurationError(
        f"A cell of {source}.{column_path} has {f'{size} bytes, ' if size else ''}more than the limit.",
        remedy="raise `cell_limit` under the source's `options`, with the memory for it, or leave the "
        "column out.",
    )


def untold_part(source: str, column_path: str, what: str) -> ConfigurationError:
    """A document whose parts cannot be told apart; `what`: of `json_parts`."""
    if what == TWICE:
        return ConfigurationError(
            f"A document of {source}.{column_path} has two members of one name, and the inventory names "
            "members of it: which of the two is meant nobody can say.",
            remedy="mend the document, or give the person a view with another one; without `path` the "
            "document is given as it stands.",
        )
    return ConfigurationError(
        f"A value of {source}.{column_path} is no JSON, and the inventory names members of it.",
        remedy="mend the value; without `path` and `kind: json` it is given as it stands.",
    )


def no_right(table: str) -> NeedsPersonError:
    """The account may not read a table; the request waits until it has the right."""
    return NeedsPersonError(
        f"The connection has no right to read {table}.",
        question="no_right",
        detail={"table": table},
        remedy="give its account SELECT on it, or set `personal: false` where it holds nobody's data.",
    )


def refused(table: str, message: str) -> NeedsPersonError:
    """PostgreSQL has one code for a right that is missing and for a policy that would hide rows."""
    return rows_hidden(table) if "row-level security" in message else no_right(table)


def rows_hidden(table: str) -> NeedsPersonError:
    """The account may see some rows of a table alone: what it sees proves nothing about the rest."""
    return NeedsPersonError(
        f"A row security policy may hide rows of {table} from the connection.",
        question="no_right",
        detail={"table": table},
        remedy="let its account pass by the policies (BYPASSRLS), or set `personal: false` where the table "
        "holds nobody's data.",
    )


ENDED = ", or somebody ended it"
SLOW = (
    "add an index on the column that leads to the person, or raise `statement_timeout` under the source's "
    "`options`."
)
COMPARE = "compare the inventory with the tables: `afschrift inventory check --live`."
VIEW = "where it is a view, see whether it can be selected from; else see the server's log."
SERVER_UP = "see whether the server is up; the step is tried again."


def turned_down(source: str, connection: str, account: str) -> ConfigurationError:
    """A server refuses the connection; `account`: what it calls one."""
    return ConfigurationError(
        f"Source {source} turns the connection {connection} down.",
        remedy=f"correct the connection's login, password or database, or give its {account} the right to "
        "connect.",
    )


def not_opened(source: str, connection: str, code: str) -> RetriableError:
    """A server does not answer."""
    return RetriableError(
        f"Source {source} cannot be opened by the connection {connection}.",
        remedy="see whether the server is up and its address in the connection is right.",
        code=code,
    )


def session_not_open(source: str) -> ConfigurationError:
    """A statement outside of the session."""
    return ConfigurationError(f"The session of source {source} is not open.")


def would_write(source: str) -> ConfigurationError:
    """A statement that no source runs."""
    return ConfigurationError(f"Source {source} is read-only, and a statement would write.")


def took_too_long(table: str, code: str, cause: str = "", remedy: str = SLOW) -> RetriableError:
    """A statement at its time limit; `cause`: what else may have ended it."""
    return RetriableError(
        f"Reading {table} took longer than the statement's time limit{cause}.", remedy=remedy, code=code
    )


def locked(source: str, table: str, code: str) -> RetriableError:
    """Another session changes the table itself."""
    return RetriableError(
        f"Source {source} has {table} locked.",
        remedy="wait until the change of the table is done.",
        code=code,
    )


def not_understood(source: str, table: str, code: str, remedy: str = COMPARE) -> ConfigurationError:
    """A statement about what is not there, or not of that type; `code` may be empty."""
    said = f" ({code})" if code else ""
    return ConfigurationError(
        f"Source {source} does not understand what is asked of {table}{said}.", remedy=remedy
    )


def fails_itself(source: str, table: str, code: str, remedy: str = VIEW) -> ConfigurationError:
    """A view that cannot be computed, or data that the database itself cannot read."""
    return ConfigurationError(f"Source {source} fails itself over {table} ({code}).", remedy=remedy)


def failed_midway(source: str, table: str, reason: str, code: str, remedy: str = SERVER_UP) -> RetriableError:
    """A connection that was lost, and all that is not known to be for good."""
    return RetriableError(
        f"Source {source} failed while {table} was being read ({reason}).", remedy=remedy, code=code
    )


def wrong_encoding(table: str, code: str, conversion: str) -> ConfigurationError:
    """A text that the database itself cannot decode; `conversion`: what a view does with its column."""
    return ConfigurationError(
        f"A text of {table} is not in the encoding of its database ({code}).",
        remedy=f"mend the text, or {conversion} in a view.",
    )


class Unreadable(Mapping[str, ColumnType]):
    """Columns of a table that is there but cannot be read: only what asks for one meets the reason.

    Args:
        error: why.
    """

    def __init__(self, error: AfschriftError) -> None:
        self._error = error

    def __getitem__(self, column: str) -> ColumnType:
        raise self._error

    def __iter__(self) -> Iterator[str]:
        raise self._error

    def __len__(self) -> int:
        raise self._error
