"""Tasks that open several sources need a place from which all of them are reached."""

from pathlib import Path

import pytest
from testbed.mini import SHOP, write_inventory

from afschrift.app import task_places
from afschrift.app.settings import Settings
from afschrift.app.task_places import of_installation, places
from afschrift.domain.errors import ConfigurationError
from afschrift.inventory.run_in import RunIn
from afschrift.wiring.build_services import load_inventory

NOTHING, A, B = RunIn(), RunIn(queue="a", pool="p"), RunIn(queue="b", pool="q")
POD_A, POD_B = RunIn(pod_template_file="/pods/a.yaml"), RunIn(pod_template_file="/pods/b.yaml")


def test_where_all_sources_agree_nothing_has_to_be_set() -> None:
    assert places({"app": A, "shop": A.model_copy(update={"pool": "z"})}, {}).several == RunIn(queue="a")
    assert places({"app": POD_A, "shop": POD_A}, {}).several == POD_A
    assert places({"app": NOTHING, "shop": NOTHING}, {}).several == NOTHING


@pytest.mark.parametrize("others", [B, NOTHING])
def test_where_they_differ_the_setting_is_due(others: RunIn) -> None:
    with pytest.raises(ConfigurationError) as caught:
        places({"app": A, "shop": others}, {})

    message = str(caught.value)
    assert "app: a" in message
    assert f"shop: {others.queue or 'the default'}" in message
    assert "set AFSCHRIFT_QUEUE" in message


def test_the_setting_is_where_they_run() -> None:
    every = {"AFSCHRIFT_QUEUE": "all", "AFSCHRIFT_POD_TEMPLATE_FILE": "/pods/all.yaml"}
    for others in (A, B):
        assert places({"app": A, "shop": others}, {"AFSCHRIFT_QUEUE": "all"}).several == RunIn(queue="all")
    with pytest.raises(ConfigurationError, match="set AFSCHRIFT_POD_TEMPLATE_FILE"):
        places({"app": POD_A, "shop": POD_B}, {})
    assert places({"app": POD_A, "shop": POD_B}, every).several.pod_template_file == "/pods/all.yaml"


@pytest.mark.parametrize(
    ("setting", "value"), [("AFSCHRIFT_QUEUE", "a,b"), ("AFSCHRIFT_POD_TEMPLATE_FILE", "pods/all.yaml")]
)
def test_a_setting_that_names_nothing_is_refused(setting: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=setting):
        places({"app": A}, {setting: value})


def test_both_readings_of_an_installation_refuse_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = SHOP.replace("zone:", "run_in: {queue: a}\nzone:", 1)
    inventory = write_inventory(tmp_path / "inventory", shop)
    (inventory / "app.yml").write_text("source: app\nkind: sqlite\noptions: {path: /nowhere}\ntables: {}\n")
    env = {"AFSCHRIFT_HOME": str(tmp_path), "AFSCHRIFT_INVENTORY": str(inventory)}
    for name, value in env.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match="AFSCHRIFT_QUEUE"):
        of_installation(env)
    with pytest.raises(ConfigurationError, match="AFSCHRIFT_QUEUE"):
        load_inventory(Settings.from_environment().inventory)
    monkeypatch.setenv("AFSCHRIFT_QUEUE", "all")
    assert of_installation().several == RunIn(queue="all")
    assert load_inventory().sources["shop"].run_in == RunIn(queue="a")


def test_without_a_known_home_there_is_no_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_places, "has_home", lambda _env: False)
    found = of_installation({})
    assert found.by_source == {}
    assert "set AFSCHRIFT_INVENTORY" in str(found.unreadable)
