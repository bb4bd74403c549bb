"""What the author of a request reads who wrote it wrongly: file, line, fault and remedy, and nothing of theirs."""

import json
from pathlib import Path

import pytest
from tests.support.command_line import refused, run_command

from afschrift.casework.intake.message import Intake
from afschrift.casework.intake.request_form import FAULTS, PARTS, RequestForm
from afschrift.domain.errors import ConfigurationError
from afschrift.outside.read_yaml import read_yaml
from afschrift.services import Services

DECLARED = ("customer_id", "email", "device_id")
LINES = """\
# a request
message: Mag ik zien wat u hebt?
channel: portal
received_at: 2026-01-01T10:00:00+01:00
right:
  - access
  - portability
keys:
  customer_id: "1"
authenticated:
  by: log-in
  level: password
  at: 2026-01-01T09:59:00+01:00
"""
INSTANT = "2026-01-01T10:00:00+01:00"
LIBRARY = ("input", "extra", "forbidden", "literal", "enum", "valid", "pydantic", "timezone")
LAST = "What to do: correct it and submit again; nothing was stored. See `afschrift submit --help`."


def fault(text: str, name: str = "request.yml") -> str:
    """What is said of a form; without the name of the file and the last line, which all share."""
    with pytest.raises(ConfigurationError) as caught:
        RequestForm(read_yaml(text), name, text).intake(DECLARED)
    first, *listed, last = str(caught.value).splitlines()
    assert first in (f"{name} has a fault:", f"{name} has faults:", "The request has a fault:"), first
    assert last == LAST
    assert not any(word in " ".join(listed) for word in LIBRARY), listed
    return "\n".join(line.strip() for line in listed)


DAY = "a day is not enough: add time and zone, as 2026-01-31T09:30:00+01:00"
RIGHTS = "choose one of access, portability, unclear"
NOT_KNOWN = "this key is not known here"
NO_KEY = "line 9, keys: identity.yml declares no such key"
RECEIVED = f"received_at: {INSTANT}"


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ("- access", "- acess", "line 6, right: did you mean `access`?"),
        ("- access", "- Access", "line 6, right: did you mean `access`?"),
        ("- access", "- zangvogel", f"line 6, right: {RIGHTS}"),
        ("- access", "- 7", f"line 6, right: {RIGHTS}"),
        ("right:\n  - access\n  - portability\n", "right: acess\n", "line 5, right: did you mean `access`?"),
        ("received_at:", "receivd_at:", f"line 4: {NOT_KNOWN}: did you mean `received_at`?"),
        ("  level:", "  lvel:", f"line 12, authenticated: {NOT_KNOWN}: did you mean `level`?"),
        ("# a request", "zangvogel: 1", f"line 1: {NOT_KNOWN}: take it out"),
        ("customer_id", "customerid", f"{NO_KEY}: did you mean `customer_id`?"),
        ("customer_id", "zangvogel", f"{NO_KEY}: use customer_id, device_id, email"),
        (RECEIVED, "received_at: 2026-01-01", f"line 4, received_at: {DAY}"),
        (RECEIVED, 'received_at: "2026-01-01"', f"line 4, received_at: {DAY}"),
        (RECEIVED, RECEIVED[:-6], "line 4, received_at: it has no time zone: end it with Z, or as +01:00"),
        ("at: 2026-01-01T09:59:00+01:00", "at: 2026-01-01", f"line 13, authenticated.at: {DAY}"),
        ("# a request", "made_by: porxy", "line 1, made_by: did you mean `proxy`?"),
        ("channel: portal\n", "", "channel: is missing"),
        ("  level: password\n", "", "line 10, authenticated.level: is missing"),
        ("# a request", "2026-01-01: x", f"line 1: {NOT_KNOWN}: take it out"),
    ],
)
def test_misspelt_form_has_line_and_remedy(right: str, wrong: str, words: str) -> None:
    assert right in LINES
    assert fault(LINES.replace(right, wrong, 1)) == words


def test_json_and_prompts() -> None:
    content = read_yaml(LINES) | {"right": ["acess"]}
    assert fault(json.dumps(content, indent=0)) == "line 6, right: did you mean `access`?"
    with pytest.raises(
        ConfigurationError, match=r"The request has a fault:\n  right: did you mean `access`\?"
    ):
        RequestForm(content).intake(DECLARED)


def test_key_of_an_option_has_no_line() -> None:
    content = read_yaml(LINES) | {"keys": {"customerid": "1"}}
    form = RequestForm(content, "request.yml", LINES, frozenset(["customerid"]))
    with pytest.raises(
        ConfigurationError, match=r"\n  keys: identity.yml declares no such key: did you mean"
    ):
        form.intake(DECLARED)


def test_all_faults_are_listed_by_line_up_to_a_limit() -> None:
    wrong = LINES.replace("- access", "- acess").replace("customer_id", "customerid")
    assert [line.split(":")[0] for line in fault(wrong).splitlines()] == ["line 6, right", "line 9, keys"]
    many = "".join(f"w{n}: 1\n" for n in range(200)) + LINES
    assert len(fault(many).splitlines()) == FAULTS + 1


def test_long_name_and_value_are_not_compared() -> None:
    name = "received_at" * 60
    assert fault(f'"{name}": 1\n{LINES}') == "line 1: this key is not known here: take it out"
    assert "choose one of" in fault(LINES.replace("- access", f"- {'access' * 1_000}"))


def test_parts_have_all_fields_with_names_of_their_own() -> None:
    nested = {
        field.alias or name
        for name, field in Intake.model_fields.items()
        if any(model.__name__ in str(field.annotation) for model in PARTS.values())
    }
    assert nested == set(PARTS)


def test_submitted_file_is_named_and_nothing_of_it_repeated(services: Services, tmp_path: Path) -> None:
    file = tmp_path / "request.yml"
    file.write_text(LINES.replace("customer_id", "zangvogel").replace("- access", "- lijster"))
    message = str(refused("submit", str(file), "--start", "no"))
    assert message.startswith(f"{file} has faults:\n  line 6, right: choose one of")
    assert "zangvogel" not in message and "lijster" not in message
    assert services.register.requests.all() == []
    file.write_text(LINES)
    assert "req-" in run_command("submit", str(file), "--start", "no")


def test_keys_of_another_form_are_a_fault_although_an_option_has_one(
    services: Services, tmp_path: Path
) -> None:
    file = tmp_path / "request.yml"
    file.write_text(LINES.replace('  customer_id: "1"', '  - "1"'))
    assert "line 8, keys: " in str(refused("submit", str(file), "--key", "customer_id=1", "--start", "no"))
    file.write_bytes(LINES.encode("utf-16"))
    assert "What to do" in str(refused("submit", str(file), "--start", "no"))
