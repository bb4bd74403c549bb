"""docs/operator/canary.md: its example is read, its commands and counts are those of the software."""

from __future__ import annotations

import re
from pathlib import Path

from ruamel.yaml import YAML
from typer.main import get_command

from afschrift.canary.canary_file import CanaryFile
from afschrift.canary.check_canary import GIVES_LESS
from afschrift.canary.history import RightOutcome
from afschrift.cli.canary import app
from afschrift.domain.right import Right

TEXT = (Path(__file__).parents[3] / "docs" / "operator" / "canary.md").read_text(encoding="utf-8")


def test_the_example_is_read_and_means_what_the_page_says() -> None:
    [example] = re.findall(r"```yaml\n(keys:.+?)```", TEXT, re.DOTALL)
    file = CanaryFile.model_validate(YAML(typ="safe").load(example))
    customer, login = file.planted
    assert "credit_score" in customer.given(Right.ACCESS)
    assert "credit_score" in customer.kept(Right.PORTABILITY)
    assert login.given(Right.PORTABILITY) == {}


def test_the_commands_are_those_of_the_software() -> None:
    named = set(re.findall(r"afschrift canary ([a-z-]+)", TEXT))
    assert named == set(get_command(app).commands)  # type: ignore[attr-defined]


def test_the_output_is_what_the_software_says() -> None:
    outcome = RightOutcome("access", 40, 40, 5, 0, 1, 0, {}, {}, None, {})
    assert outcome.words in TEXT
    below = {"shop.loyalty_account": (0, 5)}
    fallen = RightOutcome("access", 40, 35, 4, 0, 1, 0, below, {}, None, {"unlisted_tables": 1})
    assert fallen.words in TEXT


def test_the_answers_that_give_less_are_named() -> None:
    [named] = re.findall(r"what gives less \((.+?)\)", TEXT)
    assert set(re.findall(r"`(\w+)`", named)) == set(GIVES_LESS.values())
