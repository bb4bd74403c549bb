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


def _around(options: Mapping[str, str]) -> tuple[str, str, str]:
    """What each line has before its time, between time and value, and after the value."""
    measure, unit = MEASURES[options["measure"]], options["unit"]
    coding = {"system": "http://loinc.org", "code": measure.code, "display": measure.display}
    ucum = {"unit": unit, "system": "http://unitsofmeasure.org", "code": measure.units[unit]}
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": _CATEGORY, "code": "vital-signs"}]}],
        "code": {"coding": [coding]},
        "effectiveDateTime": "\0",
        "valueQuantity": {"value": "\0", **ucum},
    }
    line = json.dumps(observation, separators=(",", ":"))
    before, between, after = line.replace('"\\u0000"', "\0").split("\0")
    return before + '"', '"' + between, after + "\n"


class _Quantity(msgspec.Struct):
    value: msgspec.Raw


class _Observation(msgspec.Struct):
    effectiveDateTime: str  # noqa: N815 - as FHIR names them
    valueQuantity: _Quantity  # noqa: N815


class FhirWriter:
    """Writes observations."""

    def __init__(self, sink: BinaryIO, _fields: Sequence[FieldPlan], options: Mapping[str, str]) -> None:
        self.options, self._sink, self._around = dict(options), sink, _around(options)

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows of time and value."""
        (time, value), (before, between, after) = batch.columns, self._around
        lines = pc.binary_join_element_wise(before, time, between, value, after, "")
        self._sink.write(text_bytes(lines))

    def close(self) -> None:
        """Every line is ended."""


def read(stream: BinaryIO, fields: Sequence[FieldPlan], options: Mapping[str, str]) -> Iterator[Any]:
    """Read batches of observations. Each line is the one that has its time and value.

    Raises:
        UnreadableFileError: `malformed`.
    """
    decoder, rest = msgspec.json.Decoder(list[_Observation]), b""
    before, between, after = _around(options)
    while (block := stream.read(_BLOCK)) or rest:
        *lines, rest = (rest + block).split(b"\n")
        try:
            found = decoder.decode(b"[" + b",".join(lines) + b"]")
        except (msgspec.DecodeError, UnicodeDecodeError):
            found = []
        times = [row.effectiveDateTime for row in found]
        values = [bytes(row.valueQuantity.value).decode() for row in found]
        expected = (
            before + time + between + value + after for time, value in zip(times, values, strict=True)
        )
        if not block or "".join(expected).encode() != b"".join(line + b"\n" for line in lines):
            raise UnreadableFileError("malformed", "every line is an observation of the measure in its unit")
        columns = [pa.array(times, pa.string()), pa.array(values, pa.string())]
        yield pa.RecordBatch.from_arrays(columns, schema=text_schema(fields))
