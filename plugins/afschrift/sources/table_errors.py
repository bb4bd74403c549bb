"""Errors that all sources share, with the table that a statement reads; the columns of unreadable tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from afschrift.domain.errors import (
    AfschriftError,
    ConfigurationError,
    DamagedValueError,
    NeedsPersonError,
    RetriableError,
)
from afschrift.domain.sources import ColumnType, Connection
from afschrift.sources.json_parts import TWICE

_RELATION = re.compile(r"^FROM (.+) AS t$", re.MULTILINE)
_QUOTES = str.maketrans("", "", '"`[]')


def relation_of(statement: str) -> str:
    """The SQL after FROM in a statement made from `include/sql/`; empty for any other statement."""
    found = _RELATION.search(statement)
    return found[1] if found else ""


def table_of(source: str, statement: str) -> str:
    """`source.table` of a statement made from `include/sql/`."""
    relation = relation_of(statement)
    return f"{source}.{unquoted(relation)}" if relation else f"a statement of {source}"


def unquoted(relation: str) -> str:
    """Remove the quotes from a name."""
    return relation.translate(_QUOTES)


def too_large(source: str, column_path: str, size: str = "") -> ConfigurationError:
    """The error for a cell above the limit; `column_path` is `table.column`."""
    return ConfigurationError(
        f"A cell of {source}.{column_path} has {f'{size} bytes, ' if size else ''}more than the limit.",
        remedy="raise `cell_limit` under the source's `options`, with the memory for it, or leave the "
        "column out.",
    )


def unreadable_part(source: str, column_path: str, what: str) -> DamagedValueError:
    """The error for a document that cannot be taken apart; `what` is `TWICE` or `NO_DOCUMENT`."""
    if what == TWICE:
        return DamagedValueError(
            f"A document of {source}.{column_path} has two members with the same name, and the "
            "inventory names members of it: it is not known which of the two is meant.",
            remedy="correct the document, or give the person a view with another one; without `path` the "
            "document is given unchanged.",
            damage="no_document",
        )
    return DamagedValueError(
        f"A value of {source}.{column_path} is no JSON, and the inventory names members of it.",
        remedy="correct the value; without `path` and `kind: json` it is given unchanged.",
        damage="no_document",
    )


def no_right(table: str) -> NeedsPersonError:
    """The error for a table that the account may not read; the request waits for the right."""
    return NeedsPersonError(
        f"The connection has no right to read {table}.",
        question="no_right",
        detail={"table": table},
        remedy="give its account SELECT on it, or set `personal: false` if it holds no personal data.",
    )


def refused(table: str, message: str) -> NeedsPersonError:
    """The error for a missing right or a policy that would hide rows: PostgreSQL has one code for both."""
    return rows_hidden(table) if "row-level security" in message else no_right(table)


def enter_schema(table: str) -> str:
    """Return what is granted so that an account sees a closed schema, or a table of it (PostgreSQL)."""
    schema = table.partition(".")[0]
    return f"GRANT USAGE ON SCHEMA {schema} and SELECT ON ALL TABLES IN SCHEMA {schema} to the account"


def rows_hidden(table: str) -> NeedsPersonError:
    """The error for a table of which the account may see some rows only: there may be more of the person."""
    return NeedsPersonError(
        f"A row security policy may hide rows of {table} from the connection.",
        question="no_right",
        detail={"table": table},
        remedy="let its account bypass the policies (ALTER ROLE ... BYPASSRLS), describe a view of an owner "
        "who does, or set `personal: false` if the table holds no personal data.",
    )


ENDED = ", or was cancelled on the server"
SLOW = (
    "add an index on the column that leads to the person, or raise `statement_timeout` under the source's "
    "`options`."
)
COMPARE = "compare the inventory with the tables: `afschrift inventory check --live`."
VIEW = "if it is a view, see whether it can be selected from; else see the server's log."
SERVER_UP = "see whether the server is up; the step is tried again."


def connection_refused(source: str, address: Connection, account: str) -> ConfigurationError:
    """The error for a refused connection; `account` is the server's word for it."""
    return ConfigurationError(
        f"Source {source} refuses the connection {address.id} (at {address.place}).",
        remedy=f"correct the connection's login, password or database, or give its {account} the right to "
        "connect.",
    )


def not_opened(source: str, address: Connection, code: str) -> RetriableError:
    """The error for a server that does not answer."""
    return RetriableError(
        f"Source {source} cannot be opened by the connection {address.id} (at {address.place}).",
        remedy="see whether the server is up and its address in the connection is right.",
        code=code,
    )


def file_not_opened(source: str, path: Path, system: str, mark: bytes, code: str) -> AfschriftError:
    """The error for a database file that cannot be opened; `mark` is within the first bytes of such files."""
    head = None
    if path.is_file():
        with suppress(OSError), path.open("rb") as file:
            head = file.read(32)
    if head is not None and mark in head:
        what, way = f" ({code})", "see whether another process writes to it, and whether it is whole."
    elif head is None and not path.is_dir():
        what, way = ": its `path` is no file that the account may read", "see whether the file is there."
    else:
        found = "a folder and " if head is None else ""
        return ConfigurationError(
            f"Source {source} cannot be opened: its `path` is {found}no {system} file.",
            remedy="correct `path` or `kind`; for CSV files and JSON lines write `kind: files` with their "
            "folder as `root`, for Parquet files `kind: parquet`.",
        )
    return RetriableError(f"Source {source} cannot be opened{what}.", remedy=way, code=code)


def session_not_open(source: str) -> ConfigurationError:
    """The error for a statement outside of the session."""
    return ConfigurationError(f"The session of source {source} is not open.")


def still_read(source: str) -> AfschriftError:
    """The error for a statement while rows of another one are read, which some drivers would throw away."""
    return AfschriftError(
        f"A statement of {source} was asked for while rows of another one were read.",
        remedy="read the first one to its end or close it, or open a second session.",
    )


def would_write(source: str) -> ConfigurationError:
    """The error for a statement that would write."""
    return ConfigurationError(f"Source {source} is read-only, and a statement would write.")


def took_too_long(table: str, code: str, cause: str = "", remedy: str = SLOW) -> RetriableError:
    """The error for a statement at its time limit; `cause` is what else may have ended it."""
    return RetriableError(
        f"Reading {table} took longer than the statement's time limit{cause}.", remedy=remedy, code=code
    )


def locked(source: str, table: str, code: str) -> RetriableError:
    """The error for a table that another session alters."""
    return RetriableError(
        f"Source {source} has {table} locked.",
        remedy="wait until the change of the table is done.",
        code=code,
    )


def not_understood(source: str, table: str, code: str, remedy: str = COMPARE) -> ConfigurationError:
    """The error for a statement with a missing table or column, or a wrong type; `code` may be empty."""
    shown = f" ({code})" if code else ""
    return ConfigurationError(
        f"Source {source} does not understand the statement on {table}{shown}.", remedy=remedy
    )


def fails_itself(
    source: str, table: str, code: str, remedy: str = VIEW, *, value: bool = False
) -> ConfigurationError:
    """The error for a view that cannot be computed, or data that the database itself cannot read.

    `value`: the code says that the fault is in a value.
    """
    message = f"Source {source} itself fails to read {table} ({code})."
    if value:
        return DamagedValueError(message, remedy=remedy, damage="unreadable")
    return ConfigurationError(message, remedy=remedy)


def failed_midway(source: str, table: str, reason: str, code: str, remedy: str = SERVER_UP) -> RetriableError:
    """The error for a lost connection, and for all failures that may be temporary."""
    return RetriableError(
        f"Source {source} failed while {table} was being read ({reason}).", remedy=remedy, code=code
    )


def wrong_encoding(table: str, code: str, conversion: str) -> DamagedValueError:
    """The error for a text that the database cannot decode; `conversion` is what a view can do."""
    return DamagedValueError(
        f"A text of {table} is not in the encoding of its database ({code}).",
        remedy=f"correct the text, or {conversion} in a view.",
        damage="not_utf8",
    )


class Unreadable(Mapping[str, ColumnType]):
    """Columns of a table that exists but cannot be read: accessing a column raises the reason.

    Args:
        error: the reason.
    """

    def __init__(self, error: AfschriftError) -> None:
        self._error = error

    def __getitem__(self, column: str) -> ColumnType:
        raise self._error

    def __iter__(self) -> Iterator[str]:
        raise self._error

    def __len__(self) -> int:
        raise self._error
