"""FHIR R4 observations, one a line. Written by pyarrow, read back by msgspec."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.plan import FieldPlan
from afschrift.formats.file_finding import UnreadableFileError
from afschrift.inventory.export import MEASURES
from afschrift.values.buffers import text_bytes
from afschrift.values.written import text_schema

_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_BLOCK = 1 << 20


def _observation(options: Mapping[str, str], time: str, value: str) -> dict[str, Any]:
    measure, unit = MEASURES[options["measure"]], options["unit"]
    coding = {"system": "http://loinc.org", "code": measure.code, "display": measure.display}
    ucum = {"unit": unit, "system": "http://unitsofmeasure.org", "code": measure.units[unit]}
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": _CATEGORY, "code": "vital-signs"}]}],
        "code": {"coding": [coding]},
        "effectiveDateTime": time,
        "valueQuantity": {"value": value, **ucum},
    }


class _Quantity(msgspec.Struct, forbid_unknown_fields=True):
    value: msgspec.Raw
    unit: str
    system: str
    code: str


class _Observation(msgspec.Struct, forbid_unknown_fields=True):
    resourceType: str  # noqa: N815 - as FHIR names them
    status: str
    category: list[dict[str, list[dict[str, str]]]]
    code: dict[str, list[dict[str, str]]]
    effectiveDateTime: str  # noqa: N815
    valueQuantity: _Quantity  # noqa: N815

    @property
    def fixed(self) -> tuple[Any, ...]:
        unit = (self.valueQuantity.unit, self.valueQuantity.system, self.valueQuantity.code)
        return (self.resourceType, self.status, self.category, self.code, *unit)


class FhirWriter:
    """Writes observations."""

    def __init__(self, sink: BinaryIO, _fields: Sequence[FieldPlan], options: Mapping[str, str]) -> None:
        self.options, self._sink = dict(options), sink
        line = json.dumps(_observation(options, "\0", "\0"), separators=(",", ":"))
        self._before, self._between, self._after = line.replace('"\\u0000"', "\0").split("\0")

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows of time and value."""
        time, value = batch.columns
        line = [self._before + '"', time, '"' + self._between, value, self._after + "\n", ""]
        self._sink.write(text_bytes(pc.binary_join_element_wise(*line)))

    def close(self) -> None:
        """Every line is ended."""


def read(stream: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]) -> Iterator[Any]:
    """Read batches of observations.

    Raises:
        UnreadableFileError: `malformed`.
    """
    decoder, rest = msgspec.json.Decoder(list[_Observation]), b""
    expected = json.dumps(_observation(options, "", "")).replace('"value": ""', '"value": 0')
    sample = msgspec.json.decode(expected, type=_Observation).fixed
    while (block := stream.read(_BLOCK)) or rest:
        *lines, rest = (rest + block).split(b"\n")
        try:
            found = decoder.decode(b"[" + b",".join(lines) + b"]")
        except (msgspec.DecodeError, UnicodeDecodeError):
            found = []
        if not block or len(found) != len(lines) or any(row.fixed != sample for row in found):
            raise UnreadableFileError("malformed", "every line is an observation of the measure in its unit")
        times = pa.array([row.effectiveDateTime for row in found], pa.string())
        values = pa.array([bytes(row.valueQuantity.value).decode() for row in found], pa.string())
        yield pa.RecordBatch.from_arrays([times, values], schema=text_schema(fields))
