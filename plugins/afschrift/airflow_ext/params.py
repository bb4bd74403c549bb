"""The trigger form of `fulfil_request`: an opaque id and how the answer is to be given.

Airflow validates these on every trigger, shows a refused value to the user who sent it, and keeps the conf
where every viewer can read it. So nothing here may name a person; the demo's customer number is the one
exception, and its people are made up.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk import Param

from afschrift.app.project import include_folder, texts
from afschrift.domain.errors import ConfigurationError, RefusedError
from afschrift.domain.right import Right
from afschrift.formats.registry import FORMATS
from afschrift.letters.languages import names

if TYPE_CHECKING:
    from afschrift.law.roles import Roles
    from afschrift.services import Services

REQUEST = r"^req-[0-9a-z]{12}$"
OPTIONS = ("formats", "language", "destination")

_AS_ASKED = "Empty: as the request says."


def demo_mode(environment: Mapping[str, str] | None = None) -> bool:
    """Whether the form may take a customer number (`AFSCHRIFT_DEMO=1`)."""
    return (os.environ if environment is None else environment).get("AFSCHRIFT_DEMO") == "1"


def one_task(environment: Mapping[str, str] | None = None) -> bool:
    """Whether one task does all steps of a run (`AFSCHRIFT_TASKS=one`).

    Raises:
        ConfigurationError: it says something else than `steps` or `one`.
    """
    value = (os.environ if environment is None else environment).get("AFSCHRIFT_TASKS", "steps")
    if value not in ("steps", "one"):
        raise ConfigurationError(
            "AFSCHRIFT_TASKS is neither 'steps' nor 'one'.", remedy="set it to one of them, or not at all."
        )
    return value == "one"


def form(demo: bool) -> dict[str, Param]:
    """The fields, in the order of the form."""
    languages = names(texts("letters", include_folder()))
    return (_demo_fields() if demo else {"request": _request()}) | {
        "formats": Param(
            None,
            type=["null", "array"],
            items={"type": "string", "enum": list(FORMATS)},
            minItems=1,
            uniqueItems=True,
            examples=list(FORMATS),  # with examples, the form offers choices
            title="Formats",
            description=f"{_AS_ASKED} All are structured, commonly used and machine-readable (Art. 20).",
        ),
        "language": Param(
            None,
            type=["null", "string"],
            enum=[None, *languages],
            values_display={"null": "as the request says", **languages},
            title="Language",
            description="Of the README and the pages for the person.",
        ),
        "destination": Param(
            None,
            type=["null", "string"],
            pattern=r"^[a-z][a-z0-9_]{0,40}$",
            title="Destination",
            description=f"Name of a destination of the installation, such as outbox. {_AS_ASKED}",
        ),
    }


def request_alone() -> dict[str, Param]:
    """The field of a DAG that takes the id of a stored request and nothing else."""
    return {"request": _request()}


def several_requests() -> dict[str, Param]:
    """The field of a DAG that takes the ids of several stored requests and nothing else."""
    return {
        "requests": Param(
            [],
            type="array",
            items={"type": "string", "pattern": REQUEST},
            maxItems=1_000,
            uniqueItems=True,
            title="Requests",
            description="Ids of stored requests, one a line: `afschrift batch list` shows what waits.",
        )
    }


def _request() -> Param:
    return Param(
        type="string",
        pattern=REQUEST,
        maxLength=16,  # the pattern's $ alone lets a line end pass
        title="Request",
        description="Id of a stored request, such as req-7k3m9x2p4v0q: `afschrift requests` lists them.",
    )


def _demo_fields() -> dict[str, Param]:
    return {
        "request": Param(
            None,
            type=["null", "string"],
            pattern=REQUEST,
            maxLength=16,  # the pattern's $ alone lets a line end pass
            title="Request",
            description="Id of a stored request. Empty: a new one is opened for the customer number below.",
        ),
        "customer_number": Param(
            None,
            type=["null", "string"],
            pattern=r"^[0-9]{1,12}$",
            maxLength=12,
            title="Customer number (demo only)",
            description="For example 900001. Opens a request of this made-up customer.",
        ),
        "right": Param(
            Right.PORTABILITY.value,
            type="string",
            enum=[right.value for right in Right],
            values_display={right.value: f"{right.capitalize()} (Art. {right.article})" for right in Right},
            title="Right (demo only)",
            description="Which right the new request exercises.",
        ),
    }


def chosen(params: Mapping[str, Any]) -> dict[str, Any]:
    """The options that were filled in."""
    return {name: params[name] for name in OPTIONS if params.get(name) is not None}


def change_options(
    services: Services, request_id: str, options: Mapping[str, Any], by: str, roles: Roles
) -> None:
    """Record the options that differ from what the request says; the same ones again record nothing.

    They count only if the user who triggered the run decides on requests or takes them in: the right to
    trigger a DAG is not the right to say where the answer goes. Otherwise the request stays unchanged, and
    the trail and the run's log say so.

    Args:
        services: of this installation.
        request_id: whose options.
        options: some of `formats`, `language`, `destination`.
        by: who triggered the run, for the trail.
        roles: who may do what.

    Raises:
        ConfigurationError: a destination or language that this installation does not have.
    """
    from afschrift.domain.event import NewEvent
    from afschrift.law.roles import Act

    request = services.register.requests.get(request_id)
    languages = services.inventory.controller.languages
    if options.get("language", request.language) not in languages:
        raise ConfigurationError(
            "The service is not offered in this language.", remedy=f"choose one of {', '.join(languages)}."
        )
    if "destination" in options:
        services.destination(options["destination"])
    new = dict(options)
    if "formats" in new:
        new["formats"] = tuple(new["formats"])
    new = {name: value for name, value in new.items() if getattr(request, name) != value}
    if new and not (roles.may(by, Act.DECIDE) or roles.may(by, Act.SUBMIT)):
        payload = {"options": sorted(new), "run": services.run, "reason": "no_role"}
        services.register.trail.record(request_id, NewEvent("options_refused", by, payload))
    elif new:
        services.register.requests.change_options(request_id, by=by, **new)


def refuse_unknown(
    conf: Mapping[str, Any] | None, params: Mapping[str, Any], dag: str = "fulfil_request"
) -> None:
    """Refuse a conf with fields that the form does not have, as Airflow accepts them.

    Raises:
        RefusedError: it leaves out the names of the fields, which may hold a person's data.
    """
    if set(conf or ()) - set(params):
        raise RefusedError(
            f"The conf of this run holds fields that {dag} does not have.",
            remedy=f"trigger again with {', '.join(params)} only; delete this run if it names a person.",
        )
