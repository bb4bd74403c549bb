"""The table of actions: what each takes, where it leads, and that a wrong parameter is named and not repeated."""

import re
from dataclasses import replace
from typing import Any

import jsonschema_rs
import pytest
from click import Context
from tests.support.deciding import Bureau
from tools import actions_page
from typer.main import get_command

from afschrift.casework.actions.action import Action, Subject, perform
from afschrift.casework.actions.actions import ACTIONS
from afschrift.casework.actions.clock_actions import SuspensionParameters
from afschrift.casework.actions.dispute_actions import ComplaintParameters
from afschrift.casework.answer_rows import AnswerAction
from afschrift.casework.letters.make import make
from afschrift.domain.errors import FormError, NotAllowedError
from afschrift.law.roles import Person, Role, Roles
from afschrift.outside.read_model import read_model
from afschrift.questions.forms import is_words

SECRET = "kwikstaart"
every = pytest.mark.parametrize("action", ACTIONS, ids=lambda action: f"{action.of} {action.name}")


@every
def test_each_action_has_a_command_a_route_and_words(action: Action) -> None:
    from afschrift.cli.main import app

    root: Any = get_command(app)
    name = "grounds" if action.of is Subject.SOURCE else re.sub("ies$", "y", action.of).removesuffix("s")
    command = root.get_command(Context(root), name).commands[action.name] if action.command else None
    options = {option for each in command.params for option in each.opts} if command else set()
    assert action.title
    assert action.help.endswith((".", "?"))
    for name, field in action.fields().items():
        assert jsonschema_rs.meta.is_valid(field)
        assert field["title"], name
        assert (
            command is None or f"--{f'{name}-file' if is_words(field) else name.replace('_', '-')}" in options
        )


@every
def test_words_are_in_no_text_of_parameters(action: Action) -> None:
    given = {name: SECRET for name, field in action.fields().items() if is_words(field)}
    with pytest.raises(FormError) as wrong:
        read_model(action.parameters, {**given, SECRET: SECRET})
    assert SECRET not in f"{wrong.value} {wrong.value.fields}"
    made = action.parameters.model_construct(**given)
    assert SECRET not in f"{made!r} {made}"


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({}, {"ground": "is missing"}),
        ({"ground": "  "}, {"ground": "is missing"}),
        ({"ground": "x" * 101}, {"ground": "string should have at most 100 characters"}),
        ({"ground": "identity", "term": "1767225600"}, {"term": "is no date; write 2026-03-05"}),
        ({"ground": "identity", "term": "2026-13-05"}, {"term": "is no date; write 2026-03-05"}),
        ({"ground": "identity", "overview": []}, {"overview": "input should be a valid boolean"}),
        ({"ground": "identity", SECRET: 1}, {"body": "is no object of these names"}),
        ([SECRET], {"body": "is no object of these names"}),
    ],
)
def test_a_wrong_parameter_is_named(given: object, faults: dict[str, str]) -> None:
    with pytest.raises(FormError) as wrong:
        read_model(SuspensionParameters, given)
    assert wrong.value.fields == faults


def test_names_that_python_keeps_for_itself() -> None:
    given = {"from": "court", "reference": "C/13/99", "received": "2026-03-05"}
    assert read_model(ComplaintParameters, given).from_ == "court"


def test_each_role_may_what_the_table_says_and_nothing_else(bureau: Bureau) -> None:
    request = bureau.store()
    letter = make(bureau.officer(), request, "acknowledgement", {}).letter
    assert letter is not None
    delivery = bureau.register.deliveries.begin(request, "outbox", f"{request}-access.zip", "0" * 64)
    owners = {Subject.LETTER: letter.id, Subject.DELIVERY: delivery.id}
    shown = actions_page.page()
    refusals = 0
    for action in ACTIONS:
        if isinstance(action, AnswerAction):
            options, role = action.kind.options, action.role.value
            asked = bureau.register.questions.ask(request, action.name, options=options, detail={}, role=role)
            owners[Subject.QUESTION] = asked.id
        answers = action.of is Subject.QUESTION
        route = f"ID/answer`, kind `{action.name}`" if answers else f"ID/{action.name}`"
        [line] = re.findall(rf"POST /api/{action.of}/{route} \|[^|]*\|(.*)", shown)
        for role, cell in zip(Role, line.split("|"), strict=False):
            person = Person(role.value, frozenset({f"cli:{role}"}), frozenset({role}))
            officer = replace(bureau.officer(f"cli:{role}"), roles=Roles((person,)))
            assert action.is_for(officer.roles, officer.by) == bool(cell.strip())
            if not cell.strip():
                with pytest.raises(NotAllowedError, match=f"role.* {action.role}"):
                    perform(officer, action, owners.get(action.of, request), {})
                refusals += 1
    refused = [h for h, _ in bureau.register.trail.events() if h.type == "answer_refused"]
    assert len(refused) == refusals
