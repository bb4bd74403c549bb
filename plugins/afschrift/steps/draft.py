"""The plan before it is frozen: every decision, every statement, and the open questions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from afschrift.casework.columns.question import ROWS_NOT_GIVEN
from afschrift.casework.decision.require_decision import hidden_places, left_out
from afschrift.casework.decision.source_triggers import changed_contact
from afschrift.casework.decision.triggers import Trigger
from afschrift.casework.identity.accounts import SEVERAL_PERSONS, SHARED_KEY
from afschrift.casework.identity.confirmed import fingerprint
from afschrift.casework.manual.question import planned
from afschrift.casework.partial_response.damaged import (
    Damaged,
    damaged_columns,
    missing_columns,
    read_as_text,
)
from afschrift.casework.partial_response.earlier_parts import Supplement, delivered
from afschrift.casework.partial_response.question import gone, left_for_later
from afschrift.datamap.check.map_findings import LOSES_ROWS, open_findings
from afschrift.domain.decision import ConsentState
from afschrift.domain.keys import Key
from afschrift.domain.plan import ExtractPlan, FactPlan, Gone, Later, ManualPlan, Place, Plan, Withheld
from afschrift.domain.request import Request
from afschrift.domain.right import Right
from afschrift.domain.sources import Source, SourceFactory
from afschrift.inventory.model import Consent, Inventory, SourceFile
from afschrift.inventory.sheet_gaps import gaps, sheet_columns
from afschrift.questions.ask import Answers
from afschrift.questions.kind import OpenQuestion
from afschrift.selection.fact_plans import fact_plans, purpose_plans
from afschrift.selection.identifiers import own_identifiers
from afschrift.selection.identity_graph import Expansion, Identity
from afschrift.selection.key_statements import KeyStatements
from afschrift.selection.statements import Statements
from afschrift.selection.table_decision import PersonFacts
from afschrift.services import Services
from afschrift.sources.session_pool import SessionPool
from afschrift.steps.draft_tables import Notes, TableDrafts
from afschrift.steps.key_facts import KeyFacts, key_terms, own_terms
from afschrift.steps.sheet_facts import incomplete
from afschrift.steps.table_versions import ChosenVersions


@dataclass(frozen=True)
class PlanDraft:
    """A plan, the keys it needs, and the questions that block it.

    Attributes:
        counts: `source.table` -> rows, where counting was asked for.
        held: whether any row of the person was found in a personal table.
        limited: whether the person limited the request (R24).
        holding: source -> why columns of its tables with rows are left out; only as long as nothing portable
            is found.
        portable: whether a row holds something to give besides keys that only join.
        triggers: flags for an officer that the sources' data raise.
        identifiers: values of the person's own record, besides the keys, to search for.
        shown: the keys that the answer may name: those that are known without what is hidden (R84).
    """

    plan: Plan
    keys: tuple[Key, ...]
    questions: tuple[OpenQuestion, ...]
    held: bool
    portable: bool
    limited: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)
    triggers: tuple[Trigger, ...] = ()
    identifiers: frozenset[str] = field(default=frozenset(), repr=False)
    holding: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shown: tuple[Key, ...] = ()


class Drafter:
    """Builds the draft of one request."""

    def __init__(
        self, services: Services, request: Request, answers: Answers, before: Plan | None = None
    ) -> None:
        self._services, self._request = services, request
        results = services.register.steps.results(request.id)
        opens = partial(services.open_source, tag=request.id)
        self._versions = ChosenVersions(services, opens, request.received_at, before, results)
        self._open = SessionPool(self._versions.session)
        self._notes = Notes(answers)
        self._later: frozenset[str] = frozenset()
        self._damaged: Mapping[Place, Damaged] = {}
        self._hidden = hidden_places(services.register, request.id)
        self._identifiers: set[str] = set()
        self._terms: set[tuple[str, str]] = set()
        self._shown: tuple[Key, ...] | None = None

    def draft(self, given: Sequence[Key], frozen_at: str, *, count: bool = False) -> PlanDraft:
        """Expand the identity, read consents, decide on every column of every personal table.

        Args:
            given: keys as verified at intake.
            frozen_at: the plan's instant.
            count: count the rows of each table (the dry run); else only check whether there are any.
        """
        with self._open:
            return self._draft(given, frozen_at, count=count)

    def _draft(self, given: Sequence[Key], frozen_at: str, *, count: bool) -> PlanDraft:
        services, request, register = self._services, self._request, self._services.register
        later = left_for_later(
            services, register.facts.timeline(request.id), register.decisions.of(request.id)
        )
        later = tuple(part for part in later if not self._hides(part.name))
        self._later = frozenset(part.source for part in later if not part.place)
        found = damaged_columns(services, request.id).items()
        self._damaged = {place: damaged for place, damaged in found if not self._hides(str(place))}
        keys = self._keys(given)
        consents = read_consents(
            services.inventory, self._open, services.sql, keys, request.received_at, self._later
        )
        left = missing_columns(self._damaged) | left_out(services.register, request.id)
        facts = PersonFacts(consents.states, consents.withdrawn, limits=request.limits, left_out=left)
        plan = self._plan(keys, consents, frozen_at, later)
        supplement = Supplement(services.register, plan, self._hidden)
        tables = TableDrafts(services, request.right, facts, self._notes, self._damaged, count=count)
        parts, planned_facts = self._sources(keys, supplement, tables)
        extracts = tuple(part for part in parts if isinstance(part, ExtractPlan))
        manual = supplement.of(list(self._manual(given, keys)))
        plan = replace(
            plan,
            extracts=extracts,
            withheld=tuple(part for part in parts if isinstance(part, Withheld)),
            facts=tuple(fact for fact in planned_facts if any(e.source == fact.source for e in extracts)),
            manual=tuple(manual),
            before=supplement.before(),
            again=supplement.again(),
            gone=tuple(self._gone()),
            versions=self._versions.chosen,
        )
        self._sheet(plan)
        self._rows_not_given(plan)
        notes = self._notes
        return PlanDraft(
            plan,
            keys,
            tuple(notes.questions),
            notes.held,
            notes.portable,
            bool(request.limits),
            notes.counts,
            tuple(notes.triggers),
            frozenset(self._identifiers),
            {source: tuple(reasons) for source, reasons in notes.holding.items()},
            keys if self._shown is None else self._shown,
        )

    def _sources(
        self, keys: Sequence[Key], supplement: Supplement, tables: TableDrafts
    ) -> tuple[list[ExtractPlan | Withheld], list[FactPlan]]:
        """Decide on the tables of each source; return them, and the facts for the information sheet."""
        services, request = self._services, self._request
        found: list[ExtractPlan | Withheld] = []
        facts: list[FactPlan] = []
        for source in services.inventory.sources.values():
            if not any(table.personal or table.unconfirmed for table in source.tables.values()):
                continue
            if source.source in self._later or supplement.is_settled(source.source):
                continue
            with self._open(source.source) as session:
                self._versions.take(source, session.chosen)
                session.bind(keys, request.received_at)
                statements = self._statements(source, session)
                days = services.grounds.trigger_limits.contact_days
                person = services.inventory.identity.person
                self._identifiers |= own_identifiers(source, session, statements, person)
                self._terms |= set(own_terms(services.inventory, source.source, session, statements))
                self._notes.triggers += changed_contact(
                    source, session, statements, keys, request.received_at, days
                )
                parts = supplement.of(tables.of(source, session, statements, {key.name for key in keys}))
                asked = fact_plans if request.right.terms.information_sheet else purpose_plans
                facts += asked(source, parts, statements)
                found += parts
            self._open.end(source.source)
        return found, facts

    def _plan(
        self, keys: Sequence[Key], consents: Consents, frozen_at: str, later: tuple[Later, ...]
    ) -> Plan:
        """Return the plan without tables, before any of them is read."""
        services, request = self._services, self._request
        return Plan(
            request=request.id,
            right=request.right,
            language=request.language,
            formats=request.formats,
            extracts=(),
            withheld=(),
            inventory=services.inventory.digest,
            policy=services.inventory.policy_digest,
            package=services.package,
            frozen_at=frozen_at,
            keys=self._fingerprint(keys),
            destination=request.destination,
            consents={purpose: str(state) for purpose, state in sorted(consents.states.items())},
            withdrawn={p: day for p, day in consents.withdrawn.items() if self._starts_a_period(p) and day},
            received_at=request.received_at,
            later=later,
            after=delivered(services.register.facts.timeline(request.id)),
        )

    def _starts_a_period(self, purpose: str) -> bool:
        source, _, name = purpose.partition(".")
        retention = self._services.inventory.sources[source].purposes[name].retention
        return retention is not None and retention.withdrawal

    def _manual(self, given: Sequence[Key], keys: Sequence[Key]) -> Iterable[ManualPlan]:
        """Yield the results of the manual sources; note their open questions."""
        register, request = self._services.register, self._request
        if not self._services.inventory.manual:
            return
        decisions = register.decisions.of(request.id)
        rows = register.questions.all(open_only=False, request_id=request.id)
        inventory, which = self._services.inventory, self._fingerprint(given)
        terms = self._terms | set(key_terms(inventory, keys))
        for part, asked in planned(inventory, request, which, decisions, rows, terms, self._hidden):
            if asked is not None:
                self._notes.questions.append(asked)
            if part is not None:
                if part.files:
                    self._notes.held = self._notes.portable = True
                yield part

    def _gone(self) -> Iterable[Gone]:
        """Yield what was promised for later and is no longer held; note the open questions."""
        register, request_id = self._services.register, self._request.id
        timeline, decisions = register.facts.timeline(request_id), register.decisions.of(request_id)
        for lost, asked in gone(self._services.inventory, timeline, decisions):
            if asked is not None:
                self._notes.questions.append(asked)
            if lost is not None:
                yield lost

    def _keys(self, given: Sequence[Key]) -> tuple[Key, ...]:
        services = self._services
        received_at = self._request.received_at
        expand = partial(Expansion, services.inventory, self._open, services.sql, received_at, self._later)
        identity = expand().run(given)
        if only := identity.persons > 1 and not self._takes_all_accounts(identity, given):
            given = [key for key in given if key.name == services.inventory.identity.person]
            identity = expand().run(given, only=True)
        leave: set[Key] = set()
        for name, count in sorted(identity.shared.items()):
            words = f"{count} value(s) of the key {name} are used by another person at the same time."
            which = self._fingerprint(k for k in identity.shared_keys if k.name == name)
            detail = {"key": name, "values": count, "which": which}
            asked = OpenQuestion(SHARED_KEY, SHARED_KEY.options, words, detail)
            choice = self._notes.need(asked, partial(self._facts().shared, identity, name))
            if choice != "include":
                leave |= {key for key in identity.shared_keys if key.name == name}
        if self._hidden:
            left = {(key.name, key.value) for key in leave}
            seen = expand(self._hidden).run(given, only=only).keys
            self._shown = tuple(key for key in seen if (key.name, key.value) not in left)
        return tuple(key for key in identity.keys if key not in leave)

    def _takes_all_accounts(self, identity: Identity, given: Sequence[Key]) -> bool:
        person = self._services.inventory.identity.person
        own = [key for key in given if key.name == person]
        words = f"The keys lead to {identity.persons} different values of {person}."
        options = ("all_accounts", "only_given") if own else ("all_accounts", "none")
        which = self._fingerprint(key for key in identity.keys if key.name == person)
        detail = {"persons": identity.persons, "given": len(own), "which": which}
        asked = OpenQuestion(SEVERAL_PERSONS, options, words, detail)
        choice = self._notes.need(asked, partial(self._facts().persons, identity, given, person))
        return choice == "all_accounts"

    def _facts(self) -> KeyFacts:
        return KeyFacts(self._services, self._request.id, self._request.received_at, self._later)

    def _fingerprint(self, keys: Iterable[Key]) -> str:
        """Return an HMAC that binds an answer or a plan to the keys without revealing a value."""
        return fingerprint(self._services.register, self._request.id, keys)

    def _hides(self, column: str) -> bool:
        """Whether the person may not know of a column, so that nothing may be said of its values (R84)."""
        return any(f"{column}.".startswith(f"{place}.") for place in self._hidden)

    def _statements(self, source: SourceFile, session: Source) -> KeyStatements:
        services, catalogue = self._services, session.catalogue()
        identity, as_text = services.inventory.identity, read_as_text(self._damaged)
        return KeyStatements(
            services.sql, source, identity, session.dialect, catalogue, self._hidden, as_text
        )

    def _rows_not_given(self, plan: Plan) -> None:
        """Ask about rows that the check of the map found lost; no statement of the plan can show them."""
        read = {f"{part.source}.{part.table}." for part in plan.extracts}
        read |= {f"{part.source}.{part.table}." for part in plan.withheld}
        found = [
            f"{finding.place} {finding.code}"
            for finding in sorted(open_findings(self._services.register))
            if finding.stops and finding.code in LOSES_ROWS and f"{finding.place}.".startswith(tuple(read))
        ]
        if found:
            words = f"The check of the data map found rows that lead to no person: {', '.join(found)}."
            self._notes.need(OpenQuestion(ROWS_NOT_GIVEN, ROWS_NOT_GIVEN.options, words, {"findings": found}))

    def _sheet(self, plan: Plan) -> None:
        """Ask about gaps in the information sheet: without it there is no answer to an access request."""
        if not plan.right.terms.information_sheet:
            return
        found = gaps(self._services.inventory, sheet_columns(plan))
        if found and self._notes.held:
            self._notes.questions.append(incomplete(found))


def outcome(draft: PlanDraft, right: Right) -> str | None:
    """Return why there is nothing to send: `nothing_held`, `nothing_in_limits`, `nothing_portable`; or None.

    After a partial delivery the rest is always answered, even if it is empty.
    """
    if draft.plan.after and not draft.plan.later:
        return None
    if not draft.held:
        return "nothing_held"
    if draft.limited and not draft.plan.staged:
        return "nothing_in_limits"
    if right.terms.provided_only and not draft.portable:
        return "nothing_portable"
    return None


@dataclass(frozen=True)
class Consents:
    """The person's own consents.

    Attributes:
        states: `source.purpose` -> state.
        withdrawn: `source.purpose` -> when it was withdrawn, as the source writes it; "": not recorded.
    """

    states: dict[str, ConsentState]
    withdrawn: dict[str, str] = field(repr=False)


def read_consents(
    inventory: Inventory,
    open_source: SourceFactory,
    sql: Path,
    keys: Sequence[Key],
    at: str,
    later: Collection[str] = (),
) -> Consents:
    """Read the consents. One that holds is enough; a proposal of the map that is not confirmed proves none.

    Sources in `later` are not opened; no data of another source depends on what they hold.
    """
    asked: dict[str, list[tuple[str, Consent]]] = {}
    states: dict[str, ConsentState] = {}
    for name, source in inventory.sources.items():
        for purpose, declared in source.purposes.items():
            if declared.consent:
                table, consent = _consent_table(inventory, name, declared.consent)
                if table in later:
                    continue
                read = (consent.column, consent.granted, consent.withdrawn)
                if not inventory.sources[table].may_follow(consent.table, *read):
                    states[f"{name}.{purpose}"] = ConsentState.ABSENT
                    continue
                asked.setdefault(table, []).append((f"{name}.{purpose}", consent))
    withdrawn: dict[str, str] = {}
    for table, consents in asked.items():
        declared_source = inventory.sources[table]
        with open_source(table) as session:
            statements = Statements(
                sql, declared_source, inventory.identity, session.dialect, session.catalogue()
            )
            session.bind(keys, at)
            for purpose, consent in consents:
                holding, rows, last = session.rows(statements.consent(consent.table, consent))[0]
                states[purpose] = _state(int(holding), int(rows))
                if states[purpose] is ConsentState.WITHDRAWN:
                    withdrawn[purpose] = str(last or "")
    return Consents(states, withdrawn)


def _consent_table(inventory: Inventory, source: str, consent: Consent) -> tuple[str, Consent]:
    """Return the source that keeps the consent: another source may name it as `shop.consent`."""
    if consent.table in inventory.sources[source].tables:
        return source, consent
    other, _, table = consent.table.partition(".")
    return other, consent.model_copy(update={"table": table})


def _state(holding: int, rows: int) -> ConsentState:
    if holding:
        return ConsentState.GRANTED
    return ConsentState.WITHDRAWN if rows else ConsentState.ABSENT
