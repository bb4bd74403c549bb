"""The destination of an answer is bound to its recipient, and asked again at the last gate (R71)."""

import dataclasses
import json
from pathlib import Path

import pytest
from testbed.running import drive
from tests.support.attempts import CHAIN
from tests.support.deciding import FILES, Bureau, mandate
from tests.support.moves import deliver, package

from afschrift.app.destination_options import DestinationOptions
from afschrift.casework.letters.make import make
from afschrift.domain.errors import ConfigurationError, FormError, GateError, RefusedError
from afschrift.wiring.build_services import build

PERSON, REPRESENTATIVE = {"name": "Zeynep T."}, {"name": "Aysel Tuncay"}
MANDATE = mandate(kind="lawyer", identity_checked="bar_register")


@pytest.fixture
def places(bureau: Bureau, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    """Destinations for the post of representatives, and for what persons fetch."""
    for name, serving in {
        "letters": {"ways": ["post"], "to": "representative"},
        "desk": {"ways": ["counter"], "to": "person"},
    }.items():
        options = tmp_path / f"{name}.json"
        options.write_text(json.dumps({"kind": "folder", "url": str(tmp_path / name), **serving}))
        options.chmod(0o600)
        monkeypatch.setenv(f"AFSCHRIFT_DESTINATION_{name.upper()}_OPTIONS", str(options))
    settings = type(bureau.settings).from_environment()
    return dataclasses.replace(bureau, settings=settings, services=build(lambda _: None, settings))


def delivered(places: Bureau, request: str) -> list[str]:
    return [row.destination for row in places.register.deliveries.of(request)]


@pytest.mark.parametrize(
    ("to", "by", "where", "dear"),
    [
        ("representative", "post", "letters", "Beste Aysel Tuncay"),
        ("person", "counter", "desk", "Beste Zeynep T."),
        ("representative", "email", "outbox", "Beste Aysel Tuncay"),
        ("person", "post", "outbox", "Beste Zeynep T."),
    ],
)
def test_bundle_and_letter_go_to_whom_the_mandate_names(
    places: Bureau, to: str, by: str, where: str, dear: str
) -> None:
    parties = {"person": PERSON, "representative": REPRESENTATIVE}
    request = places.store(made_by="proxy", message="Alles van Zeynep T.", **parties)
    places.reply(places.asked(request), "proven", **MANDATE | {"answer_to": to, "answer_by": by})

    drive(places.services, request)

    assert delivered(places, request) == [where]
    assert dear in places.text(request, "delivery", **FILES)
    other = {"person", "representative"} - {to}
    with pytest.raises(RefusedError, match="R71"):
        make(places.officer(), request, "delivery", {**FILES, "party": other.pop()}, keep=False)


def test_person_is_asked_again_for_another_destination(places: Bureau) -> None:
    """Attempt: Send an answer to another destination than was confirmed with the identity or the mandate"""
    request = places.store()
    places.register.requests.change_options(request, destination="desk", by="officer")
    again = places.asked(request)
    assert (again.kind, delivered(places, request)) == ("identity", [])
    places.reply(again, "confirmed", method="eid", level="high")
    for step in CHAIN[: CHAIN.index(package) + 1]:
        step(places.services, request)
    for moved in ("outbox", "letters"):
        places.register.requests.change_options(request, destination=moved, by="officer")
        with pytest.raises(GateError, match="not confirmed for its person"):
            deliver(places.services, request)
    places.register.requests.change_options(request, destination="desk", by="officer")
    theirs = DestinationOptions("desk", {"to": "representative"})
    none = dataclasses.replace(places.services, options_of=lambda _name: theirs)
    with pytest.raises(GateError, match="is not for the person"):
        deliver(none, request)
    reasons = {event["reason"] for event in places.events("gate_bypassed", request)}
    assert (reasons, delivered(places, request)) == ({"destination_of_another"}, [])

    drive(places.services, request)

    assert delivered(places, request) == ["desk"]


def test_way_without_a_destination_is_refused_with_the_way_out(places: Bureau) -> None:
    request = places.store(made_by="proxy", destination="desk")
    form = MANDATE | {"answer_by": "portal"}
    asked = places.asked(request)
    with pytest.raises(FormError, match="R71") as error:
        places.reply(asked, "proven", **form)
    assert set(error.value.fields) == {"answer_by"}
    assert "ways" in error.value.remedy


@pytest.mark.parametrize("wrong", [{"ways": "post"}, {"ways": ["insecure_portal"]}, {"to": "heir"}])
def test_options_that_fit_no_recipient_are_named(
    places: Bureau, tmp_path: Path, wrong: dict[str, object]
) -> None:
    tmp_path.joinpath("desk.json").write_text(json.dumps({"kind": "folder", "url": "/x", **wrong}))
    with pytest.raises(ConfigurationError, match=f"'{next(iter(wrong))}' is no"):
        places.settings.destination("desk")
