"""Drafts of what explains the values of a column to the person: codes, a meaning, a unit."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from afschrift.inventory.titles import ends_with, word_list
from afschrift.outside.read_yaml import packaged

Rule = Mapping[str, Any]


def rule_of(name: str, values: Sequence[str], others: Collection[str]) -> Rule:
    """Return the rule of `explained.yml` for a column; empty: there is none. No value is in it.

    Args:
        name: of the column.
        values: some of its values.
        others: the other columns of its table.
    """
    rules: Sequence[Rule] = packaged("afschrift.datamap.scan", "explained.yml") if values else ()
    for rule in rules:
        columns = word_list("money") if rule["columns"] == "money" else rule["columns"]
        if (not columns or ends_with(name, columns)) and all(
            re.fullmatch(rule["values"], value) for value in values
        ):
            units = [other for other in others if ends_with(other, rule.get("unit_from", ()))]
            return rule if "unit_from" not in rule else {"unit_from": units[0]} if units else {}
    return {}


def explained(title: Mapping[str, str], rule: Rule, *, alone: bool) -> dict[str, Any]:
    """Return the words that explain a column, in the languages of its title; without one none.

    Args:
        title: of the column, by language.
        rule: of `rule_of`.
        alone: it is no key, and points to nothing that is known.
    """
    if not title or (rule.get("alone") and not alone):
        return {"title": title} if title else {}

    def spoken(texts: Mapping[str, Any]) -> dict[str, Any]:
        if texts.keys() >= title.keys():
            return {code: texts[code].format(title=title[code].lower()) for code in title}
        return {code: spoken(text) for code, text in texts.items()}

    found = {word: spoken(rule[word]) for word in ("codes", "meaning") if word in rule}
    return {"title": title, **found, **{word: rule[word] for word in ("unit", "unit_from") if word in rule}}
