"""A source whose failures bear its name, so that they say that this source is down; and one kept open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO, Self

from afschrift.domain.errors import RetriableError, SourceDownError
from afschrift.domain.files import FileStore
from afschrift.domain.keys import Key, PersonKeys
from afschrift.domain.reconciliation import Estimate, Extract, Reconciliation, SameRows, Sample, Sums
from afschrift.domain.sources import ColumnType, Described, Dialect, Source, SourceFactory, Structure


class Reached:
    """A session of a source; each method is the session's own.

    Raises:
        SourceDownError: for each RetriableError of the session, with its words, remedy and code.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.name = source.name
        self.snapshot = ""
        self._catalogue: Mapping[str, Mapping[str, ColumnType]] | None = None
        self._structure: Structure | None = None

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
        """The session's; asked once, as nothing of it changes on one snapshot."""
        if self._catalogue is None:
            with _named(self.name):
                self._catalogue = self._source.catalogue()
        return self._catalogue

    def structure(self) -> Structure:
        """The session's; asked once too."""
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
        """The session's; what goes wrong with the rows at their receiver passes as it is."""
        batches = self._source.stream(statement)
        while True:
            with _named(self.name):
                batch = next(batches, None)
            if batch is None:
                return
            yield batch

    def reconciliation(self, extract: Extract) -> Reconciliation:
        """The session's."""
        with _named(self.name):
            return _ReachedReconciliation(self.name, self._source.reconciliation(extract))


class _ReachedReconciliation:
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


class ReachedStore:
    """A store of uploaded files; where it is out of reach, so is the source whose rows name the files."""

    def __init__(self, source: str, open_store: Callable[[], FileStore]) -> None:
        self._source = source
        with _named(source):
            self._store = open_store()

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """The store's; what goes wrong with the content at its receiver passes as it is."""
        with ExitStack() as held:
            with _named(self._source):
                stream = held.enter_context(self._store.open(key))
            yield stream


@contextmanager
def _named(source: str) -> Iterator[None]:
    try:
        yield
    except SourceDownError:
        raise
    except RetriableError as met:
        raise SourceDownError(source, met) from None


class KeptOpen:
    """Opens each source once, however often it is asked for. Use as a context manager: all end with it.

    Each use of a session binds its own keys first, as in a new one. After an error it is another
    one: in a transaction in which a statement failed, some databases answer nothing more.

    Args:
        open_source: opens one, under the tag of the request.
    """

    def __init__(self, open_source: SourceFactory) -> None:
        self._open = open_source
        self._kept: dict[str, _Kept] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        for source in tuple(self._kept):
            self.end(source)

    def __call__(self, source: str, tag: str = "") -> Source:
        """The session of a source; the end of a `with` leaves it open."""
        if source not in self._kept or self._kept[source].failed:
            self.end(source)
            self._kept[source] = _Kept(self._open(source, tag=tag) if tag else self._open(source))
        return self._kept[source]

    def end(self, source: str) -> None:
        """Close the session of a source."""
        kept = self._kept.pop(source, None)
        if kept is not None:
            kept.end()


class _Kept(Reached):
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
