"""Staging on a store that shows an object as soon as its file is closed; tests/contract has a real one."""

import gc
import io
import multiprocessing
import os
import resource
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pyarrow.csv
import pytest
from fsspec.registry import _registry
from fsspec.spec import AbstractBufferedFile, AbstractFileSystem
from hypothesis import given
from hypothesis import strategies as st
from upath import UPath

from afschrift.domain.errors import ConfigurationError, RetriableError
from afschrift.staging.encrypted import EncryptedStaging
from afschrift.staging.staged_requests import staged_requests

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


@given(size=sizes, at=st.integers(0), bit=st.integers(0, 7), cut=st.integers(1, SEGMENT))
def test_a_flipped_bit_and_a_cut_file_are_found(
    staging: EncryptedStaging, tmp_path: Path, size: int, at: int, bit: int, cut: int
) -> None:
    put(staging, "a.csv", os.urandom(size))
    file = tmp_path / REQUEST / "a.csv.enc"
    content = file.read_bytes()
    flipped = bytearray(content)
    flipped[at % len(content)] ^= 1 << bit
    for altered in (flipped, content[: max(0, len(content) - cut)]):
        file.write_bytes(altered)
        with pytest.raises(RetriableError, match=r"a\.csv.*damaged.*clear `extract`"):
            get(staging, "a.csv")


def test_a_file_cut_at_the_end_of_a_segment_is_found(staging: EncryptedStaging, tmp_path: Path) -> None:
    put(staging, "a.csv", os.urandom(3 * SEGMENT))
    for segments in (1, 2, 3):
        os.truncate(tmp_path / REQUEST / "a.csv.enc", (4 - segments) * SEGMENT)
        with pytest.raises(RetriableError, match="damaged"):
            get(staging, "a.csv")


def test_a_file_opens_for_its_key_request_and_path_alone(staging: EncryptedStaging, tmp_path: Path) -> None:
    put(staging, "a.csv", b"needle-of-a-person," * 200_000)
    folder, other = tmp_path / REQUEST, tmp_path / "req-000000000001"
    other.mkdir()
    [file] = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert file.name == "a.csv.enc"
    assert b"needle" not in file.read_bytes()
    for copy in (folder / "b.csv.enc", other / "a.csv.enc"):
        copy.write_bytes(file.read_bytes())
    for wrong, path in (
        (EncryptedStaging(tmp_path, REQUEST, bytes(32)), "a.csv"),
        (EncryptedStaging(tmp_path, "req-000000000001", KEY), "a.csv"),
        (staging, "b.csv"),
    ):
        with pytest.raises(RetriableError, match="damaged, or was staged under another key"):
            get(wrong, path)
    assert get(EncryptedStaging(tmp_path, REQUEST, KEY), "a.csv")[:6] == b"needle"
    assert repr(staging).endswith(f"{REQUEST})")
    with pytest.raises(ValueError, match="32 bytes"):
        EncryptedStaging(Path("/tmp"), REQUEST, b"short")


def test_a_file_appears_when_whole_and_replaces_the_older(staging: EncryptedStaging, tmp_path: Path) -> None:
    put(staging, "shop/a.csv", b"old")
    missing = r"shop/b\.csv.*not there.*clear `extract_shop`"
    with staging.writer("shop/a.csv") as file, pytest.raises(RetriableError, match=missing):
        file.write(b"new" * SEGMENT)
        assert get(staging, "shop/a.csv") == b"old"
        get(staging, "data/shop/b.csv")
    assert get(staging, "shop/a.csv") == b"new" * SEGMENT
    # A source that breaks off is no fault of the staging.
    with pytest.raises(ConnectionResetError, match="source"), staging.writer("shop/c.csv") as file:
        file.write(b"half")
        assert not staging.exists("shop/c.csv")
        raise ConnectionResetError("the source went away")
    assert not staging.exists("shop/c.csv")
    assert [file.name for file in (tmp_path / REQUEST / "shop").iterdir()] == ["a.csv.enc"]


def test_a_writer_killed_half_way_leaves_no_file_and_the_next_one_succeeds(
    staging: EncryptedStaging, tmp_path: Path
) -> None:
    pid = os.fork()
    if pid == 0:
        with staging.writer("a.csv") as file:
            file.write(b"x" * 3_000_000)
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    assert [f.name for f in (tmp_path / REQUEST).iterdir()] == ["a.csv.enc.part"]
    assert not staging.exists("a.csv")
    put(staging, "a.csv", b"whole")
    assert get(staging, "a.csv") == b"whole"
    assert [f.name for f in (tmp_path / REQUEST).iterdir()] == ["a.csv.enc"]


def test_a_full_disk_is_reported_and_leaves_nothing(staging: EncryptedStaging, tmp_path: Path) -> None:
    def fill() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
        try:
            put(staging, "shop/a.csv", b"x" * 10_000_000)
            words.put("the disk was not full")
        except RetriableError as error:
            words.put(str(error))

    fork = multiprocessing.get_context("fork")
    words = fork.SimpleQueue()
    child = fork.Process(target=fill)
    child.start()
    child.join()
    assert child.exitcode == 0
    assert "shop/a.csv cannot be staged" in words.get()
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


def test_wiping_removes_a_folder_or_all_and_again_nothing(staging: EncryptedStaging, tmp_path: Path) -> None:
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
    lines = [f"{n},é{n}\r\n" for n in range(100_000)]
    put(staging, "a.csv", "".join(lines).encode())
    with staging.reader("a.csv") as file:
        assert [line.decode() for line in file] == lines
    with staging.reader("a.csv") as file:
        assert list(io.TextIOWrapper(file, "utf-8", newline="")) == lines
    with staging.reader("a.csv") as file:
        options = pyarrow.csv.ReadOptions(column_names=["n", "text"])
        assert sum(batch.num_rows for batch in pyarrow.csv.open_csv(file, read_options=options)) == len(lines)


def test_damage_reaches_the_caller_through_other_libraries(staging: EncryptedStaging, tmp_path: Path) -> None:
    put(staging, "a.csv", b"1,2\r\n" * 800_000)  # four segments
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


class PutOnClose(AbstractBufferedFile):
    """What the libraries of object stores build on: it is put as it is closed, by Python too as it goes."""

    def _initiate_upload(self) -> None:
        self.parts = b""

    def _upload_chunk(self, final: bool = False) -> bool:
        self.buffer.seek(0)
        self.parts += self.buffer.read()
        if final:
            self.fs.objects[self.path] = self.parts
        return True

    def _fetch_range(self, start: int, end: int) -> bytes:
        found: bytes = self.fs.objects[self.path][start:end]
        return found


class Store(AbstractFileSystem):
    objects: ClassVar[dict[str, bytes]] = {}
    protocol = "gs"
    cachable = False

    def _open(self, path: str, mode: str = "rb", **_: Any) -> PutOnClose:
        known = {"size": len(self.objects[path])} if mode == "rb" else {}
        return PutOnClose(self, path, mode, **known)

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        return {"name": path, "size": len(self.objects[path]), "type": "file"}


@pytest.fixture
def on_store(monkeypatch: pytest.MonkeyPatch) -> EncryptedStaging:
    monkeypatch.setitem(_registry, "gs", Store)
    monkeypatch.setattr(Store, "objects", {})
    made = EncryptedStaging(UPath("gs://bucket/here"), REQUEST, KEY)
    put(made, "shop/a.csv", b"whole")
    return made


def test_an_error_leaves_the_whole_object(
    on_store: EncryptedStaging, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is left open is closed as it goes, and would be put."""
    with monkeypatch.context() as changed, pytest.raises(AttributeError):
        changed.setattr(on_store, "_cipher", None)  # before the first byte
        put(on_store, "shop/a.csv", b"new")
    gc.collect()
    assert get(on_store, "shop/a.csv") == b"whole"
    with pytest.raises(ZeroDivisionError), on_store.writer("shop/a.csv") as file:
        file.write(b"half" * 1_000_000)
        raise ZeroDivisionError
    gc.collect()
    assert get(on_store, "shop/a.csv") == b"whole"
    put(on_store, "shop/a.csv", b"new")
    assert get(on_store, "shop/a.csv") == b"new"


NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def age(file: Path, days: int) -> None:
    moment = (NOW - timedelta(days=days)).timestamp()
    os.utime(file, (moment, moment))


def test_staged_requests_are_listed_with_size_and_date_oldest_first(tmp_path: Path) -> None:
    assert staged_requests(tmp_path / "none") == ()
    ages = {"req-00000000000a": (5, 4), "req-00000000000b": (5, 1), "req-00000000000c": (9, 7)}
    for request, (first, second) in ages.items():
        for name, days in (("shop/a.csv", first), ("shop/b.csv", second)):
            put(EncryptedStaging(tmp_path, request, KEY), name, b"x" * 1000)
            age(tmp_path / request / f"{name}.enc", days)
    (tmp_path / "req-00000000000d").mkdir()
    (tmp_path / "something-else").mkdir()
    (tmp_path / "something-else" / "file").touch()
    age(tmp_path / "something-else" / "file", 90)

    found = staged_requests(tmp_path)

    assert [h.request[-1] for h in found] == ["c", "a", "b"]
    assert [h.touched for h in found] == [NOW - timedelta(days=days) for days in (7, 4, 1)]
    assert found[0].bytes == sum(f.stat().st_size for f in (tmp_path / "req-00000000000c").rglob("*.enc"))


def test_an_object_store_tells_the_time_of_its_files() -> None:
    root = UPath("memory://held-test")
    put(EncryptedStaging(root, "req-00000000000a", KEY), "a.csv", b"x")
    (found,) = staged_requests(root)
    assert found.request == "req-00000000000a"
    assert abs(datetime.now(UTC) - found.touched) < timedelta(minutes=1)
    EncryptedStaging(root, "req-00000000000a", KEY).wipe()
