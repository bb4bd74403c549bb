"""GPX 1.1: a track, for maps. Written by pyarrow, read back by expat, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.compute as pc

from afschrift.domain.plan import FieldPlan
from afschrift.formats.file_finding import UnreadableFileError
from afschrift.values.buffers import text_bytes
from afschrift.values.written import text_schema

_SPACE = "http://www.topografix.com/GPX/1/1"
_HEAD = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<gpx xmlns="{_SPACE}" version="1.1" creator="Afschrift">\n'
    "<trk><trkseg>\n"
)
_TAIL = "</trkseg></trk>\n</gpx>\n"
_ROWS = 8_192


class GpxWriter:
    """Writes points."""

    def __init__(self, sink: BinaryIO, _fields: Sequence[FieldPlan], options: Mapping[str, str]) -> None:
        self.options, self._sink = dict(options), sink
        sink.write(_HEAD.encode())

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows of latitude, longitude, time and elevation."""
        latitude, longitude, time, elevation = batch.columns
        height = pc.fill_null(pc.binary_join_element_wise("<ele>", elevation, "</ele>", ""), "")
        point = ['<trkpt lat="', latitude, '" lon="', longitude, '">', height, "<time>", time]
        self._sink.write(text_bytes(pc.binary_join_element_wise(*point, "</time></trkpt>\n", "")))

    def close(self) -> None:
        """Close the track."""
        self._sink.write(_TAIL.encode())


def read(stream: BinaryIO, fields: Sequence[FieldPlan], _options: Mapping[str, str]) -> Iterator[Any]:
    """Read batches of points.

    Raises:
        UnreadableFileError: `malformed`.
    """
    rows, path = list[tuple[str | None, ...]](), list[ElementTree.Element]()
    try:
        for event, element in ElementTree.iterparse(stream, ("start", "end")):  # noqa: S314 - our own file
            if event == "start":
                path.append(element)
                continue
            path.pop()
            if len(path) == 3:  # below a segment
                height, time = (element.findtext(f"{{{_SPACE}}}{tag}") for tag in ("ele", "time"))
                rows.append((element.get("lat"), element.get("lon"), time, height))
                path[-1].clear()  # or the track would grow in memory
            if len(rows) == _ROWS or not path:
                columns = [pa.array([row[at] for row in rows], pa.string()) for at in range(4)]
                yield pa.RecordBatch.from_arrays(columns, schema=text_schema(fields))
                rows.clear()
    except ElementTree.ParseError:
        raise UnreadableFileError("malformed", "the file is well-formed XML") from None
