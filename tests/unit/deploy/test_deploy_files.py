"""The files of deploy/: every setting in them is one, secrets are none of their values, and nothing runs as root."""

import json
import os
import re
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url
from tests.airflow_support import AirflowEnv
from tests.support.settings_page import rows

from afschrift.airflow_ext.environment import CONFIG
from afschrift.app.project import key_values
from afschrift_portal.settings import PortalSettings

OF_PROVIDERS = {
    "celery": {"broker_url", "result_backend"},
    "celery_broker_transport_options": {"visibility_timeout"},
}
"""Sections that come with a provider, which need not be installed here."""
ONE_MACHINE = {
    "AIRFLOW__CORE__EXECUTOR",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL",
}
"""What config/airflow.env says of LocalExecutor alone."""
READERS = {
    "setup": "terminal",
    "api-server": "API server",
    "scheduler": "scheduler",
    "dag-processor": "DAG processor",
    "worker": "worker",
    "apiServer": "API server",
    "dagProcessor": "DAG processor",
    "workers": "worker",
}
DEPLOY = Path(__file__).parents[3] / "deploy"
HELM = ("apiServer", "scheduler", "dagProcessor", "workers")


def text(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


COMPOSE, VALUES = (yaml.safe_load(text(name)) for name in ("compose.yaml", "values.yaml"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "AFSCHRIFT_IMAGE" in service["image"]}
"""The services that run our image."""


def helm_env(process: str) -> dict[str, Any]:
    """Name -> value, or where the secret is, of what a process of the chart is given."""
    entries = [*VALUES["env"], *VALUES[process].get("env", ())]
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in entries}


ENVIRONMENTS = {
    "compose": {name: service["environment"] for name, service in OURS.items()},
    "helm": {name: helm_env(name) for name in HELM},
}


def setting(name: str) -> Any:
    """The row of the table, also for one of a form with `<NAME>`."""
    for row in rows():
        if re.fullmatch(re.escape(row.name).replace("<NAME>", "[A-Z]+"), name):
            return row
    return None


def test_every_setting_of_ours_is_in_the_table() -> None:
    names = {
        (file.name, name)
        for file in DEPLOY.iterdir()
        if file.suffix in {".yaml", ".sh", ".env"} or file.name == "Containerfile"
        for name in re.findall(r"\b(AFSCHRIFT_[A-Z_]+)\b", text(file.name))
    }
    assert len(names) > 10
    assert {(file, name) for file, name in names if setting(name) is None} == {
        ("compose.yaml", "AFSCHRIFT_IMAGE"),
        ("example.env", "AFSCHRIFT_IMAGE"),
    }


def test_every_setting_of_airflow_is_one_of_its_own(airflow_env: AirflowEnv) -> None:
    from airflow.configuration import retrieve_configuration_description

    known = {name: set(section["options"]) for name, section in retrieve_configuration_description().items()}
    known = OF_PROVIDERS | known
    texts = "".join(map(text, ("compose.yaml", "values.yaml", "Containerfile")))
    found = {name.removesuffix("_CMD") for name in re.findall(r"\bAIRFLOW__[A-Z_]+\b", texts)}
    assert len(found) > 15
    for name in found:
        _, section, option = name.lower().split("__")
        assert option in known.get(section, ()), name


@pytest.mark.parametrize("where", ENVIRONMENTS)
def test_each_process_has_what_it_must_read_and_its_own_log_in(where: str) -> None:
    tuned = key_values(CONFIG / "airflow.env")
    tuned = {name: value for name, value in tuned.items() if name not in ONE_MACHINE}
    of_register = setting("AFSCHRIFT_REGISTER").read_by
    log_ins = set()
    for name, env in ENVIRONMENTS[where].items():
        assert {name: env.get(name) for name in tuned} == tuned
        reads = READERS.get(name, "scheduler") in of_register
        assert ("AFSCHRIFT_REGISTER" in env) == reads, name
        assert {"AFSCHRIFT_KEYS", "AFSCHRIFT_STAGING", "AFSCHRIFT_DESTINATION_OUTBOX"} <= env.keys()
        if reads:
            log_ins.add(str(env["AFSCHRIFT_REGISTER"]))
        for variable, value in env.items():
            assert not re.search(r"://[^/@]*:[^/@]*@", str(value)), (name, variable)
    assert len(log_ins) == sum(READERS.get(name) in of_register for name in ENVIRONMENTS[where])


def test_keys_are_mounted_where_they_are_read_and_nowhere_else() -> None:
    readers = setting("AFSCHRIFT_KEYS").read_by
    for name, service in OURS.items():
        assert ("keys.json" in service.get("secrets", ())) == (READERS[name] in readers), name
    for name in HELM:
        mounts = [volume["name"] for volume in VALUES[name].get("extraVolumeMounts", ())]
        assert ("afschrift-keys" in mounts) == (READERS.get(name, "scheduler") in readers), name
    [keys] = [volume for volume in VALUES["volumes"] if volume["name"] == "afschrift-keys"]
    assert keys["secret"]["defaultMode"] == 0o440


SECRETS_OF = {
    "postgres": {"postgres_password", "airflow_password", "owner_password"},
    "redis": {"redis_password"},
    "store": set(),
    "setup": {
        *("airflow_database", "fernet_key", "keys.json", "owner.pgpass", "staging.json", "outbox.json"),
        *("runs_password", "officers_password", "checks_password"),
    },
    "api-server": {
        *("airflow_database", "fernet_key", "api_secret_key", "jwt_secret", "keys.json", "pages.pgpass"),
        *("staging.json", "outbox.json"),
    },
    "scheduler": {"airflow_database", "fernet_key", "jwt_secret", "celery_broker", "celery_results"},
    "dag-processor": {"airflow_database", "fernet_key"},
    "worker": {
        *("celery_broker", "celery_results", "api_secret_key", "keys.json", "worker.pgpass"),
        *("staging.json", "outbox.json", "connections.json"),
    },
}
"""What each service may read: what is not here it has no use for."""


def test_each_service_has_its_own_secrets_as_files() -> None:
    assert SERVICES.keys() == SECRETS_OF.keys()
    named_anyway = {"staging.json", "outbox.json", "keys.json"}
    for name, service in SERVICES.items():
        given, variables = set(service.get("secrets", ())), service.get("environment", {})
        assert given == SECRETS_OF[name], name
        words = str(variables) + str(service.get("command", ""))
        assert set(re.findall(r"/run/secrets/([\w.]+)", words)) <= given | named_anyway
        secret = re.compile(r"PASSWORD$|SECRET$|SECRET_KEY$|AIRFLOW_CONN")
        assert not [variable for variable in variables if secret.search(variable)]
        assert not re.search(r"\$\{[A-Z_]*(PASSWORD|SECRET|KEY)", str(service)), name


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to other accounts")
def test_the_secrets_are_made_for_the_accounts_that_read_them(tmp_path: Path) -> None:
    command = ["sh", DEPLOY / "secrets.sh", folder := tmp_path / "secrets"]
    subprocess.run(command, check=True)
    made = {file.name: file.stat() for file in folder.iterdir()}
    assert COMPOSE["secrets"].keys() - made.keys() == {"keys.json"}, "which `afschrift key new` makes"
    assert {status.st_mode & 0o777 for status in made.values()} == {0o600}
    for name, service in SERVICES.items():
        for secret in set(service.get("secrets", ())) - {"keys.json"}:
            owner = {"postgres": 999, "redis": 0}.get(name, 50_000)
            assert made[secret].st_uid == owner, (name, secret)
    Fernet((folder / "fernet_key").read_text())
    for name in ("airflow_database", "celery_results", "celery_broker"):
        assert make_url((folder / name).read_text()).password
    store = json.loads((folder / "staging.json").read_text())
    assert json.loads((folder / "outbox.json").read_text()) == {"options": store}
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode != 0, "what is there is kept"


def test_every_image_is_named_by_its_digest() -> None:
    others = [service["image"] for name, service in SERVICES.items() if name not in OURS]
    assert len(others) == 3
    for image in others:
        assert re.search(r"@\$\{[A-Z]+_DIGEST:\?", image), image
    wanted = set(re.findall(r"\$\{([A-Z_]+)(?::\?|:-)", text("compose.yaml")))
    example = dict(re.findall(r"^([A-Z_]+)=(.*)$", text("example.env"), re.M))
    assert example.keys() == wanted
    assert {name for name, value in example.items() if value} == {"BASE_URL", "AFSCHRIFT_IMAGE"}
    assert "digest" in VALUES["images"]["airflow"]


def test_nothing_runs_as_root_or_writes_beside_the_named_places() -> None:
    for name, service in OURS.items():
        assert service["user"] == "50000:0", name
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert {mount.split(":")[1] for mount in service["volumes"]} == {"/opt/airflow/logs"}
    for service in SERVICES.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    containers, pod = VALUES["securityContexts"]["containers"], VALUES["securityContexts"]["pod"]
    assert containers["readOnlyRootFilesystem"] is True
    assert containers["allowPrivilegeEscalation"] is False
    assert (pod["runAsUser"], pod["runAsNonRoot"]) == (50_000, True)
    image = text("Containerfile")
    assert "--no-install-recommends gpg " in image[: image.index("USER airflow")]
    assert re.findall(r"^USER (\w+)$", image, re.M)[-1] == "airflow"
    written = "Written are, and must be mounted: /tmp and /opt/airflow/logs. Nothing else."
    assert written in re.sub(r"\n# ", " ", image)


def test_services_wait_for_containers_they_need() -> None:
    for name in ("api-server", "scheduler", "dag-processor", "worker"):
        assert SERVICES[name]["depends_on"]["setup"]["condition"] == "service_completed_successfully"
        assert SERVICES[name]["healthcheck"]["test"]
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            assert how["condition"] != "service_healthy" or "healthcheck" in SERVICES[other], (name, other)
        assert set(service["networks"]) <= COMPOSE["networks"].keys()


def test_the_network_is_closed_first_and_opened_by_name() -> None:
    first, *others = yaml.safe_load_all(text("networkpolicy.yaml"))
    assert first["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for policy in others:
        assert (policy["apiVersion"], policy["kind"]) == ("networking.k8s.io/v1", "NetworkPolicy")
        for direction, way in (("egress", "to"), ("ingress", "from")):
            for rule in policy["spec"].get(direction, ()):
                assert direction.capitalize() in policy["spec"]["policyTypes"]
                assert rule[way], "an empty list would be everybody"
                assert rule["ports"]
    sources = [policy for policy in others if "3306" in str(policy)]
    assert [policy["spec"]["podSelector"]["matchLabels"]["component"] for policy in sources] == ["worker"]
    pages = next(policy["spec"] for policy in others if policy["metadata"]["name"] == "afschrift-pages")
    identity_provider = [{"protocol": "TCP", "port": 443}]
    assert identity_provider in [rule["ports"] for rule in pages["egress"]]


def test_the_portal_reaches_nothing_of_ours_and_has_settings_that_it_knows() -> None:
    compose = yaml.safe_load(text("portal/compose.yaml"))
    stateful, _, policy = yaml.safe_load_all(text("portal/kubernetes.yaml"))
    assert compose["networks"].keys().isdisjoint(COMPOSE["networks"])
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"] and "egress" not in policy["spec"]
    assert all(rule["from"] and rule["ports"] for rule in policy["spec"]["ingress"])
    [container] = stateful["spec"]["template"]["spec"]["containers"]
    given = [compose["services"]["portal"]["environment"], {entry["name"]: "" for entry in container["env"]}]
    known = {f"AFSCHRIFT_PORTAL_{field.name.upper()}" for field in fields(PortalSettings)}
    assert all(names.keys() <= known for names in given)
    assert (
        container["securityContext"]["readOnlyRootFilesystem"] and compose["services"]["portal"]["read_only"]
    )
    assert "DIGEST:?" in text("portal/Containerfile") and "USER 50001" in text("portal/Containerfile")
