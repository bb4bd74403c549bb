"""Read the roles file of an installation: which person, with which accounts, holds which roles."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field

from afschrift.app.settings import Settings
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.document import Document, Fault
from afschrift.law.roles import AIRFLOW, READ_ONLY_ROLES, Person, Role, Roles

FILE = "roles.yml"
DEMO = (
    Person("demo", frozenset({f"{AIRFLOW}admin"}), frozenset({Role.INTAKE, Role.OFFICER}), "demo"),
    *(Person(f"demo {role}", frozenset({f"{AIRFLOW}{role}"}), frozenset({role}), "demo") for role in Role),
)
"""The users of the Airflow that `afschrift up` starts: `admin`, and one for each role, of its name."""


class PersonEntry(BaseModel):
    """A person of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    accounts: tuple[str, ...] = Field(min_length=1)
    roles: tuple[Role, ...] = Field(min_length=1)
    deputies: tuple[str, ...] = ()


class RolesFile(BaseModel):
    """The whole file.

    Attributes:
        officers_take_in: officers may store requests, as the role intake.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    people: dict[str, PersonEntry]
    officers_take_in: bool = False


def load_roles(settings: Settings | None = None) -> Roles:
    """The map of the installation.

    It is read from `AFSCHRIFT_ROLES`, else from `roles.yml` in the home, else from `roles.yml` in the include
    folder. Where there is none, the terminal holds the roles that act, and in a demo the users of
    `afschrift up` hold theirs.

    Raises:
        ConfigurationError: lists everything that is wrong with the file, with its lines.
    """
    settings = settings or Settings.from_environment()
    usual = (folder / FILE for folder in (settings.home, settings.include))
    file = settings.roles or next((path for path in usual if path.exists()), None)
    if file is None:
        return Roles(DEMO if settings.demo else (), open_terminal=True, location=str(settings.home / FILE))
    document = Document(file, page="docs/questions.md")
    parsed = document.parse(RolesFile)
    faults = [*document.faults, *(_check(document, parsed) if parsed else ())]
    if parsed is None or faults:
        listing = "\n".join(f"  {fault}" for fault in sorted(set(faults)))
        raise ConfigurationError(
            f"The roles file {file} cannot be used:\n{listing}\n",
            remedy="correct it; docs/questions.md shows one. Until then no decision can be taken.",
        )
    return Roles(
        tuple(
            Person(n, frozenset(p.accounts), _held(p, parsed), deputies=frozenset(p.deputies))
            for n, p in parsed.people.items()
        ),
        location=str(file),
    )


def _held(person: PersonEntry, file: RolesFile) -> frozenset[Role]:
    """Their roles; an officer who may take in requests is intake too."""
    takes_in = file.officers_take_in and Role.OFFICER in person.roles
    return frozenset(person.roles) | ({Role.INTAKE} if takes_in else set())


def _check(document: Document, file: RolesFile) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for name, person in file.people.items():
        for number, account in enumerate(person.accounts):
            where = ("people", name, "accounts", number)
            front, _, user = account.partition(":")
            if front not in ("airflow", "cli") or not user or user != user.strip():
                yield document.fault(where, "write an account as airflow:USER or cli:USER")
            elif account in seen:
                yield document.fault(where, f"this account is one of {seen[account]} already")
            seen[account] = name
        for number, deputy in enumerate(person.deputies):
            if deputy == name or deputy not in file.people:
                where = ("people", name, "deputies", number)
                yield document.fault(where, "name another person in this file")
        read_only = READ_ONLY_ROLES & set(person.roles)
        if read_only and set(person.roles) - READ_ONLY_ROLES:
            who = "a dpo (Art. 38(6))" if Role.DPO in read_only else "an auditor"
            words = f"{who} does not act on requests: give the other roles to another person"
            yield document.fault(("people", name, "roles"), words)
