"""The tasks of `fulfil_request`: each runs one use case, and hands on only an id or names of sources.

A number of rows or bytes would stay in Airflow when the request is forgotten (docs/operator/keys.md).

Airflow shows the docstrings with the tasks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from afschrift.airflow_ext.environment import LOOK_UP_DAG_ID
from afschrift.airflow_ext.heartbeat import beating
from afschrift.airflow_ext.outside.metrics import measured
from afschrift.airflow_ext.params import (
    change_options,
    chosen,
    demo_mode,
    form,
    one_task,
    refuse_unknown,
    request_alone,
)
from afschrift.airflow_ext.queues import following, must_be_its_queue, reaches_all, unknown_sources
from afschrift.airflow_ext.retry import is_last_try
from afschrift.airflow_ext.step import handed_on, shown, step
from afschrift.domain.errors import (
    NeedsPersonError,
    RefusedError,
    SourceDownError,
    StagedFileError,
    UnknownRequestError,
)

if TYPE_CHECKING:
    from afschrift.services import Services

# The imports in the functions are heavy, and must not run each time Airflow parses the DAG file.


def assess(params: Any = None, dag_run: Any = None, task_state_store: Any = None, ti: Any = None) -> str:
    """Check that the request exists, is open, has an identity decision and asks for formats that qualify.

    Begins the run in the register: one at a time for a request. Options filled in on the form are recorded
    there then. Hands on the request's id.
    """
    with step(dag_run.run_id, dag_run.triggering_user_name) as services:
        from afschrift.app.roles_file import load_roles
        from afschrift.steps.assess import assess as use_case
        from afschrift.steps.gates import begin

        must_be_its_queue(ti, services.inventory)
        _form_must_hold(services, params, dag_run)
        by = f"airflow:{dag_run.triggering_user_name or 'system'}"
        request: str = params.get("request") or _demo_request(services, params, task_state_store)
        with measured("assess", services.inventory, request):
            begin(services, request, by)
            change_options(services, request, chosen(params), by, load_roles())
            with _ended_at_a_question(services, request), _asked_at_last(services, request, ti):
                use_case(services, request)
        return request


def classify(request: str | None, params: Any = None, dag_run: Any = None, ti: Any = None) -> list[str]:
    """Decide on every column before anything is read, and freeze the plan; returns the sources it reads."""
    with _working("classify", request, params, dag_run) as (services, request):
        from afschrift.steps.classify import classify as use_case

        must_be_its_queue(ti, services.inventory)
        with _ended_at_a_question(services, request), _asked_at_last(services, request, ti):
            result = use_case(services, request)
        return list(result["sources"])


def choose_sources(request: str | None, params: Any = None, dag_run: Any = None, ti: Any = None) -> list[str]:
    """Decide on every column before anything is read, and freeze the plan.

    Where only a person may decide, the question is in the register and the rest is skipped.
    Continues with the tasks of the sources that the plan reads; those of the others are skipped.
    """
    sources = classify(request, params, dag_run, ti)
    with shown():
        return following(sources, ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id])[ti.run_id])


def no_source() -> None:
    """Say why no source has a task here: the data map could not be read where Airflow read this DAG."""
    with shown():
        raise unknown_sources()


def extract(request: str | None, source: str, params: Any = None, dag_run: Any = None, ti: Any = None) -> str:
    """Read one source, read-only and on one snapshot, into encrypted staging in every chosen format.

    Where it cannot be reached at the last try either, an officer is asked, and the rest is skipped.
    """
    with _working("extract", request, params, dag_run) as (services, request):
        from afschrift.steps.extract import extract as use_case

        must_be_its_queue(ti, services.inventory, None if one_task() else source)
        with _asked_at_last(services, request, ti):
            use_case(services, request, source, reaches_all=reaches_all(services.inventory))
        return source


def validate(request: str | None, params: Any = None, dag_run: Any = None) -> str:
    """Check that another library read every file back and found what was extracted; else read it now."""
    with _working("validate", request, params, dag_run) as (services, request):
        from afschrift.steps.claims import stop_at_question
        from afschrift.steps.validate import validate as use_case

        stop_at_question(services, request)
        use_case(services, request)
        return request


def package(request: str | None, params: Any = None, dag_run: Any = None) -> str:
    """Pack and sign the bundle, encrypted until it is delivered."""
    with _working("package", request, params, dag_run) as (services, request):
        from afschrift.steps.package import package as use_case

        return str(use_case(services, request)["bundle"])


def deliver(request: str | None, params: Any = None, dag_run: Any = None) -> str:
    """Hand the bundle over to the request's destination; nothing is visible there before it is whole."""
    with _working("deliver", request, params, dag_run) as (services, request):
        from afschrift.steps.deliver import deliver as use_case

        return str(use_case(services, request)["sha256"])


def close(request: str | None, params: Any = None, dag_run: Any = None) -> dict[str, Any]:
    """Mark the request as fulfilled and destroy what was staged."""
    with _working("close", request, params, dag_run) as (services, request):
        from afschrift.steps.close import close as use_case

        return use_case(services, request)


def fulfil(params: Any = None, dag_run: Any = None, task_state_store: Any = None, ti: Any = None) -> str:
    """Take the request through all steps in this one task; each asks the register, as a task of its own does.

    Tried again, or in a new run, it continues after the last step that was finished.
    """
    request = assess(params, dag_run, task_state_store, ti)
    for source in classify(request, params, dag_run, ti):
        extract(request, source, params, dag_run, ti)
    for later in (validate, package, deliver, close):
        later(request, params, dag_run)
    return request


def wipe(request: str | None = None, params: Any = None, dag_run: Any = None, ti: Any = None) -> bool:
    """End the run; destroy what is staged of a closed request, and keep it while the request is open.

    Runs whatever happened before, and records in the trail where a user set the state of a task by hand.
    The request is the one that the run began for; where it never began, the form's.
    """
    with step(dag_run.run_id, dag_run.triggering_user_name) as services:
        from afschrift.steps.claims import check_claims
        from afschrift.steps.close import wipe as use_case

        request = services.register.runs.request_of(services.run or "") or params.get("request") or request
        if request is None:
            return False
        try:
            wiped = use_case(services, request)
        except UnknownRequestError:  # assess has said so
            return False
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id])
        check_claims(services, request, states.get(ti.run_id, {}))
        return wiped


@contextmanager
def _working(name: str, request: str | None, params: Any, dag_run: Any) -> Iterator[tuple[Services, str]]:
    """Services and request of a task after `assess`."""
    with step(dag_run.run_id, dag_run.triggering_user_name) as services:
        known = handed_on(services, name, request, params)
        try:
            with measured(name, services.inventory, known), beating(services, known):
                yield services, known
        except StagedFileError:
            from afschrift.steps.gates import refusal

            refusal(services, known, name, "staged_file", "", event="gate_refused")
            raise


@contextmanager
def _ended_at_a_question(services: Services, request: str) -> Iterator[None]:
    """A run that ends at a question is over: the answer starts the next one."""
    try:
        yield
    except NeedsPersonError:
        state = services.register.requests.get(request).state
        services.register.runs.end(request, services.run or "", str(state))
        raise


@contextmanager
def _asked_at_last(services: Services, request: str, ti: Any) -> Iterator[None]:
    """Turn a source that is still down at the last try into a question, at which the run ends."""
    try:
        yield
    except SourceDownError as error:
        if not is_last_try(ti):
            raise
        from afschrift.casework.partial_response.question import ask_about

        raise ask_about(services, request, error) from None


def _form_must_hold(services: Services, params: Any, dag_run: Any) -> None:
    """Refuse a conf with fields that the form does not have; they are recorded nowhere but in Airflow.

    Raises:
        RefusedError: as `refuse_unknown`.
    """
    from afschrift.steps.gates import refusal

    try:
        refuse_unknown(dag_run.conf, form(demo_mode()))  # params hold every field of the conf
    except RefusedError:
        refusal(services, params.get("request"), "assess", "unknown_fields_in_conf", "")
        raise


def _demo_request(services: Services, params: Any, task_state_store: Any) -> str:
    """The request opened for the form's customer number; the same one when the task is tried again."""
    number = params.get("customer_number")
    if number is None or not demo_mode():
        raise RefusedError(
            "This run names no request.",
            remedy="trigger with the id of a stored request: `afschrift requests` lists them.",
        )
    from afschrift.wiring.demo import open_demo_request

    request: str | None = services.register.runs.request_of(services.run or "")
    request = request or task_state_store.get("request")
    if request is None:
        request = open_demo_request(services, number, params["right"])
        task_state_store.set("request", request)
    return request


def look_up(params: Any = None, dag_run: Any = None, ti: Any = None) -> dict[str, Any]:
    """Read what an officer asked to see before the identity is confirmed, and keep it encrypted.

    Hands on the number of rows by table, and the tables that could not be read.
    """
    with step(dag_run.run_id) as services:
        from afschrift.steps.gates import refusal  # heavy: never when Airflow parses the DAG file
        from afschrift.steps.read_identifying import STEP
        from afschrift.steps.read_identifying import look_up as use_case

        try:
            refuse_unknown(dag_run.conf, request_alone(), LOOK_UP_DAG_ID)
        except RefusedError:
            refusal(services, params.get("request"), STEP, "unknown_fields_in_conf", "")
            raise
        must_be_its_queue(ti, services.inventory)
        with measured(STEP, services.inventory, params["request"]):
            return use_case(services, params["request"])
