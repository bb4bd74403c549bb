"""The trigger form: what it takes, what it turns down, and what it may ask only in a demo."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tests.airflow_support import AirflowEnv
from tests.support.installed import Installation

REQUEST = "req-7k3m9x2p4v0q"


@pytest.fixture
def fill(airflow_env: AirflowEnv) -> Any:
    """Fills the form in as a trigger does; what the run would get."""
    from airflow.sdk.definitions.param import ParamsDict

    from afschrift.airflow_ext.params import form

    def filled(demo: bool = False, **values: Any) -> dict[str, Any]:
        params = ParamsDict(copy.deepcopy(form(demo)))
        params.update(values)
        return params.validate()

    return filled


def test_an_id_alone_is_enough(fill: Any) -> None:
    assert fill(request=REQUEST) == {
        "request": REQUEST,
        "formats": None,
        "language": None,
        "destination": None,
    }


def test_options(fill: Any) -> None:
    filled = fill(request=REQUEST, formats=["json"], language="en", destination="portal_2")

    assert filled == {"request": REQUEST, "formats": ["json"], "language": "en", "destination": "portal_2"}


@pytest.mark.parametrize(
    "request_id",
    ["", None, 7, "req-7k3m9x2p4v0", REQUEST + "q", "REQ-7K3M9X2P4V0Q", "../" + REQUEST, REQUEST + "\n",
     "req-' OR 1=1 -", "case-7k3m9x2p4v0q", f"{REQUEST} {REQUEST}"],
)  # fmt: skip
def test_malformed_id_is_refused(fill: Any, request_id: object) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        fill(request=request_id)


def test_an_id_must_be_given(fill: Any) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        fill()


@pytest.mark.parametrize(
    "option",
    [
        {"formats": ["pdf"]},
        {"formats": ["csv", "csv"]},
        {"formats": []},
        {"formats": "csv"},
        {"language": "fr"},
        {"destination": "../elsewhere"},
        {"destination": "s3://somebody/else"},
    ],
)
def test_options_that_do_not_exist_are_refused(fill: Any, option: dict[str, Any]) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        fill(request=REQUEST, **option)


def test_a_customer_number_is_asked_for_only_in_a_demo(airflow_env: AirflowEnv) -> None:
    from afschrift.airflow_ext.params import demo_mode, form

    assert "customer_number" not in form(demo=False)
    assert {"customer_number", "right"} < form(demo=True).keys()
    assert [demo_mode({}), demo_mode({"AFSCHRIFT_DEMO": "0"}), demo_mode({"AFSCHRIFT_DEMO": "1"})] == [
        False, False, True
    ]  # fmt: skip


@pytest.mark.parametrize("number", ["", "x", "1;2", "' OR 1=1 --", "-1", 900001, "1\n2", "1234567890123"])
def test_malformed_customer_number_is_refused(fill: Any, number: object) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        fill(demo=True, customer_number=number)


def test_demo_takes_id_or_customer_number(fill: Any) -> None:
    assert fill(demo=True, request=REQUEST)["customer_number"] is None
    assert fill(demo=True, customer_number="900001", right="access")["request"] is None


def test_form_offers_choices_of_the_software(airflow_env: AirflowEnv, installation: Installation) -> None:
    from afschrift.airflow_ext.params import form

    services, fields = installation.services, form(demo=False)

    assert fields["formats"].schema["items"]["enum"] == list(services.formats)
    assert fields["language"].schema["enum"] == [None, *services.inventory.controller.languages]
    assert fields["language"].schema["values_display"]["nl"] == "Nederlands"


def test_unknown_fields_are_refused_without_naming_them(airflow_env: AirflowEnv) -> None:
    from afschrift.airflow_ext.params import refuse_unknown
    from afschrift.domain.errors import RefusedError

    refuse_unknown({"request": REQUEST}, {"request": REQUEST, "formats": None})
    refuse_unknown(None, {"request": REQUEST})
    with pytest.raises(RefusedError) as raised:
        refuse_unknown({"request": REQUEST, "canary.person": 1}, {"request": REQUEST})
    assert "canary" not in str(raised.value)
