"""The search for the person in what no way reaches, before anything says that none is held (R08, R09).

It goes with the reading of a source, on the same snapshot. A finding is settled once a column, in the
inventory, and then asks nobody; one that is not settled stops the request at a person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from afschrift.casework.decision.require_decision import hidden_places
from afschrift.casework.question_kinds import KINDS
from afschrift.domain.event import digest
from afschrift.domain.extracted import Searched
from afschrift.domain.keys import Key
from afschrift.domain.plan import Plan
from afschrift.domain.sources import Source
from afschrift.questions.ask import Answers, ask, asking
from afschrift.questions.kind import OpenQuestion
from afschrift.selection.identifiers import SEARCH_NAMES, search_keys
from afschrift.selection.residual_search import ResidualSearch
from afschrift.services import Services

RESIDUAL = "residual_rows"


def searched_sources(services: Services, plan: Plan) -> tuple[str, ...]:
    """Sources that are searched under a plan: all that it neither leaves for later nor told of before.

    A source of which nothing leaves is opened for the search alone.
    """
    told = {one.source for one in plan.before if one.table} - set(plan.sources)
    told -= {one.source for one in plan.withheld}
    later = {one.source for one in plan.later}
    return tuple(name for name in services.inventory.sources if name not in later | told)


def read_sources(services: Services, plan: Plan) -> tuple[str, ...]:
    """Sources that `extract` goes through: what is staged by the plan, then what is searched alone."""
    return tuple(dict.fromkeys((*plan.staged, *searched_sources(services, plan))))


def bound_keys(services: Services, keys: Sequence[Key], own: Iterable[str], at: str) -> tuple[Key, ...]:
    """The person's keys, with the spellings of all that tells them from everybody else."""
    return (*keys, *search_keys(keys, own, at, services.inventory.controller.country))


def search(
    services: Services, source: str, session: Source, keys: Sequence[Key], hidden: Collection[str]
) -> tuple[Searched, ...]:
    """Search the tables of a source.

    Args:
        services: of the step.
        source: name of the source.
        session: open on it, with the keys bound.
        keys: `bound_keys`.
        hidden: what a hidden restriction keeps back.

    Raises:
        SourceDownError: the source is down.
    """
    declared = services.inventory.sources[source]
    looking = ResidualSearch(
        services.inventory, declared, session, keys, services.sql, services.search, hidden
    )
    return looking.run()


def unsettled(
    services: Services, request_id: str, source: str, searched: Iterable[Searched]
) -> tuple[OpenQuestion, ...]:
    """What somebody must say first of what was found: neither the inventory nor an answer tells it."""
    asked = list(_questions(services, source, searched))
    if not asked:
        return ()
    answers = Answers(services.register.decisions.of(request_id))
    return tuple(one for one in asked if answers.to(one) is None)


def _questions(services: Services, source: str, searched: Iterable[Searched]) -> Iterable[OpenQuestion]:
    """One for each column that names the person in rows that no way reaches, and of which nobody said why."""
    declared = services.inventory.sources[source]
    for one in searched:
        entries = [declared.tables[name] for name in declared.entries(one.table)]
        for column, rows in one.found.items():
            known = [entry.columns.get(column) for entry in entries]
            if any(entry is not None and entry.mentions is not None for entry in known):
                continue
            path = f"{source}.{one.table}.{column}"
            words = f"{rows} row(s) hold an identifier of the person in {path}, and no way reaches them."
            about = digest({"kind": RESIDUAL, "column": path})  # it holds though rows are added meanwhile
            detail = {"column": path, "rows": rows}
            yield OpenQuestion(KINDS[RESIDUAL], ("leave_out",), words, detail, bound=about)


def search_all(
    services: Services, plan: Plan, keys: Sequence[Key], own: Iterable[str], at: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Search all sources before a person is asked whether it is true that nothing is held.

    Returns:
        `not_searched` (`source.table` -> why) and `residual` (`source.table.column` -> rows), where there are
        some; and for whoever is asked (`OpenQuestion.kept`), values included: `keys` and `spellings` (name
        and value), `searched` (`source.table`, rows, columns, why not), `at`.

    Raises:
        NeedsPersonError: what was found is not settled; the questions stand in the register.
        SourceDownError: a source is down.
    """
    register, request_id = services.register, plan.request
    bound, hidden = bound_keys(services, keys, own, at), hidden_places(register, request_id)
    told: dict[str, Any] = {}
    looked: list[list[Any]] = []
    asked: list[OpenQuestion] = []
    for source in searched_sources(services, plan):
        with asking(register, request_id, KINDS), services.open_source(source, request_id) as session:
            session.bind(bound, at)
            searched = search(services, source, session, bound, hidden)
        asked += unsettled(services, request_id, source, searched)
        looked += [[f"{source}.{s.table}", s.rows, s.columns, s.reason] for s in searched]
        for word, found in evidence(searched, ()).items():
            if word in ("not_searched", "residual") and found:
                told[word] = told.get(word, {}) | {f"{source}.{name}": n for name, n in found.items()}
    if asked:
        raise ask(register, request_id, asked)
    spellings = [[key.name.partition(":")[2], key.value] for key in bound if key.name in SEARCH_NAMES]
    shown = {"keys": [[key.name, key.value] for key in keys], "spellings": spellings, "searched": looked}
    return told, {**shown, "at": services.now()}


def evidence(searched: Iterable[Searched], keys: Iterable[Key]) -> dict[str, Any]:
    """What the trail keeps of a search: counts and names of tables and columns."""
    done = list(searched)
    kinds = [key.name for key in keys if key.name in SEARCH_NAMES]
    return {
        "searched": {one.table: one.rows for one in done if one.columns and not one.reason},
        "not_searched": {one.table: one.reason.value for one in done if one.reason},
        "residual": {f"{one.table}.{column}": rows for one in done for column, rows in one.found.items()},
        "spellings": {name.partition(":")[2]: kinds.count(name) for name in sorted(set(kinds))},
    }
