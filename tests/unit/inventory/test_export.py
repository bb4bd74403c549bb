"""`export` of a table: each fault is reported with its way out."""

from pathlib import Path

import pytest
from testbed.small import SHOP, write_inventory

from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.load import load

PLACES = """
  place:
    subject: {customer_id: customer_id}
    key: [at]
    purposes: [account]
    export: {as: gpx, latitude: lat, longitude: lon, time: at}
    columns:
      customer_id: {origin: assigned}
      at: {origin: observed, category: user.location.precise}
      lat: {origin: observed, category: user.location.precise, unit: deg}
      lon: {origin: observed, category: user.location.precise, unit: deg}
      bpm: {origin: observed, category: user.health_and_medical, unit: "{beats}/min"}
      card: {origin: provided, category: user.payment, protect: payment}
"""
EXPORT = "{as: gpx, latitude: lat, longitude: lon, time: at}"
HEART = "{as: fhir, measure: heart_rate, time: at, value: bpm}"
FAULTS = [
    (EXPORT, "{as: kml, latitude: lat}", "choose one of gpx, ics, vcard, fhir"),
    (EXPORT, "{as: gpx, latitude: lat, longitude: lon}", "`time`: gpx needs it: name the column, or leave"),
    (EXPORT, "{as: gpx, latitude: lat, longitude: lon, time: att}", "no column att; did you mean `at`?"),
    (EXPORT, "{as: gpx, latitude: lat, longitude: lon, time: at, elevatoin: lat}", "did you mean `elevation`?"),
    (EXPORT, "{as: gpx, latitude: card, longitude: lon, time: at}", "card is masked: name another column"),
    (EXPORT, "{as: gpx, latitude: bpm, longitude: lon, time: at}", "category user.health_and_medical, and not user.location"),
    (EXPORT, f"[{EXPORT}, {EXPORT}]", "two of these are of one format"),
    (EXPORT, "{as: fhir, time: at, value: bpm}", "`measure`: say what is measured: one of heart_rate"),
    (EXPORT, "{as: fhir, measure: hartrate, time: at, value: bpm}", "did you mean `heart_rate`?"),
    (EXPORT, "{as: gpx, measure: heart_rate, latitude: lat, longitude: lon, time: at}", "it goes with `as: fhir`"),
    (EXPORT, "{as: fhir, measure: body_weight, time: at, value: bpm}", "the unit {beats}/min, and fhir takes g, kg"),
    ("precise, unit: deg}", "precise}", "lat has no `unit`, and gpx takes deg: give its true unit, or name"),
    ("precise, unit: deg}", "precise, unit: rad}", "lat has the unit rad, and gpx takes deg"),
    ("    key: [at]\n", "    key: [at]\n    personal: false\n", "rows of this table are in no answer: leave it out"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "says"), FAULTS, ids=lambda text: text[-40:])
def test_an_export_that_does_not_fit_is_refused(old: str, new: str, says: str, tmp_path: Path) -> None:
    assert old in PLACES
    with pytest.raises(ConfigurationError) as caught:
        load(write_inventory(tmp_path, SHOP + PLACES.replace(old, new, 1)))
    assert says in str(caught.value)


@pytest.mark.parametrize("export", [EXPORT, HEART, f"[{EXPORT}, {HEART}]"])
def test_an_export_that_fits_is_read(export: str, tmp_path: Path) -> None:
    inventory = load(write_inventory(tmp_path, SHOP + PLACES.replace(EXPORT, export)))
    found = inventory.sources["shop"].tables["place"].export
    assert next(list(e.columns) for e in found)[-1] in ("time", "value")
    assert len(found) == export.count("as:")
