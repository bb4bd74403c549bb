"""The officer at work: who they are, what they may do, and the installation's files.

Every service of this layer (`ClockService`, `DisputeService`, ...) is given one. Files of the installation
are read when they are first needed, so that a look at a clock starts at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from afschrift.app.settings import Settings
from afschrift.domain import instants
from afschrift.domain.errors import TooLateError
from afschrift.domain.event import NewEvent
from afschrift.law.clock.deadline import local_date
from afschrift.law.roles import Act, Role, Roles
from afschrift.questions.ask import must_be_theirs
from afschrift.questions.kind import Answered, GivenAnswer
from afschrift.register.records import QuestionRow
from afschrift.register.register import Register
from afschrift.register.timelines import MakeFacts

if TYPE_CHECKING:
    from afschrift.inventory.model import Inventory
    from afschrift.law.clock.clock import Jurisdiction
    from afschrift.law.grounds import Grounds
    from afschrift.staging.encrypted import EncryptedStaging


@dataclass(frozen=True)
class Officer:
    """A person at work in an installation, in any of their roles.

    Attributes:
        register: of the installation.
        roles: who may do what.
        by: their account, such as `airflow:anna` or `cli:anna`.
        now: the present instant, aware.
        settings: of the installation.
    """

    register: Register
    roles: Roles
    by: str
    now: datetime = field(default_factory=lambda: instants.utc_now())
    settings: Settings = field(default_factory=Settings.from_environment)

    @cached_property
    def inventory(self) -> Inventory:
        """The data map.

        Raises:
            InventoryError: it cannot be used; lists every fault.
        """
        from afschrift.inventory.load import load

        return load(self.settings.inventory)

    @cached_property
    def grounds(self) -> Grounds:
        """The table of grounds.

        Raises:
            ConfigurationError: lists what is wrong with it.
        """
        from afschrift.app.jurisdiction import load_grounds

        return load_grounds(self.settings)

    @cached_property
    def jurisdiction(self) -> Jurisdiction:
        """Where the controller must act; read from `controller.yml` alone.

        Raises:
            InventoryError: that file is missing or wrong.
            ConfigurationError: there is no calendar of its country.
        """
        from afschrift.app.jurisdiction import load_jurisdiction

        return load_jurisdiction(self.settings)

    @cached_property
    def own_keys(self) -> tuple[str, ...]:
        """Names of the keys by which a person is recognised again; read from `identity.yml` alone.

        Raises:
            InventoryError: that file is missing or wrong.
        """
        from afschrift.app.jurisdiction import own_keys

        return own_keys(self.settings)

    def staging(self, request_id: str) -> EncryptedStaging:
        """What is staged of a request.

        Raises:
            RefusedError: its data key was destroyed.
        """
        from afschrift.staging.encrypted import EncryptedStaging
        from afschrift.staging.staged_requests import staging_root

        subkey = self.register.data_keys.subkey(request_id, "staging")
        return EncryptedStaging(staging_root(self.settings), request_id, subkey)

    def today(self, zone: str) -> date:
        """The present date in a time zone; the zone of a request is where the controller must act."""
        return local_date(self.now, zone)

    def authority(self, role: Role) -> dict[str, str]:
        """A role in which they act and the source of that role, as the register stores them."""
        return {"role": role.value, "source": self.roles.person(self.by).source}

    def acting(self, request_id: str, act: Act, kind: str) -> dict[str, str]:
        """The role in which they act on a request, as `authority` gives it.

        Args:
            request_id: the request.
            act: what they do.
            kind: what it is about, a code for the trail.

        Raises:
            UnknownRequestError: no such request.
            NotAllowedError: they hold no role that may; the attempt is an event `answer_refused`.
        """
        self.register.requests.get(request_id)
        with self.refusals(request_id, kind, act=act.value):
            return self.authority(self.roles.require(self.by, act))

    def view(self, request_id: str) -> None:
        """Record a look at the trail of a request, with the role in which they may read it.

        Raises:
            NotAllowedError: they have none.
        """
        role = self.roles.require(self.by, Act.TIMELINE)
        self.register.trail.record(request_id, NewEvent("request_viewed", self.by, {"role": role.value}))

    def deciding(self, request_id: str | None, kind: str, **payload: str) -> dict[str, str]:
        """The role in which they decide without having been asked, as `authority` gives it.

        Args:
            request_id: whose trail records an attempt without the role; None: that of no request.
            kind: what is decided, a code for the trail.
            payload: more for the trail.

        Raises:
            NotAllowedError: they hold none; the attempt is an event `answer_refused`.
        """
        with self.refusals(request_id, kind, role=Role.OFFICER.value, **payload):
            return self.authority(self.roles.require(self.by, Act.DECIDE))

    @contextmanager
    def signing(self, request_id: str | None, kind: str, **payload: str) -> Iterator[dict[str, str]]:
        """The role in which they sign what was decided, as `authority` gives it.

        A lack of four eyes that is raised inside the block is recorded as an event as well.

        Raises:
            NotAllowedError: they are no second signer; the attempt is an event `answer_refused`.
        """
        role = Role.SECOND_SIGNER
        with self.refusals(request_id, kind, role=role.value, **payload):
            if not self.roles.holds(self.by, role):
                raise self.roles.refusal([role])
            yield self.authority(role)

    def answering(self, question: QuestionRow) -> dict[str, str]:
        """The role in which they answer a question, as `authority` gives it.

        Raises:
            NotAllowedError: they lack it, the question is assigned to another person, or four eyes are due
                and they decided before; the attempt is an event `answer_refused`.
        """
        role = Role(question.role)
        with self.refusals(question.request, question.kind, role=role.value):
            if not self.roles.holds(self.by, role):
                raise self.roles.refusal([role])
            if question.answered_at is None:
                must_be_theirs(self.register, self.roles, question, self.by)
            if role is Role.SECOND_SIGNER:
                decided = self.register.decisions.of(question.request)
                signs = question.detail.get("question", "")
                earlier = [d.by for d in decided if question.about == d.about or signs == d.question]
                self.roles.need_another(self.by, earlier)
        return self.authority(self.roles.acting(self.roles.person(self.by), role) or role)

    def record_answer(
        self,
        question: QuestionRow,
        given: GivenAnswer,
        rules: Sequence[str] = (),
        facts: MakeFacts | None = None,
    ) -> Answered:
        """Record an answer; `rules`: ids of those it rests on; `facts`: gives facts that follow from it."""
        decision = self.register.questions.answer(
            question.id,
            given.choice,
            self.by,
            given.detail,
            given.text,
            authority=given.authority,
            files=given.files,
            rules=rules,
            facts=facts,
        )
        return Answered(decision, question.request)

    def refusals(self, request_id: str | None, kind: str, **payload: str) -> AbstractContextManager[None]:
        """Record an attempt without the role in the trail."""
        return self.register.trail.refusals(request_id, self.by, kind, **payload)

    def still_asked(self, question: QuestionRow, unchanged: str = "Nothing was changed.") -> None:
        """Check that a question is the last of its kind: an answer holds only for what was asked about.

        Args:
            question: that is being answered.
            unchanged: said at the end of the remedy.

        Raises:
            TooLateError: another question replaced it.
        """
        asked = self.register.questions.all(request_id=question.request)
        last = next((row for row in reversed(asked) if row.kind == question.kind), question)
        if last.id != question.id:
            raise TooLateError(
                "What this question was about has changed since; another question replaced it.",
                remedy=f"look at it and answer: `afschrift answer {last.id}`. {unchanged}",
            )
