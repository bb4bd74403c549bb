"""Systems that our staff search, beside the mini shop: a mailbox, paper, a processor and a back-up."""

import io
import zipfile
from contextlib import suppress
from pathlib import Path

from testbed.running import run

from afschrift.domain.errors import NeedsPersonError
from afschrift.services import Services
from afschrift.steps.assess import assess
from afschrift.steps.classify import classify

_SYSTEM = """
source: {name}
kind: manual
medium: {medium}
title: {{nl: "{nl}", en: "{en}"}}
owner: {owner}
instruction: {{nl: Zoek op naam en e-mailadres., en: Search by name or e-mail address.}}
holds: [{holds}]
"""


def system(name: str, medium: str, holds: str = "provided", owner: str = "keeper") -> str:
    titles = {"mailbox": ("Postbus", "Mailbox"), "paper": ("Archiefkast", "Paper files")}
    nl, en = titles.get(medium, (f"Systeem {name}", f"System {name}"))
    return _SYSTEM.format(name=name, medium=medium, holds=holds, owner=owner, nl=nl, en=en)


def add_systems(inventory: Path, *files: str) -> Path:
    for number, text in enumerate(files):
        (inventory / f"system{number}.yml").write_text(text, encoding="utf-8")
    return inventory


def waits(services: Services, request: str) -> dict[str, str]:
    assess(services, request)
    with suppress(NeedsPersonError):
        classify(services, request)
    asked = services.register.questions.all(request_id=request)
    return {question.detail["source"]: question.id for question in asked if question.kind == "manual"}


def reviewed(services: Services, request: str) -> Path:
    """The bundle, after the review of what was pointed out in files that people found."""
    with suppress(NeedsPersonError):
        run(services, request)
    [review] = services.register.questions.all(request_id=request)
    assert set(review.detail["why"]) & {"pointed_out", "changed"}
    services.register.questions.answer(review.id, "approved", "cli:anna")
    return run(services, request)


def zipped(**members: bytes) -> bytes:
    """A ZIP file; `__` in a name means `/`."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return made.getvalue()
