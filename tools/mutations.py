"""Small faults that can be planted in expressions, the places for them, and the table of those drawn."""

from __future__ import annotations

import ast
import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = ROOT / "plugins" / "afschrift"
_PAIRS = ((ast.Eq, ast.NotEq), (ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Is, ast.IsNot), (ast.In, ast.NotIn))
_OPPOSITE = dict(_PAIRS) | {second: first for first, second in _PAIRS}


@dataclass(frozen=True)
class Mutant:
    """A line of the table.

    Attributes:
        module: file below `plugins/afschrift` in which it was last found; a hint.
        nth: which of the equal expressions of the definition it is, from 0.
        result: `killed`, `survived`, `equivalent` where a person saw that nothing changes, `gone`
            where its code is not found, `no test` where no test of it is.
        by: test that killed it.
        was: what it was before the code was replaced, or why nothing changes, by hand.
        tests: that execute the line, fastest first, separated by blanks.
    """

    id: int
    module: str
    definition: str
    expression: str
    nth: int
    mutated: str
    result: str = ""
    by: str = ""
    was: str = ""
    tests: str = ""


@dataclass(frozen=True)
class Place:
    """Where in a file a mutant can be planted.

    Attributes:
        key: qualified name of the definition, text of the expression, which of its kind, and what it becomes.
        start: first byte of the expression.
    """

    path: Path
    key: tuple[str, str, int, str]
    line: int
    start: int
    end: int


class _Expressions(ast.NodeVisitor):
    """Expressions inside functions, with the function's qualified name, and whether they are a condition.

    Annotations, decorators, defaults of parameters, what is raised and formatted texts are left out.
    """

    def __init__(self) -> None:
        self.found: list[tuple[str, ast.expr | ast.Expr, bool]] = []
        self._names: list[str] = []
        self._functions = 0
        self._conditions: set[ast.expr] = set()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._enter(node.name, node.body, function=False)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._enter(node.name, node.body, function=True)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - a name of ast

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Raise(self, node: ast.Raise) -> None:
        pass

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        pass  # Python 3.11 does not know where in it an expression is

    def generic_visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.If | ast.While | ast.IfExp):
            self._conditions.add(node.test)
        elif isinstance(node, ast.comprehension):
            self._conditions |= {*node.ifs}
        if self._functions and isinstance(node, ast.expr | ast.Expr):
            self.found.append((".".join(self._names), node, node in self._conditions))
        super().generic_visit(node)

    def _enter(self, name: str, body: Sequence[ast.stmt], *, function: bool) -> None:
        self._names.append(name)
        self._functions += function
        for statement in body:
            self.visit(statement)
        self._functions -= function
        self._names.pop()


def mutations(node: ast.AST, *, condition: bool) -> Iterator[str]:
    """What may take the place of an expression."""
    match node:
        case ast.Compare(left, [operator], [right]):
            yield ast.unparse(ast.Compare(left, [_OPPOSITE[type(operator)]()], [right]))
        case ast.BoolOp(operator, values):
            yield ast.unparse(ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values))
            yield ast.unparse(values[0])
        case ast.UnaryOp(ast.Not(), operand):
            yield ast.unparse(operand)
        case ast.IfExp(_, body, orelse):
            yield ast.unparse(body)
            yield ast.unparse(orelse)
        case ast.Constant(bool(value)):
            yield str(not value)
        case ast.Constant(int(value)):
            yield str(value + 1)
        case ast.Call(ast.Name("any" | "all" as name), [_]):
            yield f"{'all' if name == 'any' else 'any'}{ast.unparse(node)[3:]}"
        case ast.Expr(ast.Call()):
            yield "None"
        case ast.Name() | ast.Attribute() | ast.Call() | ast.NamedExpr() if condition:
            yield f"not {ast.unparse(node)}"


def without(node: ast.AST, *, condition: bool) -> Iterator[str]:
    """An expression without a condition: one operand of and/or less, or always, or never."""
    if isinstance(node, ast.BoolOp):
        for left_out in range(len(node.values)):
            rest = [value for number, value in enumerate(node.values) if number != left_out]
            yield ast.unparse(ast.BoolOp(node.op, rest) if len(rest) > 1 else rest[0])
    if condition:
        yield from ("True", "False")


def places(path: Path, changes: Callable[..., Iterator[str]] = mutations) -> Iterator[Place]:
    """All places of a file, in the order of its text."""
    source = path.read_bytes()
    offsets = [0]
    for line in source.splitlines(keepends=True):
        offsets.append(offsets[-1] + len(line))
    visitor = _Expressions()
    visitor.visit(ast.parse(source))
    seen: Counter[tuple[str, str, str]] = Counter()
    for definition, node, condition in visitor.found:
        text = ast.unparse(node)
        for mutated in changes(node, condition=condition):
            nth = seen[definition, text, mutated]
            seen[definition, text, mutated] += 1
            start = offsets[node.lineno - 1] + node.col_offset
            end = offsets[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
            yield Place(path, (definition, text, nth, mutated), node.lineno, start, end)


def planted(mutant: Mutant) -> tuple[Path, bytes] | None:
    """The file that holds the expression now and its text with the mutant; None where it is gone.

    Of several files that hold it the one with the same name, then with the longest way in common, is taken.
    """
    last = PRODUCT / mutant.module
    key = (mutant.definition, mutant.expression, mutant.nth, mutant.mutated)
    name = mutant.definition.rpartition(".")[2].encode()

    def far(path: Path) -> tuple[bool, bool, int, Path]:
        return path != last, path.name != last.name, -len({*path.parts} & {*last.parts}), path

    for path in sorted(PRODUCT.rglob("*.py"), key=far):
        if name in (source := path.read_bytes()):
            for place in (*places(path), *places(path, without)):
                if place.key == key:
                    return path, source[: place.start] + f"({mutant.mutated})".encode() + source[place.end :]
    return None


def read_table(path: Path) -> dict[int, Mutant]:
    """The mutants of a file by their ids; none where there is no file."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = [
            {**row, "id": int(row["id"]), "nth": int(row["nth"])}
            for row in csv.DictReader((line for line in file if line[0] != "#"), delimiter="\t")
        ]
    return {row["id"]: Mutant(**row) for row in rows}


def write_table(path: Path, mutants: Iterable[Mutant]) -> None:
    """Write mutants in the order of their ids."""
    path.parent.mkdir(exist_ok=True)
    head = next(path.open(encoding="utf-8"), "") if path.exists() else ""
    with path.open("w", encoding="utf-8", newline="") as file:
        names = [field.name for field in fields(Mutant)]
        file.write(head if head.startswith("#") else "")
        writer = csv.DictWriter(file, names, delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(mutant) for mutant in sorted(mutants, key=lambda mutant: mutant.id))
