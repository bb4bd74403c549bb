"""Attempts to deliver an answer of the canary, or to name a real person in its file."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.support.canary_shop import CanaryShop, canary_shop

from afschrift.bundle.container.container import UnpackLimits, ZipContainer
from afschrift.bundle.container.verify import check as verify
from afschrift.canary.canary_file import CANARY
from afschrift.canary.check_canary import answer, isolated, require_canary
from afschrift.domain.errors import GateError, StagedFileError, UnknownRequestError
from afschrift.domain.right import Right
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.staging.staged_file import BUNDLE
from afschrift.steps.deliver import deliver


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CanaryShop]:
    with canary_shop(tmp_path_factory.mktemp("canary")) as made:
        yield made


def test_what_was_packed_for_the_canary_is_delivered_nowhere(shop: CanaryShop) -> None:
    """Attempt: Deliver what was packed for the canary"""
    keys = require_canary(shop.settings, shop.services.inventory).file.keys
    with isolated(shop.services) as (own, folder):
        packed = answer(own, keys, Right.ACCESS, "2026-11-28T00:00:00Z")
        with own.staging(packed.request).reader(BUNDLE) as stream:
            content = stream.read()
        with pytest.raises(GateError, match="is delivered nowhere"):
            deliver(own, packed.request)
        [(_, payload)] = own.register.evidence.of_types(packed.request, "gate_bypassed")
        assert payload["reason"] == "canary"
        with pytest.raises(GateError, match="is delivered nowhere"):
            deliver(replace(own, delivers=True), packed.request)
        with pytest.raises(UnknownRequestError):
            deliver(replace(own, delivers=True, register=shop.services.register), packed.request)
        with pytest.raises(UnknownRequestError):
            deliver(shop.services, packed.request)
        staged = EncryptedStaging(folder / "staging", packed.request, bytes(32))
        with pytest.raises(StagedFileError), staged.reader(BUNDLE) as stream:
            stream.read()
        assert own.register.letters.all() == ()
    (shop.folder / "stolen.zip").write_bytes(content)
    with (shop.folder / "stolen.zip").open("rb") as file:
        limits = UnpackLimits()
        report = verify(ZipContainer(file, limits), shop.services.register.store.keys.public_keys(), limits)
    assert not report.trusted, "a reader who trusts our keys does not take it for an answer"


def test_a_real_person_in_the_place_of_the_canary_is_not_asked_for(shop: CanaryShop) -> None:
    """Attempt: Name a real person in `canary.yml`, to have their data read every day"""

    def opened(source: str, tag: str = "") -> Any:
        raise AssertionError((source, tag))

    path = shop.settings.inventory / CANARY
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('customer_id: "739182001"', 'customer_id: "1"', 1), encoding="utf-8")
    try:
        with pytest.raises(GateError, match="changed since it was signed"):
            shop.check(replace(shop.services, open_source=opened))
    finally:
        path.write_text(text, encoding="utf-8")
