"""Options of the trigger form on their way into the register."""

from __future__ import annotations

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


@pytest.fixture
def change(installation: Installation) -> Any:
    from afschrift.airflow_ext.params import change_options

    def with_services(request: str, by: str = "airflow:otto", **options: Any) -> None:
        change_options(installation.services, request, options, by, ROLES)

    return with_services


def changes(installation: Installation, request: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        (header.actor, payload or {})
        for header, payload in installation.services.register.trail.events(request)
        if header.type == "options_changed"
    ]


def test_what_differs_is_recorded_once_with_who(installation: Installation, change: Any) -> None:
    request = installation.submit(900001, "portability")

    for _ in range(2):
        change(request, formats=["json"], language="nl")

    assert installation.services.register.requests.get(request).formats == ("json",)
    assert changes(installation, request) == [("airflow:otto", {"changed": {"formats": ["json"]}})]


def test_nothing_filled_in_changes_nothing(installation: Installation, change: Any) -> None:
    request = installation.submit(900001, "portability")
    before = installation.services.register.requests.get(request)

    change(request)
    change(request, formats=["csv", "json"], destination="outbox")

    assert installation.services.register.requests.get(request) == before
    assert changes(installation, request) == []


@pytest.mark.parametrize("option", [{"destination": "nowhere"}, {"language": "fr"}])
def test_what_the_installation_does_not_have_is_turned_down(
    installation: Installation, change: Any, option: dict[str, str]
) -> None:
    request = installation.submit(900001, "portability")

    with pytest.raises(ConfigurationError, match="choose one of"):
        change(request, formats=["json"], **option)

    assert changes(installation, request) == []


def test_an_unknown_request(change: Any) -> None:
    with pytest.raises(UnknownRequestError):
        change("req-000000000000", language="en")


@pytest.mark.parametrize("account", ["airflow:stranger", "airflow:aad", "airflow:system", "cli:otto"])
def test_options_of_an_account_without_role_are_ignored_and_recorded(
    installation: Installation, change: Any, account: str
) -> None:
    request = installation.submit(900001, "portability")
    before = installation.services.register.requests.get(request)

    change(request, by=account, formats=["json"], language="en")

    assert installation.services.register.requests.get(request) == before
    assert changes(installation, request) == []
    [(actor, payload)] = [
        (header.actor, payload or {})
        for header, payload in installation.services.register.trail.events(request)
        if header.type == "options_refused"
    ]
    assert (actor, payload["options"]) == (account, ["formats", "language"])


def test_options_of_intake_count(installation: Installation, change: Any) -> None:
    request = installation.submit(900001, "portability")
    change(request, by="airflow:ivo", formats=["json"])
    assert [actor for actor, _ in changes(installation, request)] == ["airflow:ivo"]
