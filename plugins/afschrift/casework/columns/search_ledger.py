"""What the search beside the ways looked into, in lines for officers: a line for each kind and reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from afschrift.domain.language import gettext, ngettext
from afschrift.questions.view import Section, in_words

_MOST = 5  # columns that a line names

WORDS = {
    "email": "E-mail addresses",
    "phone": "Telephone numbers",
    "iban": "IBANs",
    "number": "Account numbers and other long numbers",
    "code": "User names, UUIDs and other codes",
    "named": "Short numbers, where a name says which key it is",
}


def ledger_section(ledgers: Iterable[tuple[str, Mapping[str, Any]]], not_sought: Iterable[str]) -> Section:
    """A table of what was searched for where, and of columns that were not looked into, by reason.

    Args:
        ledgers: source and `domain.extracted.search_ledger`.
        not_sought: kinds of identifiers, or names of keys, that are not searched for.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for source, ledger in ledgers:
        for word, by in ledger.items():
            for kind, tables in by.items():
                paths = found.setdefault((word, kind), [])
                paths += [
                    f"{source}.{table}.{column}" for table, columns in tables.items() for column in columns
                ]
    in_order = sorted(found.items(), key=lambda entry: (entry[0][0] != "searched", entry[0][1]))
    rows = [_row(kind, paths, searched=word == "searched") for (word, kind), paths in in_order]
    rows += [(in_words(kind), gettext("not searched for"), "") for kind in dict.fromkeys(not_sought)]
    return Section("Looked into beside the ways", (), ("What", "Columns", "Which"), tuple(rows))


def of_events(events: Iterable[tuple[Any, Mapping[str, Any] | None]]) -> Section | None:
    """The section of the last reading of each source, by the trail; None: none was searched."""
    read = {p["source"]: p for header, p in events if header.type == "extracted" and p and "ledger" in p}
    if not read:
        return None
    not_sought = dict.fromkeys(kind for payload in read.values() for kind in payload["not_sought"])
    return ledger_section([(name, payload["ledger"]) for name, payload in read.items()], not_sought)


def _row(kind: str, paths: Sequence[str], *, searched: bool) -> tuple[str, str, str]:
    if searched:
        tables = len({path.rpartition(".")[0] for path in paths})
        where = ngettext(
            "{columns} in {number} table", "{columns} in {number} tables", tables, columns=len(paths)
        )
        return gettext(WORDS.get(kind, "")) or in_words(kind), where, ""
    more = gettext(" and {number} more", number=len(paths) - _MOST) if len(paths) > _MOST else ""
    what = gettext("Not looked into: {why}", why=in_words(kind).lower())
    return what, str(len(paths)), ", ".join(paths[:_MOST]) + more
