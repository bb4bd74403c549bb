"""Who sees to a request: assigned by an officer to an officer, taken over, given back, and nothing else."""

import pytest
from tests.unit.casework.desk.conftest import Desk

from afschrift.casework.actions.actions import ACTIONS, perform
from afschrift.casework.desk.owner import owner
from afschrift.casework.officer import Officer
from afschrift.domain.errors import NotAllowedError, RefusedError
from afschrift.law.roles import Person, Role, Roles

PEOPLE = Roles(
    tuple(
        Person(name, frozenset({f"airflow:{name}"}), frozenset({role}))
        for name, role in (("anna", Role.OFFICER), ("bea", Role.OFFICER), ("ina", Role.INTAKE))
    )
)


def test_an_officer_assigns_a_request_to_an_officer_alone(desk: Desk) -> None:
    request = desk.store("2026-03-02T09:00:00+01:00")
    acts = {action.name: action for action in ACTIONS}

    def do(who: str, name: str, **given: str) -> str | None:
        perform(Officer(desk.register, PEOPLE, f"airflow:{who}"), acts[name], request, given)
        return owner(desk.register.facts.timeline(request))

    assert do("anna", "assign", to="airflow:bea") == "bea"
    assert do("anna", "take-over") == "anna"
    assert do("anna", "take-over") == "anna"
    for who, to, error in (("anna", "ina", RefusedError), ("ina", "anna", NotAllowedError)):
        with pytest.raises(error):
            do(who, "assign", to=to)
    assert do("bea", "assign") is None
    assert len(desk.register.facts.timeline(request).facts) == 3
