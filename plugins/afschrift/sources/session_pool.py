"""Sessions whose failures say which source is down, and a pool that opens each source once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO, Self

from afschrift.domain.errors import RetriableError, SourceDownError
from afschrift.domain.files import FileStore
from afschrift.domain.keys import Key, PersonKeys
from afschrift.domain.reconciliation import Estimate, Extract, Reconciliation, SameRows, Sample, Sums
from afschrift.domain.sources import (
    ColumnType,
    Described,
    Dialect,
    Source,
    SourceFactory,
    Structure,
    TableVersions,
)
from afschrift.sources.bytes_limit import within_limit


class GuardedSource:
    """Wraps a session of a source; each method calls the session's.

    Raises:
        SourceDownError: for each RetriableError of the session, with its text, remedy and code.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.name = source.name
        self.snapshot = ""
        self._catalogue: Mapping[str, Mapping[str, ColumnType]] | None = None
        self._structure: Structure | None = None

    @property
    def chosen(self) -> TableVersions | None:
        """The session's."""
        return self._source.chosen

    @property
    def dialect(self) -> Dialect:
        """The session's."""
        return self._source.dialect

    def __enter__(self) -> Self:
        with _named(self.name):
            self._source.__enter__()
        self.snapshot = self._source.snapshot
        return self

    def __exit__(self, *exc: object) -> None:
        with _named(self.name):
            self._source.__exit__(*exc)

    def catalogue(self) -> Mapping[str, Mapping[str, ColumnType]]:
        """The session's catalogue, read once, because it does not change within a snapshot."""
        if self._catalogue is None:
            with _named(self.name):
                self._catalogue = self._source.catalogue()
        return self._catalogue

    def structure(self) -> Structure:
        """The session's structure, read once too."""
        if self._structure is None:
            with _named(self.name):
                self._structure = self._source.structure()
        return self._structure

    def described(self) -> Described:
        """The session's."""
        with _named(self.name):
            return self._source.described()

    def bind(self, keys: Sequence[Key], at: str, *others: PersonKeys) -> None:
        """The session's."""
        with _named(self.name):
            self._source.bind(keys, at, *others)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """The session's."""
        with _named(self.name):
            return self._source.rows(statement)

    def estimate(self, statement: str) -> Estimate:
        """The session's."""
        with _named(self.name):
            return self._source.estimate(statement)

    def stream(self, statement: str) -> Iterator[Any]:
        """Stream the session's batches; errors of the code that uses the rows pass unchanged."""
        batches = within_limit(self._source, statement)
        while True:
            with _named(self.name):
                batch = next(batches, None)
            if batch is None:
                return
            yield batch

    def reconciliation(self, extract: Extract) -> Reconciliation:
        """The session's."""
        with _named(self.name):
            return _GuardedReconciliation(self.name, self._source.reconciliation(extract))


class _GuardedReconciliation:
    def __init__(self, source: str, opened: Reconciliation) -> None:
        self._source, self._reconciliation = source, opened
        self.hashed, self.numbers, self.own = opened.hashed, opened.numbers, opened.own
        self.documents, self.begin = opened.documents, opened.begin

    def sums(self, columns: Sequence[str], sample: Sample | None) -> Sums:
        with _named(self._source):
            return self._reconciliation.sums(columns, sample)

    def together(self, same_rows: SameRows) -> dict[int, Sums]:
        with _named(self._source):
            return self._reconciliation.together(same_rows)


class GuardedStore:
    """A store of uploaded files. If it is out of reach, the source whose rows name the files is down."""

    def __init__(self, source: str, open_store: Callable[[], FileStore]) -> None:
        self._source = source
        with _named(source):
            self._store = open_store()

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """Open a file; errors of the code that uses the content pass unchanged."""
        with ExitStack() as stack:
            with _named(self._source):
                stream = stack.enter_context(self._store.open(key))
            yield stream


@contextmanager
def _named(source: str) -> Iterator[None]:
    try:
        yield
    except SourceDownError:
        raise
    except RetriableError as error:
        raise SourceDownError(source, error) from None


class SessionPool:
    """Opens each source once, however often it is asked for. Use as a context manager, which closes all.

    Each use of a session binds its own keys first. After an error a new session is opened, because some
    databases answer nothing more in a transaction in which a statement failed.

    Args:
        open_source: opens a source, under the tag of the request.
    """

    def __init__(self, open_source: SourceFactory) -> None:
        self._open = open_source
        self._kept: dict[str, _PooledSession] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        for source in tuple(self._kept):
            self.end(source)

    def __call__(self, source: str, tag: str = "") -> Source:
        """Return the session of a source; leaving its `with` block does not close it."""
        if source not in self._kept or self._kept[source].failed:
            self.end(source)
            self._kept[source] = _PooledSession(self._open(source, tag=tag) if tag else self._open(source))
        return self._kept[source]

    def end(self, source: str) -> None:
        """Close the session of a source."""
        kept = self._kept.pop(source, None)
        if kept is not None:
            kept.end()


class _PooledSession(GuardedSource):
    failed = False
    _is_open = False

    def __enter__(self) -> Self:
        if not self._is_open:
            self.failed = True
            super().__enter__()
            self.failed, self._is_open = False, True
        return self

    def __exit__(self, *exc: object) -> None:
        self.failed = self.failed or any(part is not None for part in exc)

    def end(self) -> None:
        if self._is_open:
            self._is_open = False
            super().__exit__(None, None, None)
