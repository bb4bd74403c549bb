"""CSV files and JSON lines: their form by the options of a source, their columns, and their rows in SQL."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import duckdb

from afschrift.domain.errors import ConfigurationError
from afschrift.sources.dialect import StandardDialect
from afschrift.sources.duckdb.document_parts import mark_numbers, marked_member
from afschrift.sources.duckdb.lake_files import COMPANION, FileKind, is_companion, is_hidden, printable
from afschrift.sources.duckdb.lake_stores import LakeFile, pattern
from afschrift.sources.json_parts import TWICE, DocumentError, as_argument, member

DELIMITERS = {"csv": ",", "tsv": "\t", "jsonl": "", "ndjson": "", "json": ""}
"""Extension -> delimiter by default; none: JSON lines."""

_ZIPPED = ".gz"
_HEAD = 1 << 20
_MOST_NAMES = 2000
_DATA = re.compile(
    r"[-+.,/:0-9\sTZ]*[0-9][-+.,/:0-9\sTZ]*|.+@.+\..+|(?=.*[0-9])[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)
_sql = StandardDialect()


def table_of_file(name: str) -> str | None:
    """Name of the table that a file is; None: it is neither CSV nor JSON lines."""
    stem, dot, extension = name.removesuffix(_ZIPPED).rpartition(".")
    return stem if dot and stem and extension.lower() in DELIMITERS else None


def text_fault(file: LakeFile, *_: bytes) -> str:
    """Why a file is not read; empty if it is."""
    *folders, name = file.inside.split("/")
    if is_companion(name):
        return COMPANION
    if any(map(is_hidden, (*folders, name))):
        return "hidden"
    if table_of_file(name) is None:
        return "of another format"
    return "" if file.size else "empty"


TEXT_FILES = FileKind("CSV or JSON lines", text_fault)


def _is_encoding(name: Any) -> bool:
    try:
        return bool(codecs.lookup(name))
    except (LookupError, TypeError):
        return False


_SPELLED: dict[str, Any] = {"true": 1, "false": 0, "tab": "\t", "\\t": "\t"}
_ALLOWED: dict[str, tuple[Callable[[Any], bool], str]] = {
    "header": (
        lambda value: isinstance(value, int) and 0 <= value < 10,
        "`true`, `false`, or the number of lines before the first row",
    ),
    "delimiter": (lambda value: isinstance(value, str) and len(value) == 1, 'a sign, such as ";" or "tab"'),
    "quote": (lambda value: isinstance(value, str) and len(value) <= 1, "a sign, or nothing"),
    "encoding": (_is_encoding, "an encoding that Python knows, such as windows-1252"),
}
FORM = tuple(_ALLOWED)


@dataclass(frozen=True)
class TextForm:
    """How the files of a table are written.

    Attributes:
        header: number of lines before the first row, whose cells are the names; None: one, by default.
        delimiter: None: by the extension.
    """

    header: int | None = None
    delimiter: str | None = None
    quote: str = '"'
    encoding: str = "utf-8"

    @property
    def lines(self) -> int:
        """Number of lines before the first row."""
        return 1 if self.header is None else self.header

    @classmethod
    def of(cls, source: str, options: Mapping[str, Any]) -> TextForm:
        """Check options.

        Raises:
            ConfigurationError: names the option and what it may be.
        """
        given = {
            name: _SPELLED.get(str(options[name]).lower(), options[name])
            for name in _ALLOWED
            if name in options
        }
        for name, value in given.items():
            fits, choice = _ALLOWED[name]
            if not fits(value):
                raise ConfigurationError(
                    f"Source {source} has an option `{name}` that cannot be used.", remedy=f"write {choice}."
                )
        return cls(**given)

    def sign(self, file: LakeFile) -> str:
        """The delimiter of a file; empty: it holds JSON lines."""
        by_extension = DELIMITERS[file.inside.removesuffix(_ZIPPED).rpartition(".")[2].lower()]
        return (self.delimiter or by_extension) if by_extension else ""


@dataclass(frozen=True)
class TextFiles:
    """Reads the files of a table.

    Attributes:
        con: the session.
        where: the table as `source.table`, for errors.
        form: how its files are written.
        open: opens a file.
        line_limit: bytes of the longest line; each thread keeps several such buffers.
    """

    con: duckdb.DuckDBPyConnection
    where: str
    form: TextForm
    open: Callable[[LakeFile], BinaryIO]
    line_limit: int

    def unite(self, files: Sequence[LakeFile]) -> duckdb.DuckDBPyRelation:
        """All rows of all files, all columns as text; a column is NULL in files without it.

        Raises:
            ConfigurationError: names file, line and option.
        """
        kinds: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for file in files:
            sign = self.form.sign(file)
            names = self._names(file, sign) if sign else self._members(file)
            kinds.setdefault((sign, tuple(names)), []).append(file.name)
        parts = (
            self._csv(sign, names, of) if sign else self._json(names, of)
            for (sign, names), of in kinds.items()
        )
        return self.con.sql("\nUNION ALL BY NAME\n".join(parts))

    def _csv(self, sign: str, names: Sequence[str], files: Sequence[str]) -> str:
        columns = ", ".join(f"{_sql.literal(name)}: 'VARCHAR'" for name in names)
        quote = _sql.literal(self.form.quote)
        form = (
            f"auto_detect = false, header = false, skip = {self.form.lines}, delim = {_sql.literal(sign)}, "
            f"quote = {quote}, escape = {quote}, allow_quoted_nulls = false, hive_partitioning = false, "
            f"max_line_size = {self.line_limit}, buffer_size = {self.line_limit}"
        )
        return f"SELECT * FROM read_csv({_listed(files)}, {form}, columns = {{{columns}}})"  # noqa: S608 - quoted

    def _json(self, names: Sequence[str], files: Sequence[str]) -> str:
        values = ", ".join(f"{marked_member('line', name)} AS {_sql.quote(name)}" for name in names)
        marked = mark_numbers("CAST(json AS VARCHAR)")
        return f"SELECT {values} FROM (SELECT CAST({marked} AS JSON) AS line FROM {self._lines(files)})"  # noqa: S608 - quoted

    def _lines(self, files: Sequence[str]) -> str:
        """SQL of the lines as they are written: `read_json` would write 1.10 as 1.1."""
        return f"read_ndjson_objects({_listed(files)}, maximum_object_size = {self.line_limit})"

    def _names(self, file: LakeFile, sign: str) -> list[str]:
        """The names of the columns, by the first lines of a file."""
        with self.open(file) as stream:
            head = _unzipped(file, stream).read(_HEAD)
        text = io.TextIOWrapper(io.BytesIO(head), _WITH_MARK, newline="")
        quote: dict[str, Any] = (
            {"quotechar": self.form.quote} if self.form.quote else {"quoting": csv.QUOTE_NONE}
        )
        try:
            reader = csv.reader(text, delimiter=sign, **quote)
            rows = [next(reader, []) for _ in range(max(1, self.form.lines))]
        except UnicodeError:
            raise self.fault(file, _bad_byte(head), *_REASONS["Invalid unicode"]) from None
        except csv.Error:
            raise self.fault(file, 1, *_REASONS["quote"]) from None
        width = max(map(len, rows))
        if not self.form.lines:
            return [f"column_{number}" for number in range(1, width + 1)]
        padded = ([*row, *[""] * (width - len(row))] for row in rows)
        names = [" ".join(filter(None, map(str.strip, cells))) for cells in zip(*padded, strict=True)]
        self._check_header(file, names)
        return names

    def _check_header(self, file: LakeFile, names: Sequence[str]) -> None:
        """Refuse what is hardly a header: a first row read as names would be lost."""
        line, way = max(1, self.form.lines), f"say `header` (`false`, or how many lines it has) {_OPTION}"
        others = [sign for sign in ";\t|," if len(names) == 1 and sign in names[0]]
        if others and not self.form.delimiter:
            sign = "tab" if others[0] == "\t" else others[0]
            raise self.fault(file, line, "has another delimiter", f'say `delimiter: "{sign}"` {_OPTION}')
        if not names or not all(names):
            raise self.fault(file, line, "leaves a column without a name", way)
        if len({name.lower() for name in names}) < len(names):
            raise self.fault(file, line, "gives two columns the same name", way)
        if self.form.header is None and any(_DATA.fullmatch(name.lower()) for name in names):
            raise self.fault(file, line, "looks like a row and not like names", way)

    def _members(self, file: LakeFile) -> list[str]:
        """The names of the members in all lines of a file; those that come first in a line are first."""
        try:
            found = self.con.sql(_MEMBERS.format(lines=self._lines([file.name]))).fetchall()
        except duckdb.InvalidInputException:
            raise self._bad_line(file) from None
        if any(twice for _, _, twice in found):
            raise self._bad_line(file)
        names = [str(name) for name, _, _ in found]
        if not all(names) or not 0 < len({name.lower() for name in names}) == len(names) <= _MOST_NAMES:
            what = "or a later one has no names, an empty one, two that differ in case only, or too many"
            raise self.fault(file, 1, what, _AN_OBJECT)
        return names

    def _bad_line(self, file: LakeFile) -> ConfigurationError:
        """The error of the first line that is no JSON object."""
        number = 0
        with self.open(file) as stream:
            for number, line in enumerate(_unzipped(file, stream), 1):
                try:
                    text = line.decode(_WITH_MARK).strip()
                    member(text or "{}", as_argument([""]))
                except UnicodeError:
                    return self.fault(file, number, *_REASONS["Invalid unicode"])
                except DocumentError as error:
                    what = "has two members of one name" if error.what == TWICE else "is no JSON"
                    return self.fault(file, number, what, _AN_OBJECT)
                if text and not text.startswith("{"):
                    return self.fault(file, number, "is no object", _AN_OBJECT)
        return self.fault(file, number, "or one before it cannot be read", _AN_OBJECT)

    def fault(self, file: LakeFile, line: int, what: str, way: str) -> ConfigurationError:
        """The error of a line."""
        return _line_fault(self.where, file.inside, f"line {line}", what, way)


def _line_fault(where: str, file: str, place: str, what: str, way: str) -> ConfigurationError:
    """The error of a line; it holds nothing of the line."""
    return ConfigurationError(
        f"Table {where} cannot be read: {place} of {printable(file)} {what}.",
        remedy=f"{way}, or correct the file.",
    )


def _bad_byte(data: bytes, encoding: str = "utf-8") -> int:
    """The line of the first byte that is not in the encoding."""
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        return data.count(b"\n", 0, error.start) + 1
    return 1


_WITH_MARK = "utf-8-sig"
_OPTION = "under `options` of the source, or there under `tables` for this table alone"
_AN_OBJECT = "write an object in each line, without a list around them"
_MEMBERS = """
SELECT name, min(place), bool_or(twice) FROM (
  SELECT unnest(names) AS name, generate_subscripts(names, 1) AS place,
    len(names) > len(list_distinct(names)) AS twice
  FROM (
    SELECT CASE WHEN json_type(json) = 'OBJECT' THEN json_keys(json) ELSE error('no object') END AS names
    FROM {lines}
  )
) GROUP BY name ORDER BY 2, 1
"""
_CSV_LINE = re.compile(r"CSV Error on Line: ([0-9]+)")
_CSV_FILE = re.compile(r".*\n  file = ([^\n]*)\n  delimiter = ", re.DOTALL)
_REASONS = {
    "Expected Number of Columns": (
        "has another number of fields than the first one",
        f"say `delimiter`, or by `header` how many lines come before the rows, {_OPTION}",
    ),
    "Invalid unicode": ("is not UTF-8", f"say its `encoding`, such as windows-1252, {_OPTION}"),
    "Maximum line size": ("is longer than the limit", "raise `cell_limit` under `options` of the source"),
    "quote": ("has a quote that does not end", f"say its `quote` {_OPTION}"),
    "": ("mixes ends of lines, or has a quote within a field", f"say its `quote` {_OPTION}"),
}


def csv_fault(where: str, error: Exception) -> ConfigurationError | None:
    """DuckDB's error on a line as ours; None: it is about something else. Its text holds the line."""
    text = str(error)
    line, file = _CSV_LINE.search(text), _CSV_FILE.match(text)
    if file is None:
        return None
    shown = text[: text.rfind("Possible")]
    what, way = next(reason for sign, reason in _REASONS.items() if sign in shown)
    place = f"line {line[1]}" if line else "a line"
    return _line_fault(where, file[1].rpartition("/")[2], place, what, way)


def decoded(texts: TextFiles, file: LakeFile, limit: int) -> bytes:
    """The text of a file as UTF-8.

    Raises:
        ConfigurationError: it is in another encoding, or longer than the limit.
    """
    with texts.open(file) as stream:
        data = _unzipped(file, stream).read(limit + 1)
    if len(data) > limit:
        what = "begins a text too long to be decoded"
        raise texts.fault(file, 1, what, "convert the files of other encodings to UTF-8")
    try:
        return data.decode(texts.form.encoding).encode()
    except UnicodeError:
        line = _bad_byte(data, texts.form.encoding)
        raise texts.fault(
            file, line, f"is not {texts.form.encoding}", _REASONS["Invalid unicode"][1]
        ) from None


def _unzipped(file: LakeFile, stream: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, gzip.GzipFile(fileobj=stream)) if file.inside.endswith(_ZIPPED) else stream


def _listed(files: Sequence[str]) -> str:
    return f"[{', '.join(_sql.literal(pattern(file)) for file in files)}]"
