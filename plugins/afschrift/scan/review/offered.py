"""What a person can say of a question: origins in words, categories, and whether an answer says enough."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.language import count
from afschrift.domain.origin import Origin
from afschrift.inventory.categories import fides_categories
from afschrift.scan.review.groups import Group

ORIGINS = {
    Origin.PROVIDED: "the person typed, chose or uploaded it",
    Origin.OBSERVED: "left behind by using the service or a device",
    Origin.DERIVED: "computed from other data by a fixed rule",
    Origin.INFERRED: "estimated, with a chance of being wrong",
    Origin.ASSIGNED: "the organisation gave it out or decided it",
    Origin.THIRD_PARTY: "somebody else told it",
    Origin.NOT_PERSONAL: "about nobody",
}
_NEAR = 8


def lacks_origin(group: Group, words: Mapping[str, Any]) -> bool:
    """Whether nobody said yet where its columns come from; a secret needs no origin."""
    return not group.is_table and not {**group.said, **words}.get("origin") and "protect" not in group.said


def must_say_enough(group: Group, words: Mapping[str, Any]) -> None:
    """Make sure that an answer can be written.

    Args:
        group: the question.
        words: what is said otherwise than was proposed.

    Raises:
        ConfigurationError: an origin is missing, or a table is said to be something else.
    """
    if group.is_table and words:
        raise ConfigurationError("This asks about a table.", remedy="describe its columns in the file.")
    if lacks_origin(group, words):
        raise ConfigurationError("Nobody said yet where it comes from.", remedy="say an origin first.")


def must_be_category(given: str) -> None:
    """Make sure that a category is one of the Fides taxonomy.

    Raises:
        ConfigurationError: it is not; names some that look like it.
    """
    if given in fides_categories():
        return
    near = sorted(one for one in fides_categories() if given.lower() in one)[:_NEAR]
    raise ConfigurationError(
        "This category is not in the Fides taxonomy.",
        remedy=f"perhaps {', '.join(near)}." if near else "docs/inventory.md says where they stand.",
    )


def in_a_year(today: date) -> date:
    """The usual day to look again."""
    return today.replace(year=today.year + 1, day=min(today.day, 28))


def decided(group: Group, words: Mapping[str, Any]) -> str:
    """An answer in a few words: `email, 2 columns: provided`."""
    if group.is_table:
        return f"table {group.name}"
    told = {**group.said, **words}
    said = ", ".join(str(told[word]) for word in ("origin", "category") if told.get(word))
    return f"{group.name}, {count(len(group.places), 'column')}: {said or 'a secret'}"


def in_both_languages(value: object) -> str:
    """Both languages of a text, the names of a list, or anything as it is."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return " / ".join(map(str, value.values())) if isinstance(value, dict) else str(value)
