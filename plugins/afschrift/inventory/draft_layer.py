"""Merge a program's draft below a hand-written file: it adds what is new, and changes nothing classified.

A draft comes from a scan or an import. `additions` computes what it adds, `with_additions` applies it, and
`not_added` lists what is left to a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from afschrift.domain.decision import Protect

Words = Mapping[str, Any]
Path = tuple[str, ...]
Addition = tuple[Path, Any]
"""Path of an added word in a file, and its value."""

_OF_A_TABLE = frozenset({"title", "description"})
"""Words that are added to a described table; ways are added only if it has none."""
_TIES = frozenset({"key", "references"})
"""Words that make columns join keys. Adding them can change whether a classified column is given (K43)."""
_WAYS = frozenset({"subject", "join", "ways", "possible"})
_NAMED = frozenset({"purposes", "stores", "keys"})


def additions(here: Words, draft: Words, *, ties: bool = False) -> list[Addition]:
    """Return what a draft adds to a file.

    A column that a person classified gets nothing; one that is proposed or not classified gets the words that
    it lacks, with `proposed` of the draft if that gives it its origin. A table with a way to the person gets
    no other way; one with a classified column gets no `key` or `references` (`not_added` lists them), and its
    first way as a guess.

    Args:
        here: content of a file.
        draft: content of the same form.
        ties: add `key` and `references` also next to classified columns, for a draft that was written before
            they were classified.
    """
    return list(_of_source(here, draft, ties=ties))


def with_additions(here: Words, added: Iterable[Addition]) -> dict[str, Any]:
    """Return content with additions. Only the changed mappings are copied, since a map can be large."""
    found = dict(here)
    copied: dict[Path, dict[str, Any]] = {(): found}
    for path, value in added:
        within = found
        for depth, step in enumerate(path[:-1], 1):
            if path[:depth] not in copied:
                copied[path[:depth]] = within[step] = dict(within.get(step) or {})
            within = within[step]
        within[path[-1]] = value
    return found


def not_added(here: Words, draft: Words) -> list[str]:
    """Return a line for each word that `additions` leaves out, as it would change classified columns."""
    tables = here.get("tables") or {}
    return [
        f"tables.{entry}.{word} ({words}) is not added: it decides which classified columns are given; write "
        "it there if it is right"
        for entry, table in _entries(tables, draft.get("tables") or {})
        for word, words in _ties_left_out(tables.get(entry) or {}, table)
    ]


def confirmed_by_name(table: Words) -> set[str]:
    """Return the columns that `confirmed` of a table names: they are classified, if only by a default."""
    return {name for listed in confirmations_of(table) for name in listed["columns"]}


def confirmations_of(table: Words) -> list[Words]:
    """Return `confirmed` of a table as a list of confirmations."""
    listed = _listed(table.get("confirmed") or [])
    return [entry if isinstance(entry, Mapping) else {"columns": [entry]} for entry in listed]


def _takes_proposals(table: Words, column: Words) -> bool:
    """Whether a column is not classified by a person, and a proposal in it remains visible as one."""
    if "decided" in column or column.get("protect") == Protect.SECRET:
        return False
    if "review" in column or table.get("review") == "needed":
        return bool(column.get("review", "needed") == "needed")
    return "origin" not in column and "origin" not in table


def _ties_left_out(here: Words, draft: Words) -> Iterator[tuple[str, str]]:
    if here.get("copy_of") or not _has_classified(here):
        return
    for word in sorted(_TIES & draft.keys() - here.keys()):
        value = draft[word]
        pairs = (f"{own}: {target}" for own, target in value.items()) if word == "references" else value
        yield word, ", ".join(pairs)


def _of_source(here: Words, draft: Words, *, ties: bool) -> Iterator[Addition]:
    for word, value in draft.items():
        if word not in here:
            yield (word,), value
        elif word == "tables":
            for entry, table in _entries(here[word] or {}, value):
                if entry in (here[word] or {}):
                    yield from _of_table(("tables", entry), here[word][entry] or {}, table, ties=ties)
                else:
                    yield ("tables", entry), table
        elif word in _NAMED:
            yield from (
                ((word, name), words) for name, words in value.items() if name not in (here[word] or {})
            )


def _entries(here: Words, draft: Words) -> Iterator[tuple[str, Words]]:
    """Yield the tables of a draft, with the entry names that the file has for them."""
    names = _names(here, draft)
    for name, words in draft.items():
        known = name not in here and name in names and "table" not in words
        yield names[name] if known else name, _renamed(words, names)


def _names(here: Words, draft: Words) -> dict[str, str]:
    """Return tables of the draft that have another name in the file -> the first of their entries there."""
    found: dict[str, str] = {}
    for entry, words in here.items():
        table = (words or {}).get("table")
        if table and table in draft and table not in here:
            found.setdefault(table, entry)
    return found


def _renamed(table: Words, names: Mapping[str, str]) -> Words:
    """Return a table whose ways and references use the entry names of the file."""
    if not names:
        return table

    def end(target: str) -> str:
        parent, _, column = target.rpartition(".")
        return f"{names.get(parent, parent)}.{column}"

    changed: dict[str, Any] = {}
    if join := table.get("join"):
        ways = [{own: end(target) for own, target in way.items()} for way in _listed(join)]
        changed["join"] = ways if isinstance(join, list) else ways[0]
    if references := table.get("references"):
        changed["references"] = {own: end(target) for own, target in references.items()}
    return {**table, **changed}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _of_table(path: Path, here: Words, draft: Words, *, ties: bool) -> Iterator[Addition]:
    if here.get("copy_of"):
        return
    has_way = "subject" in here or "join" in here or here.get("personal") is False
    taken = _OF_A_TABLE if has_way else _OF_A_TABLE | _WAYS
    if ties or not _has_classified(here):
        taken |= _TIES
    elif not has_way and {"subject", "join"} & draft.keys():
        draft = {**draft, "ways": "guessed"}
    for word, value in draft.items():
        if word == "columns":
            yield from _of_columns(path, here, _each_waits(draft, value))
        elif word not in here and word in taken:
            yield (*path, word), value


def _has_classified(table: Words) -> bool:
    """Whether a personal table has a column that a person classified."""
    if table.get("personal") is False:
        return False
    columns = (table.get("columns") or {}).values()
    return bool(confirmed_by_name(table)) or any(
        not _takes_proposals(table, column or {}) for column in columns
    )


def _each_waits(table: Words, columns: Words) -> Words:
    """Return the columns of a draft with `review: needed` of their table."""
    if table.get("review") != "needed":
        return columns
    settled = {"review", "decided"}
    return {
        name: words if settled & set(words) else {**words, "review": "needed"}
        for name, words in columns.items()
    }


def _of_columns(path: Path, table: Words, draft: Words) -> Iterator[Addition]:
    confirmed = confirmed_by_name(table)
    here = table.get("columns") or {}
    for name, words in draft.items():
        if name in confirmed:
            continue
        if name not in here:
            yield (*path, "columns", name), words
            continue
        column = here[name] or {}
        if _takes_proposals(table, column):
            waits = {"decided"} if column.get("review") == "needed" else set()
            more = [word for word in words if word not in column and word not in waits]
            if "origin" in more and "proposed" in words and "proposed" in column:
                more.append("proposed")
            yield from (((*path, "columns", name, word), words[word]) for word in more)
