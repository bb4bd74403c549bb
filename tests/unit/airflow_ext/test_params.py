"""Options of the trigger form on their way into the register."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.support.installed import Installation

from afschrift.domain.errors import ConfigurationError, UnknownRequestError
from afschrift.law.roles import Person, Role, Roles

ROLES = Roles(
    (
        Person("otto", frozenset({"airflow:otto"}), frozenset({Role.OFFICER})),
        Person("ivo", frozenset({"airflow:ivo"}), frozenset({Role.INTAKE})),
        Person("aad", frozenset({"airflow:aad"}), frozenset({Role.AUDITOR})),
    )
)


Change = Callable[..., None]


@pytest.fixture
def request_id(installation: Installation) -> str:
    return installation.submit(900001, "portability")


@pytest.fixture
def change(installation: Installation, request_id: str) -> Change:
    from afschrift.airflow_ext.params import change_options

    def with_services(by: str = "airflow:otto", request: str = request_id, **options: Any) -> None:
        change_options(installation.services, request, options, by, ROLES)

    return with_services


def changes(installation: Installation, kind: str = "options_changed") -> list[tuple[str, dict[str, Any]]]:
    events = installation.services.register.trail.events()
    return [(header.actor, payload or {}) for header, payload in events if header.type == kind]


def test_what_differs_is_recorded_once_with_who(
    installation: Installation, request_id: str, change: Change
) -> None:
    before = installation.services.register.requests.get(request_id)
    change()
    change(formats=["csv", "json"], destination="outbox")
    assert installation.services.register.requests.get(request_id) == before
    assert changes(installation) == []

    for _ in range(2):
        change(formats=["json"], language="nl")

    assert installation.services.register.requests.get(request_id).formats == ("json",)
    assert changes(installation) == [("airflow:otto", {"changed": {"formats": ["json"]}})]
    change(by="airflow:ivo", formats=["csv"])
    assert [actor for actor, _ in changes(installation)] == ["airflow:otto", "airflow:ivo"]


def test_what_the_installation_does_not_have_is_turned_down(
    installation: Installation, change: Change
) -> None:
    for option in ({"destination": "nowhere"}, {"language": "fr"}):
        with pytest.raises(ConfigurationError, match="choose one of"):
            change(formats=["json"], **option)
    with pytest.raises(UnknownRequestError):
        change(request="req-000000000000", language="en")
    assert changes(installation) == []


@pytest.mark.parametrize("account", ["airflow:stranger", "airflow:aad", "airflow:system", "cli:otto"])
def test_options_of_an_account_without_role_are_ignored_and_recorded(
    installation: Installation, request_id: str, change: Change, account: str
) -> None:
    before = installation.services.register.requests.get(request_id)

    change(by=account, formats=["json"], language="en")

    assert installation.services.register.requests.get(request_id) == before
    assert changes(installation) == []
    [(actor, payload)] = changes(installation, "options_refused")
    assert (actor, payload["options"]) == (account, ["formats", "language"])
