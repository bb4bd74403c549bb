"""The decision on a page: first the choice and its ground, then the form of that ground alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from afschrift.casework.question_kinds import kind_named
from afschrift.domain.right import Right
from afschrift.law.grounds import FieldStorage, FourEyes, Ground, Grounds, Need, OnlyWhile, Outcome
from afschrift.law.grounds import GroundField as Asked
from afschrift.questions.words import said
from afschrift.web.form_fields import FormField, field


@dataclass(frozen=True)
class GroundForm:
    """A ground for one outcome, in words.

    Attributes:
        fits: when it may be chosen.
        signs: who signs.
        letter: which letter follows.
        fields: of its form, codes and words alike, in the order of the table.
    """

    code: str
    title: str
    rules: tuple[str, ...]
    fits: str
    signs: str
    letter: str
    fields: tuple[FormField, ...]


@dataclass(frozen=True)
class OutcomeChoice:
    """An outcome with the grounds on which it may rest; without any it needs none."""

    code: str
    title: str
    does: str
    grounds: tuple[GroundForm, ...]


def choices(grounds: Grounds, right: Right, options: Sequence[str]) -> list[OutcomeChoice]:
    """What can be chosen. No choice is a default."""
    return [
        OutcomeChoice(
            option,
            said(option),
            kind_named("decision").does.get(option, ""),
            tuple(
                ground_form(grounds, code, Outcome(option))
                for code in grounds.offered(Outcome(option), right)
            ),
        )
        for option in options
    ]


def ground_form(grounds: Grounds, code: str, outcome: Outcome) -> GroundForm:
    """The form of a ground for an outcome."""
    ground = grounds.grounds[code]
    shown = []
    for name in ground.asks(outcome):
        one = grounds.fields[name]
        schema = {"title": one.title["en"], **one.schema, "x-kept": one.kept.value}
        shown.append(field(name, schema, _need(grounds, ground, outcome, name), _example(one)))
    return GroundForm(
        code,
        ground.title["en"],
        ground.rules,
        _fits(ground),
        _signs(ground),
        _letter(grounds, ground, outcome),
        tuple(shown),
    )


def _example(one: Asked) -> str:
    """Of a field for codes that nobody can choose from a list."""
    patterned = "pattern" in {**one.schema, **one.schema.get("items", {})} and one.kept is FieldStorage.TRAIL
    return str(one.example[0] if isinstance(one.example, list) else one.example) if patterned else ""


_WHILE = {
    OnlyWhile.UNIDENTIFIED: "the identity is not confirmed",
    OnlyWhile.WITHOUT_MANDATE: "somebody asks for the person whose authority is not proven",
}


def _fits(ground: Ground) -> str:
    rights = " and ".join(ground.rights)
    only = f", while {_WHILE[ground.only]}" if ground.only else ""
    return f"For {rights} requests{only}."


def _signs(ground: Ground) -> str:
    first = " or ".join(said(role).lower() for role in ground.signers)
    match ground.four_eyes:
        case FourEyes.ALWAYS:
            return f"You as {first}; it counts once a second signer agrees, who is another person."
        case FourEyes.FIRST_REQUEST:
            return f"You as {first}; of the person's first request in a year, a second signer too."
    return f"You as {first}, alone."


def _letter(grounds: Grounds, ground: Ground, outcome: Outcome) -> str:
    kind = ground.outcomes[outcome]
    if kind is None:
        return "No letter follows."
    unless = " and ".join(
        f"“{grounds.fields[name].title['en']}” is “{said(value)}”"
        for name, value in ground.no_letter_when.items()
    )
    return f"The letter “{said(kind)}”{f', unless {unless}' if unless else ''}. It must be sent."


def _need(grounds: Grounds, ground: Ground, outcome: Outcome, name: str) -> str:
    if name in ground.required(outcome, first_request=False, form={}):
        return "needed"
    whens = [" and ".join(_when(grounds, need)) for need in ground.needed if name in need.fields]
    return f"needed where {' or where '.join(filter(None, whens))}" if any(whens) else ""


def _when(grounds: Grounds, need: Need) -> Iterator[str]:
    for name, value in need.when.items():
        if name == "first_request":
            yield "this is the person's first request in a year"
        elif name != "outcome":
            yield f"“{grounds.fields[name].title['en']}” is “{said(value)}”"
