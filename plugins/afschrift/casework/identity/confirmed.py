"""Who a request is about, how sure that must be, and whether an officer confirmed it (R10-R12)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from afschrift.app.jurisdiction import load_grounds
from afschrift.app.settings import Settings
from afschrift.casework.decision.triggers import contact_changed, own_keys
from afschrift.casework.identity.question import IDENTITY_KIND, MANDATE, MINOR, WITH_REPRESENTATIVE
from afschrift.domain.decision import Protect
from afschrift.domain.keys import Key, keys_text
from afschrift.domain.request import Request
from afschrift.domain.right import Right
from afschrift.domain.vocabulary import PORTABLE
from afschrift.inventory.column import Column
from afschrift.inventory.load import load
from afschrift.inventory.model import Inventory, Purpose, SourceFile
from afschrift.inventory.table import Table
from afschrift.law.grounds import TriggerLimits
from afschrift.law.person import MONEY, SPECIAL, USUAL, Factor, Level, Risk, below, level_of, risk
from afschrift.questions.ask import Answers, ask
from afschrift.questions.kind import OpenQuestion
from afschrift.register.records import DecisionRow
from afschrift.register.register import Register
from afschrift.services import Services

NO_KEY = "The message gives no key by which the systems know people: ask the person for one (R10)."
_ASKED = OpenQuestion(IDENTITY_KIND, IDENTITY_KIND.options, "No officer has confirmed who the requester is.")


def fingerprint(register: Register, request_id: str, keys: Iterable[Key]) -> str:
    """HMAC of keys under the request's own key, whatever their order."""
    return register.data_keys.fingerprint(request_id, keys_text(keys))


def person_digest(register: Register, request_id: str) -> str:
    """HMAC of the keys that the request has now, under its own key: which person it is about."""
    return fingerprint(register, request_id, register.identities.of(request_id))


def identity_question(register: Register, request_id: str, risk: Risk | None = None) -> OpenQuestion:
    """The question who the requester is; its answer holds for the keys that the request has now.

    Args:
        register: of the installation.
        request_id: the request.
        risk: how sure the answer must be (R12).
    """
    keys = register.identities.of(request_id)
    detail: dict[str, Any] = {} if keys else {"keys": []}
    words = _ASKED.words if keys else f"{_ASKED.words} {NO_KEY}"
    if risk is not None:
        detail |= {"risk": risk.level.value, "factors": [factor.value for factor in risk.factors]}
        words = f"{words} The check takes level {risk.level} (R12)."
    return replace(_ASKED, bound=fingerprint(register, request_id, keys), detail=detail, words=words)


def identity_decision(register: Register, request_id: str) -> DecisionRow | None:
    """The decision that the requester is who they say, taken about the keys of the request, or None.

    The last one counts: a later `not_confirmed` takes a confirmation back. One that is less sure than the
    question asked for since does not count (R12), and without a key no person is known.
    """
    decision = Answers(register.decisions.of(request_id)).of_kind(IDENTITY_KIND.name)
    if decision is None or decision.choice != "confirmed" or not register.identities.of(request_id):
        return None
    if decision.about != identity_question(register, request_id).about:
        return None
    asked = register.questions.all(open_only=False, request_id=request_id)
    risks = [q.detail["risk"] for q in asked if q.kind == IDENTITY_KIND.name and "risk" in q.detail]
    sure = not risks or level_of(decision.detail.get("level")).covers(Level(risks[-1]))
    return decision if sure else None


def mandate_decision(register: Register, request_id: str) -> DecisionRow | None:
    """The last decision on a representative's authority; None: there is none."""
    taken = [row for row in register.decisions.of(request_id) if row.kind == MANDATE]
    return taken[-1] if taken else None


def lacks_mandate(register: Register, request_id: str, today: date) -> bool:
    """Whether a representative asks, or must, whose authority is not proven or is over (R15, R16)."""
    if mandate_decision(register, request_id) is not None:
        return mandate_is_over(register, request_id, today)
    child = [row.choice for row in register.decisions.of(request_id) if row.kind == MINOR]
    return register.requests.made_by(request_id) != "self" or child[-1:] == [WITH_REPRESENTATIVE]


def mandate_is_over(register: Register, request_id: str, today: date) -> bool:
    """Whether a mandate was found to be proven and does not hold any more: taken back, or ran out (R15)."""
    last = mandate_decision(register, request_id)
    if last is None:
        return False
    until = last.detail.get("valid_until")
    return last.choice != "proven" or (until is not None and date.fromisoformat(until) < today)


def risk_of(register: Register, inventory: Inventory, limits: TriggerLimits, request: Request) -> Risk:
    """The risk class of a request, as far as register and inventory know.

    Args:
        register: of the installation.
        inventory: what there is, and the policy.
        limits: for how long another contact detail counts as changed.
        request: what was asked.
    """
    found: set[Factor] = set()
    for column, purposes in _asked_for(inventory, request):
        if below(column.category, SPECIAL) or any(purpose.special for purpose in purposes):
            found.add(Factor.SPECIAL_CATEGORIES)
        if below(column.category, MONEY):
            found.add(Factor.FINANCIAL)
    if (
        contact_changed(request, register.identities.history(request.id, own_keys(inventory)), limits)
        is not None
    ):
        found.add(Factor.CONTACT_CHANGED)
    if register.requests.made_by(request.id) != "self":
        found.add(Factor.REPRESENTATIVE)
    policy = inventory.policy.identity_level
    if policy is None:
        return risk(found)
    levels = {factor: Level(getattr(policy, factor.value)) for factor in USUAL}
    return risk(found, levels, policy.ordinary)


def needed_level(register: Register, request_id: str, settings: Settings | None = None) -> Risk:
    """How sure the identity behind a request must be (R12), in an installation.

    Raises:
        UnknownRequestError: no such request.
        ConfigurationError: grounds or inventory cannot be used.
    """
    settings = settings or Settings.from_environment()
    request = register.requests.get(request_id)
    return risk_of(register, load(settings.inventory), load_grounds(settings).trigger_limits, request)


def sure_identity(services: Services, request: Request) -> DecisionRow | None:
    """The identity decision that does for the request's risk class, or None."""
    needed = risk_of(services.register, services.inventory, services.grounds.trigger_limits, request)
    decision = identity_decision(services.register, request.id)
    if decision is None or not level_of(decision.detail.get("level")).covers(needed.level):
        return None
    return decision


def require_identity(services: Services, request: Request) -> DecisionRow:
    """The identity decision that does for the request's risk class (R10-R12).

    Also what a channel had authenticated is held against it: where that falls short, a person is asked.

    Raises:
        NeedsPersonError: there is none; the question is in the register.
    """
    register = services.register
    decision = sure_identity(services, request)
    if decision is not None:
        return decision
    needed = risk_of(register, services.inventory, services.grounds.trigger_limits, request)
    question = identity_question(register, request.id, needed)
    for asked in register.questions.all(request_id=request.id):
        same = asked.kind == question.kind and asked.about == question.about
        if same and "risk" in asked.detail and Level(asked.detail["risk"]).covers(needed.level):
            question = replace(question, detail=asked.detail)
    raise ask(register, request.id, [question])


def _asked_for(inventory: Inventory, request: Request) -> Iterator[tuple[Column, list[Purpose]]]:
    """Columns that the answer may hold, with their purposes.

    A column that waits for confirmation counts as proposed: a category of Art. 9 raises the risk before it is
    confirmed. A proposal to keep the column back (`protect: secret`) lowers nothing.
    """
    limits = request.limits
    tables, categories = limits.get("tables", ()), limits.get("categories", ())
    for name, source in inventory.sources.items():
        for table_name, table in source.tables.items():
            for described in table.columns.values() if table.personal else ():
                column = described.proposal or described
                wanted = f"{name}.{table_name}" in tables or below(column.category, categories)
                purposes = _purposes(source, table, column)
                if (wanted or not limits) and _may_leave(request.right, described, purposes):
                    yield column, purposes


def _purposes(source: SourceFile, table: Table, column: Column) -> list[Purpose]:
    names = table.purposes if column.purposes is None else column.purposes
    return [source.purposes[name] for name in names]


def _may_leave(right: Right, column: Column, purposes: list[Purpose]) -> bool:
    if column.protect is Protect.SECRET:
        return False
    if not right.terms.provided_only or not purposes:
        return True
    return any({p.basis, p.special} & PORTABLE for p in purposes)
