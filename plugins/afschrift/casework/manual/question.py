"""Systems that a person searches: the question to their owner, and what the answers mean (R08)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from afschrift.domain.errors import RefusedError
from afschrift.domain.event import digest
from afschrift.domain.language import in_served
from afschrift.domain.plan import ManualPlan
from afschrift.domain.plan import ManualStatus as Status
from afschrift.domain.request import Request
from afschrift.law.manual_search import (
    GIVEN,
    KIND,
    NOT_SEARCHED,
    NOT_SEARCHED_BECAUSE,
    NOTHING_HELD,
    OPTIONS,
    OUTSIDE_BECAUSE,
    answered,
    held_back,
    outside,
)
from afschrift.law.roles import Act, Role, Roles
from afschrift.questions.ask import ask
from afschrift.questions.forms import form
from afschrift.questions.kind import OpenQuestion, QuestionKind
from afschrift.register.records import DecisionRow, QuestionRow
from afschrift.register.register import Register

if TYPE_CHECKING:
    from afschrift.inventory.model import Inventory, ManualSource

Asked = tuple[ManualPlan | None, OpenQuestion | None]


MANUAL = QuestionKind(
    "manual",
    "A system to search",
    "No query reaches this system. Search it, and say what it holds about the person (R08).",
    {
        "given": "The files that you found go into the bundle, others' data in them after a review.",
        "nothing_held": "It was searched, by more than a number, and holds nothing about the person.",
        "not_searched": "It was not searched, for the reason that you choose below; the bundle says so.",
    },
    Role.SOURCE_OWNER,
    files_with=GIVEN,
    hint="search it: `afschrift manual show {request} {source}` says how.",
    note="See [inventory.md](datamap/inventory.md#a-system-that-people-search). Another key of the person, "
    "or another instruction, is another question.",
)

KINDS = (MANUAL,)


Terms = Collection[tuple[str, str]]
"""What a system can be searched by, and its value."""


def question(source: ManualSource, which: str, terms: Terms = ()) -> OpenQuestion:
    """The question to the owner of a system, who searches it.

    An answer holds for these keys of the person and this instruction: with another key it is asked anew.

    Args:
        source: the system.
        which: fingerprint of the keys that the person gave.
        terms: what identifies the person; the keeper sees those that the system is searched by.
    """
    shown = sorted(term for term in terms if term[0] in source.search_by)
    instruction = source.instruction.model_dump()
    detail: dict[str, Any] = {"source": source.source, "medium": source.medium.value}
    by = {"search_by": source.search_by} if "search_by" in source.model_fields_set else {}
    bound = digest({"kind": KIND, **detail, "instruction": instruction, "which": which, **by})
    detail["searched_by"] = sorted({kind for kind, _ in shown})
    reason = {"title": "Why it was not searched", "enum": list(NOT_SEARCHED_BECAUSE)}
    schema = form(OPTIONS, {"reason": reason}, {NOT_SEARCHED: ("reason",)})
    words = f"It is not known yet what {source.source} ({source.medium.value}) holds."
    return OpenQuestion(
        MANUAL,
        OPTIONS,
        words,
        detail,
        bound=bound,
        form={**schema, "title": source.title.get("en"), "description": "\n\n".join(instruction.values())},
        role=source.role,
        person=source.person,
        kept={"terms": shown},
    )


def planned(
    inventory: Inventory,
    request: Request,
    which: str,
    decisions: Sequence[DecisionRow],
    questions: Sequence[QuestionRow],
    terms: Terms = (),
    hidden: Collection[str] = (),
) -> Iterator[Asked]:
    """Each such system in order: its outcome, or the question that is still open.

    Args:
        inventory: the data map.
        request: whose right and limits count.
        which: fingerprint of the keys that the person gave.
        decisions: of the request, oldest first.
        questions: of the request; one that was asked again is open, whatever its earlier answer.
        terms: what identifies the person.
        hidden: systems of which the person may not know; they are searched like all others (R08, R84).
    """
    observed = inventory.policy.observed.choice
    seen = {row.id: row.detail.get("searched_by") for row in questions}
    still_open = {row.about for row in questions if row.kind == KIND and row.answered_at is None}
    for name, source in inventory.manual.items():
        because = outside(request.right, source.medium, source.holds, observed=observed)
        if request.limits.get("tables") and name not in request.limits["tables"]:
            because = "own_limits"
        if because is not None:
            rules = (OUTSIDE_BECAUSE[because],)
            yield ManualPlan(name, source.medium, Status.OUTSIDE, rules, because), None
            continue
        asked = question(source, which, terms)
        taken = [d for d in decisions if d.kind == KIND and d.about == asked.about]
        if not taken or asked.about in still_open:
            yield None, asked
        else:
            last = taken[-1]
            choice, detail = last.choice, last.detail
            if choice == NOTHING_HELD and seen.get(last.question or "") == []:  # by a number alone
                choice, detail = NOT_SEARCHED, {"reason": "number_only"}
            found = answered(name, source.medium, choice, detail, last.at)
            yield (held_back(found) if name in hidden else found), None


def shown_terms(register: Register, asked: QuestionRow) -> list[tuple[str, str]]:
    """What the keeper is shown of the person's own record; in a form and a value as in `Terms`."""
    return [(kind, value) for kind, value in register.questions.kept(asked.id).get("terms", ())]


def how_to_search(inventory: Inventory, asked: QuestionRow) -> dict[str, str]:
    """`title` and `instruction` of a system in the language that is served; as kept, if it is gone."""
    source, kept = inventory.manual.get(str(asked.detail.get("source"))), asked.form or {}
    if source is None:
        return {"title": kept.get("title") or "", "instruction": kept.get("description", "")}
    return {"title": in_served(source.title), "instruction": in_served(source.instruction)}


def asked_again(register: Register, request_id: str) -> bool:
    """Whether a question about such a system is open, so that an earlier answer does not count."""
    return any(row.kind == KIND for row in register.questions.all(request_id=request_id))


def open_question(register: Register, request_id: str, source: str) -> QuestionRow:
    """The question about a system, the open one first.

    Raises:
        UnknownRequestError: no such request.
        RefusedError: it was not asked yet.
    """
    register.requests.get(request_id)
    asked = [
        row
        for row in register.questions.all(open_only=False, request_id=request_id)
        if row.kind == KIND and row.detail["source"] == source
    ]
    open_questions = [row for row in asked if row.answered_at is None]
    if not asked:
        raise RefusedError(
            f"Request {request_id} has no question about such a system.",
            remedy="`afschrift manual list --all` shows what was asked; a run asks once the identity is "
            "confirmed, and portability asks only where Art. 20 may reach.",
        )
    return (open_questions or asked)[-1]


def ask_again(register: Register, roles: Roles, inventory: Inventory, asked: QuestionRow, by: str) -> str:
    """Ask again about a system that was answered; a run under way stops at its next gate.

    Returns:
        the id of the question, which is open now.

    Raises:
        NotAllowedError: they may not decide on requests; the attempt is an event `answer_refused`.
        RefusedError: it is closed, or the inventory does not name the system any more.
    """
    with register.trail.refusals(asked.request, by, KIND, act="ask_again"):
        roles.require(by, Act.DECIDE)
    source = inventory.manual.get(asked.detail["source"])
    if source is None:
        raise RefusedError(
            "The inventory does not name this system any more.", remedy="put it back, or leave it out."
        )
    again = OpenQuestion(
        MANUAL,
        asked.options,
        f"{source.source} is asked about once more.",
        dict(asked.detail),
        bound=asked.about,
        form=asked.form,
        role=Role(asked.role),
        person=source.person,
        kept=register.questions.kept(asked.id),
    )
    ask(register, asked.request, [again])
    return open_question(register, asked.request, source.source).id
