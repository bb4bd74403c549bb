"""The residual search for the person, in rows that no way reaches (R08, R09).

No answer says that nothing is held before it.
It runs with the reading of a source, on the same snapshot. A finding is settled once for a column, in the
inventory. One that is not settled stops the request with a question.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from afschrift.bundle.description.coverage import unproven
from afschrift.casework.decision.require_decision import hidden_places
from afschrift.casework.partial_response.damaged import damaged_columns, unsearched
from afschrift.casework.question_kinds import KINDS
from afschrift.domain.event import digest
from afschrift.domain.extracted import Passed, Searched
from afschrift.domain.keys import Key
from afschrift.domain.plan import Place, Plan
from afschrift.domain.sources import Source
from afschrift.inventory.model import Inventory, SourceFile
from afschrift.questions.ask import Answers, ask, asking
from afschrift.questions.kind import OpenQuestion
from afschrift.selection.identifiers import not_sought, search_keys, spelled_kind
from afschrift.selection.residual_search import ResidualSearch
from afschrift.services import Services

RESIDUAL = "residual_rows"


def searched_sources(services: Services, plan: Plan) -> tuple[str, ...]:
    """Return the sources to search under a plan: all but those left for later or given in an earlier part.

    A source that gives nothing is opened for the search alone.
    """
    given_before = {part.source for part in plan.before if part.table} - set(plan.sources)
    given_before -= {table.source for table in plan.withheld}
    return tuple(name for name in services.inventory.sources if name not in plan.unopened | given_before)


def read_sources(services: Services, plan: Plan) -> tuple[str, ...]:
    """Return the sources of `extract`: those that the plan stages, then those that are only searched."""
    return tuple(dict.fromkeys((*plan.staged, *searched_sources(services, plan))))


def bound_keys(services: Services, keys: Sequence[Key], own: Iterable[str], at: str) -> tuple[Key, ...]:
    """Return the person's keys, and the spellings of the values that identify them."""
    return (*keys, *search_keys(keys, own, at, services.inventory))


def search(
    services: Services,
    source: str,
    session: Source,
    keys: Sequence[Key],
    hidden: Collection[str],
    damaged: Collection[Place] = (),
) -> tuple[Searched, ...]:
    """Search the tables of a source.

    Args:
        services: of the step.
        source: name of the source.
        session: open on it, with the keys bound.
        keys: `bound_keys`.
        hidden: what a hidden restriction keeps back.
        damaged: columns with a value that cannot be read.

    Raises:
        DamagedValueError: another column has such a value.
        SourceDownError: the source is down.
    """
    declared = services.inventory.sources[source]
    residual_search = ResidualSearch(
        services.inventory, declared, session, keys, services.sql, services.search, hidden, damaged
    )
    return residual_search.run()


def unsettled(
    services: Services, request_id: str, source: str, searched: Iterable[Searched], keys: Sequence[Key]
) -> tuple[OpenQuestion, ...]:
    """Return the questions about findings that neither the inventory nor an answer settles."""
    asked = list(_questions(services, source, searched, keys))
    if not asked:
        return ()
    answers = Answers(services.register.decisions.of(request_id))
    return tuple(question for question in asked if answers.to(question) is None)


def _questions(
    services: Services, source: str, searched: Iterable[Searched], keys: Sequence[Key]
) -> Iterable[OpenQuestion]:
    """Yield a question for each unexplained column that names the person in rows that no way reaches."""
    declared = services.inventory.sources[source]
    for result in searched:
        entries = [declared.tables[name] for name in declared.entries(result.table)]
        for column, rows in result.found.items():
            known = [entry.columns.get(column) for entry in entries]
            settled = [entry.mentions for entry in known if entry is not None and entry.mentions is not None]
            if settled and not any(mentions.is_asked for mentions in settled):
                continue
            path = f"{source}.{result.table}.{column}"
            words = f"{rows} row(s) hold an identifier of the person in {path}, and no way reaches them."
            kept = None
            if former := result.former.get(column):
                words += f" Of them {former} hold(s) a former one alone, which may be another person's now."
                ended = [[key.name, key.valid_from, key.valid_to] for key in keys if key.valid_to is not None]
                kept = {"former": former, "periods": sorted(ended, key=str)}
            # Without the number of rows: the answer must still hold when rows are added.
            about = digest({"kind": RESIDUAL, "column": path})
            detail = {"column": path, "rows": rows}
            yield OpenQuestion(KINDS[RESIDUAL], ("leave_out",), words, detail, bound=about, kept=kept)


def search_all(
    services: Services, plan: Plan, keys: Sequence[Key], own: Iterable[str], at: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Search all sources before a person is asked to confirm that nothing is held.

    Returns:
        `not_searched` (`source.table`, or `source.` for tables that are not described -> why) and `residual`
        (`source.table.column` -> rows), where there are some; and what the question shows
        (`OpenQuestion.kept`), values included: `keys` and `spellings` (name and value), `searched`
        (`source.table`, rows, columns, why not), `at`.

    Raises:
        NeedsPersonError: a finding is not settled; the questions are in the register.
        SourceDownError: a source is down.
    """
    register, request_id = services.register, plan.request
    bound, hidden = bound_keys(services, keys, own, at), hidden_places(register, request_id)
    damaged = unsearched(damaged_columns(services, request_id))
    findings: dict[str, Any] = {}
    results: list[list[Any]] = []
    ledgers: list[Any] = []
    asked: list[OpenQuestion] = []
    for source in searched_sources(services, plan):
        with (
            asking(register, request_id, KINDS),
            services.open_source(source, request_id, **plan.opening(source)) as session,
        ):
            session.bind(bound, at)
            searched = search(services, source, session, bound, hidden, damaged)
            doubts = _doubts(services.inventory.sources[source], session)
        asked += unsettled(services, request_id, source, searched, bound)
        ledgers.append([source, search_ledger(searched)])
        results += [[f"{source}.{s.table}", s.rows, s.columns, s.reason] for s in searched]
        tables = doubts | {f"{source}.{row.table}": row.reason.value for row in searched if row.reason}
        rows = {f"{source}.{name}": number for name, number in residual(searched).items()}
        for word, found in (("not_searched", tables), ("residual", rows)):
            if found:
                findings[word] = findings.get(word, {}) | found
    if asked:
        raise ask(register, request_id, asked)
    spellings = [[kind, key.value] for key in bound if (kind := spelled_kind(key.name))]
    shown: dict[str, Any] = {
        "keys": [[key.name, key.value] for key in keys],
        "spellings": spellings,
        "searched": results,
    }
    shown |= {"ledgers": ledgers, "not_sought": list(not_sought(bound, services.inventory))}
    return findings, {**shown, "at": services.now()}


def _doubts(declared: SourceFile, session: Source) -> dict[str, str]:
    """Return why it is not proven that all rows were seen; `source.`: of tables that are not described."""
    structure = session.structure()
    unseen = declared.not_passed_over(list(session.catalogue()))
    unseen += declared.undescribed(structure.hidden) if declared.unlisted == "ask" else []
    found = {f"{declared.source}.": "not_described"} if unseen else {}
    personal = [(name, table) for name, table in declared.tables.items() if table.personal]
    return found | {
        f"{declared.source}.{name}": doubt.value
        for name, table in personal
        for doubt in unproven(table, name, structure)
    }


def residual(searched: Iterable[Searched]) -> dict[str, int]:
    """Return `table.column` -> rows that hold an identifier of the person and that no way reaches."""
    return {f"{table.table}.{column}": rows for table in searched for column, rows in table.found.items()}


def evidence(searched: Iterable[Searched], keys: Sequence[Key], inventory: Inventory) -> dict[str, Any]:
    """Return what the trail keeps of a search: counts and names of tables, columns and kinds."""
    results = list(searched)
    kinds = [kind for key in keys if (kind := spelled_kind(key.name))]
    return {
        "searched": {table.table: table.rows for table in results if table.columns and not table.reason},
        "not_searched": {table.table: table.reason.value for table in results if table.reason}
        | {
            f"{table.table}.{column}": why.value
            for table in results
            for column, why in table.passed.items()
            if why is not Passed.KEY  # the ways search it
        },
        "ledger": search_ledger(results),
        "not_sought": list(not_sought(keys, inventory)),
        "residual": residual(results),
        "spellings": {kind: kinds.count(kind) for kind in sorted(set(kinds))},
    }


def search_ledger(searched: Iterable[Searched]) -> dict[str, dict[str, dict[str, list[str]]]]:
    """Table -> columns, under `searched` by kind of identifier and under `not_searched` by reason."""
    found: dict[str, dict[str, dict[str, list[str]]]] = {"searched": {}, "not_searched": {}}
    for result in searched:
        pairs = [("searched", kind, column) for column, kinds in result.kinds.items() for kind in kinds]
        pairs += [("not_searched", why.value, column) for column, why in result.passed.items()]
        for word, by, column in pairs:
            found[word].setdefault(by, {}).setdefault(result.table, []).append(column)
    return found
