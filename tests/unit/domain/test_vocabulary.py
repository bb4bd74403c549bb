from __future__ import annotations

from afschrift.domain.vocabulary import category_iri
from afschrift.inventory.check import fides_categories


def test_category_has_the_nearest_term() -> None:
    assert category_iri("user.contact.email") == "https://w3id.org/dpv/pd#EmailAddress"
    assert category_iri("user.name.last") == "https://w3id.org/dpv/pd#Name"
    assert category_iri("user.biometric.voice") == "https://w3id.org/dpv/pd#Biometric"
    assert category_iri("system.operations") is None


def test_nearly_every_category_of_a_person_has_a_term() -> None:
    without = {c for c in fides_categories() if c.startswith("user.") and category_iri(c) is None}
    assert without == {"user.childrens", "user.sensor", "user.user_sensor"}
