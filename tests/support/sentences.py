"""Sentences that the product makes in English and pages translate: refusals, labels of views, the clock."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from afschrift.domain.language import for_page
from afschrift.law.clock.deadline import _WEEKDAYS

PACKAGE = Path(__file__).resolve().parents[2] / "plugins/afschrift"

_OFFICERS = (
    *(
        "casework/**/*.py",
        "domain/redaction.py",
        "law/**/*.py",
        "questions/*.py",
        "web/**/*.py",
        "datamap/review/offered.py",
        "datamap/review/confirmations.py",
        "letters/kinds.py",
    ),
    *(f"register/{name}.py" for name in ("base", "documents", "identities", "letters", "outbox")),
    *(f"register/{name}.py" for name in ("questions", "requests", "timelines")),
)
"""Modules whose refusals and views an officer meets on a page."""

_SPOKEN = {
    "law/clock/clock.py": ("suspension", "_receipt_words", "_fact_words", "_waits", "_in_order"),
    "law/clock/deadline.py": ("_asked", "_extension", "add"),
    "casework/identity/look_up.py": ("_said", "_of_table"),
    "casework/answer.py": ("look",),
    "casework/letters/send.py": ("_raise_unless_settled",),
    "datamap/review/offered.py": ("effect",),
    "casework/decision/answer.py": ("_letter_section",),
    "casework/review/resolve.py": ("_of_file", "placed", "_fault", "rows", "redaction"),
    "domain/redaction.py": ("check_span", "before_masking", "_before"),
    "web/map_review/map_form.py": ("fault", "answer"),
    "web/map_review/map_page.py": ("_of_faults",),
    "web/question_status.py": ("why_barred",),
}
"""Functions all of whose texts people read."""

_WHOLE = (
    *("1 month", "3 months", "{months} after {begin}: {counted}."),
    "{months} after {begin}, and {shift} days: {counted}.",
    "Received on {received} ({country}).",
    "Suspended since {start}; an answer is awaited (R42).",
    "The answer came after that: not before {raw} (R43).",
    "Not a working day ({reasons}): {last} (Reg. 1182/71, Art. 3(4)).",
    "{last} may be a day off ({why}), which is not settled: of two readings the earlier day is due, and not "
    "{other}.",
    "The question of {asked} was sent after the target, {target}: it counts, but R42 wants it asked without "
    "delay.",
    "The question of {asked} was sent {days} working days after {since}: it counts, but R42 wants it asked "
    "without delay.",
    "{place} by {day}",
    "It counts once a second person signs: question {question}, role second_signer.",
    *("The person was informed: the request is closed.", "The next run delivers what there is."),
    *("Nothing leaves any more.", "There is no mail server for letters."),
    *("The message counts as not received (R03).", "The letter '{kind}' could not be made: {error}"),
    *("The answer is recorded.", "The request is closed by it.", "The next run starts by itself later."),
    "The next run starts with the answer to the last open question: {others}.",
    "Run {run} of this request is still going.",
    *(f"{day} {{day}}" for day in _WEEKDAYS),
    *("Saturday", "Sunday", "New Year's Day", "Easter Monday", "King's Day", "Ascension Day", "Whit Monday"),
    *("Christmas Day", "Second Day of Christmas", "Good Friday", "Liberation Day"),
)
"""Texts that are put together from parts, as they are read."""

_CONSTANTS = {
    *("BROKEN", "CANNOT", "CHECK_RECORDED", "CUT", "LOOK", "_WAYS_OUT", "LOG_IN", "MEND"),
    *("NOT_NOW", "ORIGINS", "OTHERS", "SURE", "_MISSING", "NO_MATTER", "NO_RUN", "NOT_OWNED"),
    *("RENEWED", "UNEXPECTED", "_TITLES"),
}
"""Constants of the pages. Their modules are not imported here, as these import airflow."""

_REFUSALS = re.compile(r"(NotAllowed|TooLate|Form|Refused|Unknown\w+)Error|NotEnough|TurnedDown")
_OF_THE_MAP = re.compile(r"ConfigurationError")
_LABELS = {"Line", "Section", "say"}
_NAME = re.compile(r"\{\w+\}")
_HAS_WORDS = re.compile(r"[A-Za-z]{2}.*[ .]|[A-Z][a-z]+")


@cache
def sentences() -> frozenset[str]:
    """Every such text; a value in it is named in braces."""
    found = set(_WHOLE)
    for pattern in _OFFICERS:
        for path in PACKAGE.glob(pattern):
            tree = ast.parse(path.read_text())
            for node in ast.walk(tree):
                if isinstance(node, ast.Call):
                    found |= set(_of_call(node, _OF_THE_MAP if path.name == "offered.py" else _REFUSALS))
                elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in _CONSTANTS:
                    found |= set(_texts(node.value))
                elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "heads":
                    found |= {text for part in ast.walk(node.value) for text in _texts(part)}
            spoken = _SPOKEN.get(path.relative_to(PACKAGE).as_posix(), ())
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef) and node.name in spoken:
                    found |= set(_of_function(node))
    return frozenset(
        text
        for text in map(for_page, found)
        if "`{" not in text
        if text in _WHOLE or _HAS_WORDS.search(_NAME.sub("", text))
    )


def _of_call(call: ast.Call, refusals: re.Pattern[str]) -> Iterator[str]:
    func = call.func
    of = func.value if isinstance(func, ast.Attribute) and func.attr == "listing" else func
    name = of.id if isinstance(of, ast.Name) else ""
    if name in _LABELS:
        yield from (text for part in call.args[:2] for text in _texts(part))
        for head in call.args[2:3]:
            yield from (text for part in ast.walk(head) for text in _texts(part))
    elif refusals.fullmatch(name):
        for part in (*call.args, *(word.value for word in call.keywords)):
            yield from _texts(part)


def _of_function(function: ast.FunctionDef) -> Iterator[str]:
    inner = {
        id(part) for node in ast.walk(function) if isinstance(node, ast.JoinedStr) for part in node.values
    }
    doc = ast.get_docstring(function, clean=False)
    for node in ast.walk(function):
        if id(node) not in inner:
            yield from (text for text in _texts(node) if text != doc)


def _texts(node: ast.AST) -> Iterator[str]:
    """The texts that an expression may have, as templates."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield _template(parts)
        case ast.IfExp(body=yes, orelse=no):
            yield from (*_texts(yes), *_texts(no))
        case ast.Dict(values=values) | ast.Tuple(elts=values):
            for value in values:
                yield from _texts(value)


def _template(parts: list[ast.expr]) -> str:
    """A text with its values in braces, each by the last name in its expression."""
    made, names = "", dict[str, str]()
    for part in parts:
        if isinstance(part, ast.Constant):
            made += part.value
            continue
        source = ast.unparse(part.value)
        word = (re.findall(r"[a-z_]+", source.lower().removesuffix(".id")) or ["value"])[-1].strip("_")
        while names.setdefault(word, source) != source:
            word += "_"
        made += f"{{{word}}}"
    return made
