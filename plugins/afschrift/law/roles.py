"""Roles, the acts that they allow, the people who hold them, and the check of four eyes.

Airflow authenticates users; its own roles cannot express who may decide on requests, so that is defined here.
Values of roles are data: they are in the roles file and in the trail.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from afschrift.domain.errors import NotAllowedError


class Role(StrEnum):
    """The role of a user."""

    INTAKE = "intake"
    OFFICER = "officer"
    SECOND_SIGNER = "second_signer"
    SOURCE_OWNER = "keeper"
    DPO = "dpo"
    AUDITOR = "auditor"
    MAP_OWNER = "map_owner"


class Act(StrEnum):
    """An act that needs a role."""

    SUBMIT = "submit"  # store a request
    SEE = "see"  # the state of a request, and the questions put to one's own role; every role has it
    TIMELINE = "timeline"  # the trail of a request
    VALUES = "values"  # what will be sent, values of the person included
    OVERSEE = "oversee"  # every question, of any role
    ANSWER = "answer"  # the questions put to one's own role
    ASSIGN = "assign"  # say who of a role answers a question
    MAP = "map"  # say what the columns of the data map hold
    SET_ASIDE = "set_aside"  # propose to set aside what was forged in the trail
    DECIDE = "decide"  # without having been asked, for example the identity


MAY: dict[Role, frozenset[Act]] = {
    Role.INTAKE: frozenset({Act.SUBMIT, Act.SEE}),
    Role.OFFICER: frozenset({Act.SEE, Act.TIMELINE, Act.VALUES, Act.ANSWER, Act.ASSIGN, Act.DECIDE, Act.MAP}),
    Role.SECOND_SIGNER: frozenset({Act.SEE, Act.TIMELINE, Act.VALUES, Act.ANSWER, Act.ASSIGN}),
    Role.SOURCE_OWNER: frozenset({Act.SEE, Act.ANSWER}),  # searches a system that no query reaches
    Role.DPO: frozenset(
        {Act.SEE, Act.TIMELINE, Act.VALUES, Act.OVERSEE, Act.SET_ASIDE}
    ),  # advises: Art. 38(6)
    Role.AUDITOR: frozenset({Act.SEE, Act.TIMELINE, Act.OVERSEE}),
    Role.MAP_OWNER: frozenset({Act.SEE, Act.MAP}),  # knows the tables; values are masked
}

SUBSTITUTES = {Role.SOURCE_OWNER: Role.OFFICER}
"""Role -> role that may answer in its place."""

READ_ONLY_ROLES = frozenset({Role.DPO, Role.AUDITOR})
"""Roles that exclude any role that acts: their holders would judge their own work."""

AGREE = "agree"
SIGNS = (AGREE, "disagree")
"""What a second signer may say."""

TERMINAL = "cli:"
AIRFLOW = "airflow:"


@dataclass(frozen=True)
class Person:
    """A user with all their accounts, so that two accounts of one person are not four eyes.

    Attributes:
        accounts: as the trail names them, for example `airflow:anna` and `cli:anna`.
        source: where their roles come from: `roles_file` or `demo`.
        deputies: names of users who may answer what is assigned to this one.
    """

    name: str
    accounts: frozenset[str]
    roles: frozenset[Role]
    source: str = "roles_file"
    deputies: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Roles:
    """The roles of an installation.

    Attributes:
        people: by the roles file.
        open_terminal: there is no roles file, so the user of the terminal counts as intake, officer and
            second signer: that user has access to keys and register anyway.
        location: where the roles are kept, for messages.
    """

    people: tuple[Person, ...] = ()
    open_terminal: bool = False
    location: str = "the roles file"
    _by_account: dict[str, Person] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_account = {account: person for person in self.people for account in person.accounts}
        object.__setattr__(self, "_by_account", by_account)

    def person(self, account: str) -> Person:
        """The user of an account; a user without roles if the account is unknown."""
        found = self._by_account.get(account)
        if found is not None:
            return found
        if self.open_terminal and account.startswith(TERMINAL):
            return Person(account, frozenset({account}), frozenset(MAY) - READ_ONLY_ROLES, "terminal")
        return Person(account, frozenset({account}), frozenset(), "nobody")

    def named(self, name: str) -> Person | None:
        """A user by their name in the roles file, or by an account with a role; None: there is none."""
        found = next((person for person in self.people if person.name == name), None)
        person = found or self.person(name)
        return person if person.roles else None

    def acts_for(self, account: str, name: str) -> bool:
        """Whether an account belongs to the user with this name, or to one of their deputies."""
        person = self.named(name)
        mine = self.person(account).name
        return person is not None and (mine == person.name or mine in person.deputies)

    def may(self, account: str, act: Act) -> bool:
        """Whether one of the roles of an account allows an act."""
        return any(act in MAY[role] for role in self.person(account).roles)

    def holds(self, account: str, role: Role) -> bool:
        """Whether an account may answer the questions of a role."""
        return self.acting(self.person(account), role) is not None

    def acting(self, person: Person, role: Role) -> Role | None:
        """The role in which a user answers questions of a role: itself or its substitute; None: neither."""
        fitting = (r for r in (role, SUBSTITUTES.get(role)) if r in person.roles)
        return next((r for r in fitting if r is not None and Act.ANSWER in MAY[r]), None)

    def require(self, account: str, act: Act) -> Role:
        """The account's role that allows an act.

        Raises:
            NotAllowedError: it has none; names the roles that allow it.
        """
        held = self.person(account).roles
        fitting = [role for role in MAY if act in MAY[role]]
        for role in fitting:
            if role in held:
                return role
        raise self.refusal(fitting)

    def refusal(self, needed: Iterable[Role]) -> NotAllowedError:
        """The error for a user who has none of these roles."""
        return NotAllowedError(
            f"This takes the role {' or '.join(needed)}.",
            remedy=f"the person who keeps {self.location} gives it to an account there; nothing was changed.",
        )

    def need_another(self, account: str, earlier: Iterable[str]) -> None:
        """Check four eyes: the account must belong to another person than the earlier ones.

        Raises:
            NotAllowedError: it is the same person, by any of their accounts.
        """
        name = self.person(account).name
        if any(self.person(other).name == name for other in earlier):
            raise NotAllowedError(
                "This takes another person than the one who decided (four eyes).",
                remedy="ask another person who has the role; nothing was changed.",
            )
