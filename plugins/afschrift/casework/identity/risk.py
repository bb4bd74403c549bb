"""The risk class of a request: from what the inventory would hand over, and who asks from where (R12)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from afschrift.app.jurisdiction import load_grounds
from afschrift.app.settings import Settings
from afschrift.casework.decision.triggers import contact_changed, own_keys
from afschrift.casework.identity.confirmed import identity_decision, identity_question
from afschrift.domain.decision import Protect
from afschrift.domain.request import Request
from afschrift.domain.right import Right
from afschrift.domain.vocabulary import PORTABLE
from afschrift.inventory.column import Column
from afschrift.inventory.load import load
from afschrift.inventory.model import Inventory, Purpose, SourceFile
from afschrift.inventory.table import Table
from afschrift.law.grounds import TriggerLimits
from afschrift.law.person import MONEY, SPECIAL, USUAL, Factor, Level, Risk, below, level_of, risk
from afschrift.questions.ask import ask
from afschrift.register.records import DecisionRow
from afschrift.register.register import Register
from afschrift.services import Services


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
        if below(column.category, SPECIAL) or any(one.special for one in purposes):
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
    levels = {one: Level(getattr(policy, one.value)) for one in USUAL}
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

    Of a column that waits for a person, what is proposed: a category of Art. 9 asks for care before anybody
    confirmed it. That a proposal would keep it back (`protect: secret`) takes nothing away.
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
