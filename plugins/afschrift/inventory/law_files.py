"""Rules of law as data: `grounds.yml`, which an installation can set, and `include/law/{ages,courts}.yml`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import jsonschema_rs
from pydantic import BaseModel, Field, RootModel

from afschrift.domain.errors import ConfigurationError
from afschrift.domain.right import Right
from afschrift.inventory.base import STRICT, Text
from afschrift.inventory.document import Document, Fault, InventoryError
from afschrift.law.ground_check import fits
from afschrift.law.grounds import (
    FieldStorage,
    FourEyes,
    Ground,
    GroundField,
    Grounds,
    Need,
    Never,
    NeverGround,
    OfCells,
    OnlyWhile,
    Outcome,
    Provision,
    TriggerLimits,
)
from afschrift.law.roles import Role
from afschrift.outside.limits import read_file
from afschrift.outside.read_yaml import read_yaml

FILE, SCHEMA, PAGE = "grounds.yml", "grounds.schema.json", "docs/grounds.md"
PROVISIONS = "provisions.yml"
NO_LETTER = "none"
_LAW = r"^[A-Z][A-Za-z]{1,15}(-[0-9a-z]{1,6}){1,4}$"


class _Provisions(RootModel[dict[Annotated[str, Field(pattern=_LAW)], Provision]]):
    """`provisions.yml`: code -> provision."""


def load_grounds(folder: Path) -> Grounds:
    """Load the table of grounds of a folder, and the provisions: those of the package, and its own.

    Raises:
        ConfigurationError: lists all faults with their lines.
    """
    file = folder / FILE
    if not file.exists():
        return _compiled(file, None, b"", ())
    paths = (at / PROVISIONS for at in (Path(__file__).parents[1] / "include" / "grounds", folder))
    listed = tuple((path, read_file(path)) for path in paths if path.exists())
    return _compiled(file, read_file(file), (folder / SCHEMA).read_bytes(), listed)


@lru_cache(maxsize=2)
def _compiled(
    file: Path, read: bytes | None, schema: bytes, listed: tuple[tuple[Path, bytes], ...]
) -> Grounds:
    """Check a table of grounds, once for the same bytes in a process and its forks."""
    document = Document(file, page=PAGE, read=read)
    faults = list(document.faults)
    provisions: dict[str, Provision] = {}
    for path, content in listed:
        others = Document(path, page=PAGE, read=content)
        laws = others.parse(_Provisions)
        provisions |= laws.root if laws else {}
        unnamed = [code for code, law in provisions.items() if not (law.name and law.protects)]
        faults += [*others.faults, *(others.fault((code,), "has no words") for code in unnamed)]
    if not faults:
        faults = list(_shape(document, schema))
    grounds = None if faults else _grounds(_plain(document.data), provisions)
    if grounds is not None:
        faults = list(_within(document, grounds))
    if grounds is None or faults:
        listing = "\n".join(f"  {fault}" for fault in sorted(set(faults)))
        raise ConfigurationError(
            f"The table of grounds {file} cannot be used:\n{listing}\n",
            remedy=f"correct it; {PAGE} explains it. Until then no flagged request can be decided.",
        )
    return grounds


def _shape(document: Document, schema: bytes) -> Iterator[Fault]:
    validator = jsonschema_rs.validator_for(json.loads(schema))
    for error in validator.iter_errors(_plain(document.data)):
        yield document.fault(list(error.instance_path), str(error.message).splitlines()[0])


def _within(document: Document, grounds: Grounds) -> Iterator[Fault]:
    """Yield the faults that the schema cannot see: missing names, and examples that do not fit."""
    for name, declared in grounds.fields.items():
        try:
            good = fits(declared, declared.example)
        except ValueError as error:
            yield document.fault(("fields", name, "schema"), f"is no JSON Schema: {error}")
            continue
        if not good:
            yield document.fault(("fields", name, "example"), "does not fit its own field")
    for code, ground in grounds.grounds.items():
        path = ("grounds", code)
        for field in ground.fields:
            if field not in grounds.fields:
                yield document.fault((*path, "needed"), f"the field {field} is not declared under `fields`")
        for field in ground.redaction.needed if ground.redaction else ():
            if field not in grounds.fields:
                message = f"the field {field} is not declared under `fields`"
                yield document.fault((*path, "redaction"), message)
        names = {n for need in ground.needed for n in need.when} | ground.no_letter_when.keys()
        for name in sorted(names - {"outcome", "first_request", "effect", *ground.fields}):
            yield document.fault((*path, "needed"), f"`when` names {name}, which the form does not have")
    for line in ("overhead", "system_costs"):
        if "costs" not in grounds.fields or line not in grounds.fields["costs"].turned_down:
            yield document.fault(("fields", "costs"), f"the line {line} must be turned down (R51, R52)")


def _grounds(data: dict[str, Any], provisions: Mapping[str, Provision]) -> Grounds:
    limits = data["flags"]
    if "provision" in data["fields"]:
        data["fields"]["provision"]["schema"] = _listed(provisions)
    return Grounds(
        trigger_limits=TriggerLimits(
            limits["repetition"]["earlier"],
            limits["repetition"]["within_days"],
            limits["contact_changed"]["within_days"],
            limits["many_kinds_of_processing"]["purposes"],
        ),
        fields={name: _field(name, entry, data["$defs"]) for name, entry in data["fields"].items()},
        grounds={code: _ground(code, entry, provisions) for code, entry in data["grounds"].items()},
        never={
            code: NeverGround(code, entry["title"], tuple(entry["rules"]), entry["because"], entry["instead"])
            for code, entry in data["never"].items()
        },
        provisions=provisions,
    )


def _listed(provisions: Mapping[str, Provision]) -> dict[str, Any]:
    """Return the schema of a field that takes one of the provisions, with their names for forms."""
    names = {
        code: f"{law.text('name', 'en')}: {law.text('protects', 'en')}" for code, law in provisions.items()
    }
    add = f"add another law to {PROVISIONS} first ({PAGE})"
    return {"enum": list(provisions), "description": add, "x-titles": names}


def _field(name: str, entry: Mapping[str, Any], shared: Mapping[str, Any]) -> GroundField:
    turned_down = {code: _never(never) for code, never in entry.get("turned_down", {}).items()}
    schema = _whole(entry["schema"], shared)
    return GroundField(
        name, entry["title"], FieldStorage(entry["kept"]), schema, turned_down, entry["example"]
    )


def _whole(schema: Any, shared: Mapping[str, Any]) -> Any:
    """Return a schema without references, so that a question's form can hold it whole."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _whole(shared[schema["$ref"].rpartition("/")[2]], shared)
        return {name: _whole(part, shared) for name, part in schema.items()}
    return [_whole(part, shared) for part in schema] if isinstance(schema, list) else schema


def _ground(code: str, entry: Mapping[str, Any], provisions: Mapping[str, Provision]) -> Ground:
    return Ground(
        code=code,
        title=entry["title"],
        rights=tuple(map(Right, entry["rights"])),
        rules=tuple(entry["rules"]),
        outcomes={
            Outcome(name): None if letter == NO_LETTER else letter
            for name, letter in entry["outcomes"].items()
        },
        signers=tuple(map(Role, entry["signers"])),
        four_eyes=FourEyes(entry["four_eyes"]),
        needed=tuple(Need(tuple(n["fields"]), n.get("when", {}), n.get("rule")) for n in entry["needed"]),
        optional=tuple(entry["optional"]),
        letter_ground=entry.get("letter_ground", code),
        no_letter_when=entry.get("no_letter_when", {}),
        only=OnlyWhile(entry["only"]) if "only" in entry else None,
        turned_down=tuple(map(_never, entry.get("turned_down", ()))),
        redaction=_of_cells(entry.get("redaction")),
        provisions=provisions,
    )


def _of_cells(entry: Mapping[str, Any] | None) -> OfCells | None:
    return OfCells(tuple(entry["needed"]), entry["four_eyes"] == FourEyes.ALWAYS.value) if entry else None


def _never(entry: Mapping[str, Any]) -> Never:
    right, outcome = entry.get("right"), entry.get("outcome")
    return Never(
        entry["rule"],
        entry["because"],
        entry["instead"],
        Right(right) if right else None,
        Outcome(outcome) if outcome else None,
    )


def _plain(data: Any) -> Any:
    """Convert to JSON types: names and dates become texts."""
    if isinstance(data, dict):
        return {str(name): _plain(part) for name, part in data.items()}
    if isinstance(data, list):
        return [_plain(part) for part in data]
    return data if isinstance(data, (bool, int)) or data is None else str(data)


class _Strict(BaseModel):
    model_config = STRICT


class AgeOfConsent(_Strict):
    """An age, and the source in the law; `settled`: the file has the country."""

    age: Annotated[int, Field(ge=13, le=21)]
    source: str
    settled: bool = True


class _Ages(_Strict):
    default: AgeOfConsent
    countries: dict[Annotated[str, Field(pattern="^[A-Z]{2}$")], AgeOfConsent] = {}


class CourtRoute(_Strict):
    """How a person goes to court: after an answer, and where none came in time (UAVG 34, 35; Awb 6:12)."""

    court: Text
    court_late: Text


def court_routes(file: Path, country: str) -> dict[str, CourtRoute]:
    """Return the usual routes of a country by kind of body; empty for a country that is not in the file."""
    found = read_yaml(read_file(file)).get(country[:2].upper(), {})
    return {body: CourtRoute.model_validate(route) for body, route in found.items()}


def age_of_consent(file: Path, country: str) -> AgeOfConsent:
    """Return the age for a country, such as NL or DE-BY; for one that is not in the file, its default.

    Raises:
        InventoryError: lists every fault of the file with its line.
    """
    document = Document(file)
    ages = document.parse(_Ages)
    if ages is None or document.faults:
        raise InventoryError(document.faults)
    default = ages.default.model_copy(update={"settled": False})
    return ages.countries.get(country[:2].upper(), default)
