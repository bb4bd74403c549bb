"""Turns errors of MySQL and MariaDB into ours. Their text may quote values: only codes and places pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afschrift.domain.errors import AfschriftError, ConfigurationError, DamagedValueError, OutOfMemoryError
from afschrift.domain.sources import Connection
from afschrift.sources import table_errors
from afschrift.sources.json_parts import NO_DOCUMENT, TWICE
from afschrift.sources.mysql.column_types import AMBIGUOUS, TOO_LARGE, UNREADABLE, failure

if TYPE_CHECKING:
    from pymysql.err import MySQLError  # the general adapter uses this module without that driver

_REFUSED = (1044, 1045, 1049, 1130, 1698)
NO_RIGHT = (1142, 1143, 1370)
_NOT_EXPLAINED = 1345
READ_ONLY = (1290, 1792, 1836)
TIMEOUT = (1028, 1317, 1969, 3024)
_LOCKED = (1205, 1213)
_PACKET = (1153, 1301)
_OUT_OF_MEMORY = (1021, 1037, 1038, 1041, 1114)
"""Out of memory, of memory to sort in, or of room on the disk or in the table for sorting."""
WRONG_STATEMENT = (1052, 1054, 1064, 1109, 1146, 1267, 1271, 1305)
_CONNECTION = (0, 1053, 1158, 1159, 1160, 1161, 2002, 2003, 2006, 2013, 2014, 2055)


class NotExplainedError(ConfigurationError):
    """A view can be read and not explained: the account lacks SHOW VIEW."""


def code_of(error: MySQLError) -> int:
    """The error number of the server or the client."""
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0


def opening_error(source: str, address: Connection, error: MySQLError) -> AfschriftError:
    """Explain why no session could be opened."""
    if code_of(error) in _REFUSED:
        return table_errors.connection_refused(source, address, "account")
    return table_errors.not_opened(source, address, str(code_of(error)))


def reading_error(source: str, statement: str, error: MySQLError) -> AfschriftError:
    """Explain why a statement failed, with the table that it reads."""
    code, where = code_of(error), table_errors.table_of(source, statement)
    if failed := failure(str(error), statement):
        what, column = failed
        place = f"{table_errors.unquoted(table_errors.relation_of(statement))}.{column}"
        if what == TOO_LARGE:
            return table_errors.too_large(source, place)
        if what in (AMBIGUOUS, UNREADABLE):
            return table_errors.unreadable_part(source, place, TWICE if what == AMBIGUOUS else NO_DOCUMENT)
        return DamagedValueError(
            f"A value of {where}.{column} is no time of day: it is negative, or of 24 hours and more.",
            remedy="write `kind: text` at the column in the inventory: it gives the server's text.",
        )
    if code == _NOT_EXPLAINED:
        return NotExplainedError(
            f"The account of {source} may not see how the view {where} is computed.",
            remedy="GRANT SHOW VIEW on it.",
        )
    if code in NO_RIGHT:
        return table_errors.no_right(where)
    if code in READ_ONLY:
        return table_errors.would_write(source)
    if code in TIMEOUT:
        return table_errors.took_too_long(where, str(code), table_errors.ENDED)
    if code in _LOCKED:
        return table_errors.locked(source, where, str(code))
    if code in _OUT_OF_MEMORY:
        return OutOfMemoryError(
            f"Source {source} has too little memory or disk while {where} is being read ({code}).",
            remedy="raise `sort_buffer_size` or `max_heap_table_size` on the server, or give it more room.",
        )
    if code in _PACKET:
        return ConfigurationError(
            f"The statement on {where} or its result is larger than the server allows ({code}).",
            remedy="raise `max_allowed_packet` on the server.",
        )
    if code in WRONG_STATEMENT:
        return table_errors.not_understood(source, where, str(code))
    if code in _CONNECTION:
        return table_errors.failed_midway(source, where, "connection lost", str(code))
    return table_errors.fails_itself(source, where, str(code))
