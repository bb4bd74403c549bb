"""A system that no query reaches, as a user describes it in a file of its own (`kind: manual`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from afschrift.domain.origin import Origin
from afschrift.domain.plan import Medium
from afschrift.inventory.base import Part, Text
from afschrift.law.roles import READ_ONLY_ROLES, Role


class ManualSource(Part):
    """A mailbox, paper, a processor, a service on the web or a back-up, which a person searches.

    Attributes:
        source: its name, unique in the inventory.
        kind: `manual`: a person searches it.
        title: what the person reads for the system.
        medium: what it is; portability does not reach paper (R23).
        owner: who searches: a role that answers questions (`keeper`, `officer`), or a name of the roles file.
        instruction: what to search, where, and by which data of the person.
        holds: origins of what it holds; portability asks only where the person provided something, or where
            something was observed.
    """

    source: str
    kind: Literal["manual"]
    title: Text
    medium: Medium
    owner: str = Field(min_length=1)
    instruction: Text
    holds: tuple[Origin, ...] = Field(min_length=1)

    @property
    def role(self) -> Role:
        """The role that is asked: the owner's, or that of those who keep systems."""
        return Role(self.owner) if self.owner in set(Role) else Role.SOURCE_OWNER

    @property
    def person(self) -> str | None:
        """The one person that is asked, by the name of the roles file; None: everybody with the role."""
        return None if self.owner in set(Role) else self.owner


def manual_faults(source: ManualSource) -> Iterator[tuple[list[str], str]]:
    """What the model cannot see."""
    if source.role in (*READ_ONLY_ROLES, Role.INTAKE):
        yield ["owner"], f"a {source.owner} answers no questions: name keeper, officer or a person"
    if Origin.NOT_PERSONAL in source.holds:
        yield ["holds"], "name the origins of the personal data in it; without such data, leave the file out"
