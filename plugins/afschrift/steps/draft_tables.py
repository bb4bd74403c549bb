"""The draft of each table of a source: the decision on its columns, its questions, its statement."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from afschrift.casework.decision.source_triggers import case_columns
from afschrift.casework.decision.triggers import Trigger
from afschrift.casework.partial_response.damaged import Damaged
from afschrift.casework.question_kinds import KINDS
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.plan import ExtractPlan, Place, Withheld
from afschrift.domain.right import Right
from afschrift.domain.sources import Source
from afschrift.inventory.model import SourceFile
from afschrift.inventory.table import Table
from afschrift.inventory.unconfirmed import awaited, unreached
from afschrift.law.partial_response import DAMAGED_LATER
from afschrift.questions.ask import Answers
from afschrift.questions.kind import OpenQuestion
from afschrift.selection.key_statements import KeyStatements, SoleOwnerCheck
from afschrift.selection.map_entries import read_twice, unlike
from afschrift.selection.statements import Scope, Statements
from afschrift.selection.table_decision import NO_ROWS, Classifier, PersonFacts, TableDecision
from afschrift.services import Services
from afschrift.sources.table_errors import no_right

_ASK_WORDS = {
    "unclassified": "It is not decided yet what these columns hold",
    "mixed": "These columns hold data of several origins",
    "basis_unknown": "These columns have no purpose with a legal basis",
    "special_condition_unknown": "These columns hold special data without a condition of Art. 9",
    "special_condition_other": "These columns hold special data on a condition of Art. 9 other than consent",
    "consent_missing": "The person gave no consent, or took it back, for the only purpose of these columns",
    "others_undecided": "These columns hold data about others, and it is not decided how to treat them",
}


@dataclass
class Notes:
    """What is collected while a plan is drafted.

    Attributes:
        answers: of officers, so far.
        questions: open ones.
        held, holding, portable, counts, triggers: as in `PlanDraft`.
    """

    answers: Answers
    questions: list[OpenQuestion] = field(default_factory=list)
    held: bool = False
    holding: dict[str, dict[str, None]] = field(default_factory=dict)
    portable: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    triggers: list[Trigger] = field(default_factory=list)

    def need(self, question: OpenQuestion, kept: Callable[[], Mapping[str, Any]] | None = None) -> str | None:
        """Return the answer, or None after noting that the question is open.

        `kept`: looks up what the question shows; not called if it is answered.
        """
        choice = self.answers.to(question)
        if choice is None:
            self.questions.append(replace(question, kept=kept()) if kept is not None else question)
        return choice


class TableDrafts:
    """Decides on the tables of a request, a source at a time."""

    def __init__(
        self,
        services: Services,
        right: Right,
        facts: PersonFacts,
        notes: Notes,
        damaged: Mapping[Place, Damaged],
        *,
        count: bool,
    ) -> None:
        self._damaged = damaged
        self._services, self._right, self._facts, self._notes = services, right, facts, notes
        self._count = count
        self._unreached: frozenset[str] = frozenset()

    def of(
        self, source: SourceFile, session: Source, statements: KeyStatements, held: Collection[str]
    ) -> list[ExtractPlan | Withheld]:
        """Decide on each personal table of a source; note the questions that a person must answer.

        Args:
            source: in the inventory.
            session: of it, with the person's keys bound.
            statements: of the session.
            held: names of the keys that the person has.
        """
        structure = session.structure()
        for fault in read_twice(source, structure.parts, statements.catalogue):
            raise ConfigurationError(f"{fault}.", remedy="correct the inventory.")
        for hidden in structure.hidden:
            if any(source.tables[name].personal for name in source.entries(hidden)):
                raise no_right(f"{source.source}.{hidden}")
        self._unlisted(source, statements)
        alone = SoleOwnerCheck(source, self._services.inventory.identity, session, statements)
        parts: list[ExtractPlan | Withheld] = []
        self._unreached = frozenset(filter(source.may_follow, unreached(source.tables, held)))
        for name, table in source.tables.items():
            if not table.personal:
                continue
            for column in table.columns:
                statements.finder.native(name, column)
            decision = self._decide(source, name, session, statements)
            if table.origin:
                self._unknown_origins(session, statements, f"{source.source}.{name}", name)
                named = Scope(table.origin.by, tuple(table.origin.values))
                decision = replace(decision, scope=decision.scope or named)
            alone.require(name)
            self._foreign_rows(session, statements, f"{source.source}.{name}", name)
            self._examine(session, statements, decision)
            self._notes.triggers += case_columns(self._services.inventory, session, statements, decision)
            if self._count:
                rows = session.rows(statements.count(name, decision.scope))
                self._notes.counts[f"{source.source}.{name}"] = int(rows[0][0])
            self._ask_about_damage(decision)
            parts.append(self._part(statements, decision))
        return parts

    def _decide(
        self, source: SourceFile, name: str, session: Source, statements: Statements
    ) -> TableDecision:
        """Decide; where a person has answered for a column, decide again with the answer."""
        columns = statements.columns(name)
        right, facts = self._right, self._facts
        decision = Classifier(self._services.inventory, right, facts).table(source, name, columns)
        answered: dict[str, str] = {}
        for reason, column_paths in decision.asks.items():
            if reason == "unclassified" and name in self._unreached:
                answered |= dict.fromkeys(column_paths, NO_ROWS)  # a row that is found nevertheless stops it
                continue
            if reason == "unclassified":
                empty = self._empty_rests(name, session, statements, decision)
                answered |= dict.fromkeys((path for path in column_paths if path in empty), NO_ROWS)
                column_paths = tuple(path for path in column_paths if path not in empty)
                if not column_paths:
                    continue
            names = [column_path.rpartition(".")[2] for column_path in column_paths]
            if reason == "consent_missing" and not session.rows(
                statements.exists(name, decision.scope, names)
            ):
                answered |= dict.fromkeys(column_paths, NO_ROWS)  # nothing is held that consent could cover
                continue
            asked = _about_columns(source, name, reason, column_paths)
            choice = self._notes.need(asked, partial(self._shown, session, statements, decision))
            if choice is not None:
                answered |= dict.fromkeys(column_paths, choice)
        if not answered:
            return decision
        informed = replace(facts, answers=answered)
        return Classifier(self._services.inventory, right, informed).table(source, name, columns)

    def _empty_rests(
        self, name: str, session: Source, statements: Statements, decision: TableDecision
    ) -> set[str]:
        """Return the rests of documents that are empty for this person: they need no question."""
        rests = [f.name for f in decision.fields if f.part is not None and not f.part.path]
        return {
            f"{decision.source}.{name}.{rest}"
            for rest in rests
            if not session.rows(statements.exists(name, decision.scope, [rest]))
        }

    def _shown(self, session: Source, statements: Statements, decision: TableDecision) -> dict[str, Any]:
        """Return what a question about columns shows: the number of rows, and the person's consents."""
        rows = int(session.rows(statements.count(decision.table, decision.scope))[0][0])
        facts = self._facts
        consents = {name: [str(s), facts.withdrawn.get(name, "")] for name, s in facts.consents.items()}
        return {"rows": {f"{decision.source}.{decision.table}": rows}, "consents": consents}

    def _unlisted(self, source: SourceFile, statements: Statements) -> None:
        """Ask about tables that the inventory does not describe, and about copies with columns of their own.

        They may hold the person's data.
        """
        asks = source.unlisted == "ask"
        copies = {copy for copy, _ in unlike(source, statements.catalogue) if asks}
        unlisted = sorted({*source.not_passed_over(statements.tables), *copies})
        if unlisted:
            words = f"The inventory does not describe these tables of {source.source}: {', '.join(unlisted)}."
            detail = {"source": source.source, "tables": unlisted}
            columns = {name: list(statements.columns(name)) for name in unlisted}
            asked = OpenQuestion(KINDS["unlisted_tables"], ("leave_out",), words, detail)
            self._notes.need(asked, lambda: {"columns": columns})

    def _unknown_origins(self, session: Source, statements: Statements, table_path: str, name: str) -> None:
        """Ask about rows of an origin that the inventory does not name: they are never given."""
        rows = int(session.rows(statements.unknown_origins(name))[0][0])
        if rows:
            words = f"{rows} row(s) of {table_path} have an origin that the inventory does not name."
            detail = {"table": table_path, "rows": rows}
            self._notes.need(OpenQuestion(KINDS["unknown_origin"], ("leave_out",), words, detail))

    def _ask_about_damage(self, decision: TableDecision) -> None:
        """Ask about columns of which nothing can be read, where the person is to get them."""
        for column in decision.fields:
            place = Place(decision.source, decision.table, column.name)
            if column.reason == DAMAGED_LATER and place in self._damaged:
                self._notes.need(self._damaged[place].question())

    def _foreign_rows(self, session: Source, statements: Statements, table_path: str, name: str) -> None:
        """Ask about rows that a join assigns to the person and their own key to another: the key decides."""
        statement = statements.foreign(name)
        rows = int(session.rows(statement)[0][0]) if statement is not None else 0
        if rows:
            near = "match by a join or by their spelling, but have another key."
            words = f"{rows} row(s) of {table_path} {near}"
            detail = {"table": table_path, "rows": rows}
            self._notes.need(OpenQuestion(KINDS["foreign_rows"], ("leave_out",), words, detail))

    def _examine(self, session: Source, statements: Statements, decision: TableDecision) -> None:
        """Look for rows of the person. A portable one answers both questions, so it ends the search."""
        if decision.substance and not self._notes.portable:
            statement = statements.exists(decision.table, decision.scope, decision.substance)
            self._notes.portable = bool(session.rows(statement))
            self._notes.held = self._notes.held or self._notes.portable
        if not self._notes.portable and session.rows(statements.exists(decision.table, None, ())):
            self._notes.held = True
            self._notes.holding.setdefault(decision.source, {}).update(dict.fromkeys(decision.reasons))

    def _part(self, statements: Statements, decision: TableDecision) -> ExtractPlan | Withheld:
        if not decision.selected:
            return Withheld(decision.source, decision.table, decision.fields)
        ways = statements.ways(decision.table)
        table = self._services.inventory.sources[decision.source].tables[decision.table]
        scope = decision.scope
        return ExtractPlan(
            source=decision.source,
            table=decision.table,
            fields=decision.fields,
            statement=statements.extract(decision.table, decision.fields, scope),
            masked_statement=statements.masked(decision.table, decision.fields, scope),
            keys=ways.keys,
            order=table.key,
            row_rule=_row_rule(table, scope),
            path=ways.words,
        )


def _about_columns(source: SourceFile, name: str, reason: str, paths: Sequence[str]) -> OpenQuestion:
    """Return a question about columns; if their rows are found by a proposal, it names the proposal."""
    described = source.tables[name].columns
    known = [described[column] for path in paths if (column := path.rpartition(".")[2]) in described]
    rests_on = sorted({rest for column in known if (rest := awaited(source.source, column))})
    words = f"{_ASK_WORDS[reason]}: {', '.join(paths)}."
    detail: dict[str, Any] = {"columns": list(paths)}
    if rests_on:
        words += (
            " Some are confirmed, but may be another person's or need another treatment, because this is not "
            f"confirmed: {'; '.join(rests_on)}. Confirm that first (`afschrift inventory review`), and run "
            "it again."
        )
        detail["awaits"] = rests_on
    return OpenQuestion(KINDS[reason], KINDS[reason].options, words, detail)


def _row_rule(table: Table, scope: Scope | None) -> dict[str, Any]:
    """Describe for the bundle which rows leave; `whole` if every named origin does."""
    if scope is None:
        return {}
    whole = table.origin is not None and set(scope.included) == set(table.origin.values)
    return {"column": scope.column, "included": list(scope.included), "whole": whole}
