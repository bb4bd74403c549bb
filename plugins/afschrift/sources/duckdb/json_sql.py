"""Parts of JSON documents by DuckDB's functions, with the digits of each number as they stand.

DuckDB writes numbers anew: 1.10 becomes 1.1. So while a document is taken apart each number in it stands as a
text behind a mark, and becomes a number again in what is left. A Python function is no way out: the sessions
of a process on one file share it, and it goes with the first of them that ends.
"""

from __future__ import annotations

from afschrift.domain.value_kind import DocumentPart, MemberPath
from afschrift.sources.dialect import StandardDialect
from afschrift.sources.json_parts import NO_DOCUMENT, TWICE, Tree, tree

_MARK = r"\u0001"
"""As it stands in JSON. A text that begins with it gets one more, so that nothing is taken for a number."""

_TOKENS = r'"(?:[^"\\]|\\.)*"|[-+.0-9A-Za-z]+|[{}\[\],:]'
_literal = StandardDialect().literal


def part_of_json(text: str, part: DocumentPart, place: str) -> str:
    """SQL of the text of a part; NULL where there is none.

    Args:
        text: SQL of the document as text, without braces of its own.
        part: which one.
        place: `table.column`, for errors.

    Returns:
        With braces doubled, as a template.
    """
    write = _Parts(place)
    inside = write.member("v0", part.path) if part.path else write.rest("v0", tree(part.named))
    whole = _let(_marked("d"), "v0", inside)
    failed = write.failed(NO_DOCUMENT, "d")
    found = f"CASE WHEN d IS NULL THEN NULL WHEN NOT json_valid(d) THEN {failed} ELSE {whole} END"
    return _let("\0", "d", found).replace("{", "{{").replace("}", "}}").replace("\0", text)


class _Parts:
    """`place`: `table.column`, for errors."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._names = 0

    def member(self, value: str, path: MemberPath) -> str:
        """The text of a member of a marked document."""
        if not path:
            return f"CASE WHEN json_type({value}) <> 'NULL' THEN {_unmarked(value)} END"
        name = self._name()
        further = _let(f"json_extract({value}, {_pointer(path[0])})", name, self.member(name, path[1:]))
        return f"CASE WHEN json_type({value}) = 'OBJECT' THEN {self._once(value, further)} END"

    def rest(self, value: str, named: Tree) -> str:
        """The text of a marked document without some members; NULL where nothing else is in it."""
        key = self._name()
        pointer = f"'/' || replace(replace({key}, '~', '~0'), '/', '~1')"
        text = _unmarked(f"json_extract({value}, {pointer})")
        whens = []
        for name, inside in named.items():
            if inside:
                below = self._name()
                left = _let(f"json_extract({value}, {_pointer(name)})", below, self.rest(below, inside))
                whens.append(f"WHEN {_literal(name)} THEN {left}")
        if whens:
            text = f"CASE {key} {' '.join(whens)} ELSE {text} END"
        keys = f"json_keys({value})"
        if gone := ", ".join(_literal(name) for name, inside in named.items() if not inside):
            keys = f"list_filter({keys}, lambda {key}: {key} NOT IN ({gone}))"
        written = f"list_transform({keys}, lambda {key}: CAST(to_json({key}) AS VARCHAR) || ':' || {text})"
        whole = f"nullif('{{' || coalesce(array_to_string({written}, ','), '') || '}}', '{{}}')"
        return (
            f"CASE json_type({value}) WHEN 'OBJECT' THEN {self._once(value, whole)} WHEN 'NULL' THEN NULL "
            f"ELSE {_unmarked(value)} END"
        )

    def failed(self, what: str, value: str) -> str:
        """Ends the statement; the message depends on the row, else it would be one of the statement."""
        return f"error({_literal(f'[afschrift: {what}]{self._place}|')} || strlen(CAST({value} AS VARCHAR)))"

    def _once(self, value: str, found: str) -> str:
        twice = f"len(json_keys({value})) > len(list_distinct(json_keys({value})))"
        return f"CASE WHEN {twice} THEN {self.failed(TWICE, value)} ELSE {found} END"

    def _name(self) -> str:
        self._names += 1
        return f"v{self._names}"


def _let(value: str, name: str, expression: str) -> str:
    """An expression over a value, which is made once."""
    return f"list_extract(list_transform([{value}], lambda {name}: {expression}), 1)"


def _pointer(name: str) -> str:
    return _literal("/" + name.replace("~", "~0").replace("/", "~1"))


def _tokens(text: str, changed: str) -> str:
    tokens = f"regexp_extract_all({text}, {_literal(_TOKENS)})"
    return f"array_to_string(list_transform({tokens}, lambda x: {changed}), '')"


def _marked(text: str) -> str:
    number = (
        f"""x[1] IN ('-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9') THEN '"{_MARK}' || x || '"'"""
    )
    also = f"""starts_with(x, '"{_MARK}') THEN '"{_MARK}' || x[2:]"""
    return _tokens(text, f"CASE WHEN {number} WHEN {also} ELSE x END")


def _unmarked(json: str) -> str:
    marked = len(_MARK) + 1
    number = f"x[{marked + 1}] = '-' OR x[{marked + 1}] BETWEEN '0' AND '9' THEN x[{marked + 1}:-2]"
    text = f"""CASE WHEN {number} ELSE '"' || x[{marked + 1}:] END"""
    changed = f"""CASE WHEN starts_with(x, '"{_MARK}') THEN {text} ELSE x END"""
    return _tokens(f"CAST({json} AS VARCHAR)", changed)
