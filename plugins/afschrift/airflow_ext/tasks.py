"""The tasks of `fulfil_request`: each runs one use case and hands on ids, digests and counts alone.

The docstrings are what Airflow shows beside the task.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from afschrift.airflow_ext.params import chosen, demo_mode, form, refuse_unknown
from afschrift.airflow_ext.step import step
from afschrift.core.errors import RefusedError, UnknownRequestError

if TYPE_CHECKING:
    from afschrift.pipeline.services import Services

# The imports in the functions are heavy: they must not run whenever Airflow parses the DAG file.

log = logging.getLogger("afschrift.run")


def assess(params: Any = None, dag_run: Any = None, task_state_store: Any = None) -> str:
    """Check that the request exists, is open, has an identity decision and asks for formats that qualify.

    Options filled in on the form are recorded in the register first. Hands on the request's id.
    """
    with step() as services:
        from afschrift.airflow_ext.options import change
        from afschrift.pipeline.assess import assess as use_case

        refuse_unknown(dag_run.conf, form(demo_mode()))  # params hold every field of the conf
        by = f"airflow:{dag_run.triggering_user_name or 'system'}"
        request: str = params.get("request") or _demo_request(services, params, task_state_store)
        change(services, request, chosen(params), by)
        use_case(services, request)
        return request


def classify(request: str) -> list[str]:
    """Decide on every column before anything is read, and freeze the plan.

    Where only a person may decide, the question stands in the register and the rest is skipped.
    Hands on the names of the sources that the plan reads.
    """
    with step() as services:
        from afschrift.pipeline.classify import classify as use_case

        result = use_case(services, request)
        log.info(
            "Plan %s: %s tables, %s withheld whole.", result["plan"], result["tables"], result["withheld"]
        )
        return list(result["sources"])


def extract(request: str, source: str) -> dict[str, Any]:
    """Read one source, read-only and on one snapshot, into encrypted staging in every chosen format."""
    with step() as services:
        from afschrift.pipeline.extract import extract as use_case

        result = use_case(services, request, source)
        log.info(
            "%s: %s rows of %s tables, digest %s.", *map(result.get, ("source", "rows", "tables", "digest"))
        )
        return result


def validate(request: str) -> dict[str, Any]:
    """Read every written file again with another library and compare it with what was extracted."""
    with step() as services:
        from afschrift.pipeline.validate import validate as use_case

        result = use_case(services, request)
        log.info("%s files, %s rows, read back as extracted.", result["files"], result["rows"])
        return result


def package(request: str) -> dict[str, Any]:
    """Pack and sign the bundle, encrypted until it is delivered."""
    with step() as services:
        from afschrift.pipeline.package import package as use_case

        result = use_case(services, request)
        log.info("Bundle %s, %s bytes.", result["bundle"], result["bytes"])
        return result


def deliver(request: str) -> dict[str, Any]:
    """Hand the bundle over to the request's destination; nothing is visible there before it is whole."""
    with step() as services:
        from afschrift.pipeline.deliver import deliver as use_case

        result = use_case(services, request)
        log.info("Bundle %s stands at %s.", result["sha256"], result["uri"])
        return {"sha256": result["sha256"], "bytes": result["bytes"]}


def close(request: str) -> dict[str, Any]:
    """Mark the request as fulfilled and destroy what was staged."""
    with step() as services:
        from afschrift.pipeline.deliver import close as use_case

        result = use_case(services, request)
        log.info("Request %s: %s.", result["request"], result["state"])
        return result


def wipe(request: str | None, params: Any = None) -> bool:
    """Destroy what is staged of a closed request; keep it while the request is open, so that it resumes.

    Runs whatever happened before; where assess handed no id on, the form's id counts.
    """
    with step() as services:
        from afschrift.pipeline.deliver import wipe as use_case

        request = request or params.get("request")
        if request is None:
            return False
        try:
            wiped = use_case(services, request)
        except UnknownRequestError:  # assess has said so
            return False
        log.info(
            "Staging of %s is %s.", request, "destroyed" if wiped else "kept until the request is closed"
        )
        return wiped


def _demo_request(services: Services, params: Any, task_state_store: Any) -> str:
    """The request opened for the form's customer number; the same one when the task is tried again."""
    number = params.get("customer_number")
    if number is None or not demo_mode():
        raise RefusedError(
            "This run names no request.",
            way_out="trigger with the id of a stored request: `afschrift requests` lists them.",
        )
    from afschrift.wiring.demo import open_demo_request

    request: str | None = task_state_store.get("request")
    if request is None:
        request = open_demo_request(services, number, params["right"])
        task_state_store.set("request", request)
    return request
