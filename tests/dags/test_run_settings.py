"""Runs of `fulfil_request` in another setting: one task, connections, a secrets backend, a register that is down."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url
from testbed.delivered import open_delivered
from testbed.postgres import Database, Server
from tests.airflow_support import ONCE, AirflowEnv, Flow
from tests.support.installed import CUSTOMERS
from tests.support.nightly import nightly_after

from afschrift.app.settings import Settings
from afschrift.bundle.container.verify import verify
from afschrift.domain.errors import ConfigurationError
from afschrift.register.open import initialise, open_keys

NAME = "afschrift_secret_keys"


def once(flow: Flow, request: str) -> bool:
    """Whether each event is once in the trail of a request."""
    counts = flow.counted(request)
    return {kind: counts[kind] for kind in ONCE} == dict.fromkeys(ONCE, 1)


@pytest.fixture
def one_task(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> Flow:
    """All steps are in one task."""
    monkeypatch.setenv("AFSCHRIFT_TASKS", "one")
    return flow


def test_one_task_does_all_steps_once(airflow_env: AirflowEnv, one_task: Flow) -> None:
    request = one_task.submit(CUSTOMERS[0], "portability")

    outcome = one_task.run(request)

    assert (outcome.state, outcome.failed, outcome.skipped) == ("success", (), ())
    tries = airflow_env.task_tries(outcome.run_id)
    assert tries == {"fulfil": ("success", 1), "wipe": ("success", 1)}
    assert once(one_task, request)
    assert one_task.counted(request)["gate_bypassed"] == 0
    kept = (airflow_env.xcoms(outcome.run_id), airflow_env.rendered(outcome.run_id))
    assert kept == ([], []), "each costs a call to the API server"
    assert len(one_task.bundles) == 1
    assert one_task.state(request) == "ready"
    assert one_task.staged == []


def test_one_task_goes_on_after_a_question_and_after_a_failure(one_task: Flow) -> None:
    request = one_task.submit(CUSTOMERS[0], "portability", authenticated=False)
    outcome = one_task.run(request)
    assert (outcome.state, outcome.failed, outcome.skipped) == ("success", (), ("fulfil",))
    assert one_task.state(request) == "needs_person"
    assert one_task.counted(request)["gate_bypassed"] == 0

    one_task.register.decisions.take(request, "identity", "confirmed", "officer")
    outbox = one_task.home / "outbox"
    outbox.write_text("a file where the folder should be")
    outcome = one_task.run(request)
    assert (outcome.state, outcome.failed) == ("failed", ("fulfil",))

    outbox.unlink()
    assert one_task.run(request).state == "success"
    assert one_task.state(request) == "ready"
    counts = one_task.counted(request)
    finished = {*ONCE} - {"acknowledged", "question_asked"}
    assert {kind: counts[kind] for kind in finished} == dict.fromkeys(finished, 1)


def test_run_takes_addresses_from_connections(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFSCHRIFT_STAGING_OPTIONS", "airflow-connection:places")
    monkeypatch.setenv("AFSCHRIFT_DESTINATION_OUTBOX", str(flow.home / "by-connection"))
    monkeypatch.setenv("AFSCHRIFT_DESTINATION_OUTBOX_OPTIONS", "airflow-connection:outbox")
    for name, extra in (("OUTBOX", {}), ("PLACES", {"auto_mkdir": True})):
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps({"conn_type": "generic", "extra": extra}))
    assert flow.run(flow.submit(CUSTOMERS[0], "portability")).state == "success"
    assert len([*(flow.home / "by-connection").glob("*.zip")]) == 1


@pytest.fixture
def variables(airflow_env: AirflowEnv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of Airflow's LocalFilesystemBackend, which is configured and holds no Variable yet."""
    from airflow.sdk.configuration import clear_secrets_backends_cache

    file = tmp_path / "variables.json"
    file.write_text("{}")
    backend = "airflow.secrets.local_filesystem.LocalFilesystemBackend"
    monkeypatch.setenv("AIRFLOW__SECRETS__BACKEND", backend)
    monkeypatch.setenv("AIRFLOW__SECRETS__BACKEND_KWARGS", json.dumps({"variables_file_path": str(file)}))
    clear_secrets_backends_cache()
    yield file
    clear_secrets_backends_cache()


@pytest.fixture
def document(flow: Flow, variables: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The installation's keys, moved from the file into the backend."""
    key_file = flow.home / "keys.json"
    content = key_file.read_text()
    variables.write_text(json.dumps({NAME: content}))
    key_file.unlink()
    monkeypatch.setenv("AFSCHRIFT_KEYS", f"airflow-variable:{NAME}")
    keys: dict[str, Any] = json.loads(content)
    return keys


def secrets(document: dict[str, Any]) -> list[str]:
    stored = [*document["keks"], *document["index_keys"].values(), *document["signing_keys"]]
    return [variable["key"] for variable in stored]


def test_run_takes_keys_from_backend_and_shows_them_nowhere(flow: Flow, document: dict[str, Any]) -> None:
    request = flow.submit(CUSTOMERS[0], "portability")

    assert flow.run(request).state == "success", flow.lines
    assert flow.state(request) == "ready"
    assert not (flow.home / "keys.json").exists()
    bundle = open_delivered(flow.services, request)
    report = verify(bundle, open_keys(Settings.from_environment()).public_keys())
    assert report.trusted
    assert report.signer == document["signing_keys"][-1]["id"]
    stored = b"".join(part.read_bytes() for part in flow.env.home.glob("airflow.db*"))
    for secret in secrets(document):
        assert secret not in flow.env.log
        assert secret.encode() not in stored


def test_logged_keys_are_masked(flow: Flow, document: dict[str, Any]) -> None:
    from afschrift.airflow_ext.secrets import read

    log = logging.getLogger("careless")
    log.warning("before: %s", secrets(document)[1])
    assert secrets(document)[1] in flow.log  # the search finds what is there

    value = read(NAME)

    log.warning("whole: %s", value)
    for secret in secrets(document)[2:]:
        log.warning("one: %s.", secret)
    log.warning("id: %s", document["keks"][0]["id"])
    assert "whole: ***" in flow.log
    assert flow.log.count("one: ***.") >= len(secrets(document)) - 2
    assert not any(secret in flow.log for secret in secrets(document)[2:])
    assert f"id: {document['keks'][0]['id']}" in flow.log


@pytest.mark.usefixtures("variables")
def test_variable_name_that_airflow_does_not_mask_is_refused() -> None:
    from airflow.sdk._shared.secrets_masker import redact

    from afschrift.airflow_ext.secrets import read

    assert redact("visible", NAME) == "***"
    assert redact("visible", "afschrift_keys") == "visible"
    with pytest.raises(ConfigurationError, match=r"would show it.*secret"):
        read("afschrift_keys")


@pytest.mark.usefixtures("document")
@pytest.mark.parametrize(
    ("content", "words"),
    nightly_after(
        1,
        [
            ({NAME: '{"format": "none", "keks": ["tell-tale"]}'}, "does not hold keys"),
            ({}, f"gave no Variable {NAME}"),
        ],
    ),
    ids=["malformed", "missing"],
)
def test_unusable_variable_fails_the_run_and_is_not_quoted(
    flow: Flow, variables: Path, content: dict[str, str], words: str
) -> None:
    request = flow.submit(CUSTOMERS[0], "portability")
    variables.write_text(json.dumps(content))

    assert flow.run(request).state == "failed"

    assert words in flow.lines
    assert "tell-tale" not in flow.log


def test_register_that_is_down_briefly_loses_nothing(
    flow: Flow, postgres: Database, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFSCHRIFT_REGISTER", postgres.url)
    initialise(Settings.from_environment())
    request = flow.submit(CUSTOMERS[0], "portability")
    started: list[str] = []
    name = make_url(postgres.libpq).database

    def let_in(allowed: bool) -> None:
        """Change the database from outside and end its connections, so that each one feels it."""
        Database(postgres_server.admin).execute(
            f"ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}",
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
        )

    def unplug(line: str) -> None:
        if line.startswith("classify done"):
            let_in(False)
        elif line in started:  # the second try
            let_in(True)
        started.append(line)

    outcome = flow.run(request, unplug)

    assert outcome.state == "success"
    assert {n for _, n in flow.env.task_tries(outcome.run_id).values()} == {1, 2}
    assert flow.state(request) == "ready"
    assert once(flow, request)
    assert flow.register.trail.verify() == []
