"""The option `bytes_limit`: what a statement may read, by the source's estimate and by what arrives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any, cast

from afschrift.domain.errors import AfschriftError, ConfigurationError
from afschrift.domain.notation import size_in_words
from afschrift.domain.reconciliation import Estimate
from afschrift.domain.sources import Source
from afschrift.sources.table_errors import table_of

_REMEDY = (
    "add an index on the column that leads to the person, or sort the table by it; else raise `bytes_limit` "
    "under the source's `options`."
)


def bytes_of(estimate: Estimate) -> int | None:
    """Bytes of what is read from end to end; None: the source does not say."""
    whole = [reading.size for reading in estimate.readings if reading.whole or reading.files is not None]
    known = [size for size in whole if size is not None]
    return sum(known) if known else None


def within_limit(session: Source, statement: str) -> Iterator[Any]:
    """Stream a statement, unless or until it reads more than the source's `bytes_limit`.

    Raises:
        ConfigurationError: it does; nothing goes on at the server.
    """
    limit: int | None = getattr(session, "bytes_limit", None)  # of a ReadSession, whose module loads pyarrow
    if limit is None:
        yield from session.stream(statement)
        return
    expected = bytes_of(session.estimate(statement))
    if expected is not None and expected > limit:
        raise _too_much(session.name, statement, f"would read about {size_in_words(expected)}", limit)
    arrived = 0
    with closing(session.stream(statement)) as batches:  # type: ignore[type-var]
        for batch in batches:
            arrived += batch.nbytes
            if arrived > limit:
                cast(Any, session).interrupt()
                with suppress(AfschriftError):  # that it was interrupted
                    batches.close()  # type: ignore[attr-defined]
                raise _too_much(session.name, statement, "gave more rows than that", limit)
            yield batch


def _too_much(source: str, statement: str, what: str, limit: int) -> ConfigurationError:
    return ConfigurationError(
        f"The `bytes_limit` of source {source} is {size_in_words(limit)}: a statement on "
        f"{table_of(source, statement)} {what}.",
        remedy=_REMEDY,
    )
