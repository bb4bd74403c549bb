"""A draft of a program below a hand-written file: it adds what is new, to nothing that people classified."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from afschrift.domain.decision import Protect

Words = Mapping[str, Any]
Path = tuple[str, ...]
Addition = tuple[Path, Any]
"""Path of a new word in a file, and its value."""

_OF_A_TABLE = frozenset({"title", "description"})
"""What a table gets that is described already; its ways it gets only where it has none."""
_TIES = frozenset({"key", "references"})
"""What says of columns that they tie rows together, so of classified ones whether they leave (K43)."""
_WAYS = frozenset({"subject", "join", "ways"})
_NAMED = frozenset({"purposes", "stores", "keys"})


def additions(here: Words, draft: Words, *, ties: bool = False) -> list[Addition]:
    """What a draft has more than a file.

    A column that a person classified gets nothing; one that only a program proposed, or that is not
    classified, gets the words that it lacks. The reason (`proposed`) of a column that was left open is the
    one of its origin. A table that is described gets no other way to the person, and one with a classified
    column no `key` or `references` (`not_added` lists them); a first way it gets as a guess.

    Args:
        here: content of a file.
        draft: content of the same form.
        ties: whether classified columns are no reason to leave `key` and `references` out, as of a draft that
            was written before they were classified.
    """
    return list(_of_source(here, draft, ties=ties))


def with_additions(here: Words, added: Iterable[Addition]) -> dict[str, Any]:
    """A copy of some content with more words; of what is not changed no copy is made."""
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
    """What a draft has and `additions` leaves out, a line each: it would change what is classified."""
    tables = here.get("tables") or {}
    return [
        f"tables.{entry}.{word} ({words}) is not added: it bears on which classified columns leave; write it "
        "there if it is so"
        for entry, table in _entries(tables, draft.get("tables") or {})
        for word, words in _ties_left_out(tables.get(entry) or {}, table)
    ]


def confirmed_by_name(table: Words) -> set[str]:
    """Columns that `confirmed` of a table names: people said of them what they are, if only by a default."""
    return {name for listed in confirmations_of(table) for name in listed["columns"]}


def confirmations_of(table: Words) -> list[Words]:
    """`confirmed` of a table as a list of confirmations."""
    listed = _listed(table.get("confirmed") or [])
    return [entry if isinstance(entry, Mapping) else {"columns": [entry]} for entry in listed]


def _takes_proposals(table: Words, column: Words) -> bool:
    """Whether no person said what a column is, and a proposal in it shows as one."""
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
    """The tables of a draft, by the names and with the ends that the file has for them."""
    names = _names(here, draft)
    for name, words in draft.items():
        known = name not in here and name in names and "table" not in words
        yield names[name] if known else name, _renamed(words, names)


def _names(here: Words, draft: Words) -> dict[str, str]:
    """Tables of the draft that have another name in the file -> the first of their entries there."""
    found: dict[str, str] = {}
    for entry, words in here.items():
        table = (words or {}).get("table")
        if table and table in draft and table not in here:
            found.setdefault(table, entry)
    return found


def _renamed(table: Words, names: Mapping[str, str]) -> Words:
    """A table whose ways end at the names that the file has."""
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
    """Whether a person said of some column of a table what it is, and it may leave."""
    if table.get("personal") is False:
        return False
    columns = (table.get("columns") or {}).values()
    return bool(confirmed_by_name(table)) or any(
        not _takes_proposals(table, column or {}) for column in columns
    )


def _each_waits(table: Words, columns: Words) -> Words:
    """The columns of a draft with what their table says of all of them."""
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
