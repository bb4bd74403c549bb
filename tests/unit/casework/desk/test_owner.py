"""Who sees to a request: assigned by an officer to an officer, taken over, given back, and nothing else."""

import pytest

from afschrift.casework.actions.action import perform
from afschrift.casework.actions.actions import ACTIONS
from afschrift.casework.desk.owner import owner
from afschrift.casework.officer import Officer
from afschrift.domain.errors import NotAllowedError, RefusedError
from afschrift.domain.request import Request
from afschrift.law.roles import Person, Role, Roles
from afschrift.register.register import Register

NAMES = {"anna": Role.OFFICER, "bea": Role.OFFICER, "ina": Role.INTAKE}
PEOPLE = Roles(tuple(Person(n, frozenset({f"airflow:{n}"}), frozenset({role})) for n, role in NAMES.items()))


def test_an_officer_assigns_a_request_to_an_officer_alone(register: Register, opened: Request) -> None:
    request = opened.id
    acts = {action.name: action for action in ACTIONS}

    def do(who: str, name: str, **given: str) -> str | None:
        perform(Officer(register, PEOPLE, f"airflow:{who}"), acts[name], request, given)
        return owner(register.facts.timeline(request))

    assert do("anna", "assign", to="airflow:bea") == "bea"
    assert do("anna", "take-over") == "anna"
    assert do("anna", "take-over") == "anna"
    for who, to, error in (("anna", "ina", RefusedError), ("ina", "anna", NotAllowedError)):
        with pytest.raises(error):
            do(who, "assign", to=to)
    assert do("bea", "assign") is None
    assert len(register.facts.timeline(request).facts) == 3
