"""What each word of the inventory's files means, from docstrings of the models, for editors and readers."""

from __future__ import annotations

import inspect
import re
from typing import Any

from pydantic import BaseModel

_ENTRY = re.compile(r"^    (?P<names>\w+(?:, \w+)*): (?P<words>.*(?:\n {8,}.*)*)", re.MULTILINE)


def meanings(model: type[BaseModel]) -> dict[str, str]:
    """Word of the file -> what it means, as `Attributes` of the model's docstring say, its bases before.

    Pydantic's own names of fields are words of the file but for an alias (`from_`: `from`).
    """
    found: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        if not (issubclass(kind, BaseModel) and kind.__doc__) or kind is BaseModel:
            continue
        _, _, attributes = inspect.cleandoc(kind.__doc__).partition("\nAttributes:\n")
        for entry in _ENTRY.finditer(attributes):
            words = " ".join(entry["words"].split())
            found |= dict.fromkeys(entry["names"].split(", "), words)
    aliases = {name: field.alias or name for name, field in model.model_fields.items()}
    return {aliases[name]: words for name, words in found.items() if name in aliases}


def summary(model: type[BaseModel]) -> str:
    """What a part of a file is, in a sentence or a few."""
    return " ".join(inspect.cleandoc(model.__doc__ or "").partition("\nAttributes:\n")[0].split())


def parts(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Name -> model of every part that a file may hold, the file itself first."""
    found = {model.__name__: model}
    waiting = [model]
    while waiting:
        for field in waiting.pop(0).model_fields.values():
            for kind in _models(field.annotation):
                if kind.__name__ not in found:
                    found[kind.__name__] = kind
                    waiting.append(kind)
    return found


def describe(schema: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """A JSON Schema of a file, with what each word means beside it."""
    known = parts(model)
    for name, part in {model.__name__: schema, **schema.get("$defs", {})}.items():
        if name not in known or "properties" not in part:
            continue
        part["description"] = summary(known[name])
        for word, words in meanings(known[name]).items():
            part["properties"][word] |= {"description": words[:1].upper() + words[1:]}
    return schema


def _models(annotation: Any) -> list[type[BaseModel]]:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return [annotation]
    return [kind for inner in getattr(annotation, "__args__", ()) for kind in _models(inner)]
