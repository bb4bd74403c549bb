"""Versions of tables with a log: `classify` chooses them for a plan, and others where one was removed."""

from __future__ import annotations

from afschrift.domain.errors import VersionGoneError
from afschrift.domain.event import NewEvent, digest
from afschrift.domain.plan import Plan
from afschrift.domain.sources import Source, SourceFactory, TableVersions
from afschrift.inventory.model import SourceFile
from afschrift.register.register import Register
from afschrift.register.steps import StepResults
from afschrift.services import Services

_STEP = "version_gone"
"""Name under which the register keeps what was found, as the results of a step."""


class ChosenVersions:
    """What a draft reads of tables with a log.

    Args:
        services: of the step.
        opens: opens a source, under the tag of the request.
        received_at: RFC 3339 instant of the receipt.
        before: the last plan, which chose some.
        results: of the request's steps.

    Attributes:
        chosen: of the sources that the draft took.
    """

    def __init__(
        self,
        services: Services,
        opens: SourceFactory,
        received_at: str,
        before: Plan | None,
        results: StepResults,
    ) -> None:
        self._services, self._open, self._received_at = services, opens, received_at
        self._before = dict(services.versions or {})
        if before and (before.inventory, before.received_at) == (services.inventory.digest, received_at):
            gone = gone_versions(results, before.digest())
            self._before |= {name: of for name, of in before.versions.items() if name not in gone}
        self.chosen: dict[str, TableVersions] = {}

    def session(self, source: str) -> Source:
        """Open a source at what was chosen; else as of the receipt, where the source asks for it."""
        versions = self._before.get(source)
        if versions is None and _of_receipt(self._services.inventory.sources[source]):
            versions = TableVersions(self._received_at)
        return self._open(source, **({"versions": versions} if versions else {}))

    def take(self, source: SourceFile, versions: TableVersions | None) -> None:
        """Keep what a session reads for the plan, and for the other plans of a batch."""
        if versions is None:
            return
        self.chosen[source.source] = versions
        if self._services.versions is not None and not _of_receipt(source):
            self._services.versions[source.source] = versions


def _of_receipt(source: SourceFile) -> bool:
    return "as_of" in source.options


def gone_versions(results: StepResults, plan: str) -> frozenset[str]:
    """Return the sources that lack a version which this plan reads."""
    return frozenset(row.part for row in results.every(_STEP) if row.result["plan"] == plan)


def record_gone(register: Register, plan: Plan, source: str, gone: VersionGoneError) -> None:
    """Record that a version is gone, so that the next `classify` makes a new plan."""
    result = {"plan": plan.digest(), "table": gone.table, "version": gone.version}
    event = NewEvent("version_gone", payload={"source": source, **result})
    register.steps.finish(plan.request, _STEP, digest(result), result, event, part=source)
