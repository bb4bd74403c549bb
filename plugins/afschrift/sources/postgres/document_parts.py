"""Parts of JSON documents, by PostgreSQL's own functions.

Members keep their text: `json` changes no digit, and `jsonb` gives what it stores. Two members with the same
name, which only `json` can store, fail the statement if one of them would have to be chosen.
"""

from __future__ import annotations

from afschrift.domain.sources import in_template
from afschrift.domain.value_kind import DocumentPart, MemberPath
from afschrift.sources.dialect import StandardDialect
from afschrift.sources.json_parts import TWICE, Tree, tree
from afschrift.sources.postgres.column_types import raise_sql

_sql = StandardDialect()


def value_of(native: str, part: DocumentPart, place: str) -> str | None:
    """SQL of a part, in the type of its document; None for a type that is no document.

    Args:
        native: type of the document, without its modifiers; texts are read as JSON, as the data map says.
        part: the part.
        place: `table.column`, for errors.

    Returns:
        A template with `{column}` for the document.
    """
    if native not in ("json", "jsonb", "text", "character varying", "character"):
        return None
    functions = "jsonb" if native == "jsonb" else "json"
    document = "{column}" if native in ("json", "jsonb") else "CAST({column} AS json)"
    documents = _Documents(functions, place)
    if part.path:
        value = documents.member(document, part.path)
    else:
        value = f"CAST({documents.rest(document, tree(part.named))} AS {functions})"
    return value if native == functions else f"CAST({value} AS text)"


class _Documents:
    """SQL over documents of one type.

    Args:
        functions: `json` or `jsonb`, the prefix of the names of its functions.
        place: `table.column`, for errors.
    """

    def __init__(self, functions: str, place: str) -> None:
        self._functions, self._place = functions, place

    def member(self, document: str, path: MemberPath) -> str:
        """SQL of a member; NULL if it is missing or null."""
        name, *further = path
        found = f"({document} -> {_text(name)})"
        if further:
            inside = self.member(found, tuple(further))
        else:
            inside = f"CASE WHEN {self._functions}_typeof({found}) <> 'null' THEN {found} END"
        if self._functions == "jsonb":
            return inside
        once = self._once(document, inside, "json")
        return f"CASE WHEN json_typeof({document}) = 'object' THEN {once} END"

    def rest(self, document: str, named: Tree, depth: int = 1) -> str:
        """SQL of the text of a document without some members; NULL if nothing else is in it."""
        alias = f"m{depth}"
        text = f"CAST({alias}.value AS text)"
        inner = {name: inside for name, inside in named.items() if inside}
        if inner:
            whens = " ".join(
                f"WHEN {_text(name)} THEN {self.rest(f'{alias}.value', inside, depth + 1)}"
                for name, inside in inner.items()
            )
            text = f"CASE {alias}.key {whens} ELSE {text} END"
        gone = ", ".join(_text(name) for name, inside in named.items() if not inside)
        where = f" WHERE {alias}.key NOT IN ({gone})" if gone else ""
        joined = f"string_agg(CAST(to_json({alias}.key) AS text) || ':' || {text}, ',' ORDER BY {alias}.n)"
        each = f"{self._functions}_each({document}) WITH ORDINALITY AS {alias}(key, value, n)"
        whole = f"(SELECT '{{{{' || {joined} || '}}}}' FROM {each}{where})"  # noqa: S608 - quoted
        if self._functions == "json":
            whole = self._once(document, whole, "text")
        return (
            f"CASE {self._functions}_typeof({document}) WHEN 'object' THEN {whole} WHEN 'null' THEN NULL "
            f"ELSE CAST({document} AS text) END"
        )

    def _once(self, document: str, value: str, type_: str) -> str:
        """SQL of a value that fails if the object has two members with the same name."""
        twice = f"(SELECT count(*) > count(DISTINCT k.k) FROM json_object_keys({document}) AS k(k))"  # noqa: S608 - quoted
        failed = raise_sql(TWICE, self._place, f"length(CAST({document} AS text))")
        return f"CASE WHEN {twice} THEN CAST({failed} AS {type_}) ELSE {value} END"


def _text(name: str) -> str:
    return f"CAST({in_template(_sql.literal(name))} AS text)"
