"""A look at what will be sent: who may, of which frozen plan, its event, and what officers ticked so far.

What they ticked is kept encrypted with what is staged, and decides nothing until the review is answered. It
belongs to one bundle, so another bundle begins without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from afschrift.casework.officer import Officer
from afschrift.casework.review.question import REVIEW
from afschrift.domain.errors import RefusedError, TooLateError
from afschrift.domain.event import NewEvent, digest
from afschrift.domain.instants import utc_now
from afschrift.domain.plan import Plan
from afschrift.domain.redaction import GIVEN_FILES
from afschrift.law.roles import Act
from afschrift.register.records import QuestionRow
from afschrift.staging.encrypted import EncryptedStaging


@dataclass(frozen=True)
class ReviewLook:
    """What an officer looks at.

    Attributes:
        digest: of the plan.
        packed: result of `package` under this plan; None: nothing is packed under it.
        values: whether they may see values.
        question: the open question about this very bundle; None: none is open.
    """

    officer: Officer
    request: str
    plan: Plan
    digest: str
    packed: Mapping[str, Any] | None
    values: bool
    question: QuestionRow | None

    @property
    def bundle(self) -> str | None:
        """SHA-256 of the bundle."""
        return str(self.packed["bundle"]) if self.packed else None

    @property
    def staging(self) -> EncryptedStaging:
        """What is staged of the request."""
        return self.officer.staging(self.request)


def begin(
    officer: Officer, request_id: str, table: str | None, *, file: str | None = None, unseen: bool = False
) -> ReviewLook:
    """Check that they may look, and record that they did.

    Args:
        officer: who looks.
        request_id: the request.
        table: `source.table`; None: all.
        file: number of a file of it that is opened.
        unseen: nothing is shown to them, so nothing is recorded.

    Raises:
        UnknownRequestError: no such request.
        NotAllowedError: they may not; the attempt is an event `answer_refused`.
        RefusedError: nothing is planned yet, or there is no such table.
    """
    register = officer.register
    register.requests.get(request_id)
    with officer.refusals(request_id, REVIEW, act="look"):
        role = officer.roles.require(officer.by, Act.TIMELINE)
        if file is not None:
            officer.roles.require(officer.by, Act.VALUES)
    values = officer.roles.may(officer.by, Act.VALUES)
    frozen = register.steps.latest(request_id, "classify")
    if frozen is None:
        raise RefusedError(
            f"Nothing is planned for request {request_id} yet.",
            remedy="it can be looked at once its run packed it; `afschrift plan` is the dry run.",
        )
    plan_digest, plan = frozen["plan"], register.plans.get(request_id, frozen["plan"])
    files = {f"{system.source}.{GIVEN_FILES}" for system in plan.given}
    if table is not None and table not in {part.name for part in plan.extracts} | files:
        raise RefusedError(
            "The answer has no such table.", remedy="`afschrift review show REQUEST` lists them."
        )
    packed = register.steps.latest(request_id, "package")
    if packed is not None and packed["plan"] != plan_digest:
        packed = None
    bundle = packed["bundle"] if packed else None
    detail = {"role": role.value, "plan": plan_digest, "bundle": bundle, "table": table, "values": values}
    detail |= {"file": file} if file is not None else {}
    if not unseen:
        register.trail.record(request_id, NewEvent("bundle_viewed", officer.by, detail))
    asked = register.questions.all(request_id=request_id)
    of_this = [q for q in asked if q.kind == REVIEW and q.about == bundle and bundle]
    return ReviewLook(
        officer, request_id, plan, plan_digest, packed, values, of_this[-1] if of_this else None
    )


class JudgedTable(msgspec.Struct, frozen=True):
    """What was judged in one table.

    Attributes:
        places: a line without its ground -> the ground on which it is masked; empty: it goes as it is.
        by, at: who kept it last, and when.
        named: of the places those that no finder pointed out.
    """

    places: dict[str, str] = {}
    by: str = ""
    at: str = ""
    named: list[str] = []

    @property
    def masked(self) -> dict[str, str]:
        """The places that are masked, with their grounds."""
        return {line: ground for line, ground in self.places.items() if ground}

    @property
    def version(self) -> str:
        """The same as long as it was not kept anew; empty: nothing is kept."""
        return digest([self.places, self.by, self.at])[:16] if self.at else ""


Draft = dict[str, JudgedTable]
"""`source.table` -> what was judged in it."""


def read_draft(look: ReviewLook) -> Draft:
    """What was kept of the review of this bundle; empty: nothing."""
    if look.question is None or not look.values:
        return {}
    path = _path(look)
    if not look.staging.exists(path):
        return {}
    with look.staging.reader(path) as stream:
        return msgspec.json.decode(stream.read(), type=Draft)


def lines(draft: Draft) -> Iterator[str]:
    """The lines of an answer that masks what was ticked."""
    for judged in draft.values():
        yield from (f"{line} {ground}" for line, ground in judged.masked.items())


def write_draft(
    look: ReviewLook, table: str, before: JudgedTable, places: dict[str, str], named: list[str]
) -> None:
    """Keep what was judged in a table, as of now by who looks; `before`: what it takes the place of.

    Raises:
        TooLateError: something else was kept of this table meanwhile.
    """
    new = JudgedTable(places, look.officer.by, utc_now().isoformat(), named)
    with look.officer.register.store.database.write():  # one at a time, on whatever machine
        draft = read_draft(look)
        must_be(draft, table, before.version)
        with look.staging.writer(_path(look)) as sink:
            sink.write(msgspec.json.encode(draft | {table: new}))


def must_be(draft: Draft, table: str, version: str) -> JudgedTable:
    """What was kept of a table, of which the caller saw a version.

    Raises:
        TooLateError: it has another version now.
    """
    kept = draft.get(table, JudgedTable())
    if kept.version != version:
        raise TooLateError(f"{kept.by} kept other marks in this table since you opened it.")
    return kept


def _path(look: ReviewLook) -> str:
    return f"reviews/{look.bundle}.json"
