"""Keys in one of Airflow's secrets backends: a real run reads them there, and no log shows them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.airflow_support import AirflowEnv
from tests.support.installed import CUSTOMERS, Installation
from tests.support.two_sources import installation, two_sources

__all__ = ["installation", "two_sources"]

NAME = "afschrift_secret_keys"


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
def document(installation: Installation, variables: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The installation's keys, moved from the file into the backend."""
    key_file = installation.home / "keys.json"
    content = key_file.read_text()
    variables.write_text(json.dumps({NAME: content}))
    key_file.unlink()
    monkeypatch.setenv("AFSCHRIFT_KEYS", f"airflow-variable:{NAME}")
    keys: dict[str, Any] = json.loads(content)
    return keys


def secrets(document: dict[str, Any]) -> list[str]:
    stored = [*document["keks"], *document["index_keys"].values(), *document["signing_keys"]]
    return [variable["key"] for variable in stored]


def test_run_takes_keys_from_backend_and_shows_them_nowhere(
    airflow_env: AirflowEnv, installation: Installation, document: dict[str, Any]
) -> None:
    from afschrift.app.settings import Settings
    from afschrift.bundle.container.verify import verify
    from afschrift.register.open import open_keys

    request = installation.submit(CUSTOMERS[0], "portability")
    outcome = airflow_env.run({"request": request})

    assert outcome.state == "success", airflow_env.lines
    assert installation.state(request) == "ready"
    assert not (installation.home / "keys.json").exists()
    report = verify(installation.bundles[0], open_keys(Settings.from_environment()).public_keys())
    assert report.trusted
    assert report.signer == document["signing_keys"][-1]["id"]
    stored = b"".join(part.read_bytes() for part in airflow_env.home.glob("airflow.db*"))
    for secret in secrets(document):
        assert secret not in airflow_env.log
        assert secret.encode() not in stored


def test_logged_keys_are_masked(airflow_env: AirflowEnv, document: dict[str, Any]) -> None:
    from afschrift.airflow_ext.secrets import read

    log = logging.getLogger("careless")
    log.warning("before: %s", secrets(document)[1])
    assert secrets(document)[1] in airflow_env.log  # the search finds what is there

    value = read(NAME)

    log.warning("whole: %s", value)
    for secret in secrets(document)[2:]:
        log.warning("one: %s.", secret)
    log.warning("id: %s", document["keks"][0]["id"])
    logged = airflow_env.log
    assert "whole: ***" in logged
    assert logged.count("one: ***.") >= len(secrets(document)) - 2
    assert not any(secret in logged for secret in secrets(document)[2:])
    assert f"id: {document['keks'][0]['id']}" in logged


def test_variable_name_that_airflow_does_not_mask_is_refused(
    airflow_env: AirflowEnv, variables: Path
) -> None:
    from airflow.sdk._shared.secrets_masker import redact

    from afschrift.airflow_ext.secrets import read
    from afschrift.domain.errors import ConfigurationError

    assert redact("visible", NAME) == "***"
    assert redact("visible", "afschrift_keys") == "visible"
    with pytest.raises(ConfigurationError, match=r"would show it.*secret"):
        read("afschrift_keys")


def test_missing_variable_fails_the_run_with_its_name(
    airflow_env: AirflowEnv, installation: Installation, document: dict[str, Any], variables: Path
) -> None:
    request = installation.submit(CUSTOMERS[0], "portability")
    variables.write_text("{}")

    outcome = airflow_env.run({"request": request})

    assert outcome.state == "failed"
    assert any(f"gave no Variable {NAME}" in line for line in airflow_env.lines), airflow_env.lines


def test_malformed_key_document_is_not_quoted(
    airflow_env: AirflowEnv, installation: Installation, document: dict[str, Any], variables: Path
) -> None:
    request = installation.submit(CUSTOMERS[0], "portability")
    variables.write_text(json.dumps({NAME: '{"format": "none", "keks": ["tell-tale"]}'}))

    outcome = airflow_env.run({"request": request})

    assert outcome.state == "failed"
    assert any("does not hold keys" in line for line in airflow_env.lines), airflow_env.lines
    assert "tell-tale" not in airflow_env.log
