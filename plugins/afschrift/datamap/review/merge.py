"""Add a draft to a file of the inventory: only what is new, and nothing to what a person confirmed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from afschrift.datamap.review.mergeable import words_of_file
from afschrift.datamap.review.nodes import FileMap, changed, pairs_of
from afschrift.datamap.review.yaml_insert import Path, end_of, insert
from afschrift.datamap.review.yaml_lines import flow
from afschrift.domain.decision import Protect
from afschrift.outside.read_yaml import read_yaml

Words = Mapping[str, Any]

_OF_A_TABLE = frozenset({"title", "description"})
"""What a table gets that is described already; its ways it gets only where it has none."""
_TIES = frozenset({"key", "references"})
"""What says of columns that they tie rows together, so of classified ones whether they leave (K43)."""
_WAYS = frozenset({"subject", "join", "ways"})
_NAMED = frozenset({"purposes", "stores"})


def merge(existing_text: str, draft: Words, name: str = "The file") -> tuple[str, list[str]]:
    """The text of a file with what a draft has more, and the paths of what was added.

    A word that stands there stays, and so do comments and layout; the reason alone (`proposed`) of a column
    that was left open is the one of its origin. A column that a person classified gets
    nothing; one that only a program proposed, or that nobody classified, gets the words that it lacks. A
    table that is described gets no other way to the person, and one with a classified column no `key` or
    `references` (`not_added` tells them); a first way it gets as a guess. Done again, nothing is added, and
    the text is returned as it was given.

    Args:
        existing_text: YAML of a source; empty: there is no file yet.
        draft: a source, as docs/inventory.md describes it.
        name: of the file, for errors.

    Raises:
        ConfigurationError: the text is no YAML of a source, or what would get more is used in several
            places.
    """
    here = words_of_file(existing_text, name)
    additions = list(_of_source(here, draft))
    if not additions:
        return existing_text, []
    told = [name for path, value in additions for name in _told(path, value)]
    return _with_reasons(insert(existing_text, additions), here, draft, additions), told


def _with_reasons(text: str, here: Words, draft: Words, additions: list[tuple[Path, Any]]) -> str:
    """The text with the new reason of each column that was left open by a program, and has an origin now."""
    tables, edits = dict(_entries(here.get("tables") or {}, draft.get("tables") or {})), []
    opened = [path for path, _ in additions if path[2:3] == ("columns",) and path[4:] == ("origin",)]
    if not opened:
        return text
    described = FileMap(text)
    for _, table, _, column, _ in opened:
        reason = tables[table]["columns"][column].get("proposed")
        for key, value in pairs_of(described.at("tables", table, "columns", column)):
            start, end = value.start_mark.index, end_of(value)
            if key.value == "proposed" and reason and "#" not in text[start:end]:  # a comment stays
                edits.append((start, end, flow(reason)))
    return changed(text, edits)


def not_added(existing_text: str, draft: Words) -> list[str]:
    """What a draft says and `merge` leaves to a person, a line each: it would change what is classified.

    Args:
        existing_text: YAML of a source, which `merge` takes.
        draft: that is added to it, or was.
    """
    here = (read_yaml(existing_text) or {}).get("tables") or {}
    return [
        f"tables.{entry}.{word} ({said}) is not added: it bears on which classified columns leave; write it "
        "there if it is so"
        for entry, table in _entries(here, draft.get("tables") or {})
        for word, said in _ties_left_out(here.get(entry) or {}, table)
    ]


def _ties_left_out(here: Words, draft: Words) -> Iterator[tuple[str, str]]:
    if here.get("copy_of") or not _has_classified(here):
        return
    for word in sorted(_TIES & draft.keys() - here.keys()):
        value = draft[word]
        pairs = (f"{own}: {target}" for own, target in value.items()) if word == "references" else value
        yield word, ", ".join(pairs)


def _told(path: Path, value: Any) -> Iterator[str]:
    """Tables are told one by one."""
    if path == ("tables",):
        yield from (f"tables.{name}" for name in value)
    else:
        yield ".".join(path)


def _of_source(here: Words, draft: Words) -> Iterator[tuple[Path, Any]]:
    for word, value in draft.items():
        if word not in here:
            yield (word,), value
        elif word == "tables":
            yield from _of_tables(here[word] or {}, value)
        elif word in _NAMED:
            yield from (((word, name), one) for name, one in value.items() if name not in (here[word] or {}))


def _of_tables(here: Words, draft: Words) -> Iterator[tuple[Path, Any]]:
    for entry, table in _entries(here, draft):
        if entry in here:
            yield from _of_table(("tables", entry), here[entry] or {}, table)
        else:
            yield ("tables", entry), table


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


def _of_table(path: Path, here: Words, draft: Words) -> Iterator[tuple[Path, Any]]:
    if here.get("copy_of"):
        return
    has_way = "subject" in here or "join" in here or here.get("personal") is False
    taken = _OF_A_TABLE if has_way else _OF_A_TABLE | _WAYS
    if not _has_classified(here):
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
    return bool(_confirmed(table)) or any(not _takes_proposals(table, one or {}) for one in columns)


def _each_waits(table: Words, columns: Words) -> Words:
    """The columns of a draft with what their table says of all of them."""
    if table.get("review") != "needed":
        return columns
    settled = {"review", "decided"}
    return {
        name: words if settled & set(words) else {**words, "review": "needed"}
        for name, words in columns.items()
    }


def _of_columns(path: Path, table: Words, draft: Words) -> Iterator[tuple[Path, Any]]:
    confirmed = _confirmed(table)
    new = {name: words for name, words in draft.items() if name not in confirmed}
    if "columns" not in table:
        if new:
            yield (*path, "columns"), new
        return
    here = table["columns"] or {}
    for name, words in new.items():
        if name not in here:
            yield (*path, "columns", name), words
            continue
        column = here[name] or {}
        if _takes_proposals(table, column):
            waits = {"decided"} if column.get("review") == "needed" else set()
            more = [word for word in words if word not in column and word not in waits]
            yield from (((*path, "columns", name, word), words[word]) for word in more)


def _confirmed(table: Words) -> set[str]:
    """Columns that `confirmed` of a table names: people said of them what they are, if only by a default."""
    lists = [
        one["columns"] if isinstance(one, Mapping) else [one] for one in _listed(table.get("confirmed", []))
    ]
    return {name for names in lists for name in names}


def _takes_proposals(table: Words, column: Words) -> bool:
    """Whether no person said what a column is, and a proposal in it shows as one."""
    if "decided" in column or column.get("protect") == Protect.SECRET:
        return False
    if "review" in column or table.get("review") == "needed":
        return bool(column.get("review", "needed") == "needed")
    return "origin" not in column and "origin" not in table
