"""What a person can say of a question: origins, categories, others' data and meanings, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from afschrift.datamap.review.groups import Group
from afschrift.domain.decision import About, ThirdParty
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.language import count
from afschrift.domain.origin import Origin
from afschrift.inventory.categories import fides_categories
from afschrift.inventory.confirmed_layer import with_answer

ORIGINS = {
    Origin.PROVIDED: "the person typed, chose or uploaded it",
    Origin.OBSERVED: "left behind by using the service or a device",
    Origin.DERIVED: "computed from other data by a fixed rule",
    Origin.INFERRED: "estimated, with a chance of being wrong",
    Origin.ASSIGNED: "the organisation gave it out or decided it",
    Origin.THIRD_PARTY: "somebody else told it",
    Origin.NOT_PERSONAL: "about nobody",
}
OTHERS = {
    About.SUBJECT.value: "not about others: the person's own alone",
    ThirdParty.MASK.value: "what the person neither knew nor made, such as an agent's name: masked",
    ThirdParty.OWN_USE.value: "what they made or received themselves, such as a friend's address: given",
    ThirdParty.ASK.value: "others' data, and it depends: each request asks",
}
LONGEST_MEANING = 500
_NEAR = 8


def others_offered(group: Group) -> dict[str, str]:
    """What may be said of others' data in its columns, each with what it is for."""
    if group.is_table:
        return {}
    proposed = group.said.get("about") == About.THIRD_PARTY
    return {code: words for code, words in OTHERS.items() if proposed or code != About.SUBJECT}


def words_of_others(group: Group, chosen: str) -> dict[str, Any]:
    """The words of an answer that says how others' data are treated, or that it is not about others.

    Args:
        group: the question.
        chosen: one of `others_offered`.

    Raises:
        ConfigurationError: it is none of these.
    """
    if chosen not in others_offered(group):
        raise ConfigurationError(
            "This cannot be said of others' data here.", remedy="choose what is offered for it."
        )
    if chosen == About.SUBJECT:
        return {"about": chosen}
    known = group.said.get("about") == About.THIRD_PARTY
    return ({} if known else {"about": About.THIRD_PARTY.value}) | {"third_party": chosen}


def meaning_of(texts: Mapping[str, str], languages: Sequence[str]) -> dict[str, str]:
    """The meaning of a derived or inferred column, in each language of the controller.

    Raises:
        ConfigurationError: a language is missing, or a text is too long.
    """
    found = {language: " ".join(texts.get(language, "").split()) for language in languages}
    if missing := [language for language, text in found.items() if not text]:
        raise ConfigurationError(
            f"The meaning is missing in {', '.join(missing)}.",
            remedy="say it in each language: range, what high means, what it is used for.",
        )
    if any(len(text) > LONGEST_MEANING for text in found.values()):
        raise ConfigurationError(
            f"A meaning takes up to {LONGEST_MEANING} characters.", remedy="say it shorter, or in the file."
        )
    return found


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
    return f"{group.name}, {count(len(group.places), 'column')}: {in_short(decided_words(group, words))}"


def decided_words(group: Group, words: Mapping[str, Any]) -> dict[str, str]:
    """What an answer says of origin, category and others' data; a meaning stands in the file alone."""
    said = with_answer(group.said, words)
    told = [word for word in ("origin", "category", "third_party") if said.get(word)]
    told += ["about"] if words.get("about") == About.SUBJECT else []
    return {word: str(said[word]) for word in told}


def in_short(said: Mapping[str, str]) -> str:
    """Such words on one line: `provided, user.name, about others: mask`."""
    parts = [said[word] for word in ("origin", "category") if word in said]
    parts += [f"about others: {said['third_party']}"] if "third_party" in said else []
    parts += ["not about others"] if "about" in said else []
    return ", ".join(parts) or "a secret"


def in_both_languages(value: object) -> str:
    """Both languages of a text, the names of a list, or anything as it is."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return " / ".join(map(str, value.values())) if isinstance(value, dict) else str(value)
