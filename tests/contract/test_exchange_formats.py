"""Every format for programs of a trade: another library reads its values, and rows that do not fit are counted."""

import io
import subprocess
import sys
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import gpxpy
import pyarrow as pa
import pytest
import vobject
from fhir.resources.R4B.observation import Observation
from hypothesis import given
from hypothesis import strategies as st
from tests.support.properties import fewer

from afschrift.domain.decision import Action
from afschrift.domain.extracted import Exchanged
from afschrift.domain.plan import FieldPlan
from afschrift.domain.value_kind import ValueKind
from afschrift.extraction.exchange import ExchangePlan, exchange_fields
from afschrift.formats.trade import EXCHANGES
from afschrift.formats.validate_file import validate
from afschrift.inventory.export import MEASURES, ROLES
from afschrift.staging.encrypted import EncryptedStaging

OPTIONS = {"fhir": {"measure": "heart_rate", "unit": "{beats}/min"}}
KINDS = {
    "fhir": {"time": ValueKind.INSTANT, "value": ValueKind.DECIMAL},
    "gpx": {
        "latitude": ValueKind.NUMBER,
        "longitude": ValueKind.DECIMAL,
        "time": ValueKind.INSTANT,
        "elevation": ValueKind.NUMBER,
    },
    "ics": {
        "start": ValueKind.INSTANT,
        "end": ValueKind.INSTANT,
        "summary": ValueKind.TEXT,
        "description": ValueKind.TEXT,
        "location": ValueKind.TEXT,
    },
    "vcard": dict.fromkeys(ROLES["vcard"], ValueKind.TEXT) | {"birthday": ValueKind.DATE},
}
AT, LATER = "2024-01-01T10:00:00Z", "2024-01-01T10:00:00.500000Z"
Rows = list[tuple[str | None, ...]]
FIT: dict[str, Rows] = {
    "fhir": [(AT, "72"), (LATER, "7.10"), (AT, "-0.5")],
    "gpx": [("52.1", "4.10", AT, None), ("-90", "-180", LATER, "-3.5"), ("90", "179.999999999", AT, "0")],
    "ics": [
        (AT, None, "Dentist; the, new\\one", None, None),
        (AT, "2024-01-01T11:00:00Z", "two\nlines é 👩‍👩‍👧 " * 9 + "x", " before", "Room 1"),
        ("2024-02-01", "2024-02-03", "two days", None, None),
    ],
    "vcard": [
        ("Jan;sen", "O,tto\\", "a@b.example", "+31 6", "1980-01-01", "Straat 1", "1000 AA", "Nergens", "NL"),
        ("Jansen", None, None, None, None, None, None, "A;b\nc", None),
        ("é", "👩‍👩‍👧", None, None, None, None, None, None, None),
    ],
}
UNFIT: dict[str, list[tuple[tuple[str | None, ...], str]]] = {
    "fhir": [
        ((None, "1"), "missing"),
        ((AT, None), "missing"),
        ((AT, "NaN"), "value"),
        (("infinity", "1"), "time"),
        (("2024-01-01T24:00:00Z", "1"), "time"),
    ],
    "gpx": [
        (("52", "4", None, None), "missing"),
        (("90.1", "4", AT, None), "latitude"),
        (("52", "180", AT, None), "longitude"),
        (("NaN", "4", AT, None), "latitude"),
        (("52N5E3", "4", AT, None), "latitude"),
        (("52", "1e9999999", AT, None), "longitude"),
        (("52", "4", "2024-02-30T10:00:00Z", None), "time"),
        (("52", "4", "infinity", None), "time"),
        (("52", "4", "0044-03-15 BC", None), "time"),
        (("52", "4", AT, "INF"), "elevation"),
    ],
    "ics": [
        ((AT, None, "", None, None), "missing"),
        ((LATER, None, "half a second", None, None), "start"),
        (("0000-00-00", None, "no day", None, None), "start"),
        (("2024-02-01", "2024-02-30", "no day", None, None), "end"),
        (("2024-02-01", AT, "a day and a time", None, None), "end"),
        ((AT, "2023-01-01T10:00:00Z", "ends before", None, None), "end"),
        ((AT, None, "\x00", None, None), "summary"),
    ],
    "vcard": [
        (("", "Otto", *[None] * 7), "missing"),
        (("J", None, None, None, "infinity", *[None] * 4), "birthday"),
        (("J", None, None, None, "1980-02-30", *[None] * 4), "birthday"),
        (("J", None, "a\rb", *[None] * 6), "email"),
    ],
}


PATH = "shop/table.x"


def staged(
    staging: EncryptedStaging,
    name: str,
    batches: Iterator[pa.RecordBatch],
    *without: str,
    zone: str | None = None,
    kinds: dict[str, ValueKind] | None = None,
) -> Exchanged:
    fields = {
        role: FieldPlan(role, kind, Action.INCLUDE, (), "")
        for role, kind in (kinds or KINDS[name]).items()
        if role not in without
    }
    with ExchangePlan(EXCHANGES[name], PATH, fields, zone, OPTIONS.get(name, {})).open(staging) as file:
        for batch in batches:
            file.write(batch)
        return file.finish()


def written(folder: Path, name: str, *given: Any, **more: Any) -> tuple[Exchanged, bytes]:
    staging = EncryptedStaging(folder, "req-0123456789ab", b"k" * 32)
    result = staged(staging, name, *given, **more)
    if result.entry is None:
        return result, b""
    with staging.reader(f"data/{PATH}") as stream:
        return result, zlib.decompress(stream.read(), -zlib.MAX_WBITS)


def batch(name: str, rows: Rows) -> pa.RecordBatch:
    columns = [pa.array([row[at] for row in rows], pa.string()) for at in range(len(ROLES[name]))]
    return pa.RecordBatch.from_arrays(columns, names=list(ROLES[name]))


def moment(value: Any) -> str:
    if not isinstance(value, datetime):
        return value.isoformat() if isinstance(value, date) else value
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def loaded(name: str, data: bytes) -> list[list[Any]]:
    """The rows as a program of the trade reads them; times as texts, numbers as they compare."""
    if name == "gpx":
        points = gpxpy.parse(data.decode()).tracks[0].segments[0].points
        return [[p.latitude, p.longitude, moment(p.time), p.elevation] for p in points]
    if name == "fhir":
        found = [Observation.model_validate_json(line) for line in data.splitlines()]
        assert {(o.code.coding[0].code, o.valueQuantity.code) for o in found} <= {("8867-4", "/min")}
        return [[moment(o.effectiveDateTime), float(o.valueQuantity.value)] for o in found]
    if name == "ics":
        [calendar] = vobject.readComponents(data.decode())
        names = ("dtstart", "dtend", "summary", "description", "location")
        events = [event.contents for event in calendar.vevent_list]
        assert len({event["uid"][0].value for event in events}) == len(events)
        return [[moment(e[n][0].value) if n in e else None for n in names] for e in events]
    rows = []
    for card in vobject.readComponents(data.decode()):
        text = {n: v[0].value for n, v in card.contents.items()}
        address = text.get("adr")
        places = [address.street, address.code, address.city, address.country] if address else [None] * 4
        row = [text["n"].family, text["n"].given, *(text.get(n) for n in ("email", "tel", "bday")), *places]
        rows.append([value or None for value in row])
        assert text["fn"] == " ".join(part for part in (row[1], row[0]) if part)
    return rows


def expected(name: str, rows: Rows) -> list[list[Any]]:
    numbers = {role for role, known in ROLES[name].items() if known.kind == "number"}
    return [
        [
            float(value) if role in numbers and value is not None else value
            for role, value in zip(ROLES[name], row, strict=True)
        ]
        for row in rows
    ]


@pytest.mark.parametrize("name", sorted(EXCHANGES))
def test_another_program_loads_equal_values(name: str, tmp_path: Path) -> None:
    result, data = written(tmp_path, name, iter([batch(name, FIT[name][:1]), batch(name, FIT[name][1:])]))
    assert loaded(name, data) == expected(name, FIT[name])
    assert (result.rows, result.left) == (len(FIT[name]), {})
    assert result.entry is not None
    assert result.entry.read_back is not None
    assert list(ROLES) == list(EXCHANGES)


@pytest.mark.parametrize(("name", "row", "why"), [(n, *case) for n, cases in UNFIT.items() for case in cases])
def test_a_row_that_does_not_fit_is_counted(
    name: str, row: tuple[str | None, ...], why: str, tmp_path: Path
) -> None:
    rows = [*FIT[name], row]
    result, data = written(tmp_path, name, iter([batch(name, rows)]))
    assert (result.rows, result.left) == (len(FIT[name]), {why: 1})
    assert loaded(name, data) == expected(name, FIT[name])


@pytest.mark.parametrize("name", sorted(EXCHANGES))
def test_a_required_value_that_is_not_given_makes_no_file(name: str, tmp_path: Path) -> None:
    role = next(role for role, known in ROLES[name].items() if known.required)
    result, data = written(tmp_path, name, iter([batch(name, FIT[name])]), role)
    assert (result.entry, data, result.rows, result.left) == (None, b"", 0, {"missing": len(FIT[name])})


def test_a_time_in_the_zone_of_the_source_is_written_in_utc(tmp_path: Path) -> None:
    local = [
        "2024-07-01T10:00:00",
        "2024-10-27T02:30:00",
        "2024-03-31T02:30:00",
        "2024-01-01T10:00:00.500000",
        "0000-00-00T00:00:00",
    ]
    rows = batch("gpx", [("52", "4", at, None) for at in local])
    kinds = KINDS["gpx"] | {"time": ValueKind.DATETIME}
    result, data = written(tmp_path, "gpx", iter([rows]), zone="Europe/Amsterdam", kinds=kinds)
    assert [row[2] for row in loaded("gpx", data)] == ["2024-07-01T08:00:00Z", "2024-01-01T09:00:00.500000Z"]
    assert result.left == {"time": 3}  # the hour that comes twice, the one that never comes, and no day
    result, _ = written(tmp_path, "gpx", iter([rows]), kinds=kinds)
    assert result.left == {"time": 5}


def test_a_number_with_an_exponent_is_written_in_full(tmp_path: Path) -> None:
    _, data = written(tmp_path, "gpx", iter([batch("gpx", [("1e-07", "-4.2E1", AT, None)])]))
    assert loaded("gpx", data) == [[1e-07, -42.0, AT, None]]
    assert b'lat="0.0000001" lon="-42"' in data


@fewer(3)
@given(
    texts=st.lists(st.text(st.characters(blacklist_categories=("Cs",)), min_size=1), min_size=1, max_size=5)
)
@pytest.mark.parametrize("name", ["ics", "vcard"])
def test_any_text_is_loaded_or_counted(
    name: str, texts: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows: Rows = [
        (AT, None, text, text, text) if name == "ics" else (text, text, text, text, None, *[text] * 4)
        for text in texts
    ]
    result, data = written(tmp_path_factory.mktemp("s"), name, iter([batch(name, rows)]))
    assert result.rows + sum(result.left.values()) == len(rows)
    assert len(loaded(name, data) if data else []) == result.rows


@pytest.mark.parametrize("name", sorted(EXCHANGES))
def test_damage_is_found_even_with_the_right_digest(name: str, tmp_path: Path) -> None:
    result, data = written(tmp_path, name, iter([batch(name, FIT[name])]))
    entry, fields = result.entry, exchange_fields(name)
    assert entry is not None

    def findings(changed: bytes) -> list[Any]:
        stream = io.BytesIO(changed)
        return [
            finding
            for finding in validate(entry, stream, fields, result.rows, result.checksums)
            if finding.code not in ("sha256", "size")
        ]

    assert findings(data) == []
    for end in range(0, len(data), 7):
        assert findings(data[:end]), f"cut at {end}"
    for more in (b"x", b"\n", b"\r\n", data):
        assert findings(data + more) or name == "gpx", more  # XML may end with a line
    for value in {value for row in FIT[name] for value in row if value and value.isdigit()}:
        assert findings(data.replace(value.encode(), b"1"))


def test_every_unit_of_a_measure_is_written(tmp_path: Path) -> None:
    for measure, known in MEASURES.items():
        for unit in known.units:
            staging = EncryptedStaging(tmp_path, "req-0123456789ab", b"k" * 32)
            fields = {r: FieldPlan(r, k, Action.INCLUDE, (), "") for r, k in KINDS["fhir"].items()}
            options = {"measure": measure, "unit": unit}
            with ExchangePlan(EXCHANGES["fhir"], "s/t.x", fields, None, options).open(staging) as file:
                file.write(batch("fhir", [(AT, "1")]))
                assert file.finish().rows == 1


TRACK = """
import sys
import pyarrow as pa
from pathlib import Path
from afschrift.staging.encrypted import EncryptedStaging
from tests.contract.test_exchange_formats import KINDS, staged
def batches(count):
    for start in range(0, count, 10_000):
        each = range(start, start + 10_000)
        columns = [[f"52.{i:06}" for i in each], [f"4.{i:06}" for i in each]]
        columns += [[f"2024-01-01T10:{i // 60 % 60:02}:{i % 60:02}Z" for i in each], [None] * 10_000]
        yield pa.RecordBatch.from_arrays([pa.array(c, pa.string()) for c in columns], names=list(KINDS["gpx"]))
staging = EncryptedStaging(Path(sys.argv[1]), "req-0123456789ab", b"k" * 32)
result = staged(staging, "gpx", batches(int(sys.argv[2])))
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(result.rows, status["VmHWM"].split()[0])
"""


@pytest.mark.nightly
@pytest.mark.slow
def test_a_track_of_half_a_million_points_takes_flat_memory(tmp_path: Path) -> None:
    used = {}
    for count in (50_000, 500_000):
        found = subprocess.run(
            [sys.executable, "-c", TRACK, str(tmp_path), str(count)],
            capture_output=True,
            text=True,
            check=True,
        )
        rows, used[count] = map(int, found.stdout.split())
        assert rows == count
    print(used)
    assert used[500_000] < used[50_000] * 1.25 + 20_000, used
