"""The roles file: where it is looked for, what it may say, and faults with their lines."""

from pathlib import Path

import pytest

from afschrift.app.roles_file import load_roles
from afschrift.app.settings import Settings
from afschrift.domain.errors import ConfigurationError
from afschrift.law.roles import Role, Roles

GOOD = """
people:
  Anna: {accounts: ["airflow:anna", "cli:anna"], roles: [officer, second_signer]}
  Dirk: {accounts: [airflow:dirk], roles: [dpo, auditor]}
"""


def load(home: Path, **more: str) -> Roles:
    env = {"AFSCHRIFT_HOME": str(home), "AFSCHRIFT_INCLUDE": str(home / "include")}
    return load_roles(Settings.from_environment(env | more))


def test_people_with_their_accounts_and_roles(tmp_path: Path) -> None:
    (tmp_path / "roles.yml").write_text(GOOD)
    roles = load(tmp_path, AFSCHRIFT_DEMO="1")
    assert roles.person("cli:anna").roles == {Role.OFFICER, Role.SECOND_SIGNER}
    assert roles.person("airflow:dirk").source == "roles_file"
    assert roles.person("airflow:admin").roles == roles.person("cli:root").roles == frozenset()
    assert roles.location == str(tmp_path / "roles.yml")


def test_where_it_is_looked_for(tmp_path: Path) -> None:
    assert load(tmp_path).open_terminal
    assert load(tmp_path).person("airflow:admin").roles == frozenset()
    demo = load(tmp_path, AFSCHRIFT_DEMO="1").person("airflow:admin")
    assert (demo.roles, demo.source) == ({Role.OFFICER}, "demo")

    (tmp_path / "include").mkdir()
    for place in (tmp_path / "include" / "roles.yml", tmp_path / "roles.yml", tmp_path / "own.yml"):
        place.write_text(GOOD)
        more = {"AFSCHRIFT_ROLES": str(place)} if place.name == "own.yml" else {}
        assert load(tmp_path, **more).location == str(place)
        assert not load(tmp_path, **more).open_terminal
    with pytest.raises(ConfigurationError, match="the file is missing"):
        load(tmp_path, AFSCHRIFT_ROLES=str(tmp_path / "nowhere.yml"))


ACCOUNT = "accounts.0: write an account as"
OFFICER, DPO = "accounts: ['cli:a'], roles: [officer]", "roles: [officer, dpo]"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("people: {A: {accounts: [anna], roles: [officer]}}", f"roles.yml:1: people.A.{ACCOUNT}"),
        ("people:\n  A: {accounts: ['cli:'], roles: [officer]}", f"roles.yml:2: people.A.{ACCOUNT}"),
        ("people:\n  A:\n    accounts: ['ldap:a']\n    roles: [officer]", f"roles.yml:3: people.A.{ACCOUNT}"),
        ("people:\n  A: {accounts: ['cli:a'], roles: [boss]}", "roles.yml:2: people.A.roles.0: "),
        ("people:\n  A: {accounts: ['cli:a'], roles: []}", "roles.yml:2: people.A.roles: "),
        ("people:\n  A: {roles: [officer]}", "roles.yml:2: people.A: `accounts` is missing"),
        ("persons: {}", "see docs/questions.md"),
        ("people: [", "not readable as YAML"),
        ("", "holds no mapping"),
        (
            f"people:\n  A: {{{OFFICER}}}\n  B: {{{OFFICER}}}",
            "roles.yml:3: people.B.accounts.0: this account is one of A",
        ),
        (
            f"people:\n  A:\n    accounts: ['cli:a']\n    {DPO}",
            "roles.yml:4: people.A.roles: a dpo (Art. 38(6)) does not act on requests: give the other roles to",
        ),
        (
            "people:\n  A: {accounts: ['cli:a'], roles: [auditor, intake]}",
            "an auditor does not act on requests",
        ),
    ],
)
def test_faults_are_named_with_their_lines(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "roles.yml").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path)
    assert fault in str(caught.value)


def test_all_faults_at_once(tmp_path: Path) -> None:
    (tmp_path / "roles.yml").write_text(
        "people:\n  A: {accounts: [a, b], roles: [officer]}\n  B: {accounts: ['cli:b'], roles: [dpo, intake]}"
    )
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path)
    assert str(caught.value).count("roles.yml:") == 3
