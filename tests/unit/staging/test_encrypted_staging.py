from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.csv
import pytest
from hypothesis import given
from hypothesis import strategies as st
from upath import UPath

from afschrift.domain.errors import ConfigurationError, RetriableError
from afschrift.staging.encrypted import EncryptedStaging

KEY = bytes(range(32))
REQUEST = "req-000000000000"
SEGMENT = 1 << 20
OVERHEAD = 40 + 16  # header of the file, tag of a segment

# Around the ends of the first segment, which is shorter by the header, and of the following ones.
sizes = st.one_of(
    st.integers(0, 100),
    st.integers(-3, 3).map(lambda d: SEGMENT + d),
    st.integers(-3, 3).map(lambda d: SEGMENT - OVERHEAD + d),
    st.integers(-3, 3).map(lambda d: 2 * SEGMENT - OVERHEAD - 16 + d),
    st.integers(0, 3 * SEGMENT),
)


@pytest.fixture
def staging(tmp_path: Path) -> EncryptedStaging:
    return EncryptedStaging(tmp_path, REQUEST, KEY)


def put(staging: EncryptedStaging, path: str, content: bytes, piece: int = 1 << 16) -> None:
    with staging.writer(path) as file:
        for at in range(0, len(content), piece):
            file.write(content[at : at + piece])


def run(script: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, "-c", script]
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True)


def get(staging: EncryptedStaging, path: str) -> bytes:
    with staging.reader(path) as file:
        return file.read()


@given(
    size=sizes, piece=st.sampled_from([1000, 1 << 16, SEGMENT, 5 * SEGMENT]), read=st.integers(1, SEGMENT * 2)
)
def test_what_is_staged_comes_back(staging: EncryptedStaging, size: int, piece: int, read: int) -> None:
    content = os.urandom(size)
    put(staging, "shop/orders.csv", content, piece)
    assert get(staging, "shop/orders.csv") == content
    with staging.reader("shop/orders.csv") as file:
        assert b"".join(iter(lambda: file.read(max(read, size // 50)), b"")) == content


@given(size=sizes, cut=st.integers(1, SEGMENT))
def test_a_cut_file_is_found(staging: EncryptedStaging, tmp_path: Path, size: int, cut: int) -> None:
    put(staging, "a.csv", os.urandom(size))
    file = tmp_path / REQUEST / "a.csv.enc"
    os.truncate(file, max(0, file.stat().st_size - cut))
    with pytest.raises(RetriableError, match="damaged"):
        get(staging, "a.csv")


def test_a_file_cut_at_the_end_of_a_segment_is_found(staging: EncryptedStaging, tmp_path: Path) -> None:
    put(staging, "a.csv", os.urandom(3 * SEGMENT))
    for segments in (1, 2, 3):
        os.truncate(tmp_path / REQUEST / "a.csv.enc", (4 - segments) * SEGMENT)
        with pytest.raises(RetriableError, match="damaged"):
            get(staging, "a.csv")


@given(size=sizes, at=st.integers(0), bit=st.integers(0, 7))
def test_a_flipped_bit_is_found(
    staging: EncryptedStaging, tmp_path: Path, size: int, at: int, bit: int
) -> None:
    put(staging, "a.csv", os.urandom(size))
    file = tmp_path / REQUEST / "a.csv.enc"
    content = bytearray(file.read_bytes())
    content[at % len(content)] ^= 1 << bit
    file.write_bytes(content)
    with pytest.raises(RetriableError, match=r"a\.csv.*damaged.*clear `extract`"):
        get(staging, "a.csv")


def test_a_file_opens_for_its_key_request_and_path_alone(staging: EncryptedStaging, tmp_path: Path) -> None:
    put(staging, "a.csv", b"content")
    folder = tmp_path / REQUEST
    (folder / "b.csv.enc").write_bytes((folder / "a.csv.enc").read_bytes())
    other = tmp_path / "req-000000000001"
    other.mkdir()
    (other / "a.csv.enc").write_bytes((folder / "a.csv.enc").read_bytes())
    for wrong, path in (
        (EncryptedStaging(tmp_path, REQUEST, bytes(32)), "a.csv"),
        (EncryptedStaging(tmp_path, "req-000000000001", KEY), "a.csv"),
        (staging, "b.csv"),
    ):
        with pytest.raises(RetriableError, match="damaged, or was staged under another key"):
            get(wrong, path)
    assert get(EncryptedStaging(tmp_path, REQUEST, KEY), "a.csv") == b"content"


def test_nothing_of_the_content_is_readable_on_disk(staging: EncryptedStaging, tmp_path: Path) -> None:
    put(staging, "a.csv", b"needle-of-a-person," * 200_000)
    stored = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert [file.name for file in stored] == ["a.csv.enc"]
    assert b"needle" not in stored[0].read_bytes()


def test_a_file_appears_when_it_is_whole_and_replaces_the_older_one(
    staging: EncryptedStaging, tmp_path: Path
) -> None:
    put(staging, "shop/a.csv", b"old")
    with staging.writer("shop/a.csv") as file, pytest.raises(RetriableError):
        file.write(b"new" * SEGMENT)
        assert get(staging, "shop/a.csv") == b"old"
        get(staging, "shop/b.csv")
    assert get(staging, "shop/a.csv") == b"new" * SEGMENT
    with pytest.raises(KeyError), staging.writer("shop/c.csv") as file:
        file.write(b"half")
        assert not staging.exists("shop/c.csv")
        raise KeyError
    assert not staging.exists("shop/c.csv")
    assert [file.name for file in (tmp_path / REQUEST / "shop").iterdir()] == ["a.csv.enc"]


def test_an_error_of_the_callers_own_is_left_alone(staging: EncryptedStaging) -> None:
    """A source that breaks off is no fault of the staging."""
    with pytest.raises(ConnectionResetError, match="source"), staging.writer("a.csv"):
        raise ConnectionResetError("the source went away")
    assert not staging.exists("a.csv")


def test_a_writer_killed_half_way_leaves_no_file_and_the_next_one_succeeds(
    staging: EncryptedStaging, tmp_path: Path
) -> None:
    script = (
        "import os, pathlib, signal\n"
        "from afschrift.staging.encrypted import EncryptedStaging\n"
        f"staging = EncryptedStaging(pathlib.Path({str(tmp_path)!r}), {REQUEST!r}, {KEY!r})\n"
        "with staging.writer('a.csv') as file:\n"
        "    file.write(b'x' * 3_000_000)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert run(script).returncode == -9
    assert [f.name for f in (tmp_path / REQUEST).iterdir()] == ["a.csv.enc.part"]
    assert not staging.exists("a.csv")
    put(staging, "a.csv", b"whole")
    assert get(staging, "a.csv") == b"whole"
    assert [f.name for f in (tmp_path / REQUEST).iterdir()] == ["a.csv.enc"]


def test_a_full_disk_is_reported_and_leaves_nothing(tmp_path: Path) -> None:
    script = (
        "import pathlib, resource, signal\n"
        "from afschrift.domain.errors import RetriableError\n"
        "from afschrift.staging.encrypted import EncryptedStaging\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))\n"
        f"staging = EncryptedStaging(pathlib.Path({str(tmp_path)!r}), {REQUEST!r}, {KEY!r})\n"
        "try:\n"
        "    with staging.writer('shop/a.csv') as file:\n"
        "        for _ in range(100): file.write(b'x' * 100_000)\n"
        "except RetriableError as error:\n"
        "    print(error)\n"
    )
    ended = run(script)
    assert "shop/a.csv cannot be staged" in ended.stdout, ended.stderr
    assert "Traceback" not in ended.stderr
    assert list((tmp_path / REQUEST / "shop").iterdir()) == []


def test_an_unwritable_place_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    staging = EncryptedStaging(tmp_path / "file", REQUEST, KEY)
    with pytest.raises(RetriableError, match="cannot be staged"), staging.writer("a.csv"):
        pass


@pytest.mark.parametrize(
    "bad", ["", "/etc/passwd", "../a", "a/../../b", "a//b", "a/", "./a", "a\\b", "a\0b", "..", "."]
)
def test_a_path_that_leads_elsewhere_is_refused(staging: EncryptedStaging, tmp_path: Path, bad: str) -> None:
    (tmp_path / "req-000000000001").mkdir()
    for use in (staging.writer, staging.reader):
        with pytest.raises(ConfigurationError, match="leads out"), use(bad):
            pass
    with pytest.raises(ConfigurationError):
        staging.exists(bad)
    if bad:
        with pytest.raises(ConfigurationError):
            staging.wipe(bad)
    assert [p.name for p in tmp_path.iterdir()] == ["req-000000000001"]


@pytest.mark.parametrize("bad", ["", "..", "../x", "req", "req-00000000000/"])
def test_staging_without_a_request_is_refused(tmp_path: Path, bad: str) -> None:
    with pytest.raises(ConfigurationError, match="no request id"):
        EncryptedStaging(tmp_path, bad, KEY)


def test_a_missing_file_names_the_task_that_makes_it(staging: EncryptedStaging) -> None:
    with pytest.raises(RetriableError, match=r"shop/a\.csv.*not there.*clear `extract_shop`"):
        get(staging, "data/shop/a.csv")


def test_wiping_removes_a_folder_or_everything_and_twice_is_as_good(
    staging: EncryptedStaging, tmp_path: Path
) -> None:
    other = EncryptedStaging(tmp_path, "req-000000000001", KEY)
    for path in ("shop/a.csv", "shop/b.csv", "app/a.csv", "top.json"):
        put(staging, path, b"x")
    put(other, "shop/a.csv", b"x")
    (tmp_path / REQUEST / "shop" / "c.csv.enc.part").touch()
    staging.wipe("shop")
    staging.wipe("shop")
    assert not (tmp_path / REQUEST / "shop").exists()
    assert staging.exists("app/a.csv")
    assert staging.exists("top.json")
    staging.wipe()
    staging.wipe()
    assert [p.name for p in tmp_path.iterdir()] == ["req-000000000001"]
    assert get(other, "shop/a.csv") == b"x"


def test_readers_of_other_libraries_read_it(staging: EncryptedStaging) -> None:
    lines = [f"{n},é{n}\r\n" for n in range(300_000)]
    put(staging, "a.csv", "".join(lines).encode())
    with staging.reader("a.csv") as file:
        assert [line.decode() for line in file] == lines
    with staging.reader("a.csv") as file:
        assert list(io.TextIOWrapper(file, "utf-8", newline="")) == lines
    with staging.reader("a.csv") as file:
        options = pyarrow.csv.ReadOptions(column_names=["n", "text"])
        assert sum(batch.num_rows for batch in pyarrow.csv.open_csv(file, read_options=options)) == len(lines)


def test_damage_reaches_the_caller_through_other_libraries(staging: EncryptedStaging, tmp_path: Path) -> None:
    put(staging, "a.csv", b"1,2\r\n" * 800_000)
    file = tmp_path / REQUEST / "a.csv.enc"
    content = bytearray(file.read_bytes())
    content[3 * SEGMENT] ^= 1
    file.write_bytes(content)
    with pytest.raises(RetriableError, match="damaged"), staging.reader("a.csv") as stream:
        for _ in pyarrow.csv.open_csv(stream):
            pass
    with pytest.raises(RetriableError, match="damaged"), staging.reader("a.csv") as stream:
        for _ in io.TextIOWrapper(stream):
            pass


def test_an_object_store_is_as_good_as_a_folder() -> None:
    staging = EncryptedStaging(UPath("memory://staging-test"), REQUEST, KEY)
    content = os.urandom(SEGMENT + 1)
    put(staging, "shop/a.csv", content)
    assert get(staging, "shop/a.csv") == content
    with pytest.raises(KeyError), staging.writer("shop/b.csv") as file:
        file.write(b"half")
        raise KeyError
    assert not staging.exists("shop/b.csv")
    staging.wipe("shop")
    assert not staging.exists("shop/a.csv")
    staging.wipe()


def test_staging_does_not_show_its_key(staging: EncryptedStaging) -> None:
    assert repr(staging).endswith(f"{REQUEST})")
    with pytest.raises(ValueError, match="32 bytes"):
        EncryptedStaging(Path("/tmp"), REQUEST, b"short")
