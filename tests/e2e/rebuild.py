"""Packs stored requests in a process of its own, on any day and with any number of threads.

    python -m tests.e2e.rebuild DAY THREADS REQUEST...

Prints a line for each: the SHA-256 of the bundle as the register has it, and of the one in staging.
"""

import dataclasses
import hashlib
import sys
from datetime import UTC, datetime, tzinfo
from typing import Self

from afschrift.domain.errors import NeedsPersonError
from afschrift.domain.sources import Source
from afschrift.services import Services
from afschrift.sources.registry import open_source
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify
from afschrift.steps.extract import extract
from afschrift.steps.package import BUNDLE, package
from afschrift.steps.validate import validate
from afschrift.wiring.build_services import build


def set_clock(day: str) -> None:
    """Every clock of the product shows the moment that it is on another day."""
    shift = datetime.fromisoformat(f"{day}T00:00:00+00:00") - datetime.now(UTC)

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + shift

    for name, module in list(sys.modules.items()):
        if name.startswith("afschrift.") and getattr(module, "datetime", None) is datetime:
            module.datetime = Shifted  # type: ignore[attr-defined]


def with_threads(services: Services, threads: int) -> Services:
    """The same services; the sources are read with so many threads."""

    def opened(name: str, tag: str = "") -> Source:
        declared = services.inventory.sources[name]
        return open_source(name, declared.kind, {**declared.options, "threads": threads}, tag=tag)

    return dataclasses.replace(services, open_source=opened)


def packed(services: Services, request: str) -> tuple[str, str]:
    """Run the steps up to the sealed bundle; its digest in the register and in staging.

    An officer lets the files go in which something may run.
    """
    try:
        _extracted(services, request)
    except NeedsPersonError:
        for question in services.register.questions.all(request_id=request):
            services.register.questions.answer(question.id, "include", "officer")
        _extracted(services, request)
    validate(services, request)
    recorded = package(services, request)["bundle"]
    with services.staging(request).reader(BUNDLE) as stream:
        return recorded, hashlib.file_digest(stream, "sha256").hexdigest()


def _extracted(services: Services, request: str) -> None:
    assess(services, request)
    for source in classify(services, request)["sources"]:
        extract(services, request, source)


def main() -> None:
    day, threads, *requests = sys.argv[1:]
    set_clock(day)
    services = with_threads(build(lambda _line: None), int(threads))
    assert services.now().startswith(day)
    for request in requests:
        print(*packed(services, request))


if __name__ == "__main__":
    main()
