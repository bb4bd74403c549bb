"""MySQL's and MariaDB's errors as ours. Their text may quote values: codes and places are passed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afschrift.domain.errors import AfschriftError, ConfigurationError, OutOfMemoryError, RetriableError
from afschrift.sources.json_parts import NO_DOCUMENT, TWICE
from afschrift.sources.mysql.types import TOO_LARGE, UNREADABLE, UNTOLD, failure
from afschrift.sources.table_errors import no_right, relation_of, table_of, too_large, unquoted, untold_part

if TYPE_CHECKING:
    from pymysql.err import MySQLError  # the general adapter uses this module without that driver

_REFUSED = (1044, 1045, 1049, 1130, 1698)
NO_RIGHT = (1142, 1143, 1370)
READ_ONLY = (1290, 1792, 1836)
TIMEOUT = (1028, 1317, 1969, 3024)
_LOCKED = (1205, 1213)
_PACKET = (1153, 1301)
_OUT_OF_MEMORY = (1021, 1037, 1038, 1041, 1114)
"""Of memory, of memory to sort in, and of the disk or the table that holds what is sorted."""
WRONG_STATEMENT = (1052, 1054, 1064, 1109, 1146, 1267, 1271, 1305)
_CONNECTION = (0, 1053, 1158, 1159, 1160, 1161, 2002, 2003, 2006, 2013, 2014, 2055)


def code_of(error: MySQLError) -> int:
    """The server's or the client's number."""
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0


def opening_error(source: str, connection: str, error: MySQLError) -> AfschriftError:
    """Why no session could be opened."""
    if code_of(error) in _REFUSED:
        return ConfigurationError(
            f"Source {source} turns the connection {connection} down.",
            remedy="correct the connection's login, password or database, or give its account the right to "
            "connect.",
        )
    return RetriableError(
        f"Source {source} cannot be opened by the connection {connection}.",
        remedy="see whether the server is up and its address in the connection is right.",
        code=str(code_of(error)),
    )


def reading_error(source: str, statement: str, error: MySQLError) -> AfschriftError:
    """Why a statement failed, with the table that it reads."""
    code, where = code_of(error), table_of(source, statement)
    if failed := failure(str(error), statement):
        what, column = failed
        place = f"{unquoted(relation_of(statement))}.{column}"
        if what == TOO_LARGE:
            return too_large(source, place)
        if what in (UNTOLD, UNREADABLE):
            return untold_part(source, place, TWICE if what == UNTOLD else NO_DOCUMENT)
        return ConfigurationError(
            f"A value of {where}.{column} is no time of day: it is negative, or of 24 hours and more.",
            remedy="write `kind: text` at the column in the inventory: it gives the server's text.",
        )
    if code in NO_RIGHT:
        return no_right(where)
    if code in READ_ONLY:
        return ConfigurationError(f"Source {source} is read-only, and a statement would write.")
    if code in TIMEOUT:
        return RetriableError(
            f"Reading {where} took longer than the statement's time limit, or somebody ended it.",
            remedy="add an index on the column that leads to the person, or raise `statement_timeout` "
            "under the source's `options`.",
            code=str(code),
        )
    if code in _LOCKED:
        return RetriableError(
            f"Source {source} has {where} locked.",
            remedy="wait until the change of the table is done.",
            code=str(code),
        )
    if code in _OUT_OF_MEMORY:
        return OutOfMemoryError(
            f"Source {source} has too little memory or disk while {where} is being read ({code}).",
            remedy="raise `sort_buffer_size` or `max_heap_table_size` on the server, or give it more room.",
        )
    if code in _PACKET:
        return ConfigurationError(
            f"What is asked of {where} is larger than the server takes ({code}).",
            remedy="raise `max_allowed_packet` on the server.",
        )
    if code in WRONG_STATEMENT:
        return ConfigurationError(
            f"Source {source} does not understand what is asked of {where} ({code}).",
            remedy="compare the inventory with the tables: `afschrift inventory check --live`.",
        )
    if code in _CONNECTION:
        return RetriableError(
            f"Source {source} failed while {where} was being read (connection lost).",
            remedy="see whether the server is up; the step is tried again.",
            code=str(code),
        )
    return ConfigurationError(
        f"Source {source} fails itself over {where} ({code}).",
        remedy="where it is a view, see whether it can be selected from; else see the server's log.",
    )
