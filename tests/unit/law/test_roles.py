"""Who may do what, as one table, and four eyes by person instead of by account."""

from __future__ import annotations

import pytest

from afschrift.domain.errors import NotAllowedError
from afschrift.law.roles import MAY, READ_ONLY_ROLES, Act, Person, Role, Roles

ANNA = Person("Anna", frozenset({"airflow:anna", "cli:anna"}), frozenset({Role.OFFICER, Role.SECOND_SIGNER}))
DIRK = Person("Dirk", frozenset({"airflow:dirk"}), frozenset({Role.DPO}))
ROLES = Roles((ANNA, DIRK), location="/etc/afschrift/roles.yml")


def test_every_role_is_in_the_table_and_read_only_roles_act_on_nothing() -> None:
    assert set(MAY) == set(Role)
    acting = {Act.SUBMIT, Act.ANSWER, Act.DECIDE, Act.MAP}
    assert {role for role in Role if not MAY[role] & acting} == READ_ONLY_ROLES


def test_a_role_is_held_by_account() -> None:
    assert ROLES.holds("airflow:anna", Role.OFFICER)
    assert ROLES.holds("cli:anna", Role.SECOND_SIGNER)
    assert not ROLES.holds("airflow:Anna", Role.OFFICER)
    assert not ROLES.holds("anna", Role.OFFICER)
    assert not ROLES.holds("airflow:dirk", Role.DPO)  # sees, but answers nothing
    assert ROLES.may("airflow:dirk", Act.OVERSEE)
    assert not ROLES.may("airflow:dirk", Act.DECIDE)


def test_refusal_names_the_role_and_no_user() -> None:
    with pytest.raises(NotAllowedError, match=r"role officer\b.*keeps /etc/afschrift/roles.yml") as refused:
        ROLES.require("airflow:jan.jansen", Act.DECIDE)
    assert "jan" not in str(refused.value)
    assert ROLES.require("cli:anna", Act.DECIDE) is Role.OFFICER


def test_two_accounts_of_one_person_are_not_four_eyes() -> None:
    with pytest.raises(NotAllowedError, match="another person"):
        ROLES.need_another("cli:anna", ["airflow:dirk", "airflow:anna"])
    ROLES.need_another("cli:anna", ["airflow:dirk", "channel:portal"])
    ROLES.need_another("cli:anna", [])
    with pytest.raises(NotAllowedError):
        Roles(open_terminal=True).need_another("cli:root", ["cli:root"])


def test_only_the_terminal_acts_without_a_roles_file() -> None:
    roles = Roles(open_terminal=True)
    held = roles.person("cli:root")
    assert (held.roles, held.source) == (frozenset(Role) - READ_ONLY_ROLES, "terminal")
    assert roles.person("airflow:admin").roles == frozenset()
    assert roles.person("channel:portal").roles == frozenset()
    assert ROLES.person("cli:root").roles == frozenset()  # a file is the whole truth
