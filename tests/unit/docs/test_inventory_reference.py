"""The inventory reference lists every word of the inventory's files, each with what it means."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from afschrift.canary.canary_file import CanaryFile
from afschrift.cli.main import app
from afschrift.inventory import load
from afschrift.inventory.load import meanings, parts
from afschrift.inventory.organisation import IdentityFile

FILES = load.FILES | {"canary": CanaryFile}
PARTS = {name: model for file in FILES.values() for name, model in parts(file).items()}


@pytest.mark.parametrize("name", PARTS)
def test_each_word_has_a_meaning(name: str) -> None:
    model = PARTS[name]
    words = {field.alias or word for word, field in model.model_fields.items()} - {"root"}
    assert words - meanings(model).keys() == set()


@pytest.mark.parametrize("file", FILES)
def test_the_schema_for_an_editor_has_each_meaning(file: str) -> None:
    done = CliRunner().invoke(app, ["inventory", "schema", file])
    document = json.loads(done.stdout)
    assert all("description" in of for of in document["properties"].values())


def test_a_word_without_a_meaning_is_found() -> None:
    class Silent(IdentityFile):
        """A file.

        Attributes:
            person: the key.
        """

        quiet: str

    assert "quiet" not in meanings(Silent)
    assert meanings(Silent)["person"] == "the key."
    assert meanings(Silent)["birth_date"].startswith("column with the date of birth")
