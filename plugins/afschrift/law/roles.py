"""Who may do what with requests: roles, the people who hold them, and the check of four eyes.

Airflow knows who somebody is; what they may decide stands here, as its own roles cannot express it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from afschrift.domain.errors import NotAllowedError


class Role(StrEnum):
    """What somebody is to a request."""

    INTAKE = "intake"
    OFFICER = "officer"
    SECOND_SIGNER = "second_signer"
    SOURCE_OWNER = "keeper"
    DPO = "dpo"
    AUDITOR = "auditor"
    MAP_OWNER = "map_owner"


class Act(StrEnum):
    """What can be done."""

    SUBMIT = "submit"  # store a request
    SEE = "see"  # the state of a request, and the questions put to one's own role
    TIMELINE = "timeline"  # the trail of a request
    VALUES = "values"  # what will be sent, values of the person included
    OVERSEE = "oversee"  # every question, whoever it is put to
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
    Role.MAP_OWNER: frozenset({Act.SEE, Act.MAP}),  # knows the tables, and sees nobody's values
}

SUBSTITUTES = {Role.SOURCE_OWNER: Role.OFFICER}
"""Role -> the one that may answer in its place."""

READ_ONLY_ROLES = frozenset({Role.DPO, Role.AUDITOR})
"""Whoever holds one of these holds no role that acts: they would judge their own work."""

AGREE = "agree"
SIGNS = (AGREE, "disagree")
"""What a second signer may say."""

TERMINAL = "cli:"
AIRFLOW = "airflow:"


@dataclass(frozen=True)
class Person:
    """Somebody with all their accounts, so that two accounts are not four eyes.

    Attributes:
        accounts: as the trail names them, for example `airflow:anna` and `cli:anna`.
        source: what says that they hold their roles: `roles_file` or `demo`.
        deputies: names of those who may answer what is assigned to this person.
    """

    name: str
    accounts: frozenset[str]
    roles: frozenset[Role]
    source: str = "roles_file"
    deputies: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Roles:
    """The map of an installation.

    Attributes:
        people: by the roles file.
        open_terminal: there is no such file, so whoever is at the terminal counts as intake, officer and
            second signer: the keys and the register are in their hands already.
        location: where the map is kept, for messages.
    """

    people: tuple[Person, ...] = ()
    open_terminal: bool = False
    location: str = "the roles file"
    _by_account: dict[str, Person] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_account = {account: person for person in self.people for account in person.accounts}
        object.__setattr__(self, "_by_account", by_account)

    def person(self, account: str) -> Person:
        """Who uses an account; somebody without any role where nobody said so."""
        found = self._by_account.get(account)
        if found is not None:
            return found
        if self.open_terminal and account.startswith(TERMINAL):
            return Person(account, frozenset({account}), frozenset(MAY) - READ_ONLY_ROLES, "terminal")
        return Person(account, frozenset({account}), frozenset(), "nobody")

    def named(self, name: str) -> Person | None:
        """Somebody by their name in the roles file, or by an account that holds a role."""
        found = next((person for person in self.people if person.name == name), None)
        person = found or self.person(name)
        return person if person.roles else None

    def acts_for(self, account: str, name: str) -> bool:
        """Whether an account is of a person of this name, or of a deputy of theirs."""
        person = self.named(name)
        mine = self.person(account).name
        return person is not None and (mine == person.name or mine in person.deputies)

    def may(self, account: str, act: Act) -> bool:
        """Whether one of the roles of an account allows an act."""
        return any(act in MAY[role] for role in self.person(account).roles)

    def holds(self, account: str, role: Role) -> bool:
        """Whether an account may answer the questions put to a role."""
        return self.acting(self.person(account), role) is not None

    def acting(self, person: Person, role: Role) -> Role | None:
        """The role in which somebody answers what is put to a role: that one, or one in its place."""
        fitting = (r for r in (role, SUBSTITUTES.get(role)) if r in person.roles)
        return next((r for r in fitting if r is not None and Act.ANSWER in MAY[r]), None)

    def require(self, account: str, act: Act) -> Role:
        """The role that allows an act.

        Raises:
            NotAllowedError: none does; names the roles that would.
        """
        held = self.person(account).roles
        fitting = [role for role in MAY if act in MAY[role]]
        for role in fitting:
            if role in held:
                return role
        raise self.refusal(fitting)

    def refusal(self, needed: Iterable[Role]) -> NotAllowedError:
        """The error for somebody who lacks all of these roles."""
        return NotAllowedError(
            f"This takes the role {' or '.join(needed)}.",
            remedy=f"whoever keeps {self.location} gives it to an account there; nothing was changed.",
        )

    def need_another(self, account: str, earlier: Iterable[str]) -> None:
        """Four eyes: somebody who signs must be another person than those who decided.

        Raises:
            NotAllowedError: the same person, by whichever of their accounts.
        """
        name = self.person(account).name
        if any(self.person(other).name == name for other in earlier):
            raise NotAllowedError(
                "This takes another person than the one who decided (four eyes).",
                remedy="ask somebody else who holds the role; nothing was changed.",
            )
