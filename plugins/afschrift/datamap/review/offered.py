"""The possible answers to a question: origins, categories, others' data, meanings; and their checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any

from afschrift.datamap.review.decisions import Kind
from afschrift.datamap.review.groups import Group
from afschrift.domain.decision import About, Protect, ThirdParty
from afschrift.domain.errors import ConfigurationError
from afschrift.domain.language import gettext, in_english, ngettext
from afschrift.domain.vocabulary import Origin
from afschrift.inventory.base import fides_categories
from afschrift.inventory.layers import with_answer

ORIGINS = {
    Origin.PROVIDED: "the person typed, chose or uploaded it",
    Origin.OBSERVED: "left behind by using the service or a device",
    Origin.DERIVED: "computed from other data by a fixed rule",
    Origin.INFERRED: "estimated, with a chance of being wrong",
    Origin.ASSIGNED: "the organisation assigned or decided it",
    Origin.THIRD_PARTY: "another person or organisation gave it",
    Origin.NOT_PERSONAL: "about no person",
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
    """Return the possible answers about others' data in its columns, each with its description."""
    if group.is_table:
        return {}
    proposed = group.proposed.get("about") == About.THIRD_PARTY
    return {code: words for code, words in OTHERS.items() if proposed or code != About.SUBJECT}


def words_of_others(group: Group, chosen: str) -> dict[str, Any]:
    """Return the words of an answer about others' data.

    Args:
        group: the question.
        chosen: one of `others_offered`.

    Raises:
        ConfigurationError: it is none of these.
    """
    if chosen not in others_offered(group):
        raise ConfigurationError(
            "This is no possible answer about others' data here.", remedy="choose one that is offered."
        )
    if chosen == About.SUBJECT:
        return {"about": chosen}
    known = group.proposed.get("about") == About.THIRD_PARTY
    return ({} if known else {"about": About.THIRD_PARTY.value}) | {"third_party": chosen}


def effect(group: Group, words: Mapping[str, Any]) -> str:
    """Return what comes in or out for the person by an answer; empty: that is not decided yet."""
    if group.titles:
        return "the person reads these titles; what is given stays the same"
    answered = with_answer(group.proposed, words)
    if answered.get("personal") is False:
        return "never read: no person gets a row of it"
    if group.whose:
        known = Lack.WHOSE not in lacking(group, words)
        return "their rows are the person's, and each column is asked about" if known else ""
    if group.is_table:
        return "its rows are given only with the table that it repeats"
    if _is_secret(group):
        return "never given; the answer says that there is one"
    if answered.get("origin") == Origin.NOT_PERSONAL:
        return "not given"
    if group.kind is Kind.HEALTH and not answered.get("origin"):
        return "given with access; to take along only what the patient (provided) or a device (observed) gave"
    if not answered.get("origin") or _lacks_others(group, answered):
        return ""
    others: Any = answered.get("third_party") if answered.get("about") == About.THIRD_PARTY else None
    how = {ThirdParty.MASK: "given with access, masked", ThirdParty.ASK: "given if each request says so"}
    given = how.get(others, "given with access")
    if answered["origin"] in (Origin.PROVIDED, Origin.OBSERVED):
        return f"{given}; to take along where the basis is consent or a contract"
    return f"{given}; not to take along"


def no_to(group: Group) -> dict[str, Any]:
    """Return the words of the answer *no*: nothing of it is given, as it is about no person.

    Raises:
        ConfigurationError: *no* says too little here.
    """
    if group.titles:
        raise ConfigurationError(
            "No leaves the titles missing.", remedy="write each `title` that is wrong here into the file."
        )
    if group.whose:
        raise ConfigurationError(
            "No does not say what its rows are about.",
            remedy="say whose they are (r), leave it for later, or write its `subject` or `join` by hand.",
        )
    if group.is_table:
        raise ConfigurationError(
            "No leaves open whose its rows are, so requests go on stopping there.",
            remedy="write its `subject`, `join` or `copy_of` into the file, instead of what is proposed: "
            "docs/datamap/inventory.md.",
        )
    if _is_secret(group) or group.proposed.get("origin") == Origin.NOT_PERSONAL:
        raise ConfigurationError(
            "None of it is given already.", remedy="choose the origin that it has instead (o)."
        )
    return {"origin": Origin.NOT_PERSONAL.value}


def word_of(offered: Mapping[str, str], given: str) -> str:
    """Return an answer that was typed as its word.

    Raises:
        ConfigurationError: it is none of those that are offered here.
    """
    if given not in offered:
        raise ConfigurationError(
            "This is no answer to the question.", remedy=f"type one of these words: {', '.join(offered)}."
        )
    return given


def meaning_of(texts: Mapping[str, str], languages: Sequence[str]) -> dict[str, str]:
    """Return the meaning of a derived or inferred column in each language of the controller.

    Raises:
        ConfigurationError: a language is missing, or a text is too long.
    """
    found = {language: " ".join(texts.get(language, "").split()) for language in languages}
    if missing := [language for language, text in found.items() if not text]:
        raise ConfigurationError(
            f"The meaning is missing in {', '.join(missing)}.",
            remedy="give it in each language: range, what high means, what it is used for.",
        )
    if any(len(text) > LONGEST_MEANING for text in found.values()):
        raise ConfigurationError(
            f"A meaning has at most {LONGEST_MEANING} characters.",
            remedy="shorten it, or write it in the file.",
        )
    return found


def must_be_category(given: str) -> None:
    """Require a category of the Fides taxonomy.

    Raises:
        ConfigurationError: it is none; names similar ones.
    """
    if given in fides_categories():
        return
    near = sorted(category for category in fides_categories() if given.lower() in category)[:_NEAR]
    raise ConfigurationError(
        "This category is not in the Fides taxonomy.",
        remedy=f"perhaps {', '.join(near)}." if near else "docs/datamap/inventory.md says where they are.",
    )


def in_a_year(today: date) -> date:
    """Return the usual day of the next review."""
    return today.replace(year=today.year + 1, day=min(today.day, 28))


def decided(group: Group, words: Mapping[str, Any]) -> str:
    """Return an answer in a few words: `email, 2 columns: provided`."""
    if group.is_table:
        whose = "".join(f": {answer}" for answer, of in group.whose.items() if of == words)
        return gettext("table {name}", name=group.name) + whose
    number = ngettext("{number} column", "{number} columns", len(group.places))
    return f"{group.name}, {number}: {in_short(decided_words(group, words))}"


def decided_words(group: Group, words: Mapping[str, Any]) -> dict[str, str]:
    """Return the answer's origin, category and words about others' data; a meaning is only in the file."""
    answered = with_answer(group.proposed, words)
    named = [word for word in ("origin", "category", "third_party") if answered.get(word)]
    named += ["about"] if words.get("about") == About.SUBJECT else []
    return {word: str(answered[word]) for word in named}


def in_short(words: Mapping[str, str]) -> str:
    """Return such words on one line: `provided, user.name, about others: mask`."""
    parts = [said_code(words["origin"])] if "origin" in words else []
    parts += [words["category"]] if "category" in words else []
    if "third_party" in words:
        parts.append(gettext("about others: {how}", how=said_code(words["third_party"])))
    parts += [gettext("not about others")] if "about" in words else []
    return ", ".join(parts) or gettext("a secret")


def said_code(code: object) -> str:
    """A code within a sentence, in the language that is served."""
    return gettext(in_english(code)).lower()


COMPUTED = (Origin.DERIVED, Origin.INFERRED)
"""Origins whose values need a meaning for the person."""


class Lack(StrEnum):
    """Words that only a person can give and that are missing."""

    WHOSE = "whose"
    ORIGIN = "origin"
    OTHERS = "others"
    MEANING = "meaning"


_MISSING = {
    Lack.WHOSE: ("Nothing says whose its rows are.", "say it first."),
    Lack.ORIGIN: ("It is not decided yet where it comes from.", "choose an origin first."),
    Lack.OTHERS: (
        "It is not decided yet how the data about others in it are treated, so every request would ask.",
        "decide it first, or that it is not about others.",
    ),
    Lack.MEANING: ("A derived or inferred value needs a meaning.", "give its meaning first."),
}


def lacking(group: Group, words: Mapping[str, Any]) -> Iterator[Lack]:
    """Yield what is missing before the answer can be written.

    Args:
        group: the question.
        words: that differ from the proposal.
    """
    if group.whose and not words and group.proposed.get("ways") == "asked":
        yield Lack.WHOSE
    if lacks_origin(group, words):
        yield Lack.ORIGIN
    if _lacks_others(group, words):
        yield Lack.OTHERS
    answered = {**group.proposed, **words}
    if answered.get("origin") in COMPUTED and not answered.get("meaning") and takes_meaning(group):
        yield Lack.MEANING


def must_say_whose(group: Group, words: Mapping[str, Any]) -> None:
    """Require that an answer to a question whose rows these are names it."""
    if Lack.WHOSE in lacking(group, words):
        text, remedy = _MISSING[Lack.WHOSE]
        raise ConfigurationError(text, remedy=remedy)


def lacks_origin(group: Group, words: Mapping[str, Any]) -> bool:
    """Whether the origin of its columns is missing; a secret needs none."""
    return (
        not group.is_table
        and not {**group.proposed, **words}.get("origin")
        and "protect" not in group.proposed
    )


def takes_meaning(group: Group) -> bool:
    """Whether a meaning can be given: none of its columns has one, and it is no secret."""
    known = group.proposed.get("meaning") or "meaning" in group.varied
    return not group.is_table and not known and not _is_secret(group)


def must_say_enough(group: Group, words: Mapping[str, Any]) -> None:
    """Require that an answer can be written.

    Args:
        group: the question.
        words: that differ from the proposal.

    Raises:
        ConfigurationError: an origin, the treatment of others' data or a meaning is missing; a meaning is
            given where none belongs; or words are given for a table.
    """
    if group.is_table and words and words not in group.whose.values():
        raise ConfigurationError("This asks about a table.", remedy="describe its columns in the file.")
    for lack in lacking(group, words):
        text, remedy = _MISSING[lack]
        raise ConfigurationError(text, remedy=remedy)
    if "meaning" in words and {**group.proposed, **words}.get("origin") not in COMPUTED:
        raise ConfigurationError(
            "A meaning belongs to a derived or inferred value.",
            remedy="choose such an origin, or no meaning.",
        )
    if "meaning" in words:
        must_take_meaning(group)


def must_take_meaning(group: Group) -> None:
    """Require that a meaning can be given; an existing one is not overwritten.

    Raises:
        ConfigurationError: there is one, or it is a secret.
    """
    if not takes_meaning(group):
        raise ConfigurationError(
            "There is a meaning already, or it is a secret.", remedy="write it into the file by hand."
        )


def _lacks_others(group: Group, words: Mapping[str, Any]) -> bool:
    """Whether it is about others and can be given, but their treatment is not decided (R31, R32)."""
    answered = {**group.proposed, **words}
    stays = _is_secret(group) or answered.get("origin") == Origin.NOT_PERSONAL
    return answered.get("about") == About.THIRD_PARTY and not answered.get("third_party") and not stays


def _is_secret(group: Group) -> bool:
    return group.proposed.get("protect") == Protect.SECRET
