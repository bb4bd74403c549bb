"""The trigger form: what it takes, what it turns down, and what it may ask only in a demo."""

import copy
from typing import Any

import pytest
from tests.airflow_support import Flow

REQUEST = "req-7k3m9x2p4v0q"

pytestmark = pytest.mark.usefixtures("airflow_env")


def fill(demo: bool = False, **values: Any) -> dict[str, Any]:
    """Fill the form in as a trigger does; what the run would get."""
    from airflow.sdk.definitions.param import ParamsDict

    from afschrift.airflow_ext.params import form

    params = ParamsDict(copy.deepcopy(form(demo)))
    params.update(values)
    return params.validate()


def test_an_id_with_or_without_options_is_taken() -> None:
    given = {"request": REQUEST, "formats": ["json"], "language": "en", "destination": "portal_2"}
    assert fill(**given) == given
    assert fill(request=REQUEST) == dict.fromkeys(given) | {"request": REQUEST}


@pytest.mark.parametrize(
    "values",
    [
        {},
        *({"request": wrong} for wrong in ("", None, 7, "req-7k3m9x2p4v0", REQUEST + "q", REQUEST.upper())),
        *({"request": wrong} for wrong in ("../" + REQUEST, REQUEST + "\n", "req-' OR 1=1 -")),
        *({"request": wrong} for wrong in ("case-7k3m9x2p4v0q", f"{REQUEST} {REQUEST}")),
        *({"request": REQUEST, "formats": wrong} for wrong in (["pdf"], ["csv", "csv"], [], "csv")),
        {"request": REQUEST, "language": "fr"},
        *({"request": REQUEST, "destination": wrong} for wrong in ("../elsewhere", "s3://another/bucket")),
        *({"demo": True, "customer_number": wrong} for wrong in ("", "x", "1;2", "' OR 1=1 --", "-1")),
        *({"demo": True, "customer_number": wrong} for wrong in (900001, "1\n2", "1234567890123")),
    ],
    ids=repr,
)
def test_malformed_values_are_refused(values: dict[str, Any]) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        fill(**values)


def test_a_customer_number_is_asked_for_only_in_a_demo() -> None:
    from afschrift.airflow_ext.params import demo_mode, form

    assert "customer_number" not in form(demo=False)
    assert {"customer_number", "right"} < form(demo=True).keys()
    demos = [demo_mode(env) for env in ({}, {"AFSCHRIFT_DEMO": "0"}, {"AFSCHRIFT_DEMO": "1"})]
    assert demos == [False, False, True]
    assert fill(demo=True, request=REQUEST)["customer_number"] is None
    assert fill(demo=True, customer_number="900001", right="access")["request"] is None


def test_form_offers_choices_of_the_software(flow: Flow) -> None:
    from afschrift.airflow_ext.params import form

    services, fields = flow.services, form(demo=False)

    assert fields["formats"].schema["items"]["enum"] == list(services.formats)
    assert fields["language"].schema["enum"] == [None, *services.inventory.controller.languages]
    assert fields["language"].schema["values_display"]["nl"] == "Nederlands"


def test_unknown_fields_are_refused_without_naming_them() -> None:
    from afschrift.airflow_ext.params import refuse_unknown
    from afschrift.domain.errors import RefusedError

    refuse_unknown({"request": REQUEST}, {"request": REQUEST, "formats": None})
    refuse_unknown(None, {"request": REQUEST})
    with pytest.raises(RefusedError) as raised:
        refuse_unknown({"request": REQUEST, "canary.person": 1}, {"request": REQUEST})
    assert "canary" not in str(raised.value)
