"""What a letter about a delivery says of the cells that a reviewer masked: where, how often and why (R31)."""

from __future__ import annotations

from collections import Counter

from afschrift.app.settings import Settings
from afschrift.bundle.description.redactions import remark
from afschrift.bundle.page.words import PageWords
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.plan import Plan
from afschrift.inventory.column import Column
from afschrift.inventory.load import load
from afschrift.inventory.model import Inventory
from afschrift.letters.element_values import ITEMS, LINE
from afschrift.register.register import Register

MASKED = "masked"
"""The element of the letter."""


def masked_lines(settings: Settings, register: Register, request_id: str, language: str) -> list[str]:
    """One line a column and ground; none where no cell is masked, or no plan of it can be read any more.

    Raises:
        ConfigurationError: the inventory or the texts cannot be used.
    """
    frozen = register.steps.latest(request_id, "classify")
    try:
        plan = register.plans.get(request_id, frozen["plan"]) if frozen else None
    except ConfigurationError:  # shredded, or of another version of the software
        plan = None
    if plan is None or not any(part.redactions for part in plan.extracts):
        return []
    words = PageWords.load(settings.folder("letters"), language)
    return _lines(plan, load(settings.inventory), words, language)[:ITEMS]


def _lines(plan: Plan, inventory: Inventory, words: PageWords, language: str) -> list[str]:
    lines = []
    for part in plan.extracts:
        table = inventory.sources[part.source].tables[part.table]
        counts = Counter((one.column, one.ground) for one in part.redactions)
        for (name, ground), count in counts.items():
            title = (table.columns.get(name) or Column()).title
            column = title.get(language) if title else name
            of_table = table.title.get(language) if table.title else part.table
            line = words.count("masked_line", count, column=column, table=of_table)
            lines.append(f"{line} {words.phrase('remarks', remark(ground))}"[:LINE])
    return lines
