"""Mail, witnesses, destinations and staging take an Airflow connection where they take a file."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import register_implementation

import afschrift.airflow_ext  # noqa: F401  (knows connections)
from afschrift.app.settings import Settings
from afschrift.casework.delivery.read_out import gateway
from afschrift.casework.letters.send import mail_settings
from afschrift.destinations.registry import open_destination
from afschrift.domain.errors import ConfigurationError
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.staging.staged_requests import destroy, staged_requests, staging_root
from afschrift.witnesses.checkpoints import open_place
from afschrift.witnesses.registry import open_witness

# Airflow reads its home where the first connection is asked for.
pytestmark = pytest.mark.usefixtures("airflow_env")
REQUEST = "req-0123456789ab"
PASSWORD = "p@ss/wörd"


class LockedStore(MemoryFileSystem):
    """An object store in memory that refuses every client without key, secret and address."""

    protocol = "locked"
    store: dict[str, Any] = {}  # noqa: RUF012
    pseudo_dirs = [""]  # noqa: RUF012

    def __init__(self, key: str = "", secret: str = "", endpoint_url: str = "", **more: Any) -> None:
        super().__init__(**more)
        if (key, secret, endpoint_url) != ("writer", PASSWORD, "https://s3.example.org"):
            raise PermissionError("AccessDenied")

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(str(path).replace("locked://", "memory://")))


@pytest.fixture(autouse=True)
def store() -> Iterator[None]:
    register_implementation("locked", LockedStore, clobber=True)
    yield
    LockedStore.store.clear()
    LockedStore.pseudo_dirs[:] = [""]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> str:
    """A connection as Airflow's own S3 hooks have it."""
    extra = {"endpoint_url": "https://s3.example.org"}
    return defined(monkeypatch, "bundles", conn_type="aws", login="writer", password=PASSWORD, extra=extra)


def defined(monkeypatch: pytest.MonkeyPatch, name: str, **parts: Any) -> str:
    monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(parts))
    return f"airflow-connection:{name}"


def settings(**env: str) -> Settings:
    return Settings.from_environment({"AFSCHRIFT_HOME": "/nowhere"} | env)


def test_mail_goes_by_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    login, sender = "afschrift@example.org", {"from_email": "privacy@example.org"}
    parts = {"host": "mail.example.org", "port": 465, "login": login, "password": PASSWORD, "extra": sender}
    place = defined(monkeypatch, "letters", conn_type="smtp", **parts)
    mail = mail_settings(settings(AFSCHRIFT_MAIL=place))
    assert mail.sender == "privacy@example.org"
    assert (mail.server.scheme, mail.server.hostname, mail.server.port) == ("smtps", "mail.example.org", 465)
    assert mail.server.username == "afschrift%40example.org"
    assert PASSWORD not in repr(mail)
    witness = settings(AFSCHRIFT_WITNESS_DPO="mailto:dpo@example.org", AFSCHRIFT_WITNESS_DPO_OPTIONS=place)
    assert open_place(witness, "dpo").name == "dpo"

    starttls = {"port": 587, "extra": {**sender, "disable_ssl": True}}
    place = defined(monkeypatch, "letters", conn_type="smtp", host="mail", **starttls)
    assert mail_settings(settings(AFSCHRIFT_MAIL=place)).server.geturl() == "smtp://mail:587"


def test_words_go_by_an_sms_gateway_of_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, parts, url in (
        (
            "sms",
            {"host": "sms.example.org", "extra": {"path": "/v1", "number": "msisdn"}},
            "https://sms.example.org/v1",
        ),
        ("plain", {"host": "127.0.0.1", "schema": "http", "port": 8025}, "http://127.0.0.1:8025"),
        ("whole", {"host": "https://sms.example.org/v1"}, "https://sms.example.org/v1"),
    ):
        place = defined(monkeypatch, name, conn_type="http", login="a", password=PASSWORD, **parts)
        options = gateway(settings(AFSCHRIFT_SMS=place))
        assert (options["url"], options["login"], options["password"]) == (url, "a", PASSWORD)
    for sms in (
        {},
        {"AFSCHRIFT_SMS": defined(monkeypatch, "clear", conn_type="http", schema="http", host="sms")},
    ):
        with pytest.raises(ConfigurationError, match="SMS gateway"):
            gateway(settings(**sms))


def test_a_connection_that_is_missing_or_lacks_a_sender_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    place = defined(monkeypatch, "letters", conn_type="smtp", host="mail")
    with pytest.raises(ConfigurationError, match="lack 'server' or 'sender'"):
        mail_settings(settings(AFSCHRIFT_MAIL=place))
    with pytest.raises(ConfigurationError, match="no connection nowhere"):
        mail_settings(settings(AFSCHRIFT_MAIL="airflow-connection:nowhere"))


def test_a_destination_takes_credentials_and_link_from_one(aws: str) -> None:
    found = settings(
        AFSCHRIFT_DESTINATION_OUTBOX="locked://bucket/outbox", AFSCHRIFT_DESTINATION_OUTBOX_OPTIONS=aws
    )
    destination = open_destination("outbox", found.destination("outbox"))
    receipt = destination.deliver("req-0123456789ab-access.zip", iter([b"PK"]))
    assert receipt.bytes == 2
    assert PASSWORD not in f"{destination!r}{receipt!r}"


def test_a_connection_may_say_all_of_a_destination(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"url": "/srv/outbox", "link": "https://portal.example.org/{file}", "days": 14}
    place = defined(monkeypatch, "portal", conn_type="generic", extra=extra)
    found = settings(AFSCHRIFT_DESTINATION_PORTAL_OPTIONS=place)
    assert found.destination("portal") == {"kind": "folder", "url": "/srv/outbox"}
    assert found.options_of("portal").fetched_at() == ("https://portal.example.org/{file}", 14)


def test_a_witness_takes_credentials_from_one(aws: str) -> None:
    found = settings(AFSCHRIFT_WITNESS_DPO="locked://bucket/trail", AFSCHRIFT_WITNESS_DPO_OPTIONS=aws)
    witness = open_place(found, "dpo")
    witness.send({"afschrift-checkpoint-1-00000001.json": b"{}"})  # type: ignore[union-attr]
    assert open_witness("dpo", "locked://bucket/trail", {}) is not None


def test_staging_takes_credentials_from_one_and_is_swept_with_them(aws: str) -> None:
    found = settings(AFSCHRIFT_STAGING="locked://bucket/staging", AFSCHRIFT_STAGING_OPTIONS=aws)
    staged = EncryptedStaging(staging_root(found), REQUEST, bytes(32))
    with staged.writer("keys.json") as sink:
        sink.write(b"{}")
    with staged.reader("keys.json") as stream:
        assert stream.read() == b"{}"
    assert [request.request for request in staged_requests(staging_root(found))] == [REQUEST]
    assert destroy(staging_root(found), REQUEST) is not None


def test_what_is_not_understood_of_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    place = defined(monkeypatch, "bundles", conn_type="aws", extra={"role_arn": "arn:aws:iam::1:role/x"})
    found = settings(AFSCHRIFT_STAGING="locked://bucket/staging", AFSCHRIFT_STAGING_OPTIONS=place)
    with pytest.raises(ConfigurationError, match="`role_arn`") as raised:
        staging_root(found)
    assert "arn:aws" not in str(raised.value)


DECIDED = {"by": "CISO", "on": "2026-11-30", "why": "a vault that encrypts by itself"}


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({}, ""),
        ({"encryption": "age", "secret_by": "phone"}, ""),
        ({"encryption": "none", "open": DECIDED}, ""),
        ({"encryption": "none"}, "without a decision"),
        ({"encryption": "none", "open": DECIDED | {"on": "last year"}}, "without a decision"),
        ({"encryption": "none", "open": DECIDED | {"on": "2999-01-01"}}, "no later than today"),
        ({"encryption": "none", "open": DECIDED | {"why": " "}}, "without a decision"),
        ({"encryption": "zip", "open": DECIDED}, "alone"),
        ({"encryption": "rot13"}, "is none of zip, age"),
        ({"encryption": None}, "is none of zip, age"),
        ({"secret_by": "mail"}, "is none of phone"),
    ],
)
def test_a_destination_is_open_by_a_decision_alone(
    options: dict[str, Any], fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = defined(monkeypatch, "portal", conn_type="generic", extra={"url": "/srv/outbox"} | options)
    found = settings(AFSCHRIFT_DESTINATION_PORTAL_OPTIONS=place)
    if not fault:
        one_channel = found.options_of("portal").protection().one_channel()
        assert ("an officer reads them out" in one_channel) is (options == {})
    if fault:
        with pytest.raises(ConfigurationError, match=fault):
            found.destination("portal")
        return
    assert found.options_of("portal").protection().encryption == options.get("encryption", "zip")
    assert found.destination("portal") == {"kind": "folder", "url": "/srv/outbox"}
