"""The person's own consents, for the purposes that rest on one (RULES G.4)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from afschrift.domain.decision import ConsentState
from afschrift.domain.keys import Key
from afschrift.domain.sources import SourceFactory
from afschrift.inventory.model import Consent, Inventory
from afschrift.selection.statements import Statements


@dataclass(frozen=True)
class Consents:
    """The person's own consents.

    Attributes:
        states: `source.purpose` -> state.
        withdrawn: `source.purpose` -> when it was taken back, as the source writes it; "": it does not say.
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
    """Each consent. One that holds is enough; one that a proposal alone tells is none.

    Sources in `later` are not opened; no data of another source rests on what they hold.
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
    """The source that keeps the consent; `shop.consent` may be named from another source."""
    if consent.table in inventory.sources[source].tables:
        return source, consent
    other, _, table = consent.table.partition(".")
    return other, consent.model_copy(update={"table": table})


def _state(holding: int, rows: int) -> ConsentState:
    if holding:
        return ConsentState.GRANTED
    return ConsentState.WITHDRAWN if rows else ConsentState.ABSENT
