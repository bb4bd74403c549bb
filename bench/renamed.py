"""Find people by values, whatever columns are called: `python -m bench.renamed --data FOLDER`.

Chinook, Northwind, a film rental (sakila) and a hospital are loaded into DuckDB without a key, each under ten
vocabularies, and scanned. A database that is in none of the folders is left out, and that is said.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import yaml

from afschrift.app.project import SHIPPED
from afschrift.datamap.scan.scan_source import Asked, scan_source

WORDS = Path(__file__).with_suffix(".tsv")
_WORD = re.compile(r"[A-Za-z]+|\d+")
_CREATED = re.compile(r"CREATE TABLE .*?;|INSERT INTO .*?;\n", re.DOTALL)
_COPIED = re.compile(r"^COPY public\.(\w+) \((.*?)\) FROM stdin;\n(.*?)^\\\.", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Truth:
    """What is true of a database.

    Attributes:
        file: by which its folder is recognised.
        people: the table of those who ask.
        theirs: tables with rows of theirs.
        distinctive: those of them that are found by uuids and codes.
    """

    file: str
    people: str
    theirs: frozenset[str]
    distinctive: frozenset[str] = frozenset()


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CARE = _names("allergies careplans conditions devices immunizations payer_transitions supplies symptoms")
TRUTH = {
    "chinook": Truth("Chinook_PostgreSql.sql", "customer", _names("invoice invoice_line")),
    "northwind": Truth("northwind.sql", "customers", _names("orders order_details"), _names("orders")),
    "film rental": Truth(
        "postgres-sakila-insert-data-using-copy.sql", "customer", _names("rental payment address")
    ),
    "hospital": Truth("patients.csv", "patients", _CARE, _CARE),
}


def load(file: Path, con: duckdb.DuckDBPyConnection) -> None:
    """Load a database without keys, whatever its script declares."""
    if file.suffix == ".csv":
        for table in sorted(file.parent.glob("*.csv")):
            con.execute(f'CREATE TABLE "{table.stem}" AS FROM read_csv(?)', [str(table)])
        return
    text = file.read_text(encoding="utf-8").replace(r"'\x'", "''")
    for table, columns, rows in _COPIED.findall(text):
        with tempfile.NamedTemporaryFile("w", suffix=".tsv", encoding="utf-8") as copied:
            copied.write(rows)
            copied.flush()
            con.execute(
                f"CREATE TABLE \"{table}\" AS FROM read_csv(?, delim = '\\t', nullstr = ?, header = false, "
                "names = ?, quote = '', escape = '')",
                [copied.name, "\\N", columns.split(", ")],
            )
    if not con.execute("SHOW TABLES").fetchall():
        for statement in duckdb.extract_statements("".join(_CREATED.findall(text))):
            con.execute(statement)


def vocabularies() -> dict[str, Callable[[str], str]]:
    """Vocabulary -> the name that a table or column has in it."""
    head, *lines = [line.split("\t") for line in WORDS.read_text(encoding="utf-8").splitlines()]
    numbers: dict[str, str] = defaultdict(lambda: f"c{len(numbers) + 1:03}")
    found: dict[str, Callable[[str], str]] = {
        column: _by_words({line[0]: line[number] for line in lines}) for number, column in enumerate(head)
    }
    found["abbreviations"] = lambda name: "_".join(_short(word) for word in _WORD.findall(name))
    found["random tokens"] = lambda name: "".join(
        chr(97 + byte % 26) for byte in hashlib.sha256(name.lower().encode()).digest()[:7]
    )
    found["numbers"] = lambda name: numbers[name.lower()]
    found["old mainframe"] = lambda name: "X" + "".join(word[:3].upper() for word in _WORD.findall(name))
    return found


def _by_words(words: dict[str, str]) -> Callable[[str], str]:
    return lambda name: "_".join(words.get(word.lower(), word.lower()) for word in _WORD.findall(name))


def _short(word: str) -> str:
    return (word[0] + re.sub("[aeiou]", "", word[1:].lower()))[:4].lower()


def rename(base: Path, to: Path, called: Callable[[str], str]) -> dict[str, str]:
    """Copy a database under other names; return its tables by their first name."""
    tables: dict[str, str] = {}
    with duckdb.connect(str(to)) as con:
        con.execute(f"ATTACH '{base}' AS base (READ_ONLY)")
        listed = con.execute(
            "SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns() "
            "WHERE database_name = 'base' GROUP BY 1 ORDER BY 1"
        ).fetchall()
        for table, columns in listed:
            tables[table] = _free(called(table), tables.values())
            names: dict[str, str] = {}
            for column in columns:
                names[column] = _free(called(column), names.values())
            selected = ", ".join(f'"{old}" AS "{new}"' for old, new in names.items())
            con.execute(f'CREATE TABLE "{tables[table]}" AS SELECT {selected} FROM base."{table}"')
    return tables


def _free(name: str, taken: object) -> str:
    used = {other.lower() for other in taken}  # type: ignore[attr-defined]
    return next(n for n in (name, *(f"{name}_{number}" for number in range(2, 99))) if n.lower() not in used)


@dataclass
class Outcome:
    """Of one database under one vocabulary.

    Attributes:
        people: the table of people was found.
        dropped: tables with rows of people that are drafted as not personal.
        asked: those that are asked about.
        reached: those with a way.
        missed: those with distinctive keys and no way.
    """

    people: bool
    dropped: list[str]
    asked: list[str]
    reached: list[str]
    missed: list[str]


def judge(database: Path, truth: Truth, tables: dict[str, str], folder: Path) -> Outcome:
    """Scan a database and compare the draft with what is true."""
    options = {"path": str(database)}
    scanned = scan_source(
        Asked(kind="duckdb", options=options, name="renamed", out=folder / "renamed.yml", dry_run=True),
        lambda _: None,
    )
    draft = yaml.safe_load(scanned.text)["tables"]
    entries = {name: draft.get(tables[name], {}) for name in sorted(truth.theirs)}
    asked = [name for name, entry in entries.items() if entry.get("ways") == "asked"]
    dropped = [n for n, entry in entries.items() if entry.get("personal") is False and n not in asked]
    reached = [name for name in entries if name not in (*asked, *dropped)]
    people = draft.get(tables[truth.people], {})
    found = any(f"People: {tables[truth.people]}," in line for line in scanned.found) and "subject" in people
    return Outcome(found, dropped, asked, reached, sorted(truth.distinctive - set(reached)))


def outcomes(folders: list[Path], chosen: list[str]) -> Iterator[tuple[str, str, Outcome]]:
    """Vocabulary, database and what came of it."""
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        for name in ("controller.yml", "policy.yml"):
            shutil.copy(SHIPPED / "project" / "inventory" / name, work)
        for database, truth in TRUTH.items():
            file = next((path for folder in folders for path in folder.rglob(truth.file)), None)
            if file is None:
                print(f"{database} is left out: no {truth.file} in {', '.join(map(str, folders))}.")
                continue
            base = work / f"{database}.duckdb"
            with duckdb.connect(str(base)) as con:
                load(file, con)
            for vocabulary, called in vocabularies().items():
                if not chosen or vocabulary in chosen:
                    renamed = work / "renamed.duckdb"
                    tables = rename(base, renamed, called)
                    yield vocabulary, database, judge(renamed, truth, tables, work)
                    renamed.unlink()


def main() -> None:
    """Print a line for each vocabulary."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--data", type=Path, action="append", required=True)
    asked.add_argument("--vocabulary", action="append", default=[])
    given = asked.parse_args()
    found: dict[str, list[tuple[str, Outcome]]] = defaultdict(list)
    for vocabulary, database, outcome in outcomes(given.data, given.vocabulary):
        found[vocabulary].append((database, outcome))
    print(f"{'vocabulary':<16}people  reached  asked  dropped  distinctive not found")
    for vocabulary, of in found.items():
        sums = [
            sum(len(getattr(o, part)) for _, o in of) for part in ("reached", "asked", "dropped", "missed")
        ]
        people = f"{sum(o.people for _, o in of)}/{len(of)}"
        print(f"{vocabulary:<16}{people:>6}{sums[0]:>9}{sums[1]:>7}{sums[2]:>10}{sums[3]:>14}")
        for database, o in of:
            if not o.people or o.dropped or o.missed:
                lost = f"not personal: {' '.join(o.dropped)}; missed: {' '.join(o.missed)}"
                print(f"    {database}: people {o.people}; {lost}")
    sys.exit(any(o.dropped or o.missed for of in found.values() for _, o in of))


if __name__ == "__main__":
    main()
