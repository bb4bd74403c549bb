"""A Dutch officer reads Dutch: no code, digest, JSON, machine's date or English word on a page."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.ground_forms import GROUNDS
from tests.support.pages import Desk, text_of
from tests.support.words import codes

from afschrift.casework.actions.action import Subject
from afschrift.casework.actions.actions import actions_of
from afschrift.casework.question_kinds import KINDS
from afschrift.law.roles import Role

PEOPLE = {
    Role.OFFICER: "anna",
    Role.SECOND_SIGNER: "sam",
    Role.SOURCE_OWNER: "kim",
    Role.DPO: "dirk",
    Role.INTAKE: "ivo",
    Role.AUDITOR: "ada",
    Role.MAP_OWNER: "moe",
}
CHOICES = [(o.value, g.code) for g in GROUNDS.grounds.values() for o in g.outcomes]
_COLUMNS = {"columns": ["shop.login.at"]}
_ROWS = {"table": "shop.login", "rows": 3}
_FILES = {"table": "shop.login", "files": 2, "rows": [1], "reasons": {"not_there": 1}}
DETAILS: dict[str, dict[str, Any]] = {
    **dict.fromkeys(
        ("unclassified", "mixed", "basis_unknown", "consent_missing", "others_undecided"), _COLUMNS
    ),
    **dict.fromkeys(("special_condition_unknown", "special_condition_other"), _COLUMNS),
    **dict.fromkeys(("unknown_origin", "foreign_rows"), _ROWS),
    "identity": {"risk": "substantial", "factors": ["special_categories", "contact_changed"]},
    "minor": {"minor": "yes"},
    "mandate": {"minor": "no"},
    "unlisted_tables": {"source": "shop", "tables": ["invented"]},
    "rows_not_given": {"findings": ["shop.login: no_rows"]},
    "residual_rows": {"column": "shop.login.at", "rows": 2},
    "file_missing": _FILES,
    "active_content": {**_FILES, "found": {"macro": 1}, "where": []},
    "no_right": {"tables": ["shop.login"]},
    "sheet_incomplete": {"fields": ["recipients"]},
    "shared_key": {"key": "email"},
    "source_down": {"source": "shop", "since": "2026-06-01T10:00:00Z", "tables": 3, "hindrance": "keys"},
    "rest_gone": {"source": "shop", "tables": ["login"], "rest_by": "2026-07-01"},
    "damaged_value": {"source": "shop", "place": "shop.login.at", "damage": "wrong_type"},
    "possible_breach": {"letter": "let-000000000000"},
    "decision": {"flags": [{"flag": "repetition", "rules": ["R48"], "count": 2, "within_days": 365}]},
    "review": {"why": ["answered", "pointed_out"], "tables": {"shop.login": 3}, "bytes": 100},
    "redaction_lost": {"redactions": ["r-1"]},
    "deceased": {"recorded_in": "req-000000000000"},
    "tell_person": {"letter": "delivery", "answer": "f-000000000000"},
}

pytestmark = pytest.mark.slow

_ENGLISH = re.compile(
    r"\b(the|and|to|are|not|that|this|these|with|by|for|from|has|have|does|when|what|who|which|where|why|how|"
    r"yes|no|none|nothing|request|requests|question|letter|letters|day|days|row|rows|table|tables|column|"
    r"columns|key|keys|file|files|person|answer|decision|needed|until|since|will|they|it|its|be|been|may|must|"
    r"can|only|all|any|other|or|at|on|if|choose|record|received|sent|reason|search|searched|held|given|due|"
    r"officer|signer|keeper|ground|fee|period|proof|channel|review|run|data)\b",
    re.IGNORECASE,
)
_DUTCH_TOO = {"run", "data", "review"}
_MACHINES = re.compile(r"\d{4}-\d\d-\d\d|\b[0-9a-f]{16,}\b|[{}\[\]\"]|\bR\d\d\b|\bNone\b|`")
_CODES = {str(code) for code in codes() if "_" in str(code)}
_WORD = re.compile(r"[A-Za-z]\w*")


def faults(html: str) -> set[str]:
    """What on a page is not for a Dutch reader; ids, accounts and names of the data map are."""
    html = re.sub(r"<(code|textarea|footer).*?</\1>", " ", html, flags=re.DOTALL)
    html = re.sub(r'<p class="pre">.*?</p>|zoals 20[0-9T:+.-]+|track-and-trace', " ", html, flags=re.DOTALL)
    text = re.sub(r"\b(req|q|case|let|l|f)-[0-9a-z]{6,}(\.\d+)?|\b[a-z]+:[a-z]+\b", " ", text_of(html))
    text = re.sub(r"\b\w+\.\w+(\.\w+)?\b", " ", text)
    found = {word.lower() for word in _ENGLISH.findall(text)} - _DUTCH_TOO - {"at"}  # a column
    return found | set(_MACHINES.findall(text)) | (_CODES & set(_WORD.findall(text)))


def pages(desk: Desk) -> Iterator[tuple[str, str, str]]:
    """Name, person and address of the pages."""
    request, question = desk.identity()
    yield "first page", "anna", "/"
    yield "request", "anna", f"/requests/{request}"
    yield "identity", "anna", f"/questions/{question}"
    yield "change keys", "anna", f"/requests/{request}/do/keys"
    yield "no such question", "anna", "/questions/q-000000000000"
    about = desk.submit(desk.customers.pop(), "access")
    for kind in KINDS.values():
        detail, options = DETAILS.get(kind.name, {}), list(kind.options)
        asked = desk.register.questions.ask(about, kind.name, options=options, detail=detail, role=kind.role)
        yield f"question {kind.name}", PEOPLE[kind.role], f"/questions/{asked.id}"
    _, decision = desk.decision("access")
    yield "decision", "anna", f"/questions/{decision}"
    for choice, ground in CHOICES:
        yield f"{choice} {ground}", "anna", f"/questions/{decision}?choice={choice}&ground={ground}"
    yield "manual search", "kim", f"/questions/{desk.manual()[1]}"
    for action in actions_of(Subject.REQUEST, Subject.CASE):
        yield f"action {action.name}", PEOPLE[action.role], f"/requests/{request}/do/{action.name}"
    for user, path in (
        ("anna", "/policies"),
        ("anna", "/sources/shop/do/evasive"),
        ("sam", "/sources/shop/do/sign-evasive"),
    ):
        yield path, user, path


@pytest.fixture(scope="module")
def found(desk: Desk) -> dict[str, set[str]]:
    """Page -> what on it is not for a Dutch reader."""
    made = {}
    for name, user, path in pages(desk):
        page = desk.browse(user, path, headers={"Accept-Language": "nl"})
        made[name] = faults(page.text) | (
            {f"status {page.status_code}"} if page.status_code >= 500 else set()
        )
    return made


def test_pages_are_dutch(found: dict[str, set[str]]) -> None:
    wrong = {name: sorted(words) for name, words in found.items() if words}
    assert not wrong, "\n".join(f"{name}: {', '.join(words)}" for name, words in wrong.items())
