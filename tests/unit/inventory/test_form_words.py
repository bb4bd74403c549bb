"""Messages of libraries never reach the author of a file: each wrong value has our own message."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from testbed.mini import CONTROLLER, IDENTITY, POLICY, SHOP

from afschrift.casework.intake.message import Intake
from afschrift.inventory.document import in_words, joined
from afschrift.inventory.model import SourceFile
from afschrift.inventory.organisation import IdentityFile, Organisation, PolicyFile

REQUEST = """
message: May I have my data?
channel: portal
received_at: "2026-01-01T10:00:00+01:00"
right: [access]
keys: {customer_id: "1"}
authenticated: {by: log-in, level: password, at: "2026-01-01T09:59:00+01:00"}
formats: [csv]
limits: {quote: orders, tables: [shop.orders]}
forwarded: [{at: "2026-01-01T09:00:00+01:00", from: desk, to: privacy}]
"""
FILES = [
    (SourceFile, SHOP),
    (Organisation, CONTROLLER),
    (IdentityFile, IDENTITY),
    (PolicyFile, POLICY),
    (Intake, REQUEST),
]
WRONG = (None, 7, 1.5, "", "perhaps", True, [], ["x"], {}, {"x": 1}, [[1]])
LIBRARY = ("input should", "unable to", "valid ", "pydantic", "instance of", "ctx", "dictionary", "tuple")


def places(node: Any, where: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a document."""
    steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, inner in steps:
        yield (*where, step)
        yield from places(inner, (*where, step))


NAMES = ("tables", "columns", "purposes", "subject", "join", "references", "keys", "values", "codes")


def shape(where: tuple[Any, ...]) -> tuple[Any, ...]:
    """A place without the names that the map itself gives: all of a shape have one form."""
    pairs = zip((None, *where), where, strict=False)
    return tuple("" if before in NAMES or isinstance(step, int) else step for before, step in pairs)


def with_value(document: Any, where: tuple[Any, ...], value: Any) -> Any:
    changed = deepcopy(document)
    node = changed
    for step in where[:-1]:
        node = node[step]
    node[where[-1]] = value
    return changed


@pytest.mark.parametrize(("model", "text"), FILES, ids=[model.__name__ for model, _ in FILES])
def test_every_wrong_value_is_said_in_our_words(model: type[BaseModel], text: str) -> None:
    document = YAML(typ="safe", pure=True).load(text)
    count = 0
    for where in {shape(where): where for where in places(document)}.values():
        for value in WRONG:
            try:
                model.model_validate(with_value(document, where, value))
            except ValidationError as error:
                for item in error.errors(include_url=False, include_input=False):
                    if item["type"] in ("missing", "extra_forbidden"):
                        continue  # the place is what is said of these
                    words = in_words(item)
                    assert not any(entry in words.lower() for entry in LIBRARY), (where, value, words)
                    assert words != "this does not fit here", (where, value, item["type"])
                    count += 1
    assert count > 20


def test_what_several_forms_say_of_one_place_is_one_sentence() -> None:
    messages = ["choose one of provided, observed", "a text is expected", "choose one of mixed"]
    assert joined(messages) == "choose one of provided, observed, mixed, or a text is expected"
