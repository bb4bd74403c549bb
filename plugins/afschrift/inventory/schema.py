"""JSON Schema of the inventory's files, so that an editor completes and checks while one writes."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from afschrift.inventory.manual import ManualSource
from afschrift.inventory.model import SourceFile
from afschrift.inventory.organisation import IdentityFile, Organisation, PolicyFile

FILES: dict[str, type[BaseModel]] = {
    "source": SourceFile,
    "manual": ManualSource,
    "identity": IdentityFile,
    "controller": Organisation,
    "policy": PolicyFile,
}


def schema(file: str) -> dict[str, Any]:
    """JSON Schema (2020-12) of one kind of file: `source`, `manual`, `identity`, `controller` or `policy`."""
    document = FILES[file].model_json_schema(by_alias=True, mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **document}
