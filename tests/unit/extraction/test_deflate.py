"""What is deflated comes back, and its bytes depend on the content alone."""

import io
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afschrift.extraction.deflate import CHUNK, DeflateError, DeflatingSink, InflatingReader, deflate
from afschrift.extraction.followed_file import AbandonedError, ByteQueue

LARGE = b"".join(b"%d;%x\n" % (n, n * 2654435761 % 2**32) for n in range(60_000))


def written(pieces: list[bytes]) -> tuple[bytes, DeflatingSink]:
    into = io.BytesIO()
    sink = DeflatingSink(into)
    for piece in pieces:
        sink.write(piece)
    sink.finish()
    return into.getvalue(), sink


@given(st.lists(st.integers(0, len(LARGE)), max_size=8).map(sorted))
def test_how_it_was_written_does_not_show(cuts: list[int]) -> None:
    whole, _ = written([LARGE])
    pieces, sink = written([LARGE[a:b] for a, b in pairwise([0, *cuts, len(LARGE)])])
    assert pieces == whole
    assert zlib.decompress(whole, wbits=-15) == LARGE
    assert (sink.bytes, sink.crc32, sink.deflated.bytes) == (len(LARGE), zlib.crc32(LARGE), len(whole))


@pytest.mark.parametrize("size", [0, 1, 300, 6_092, 40_000, CHUNK - 1])
def test_content_of_one_chunk_is_deflated_by_zlib(size: int) -> None:
    """ISA-L gives other bytes for the same small content in about one process of three hundred."""
    content = LARGE[:size]
    stream, _ = written([content])
    assert stream == deflate(content) == zlib.compress(content, level=1, wbits=-15)


@given(st.integers(1, 70_000), st.integers(0, len(LARGE)))
def test_a_stream_reads_back_in_pieces_of_any_size(size: int, length: int) -> None:
    content = LARGE[:length]
    reader = io.BufferedReader(InflatingReader(io.BytesIO(written([content])[0])))
    assert b"".join(iter(lambda: reader.read(size), b"")) == content


def test_a_broken_deflate_stream_is_reported() -> None:
    with pytest.raises(DeflateError):
        InflatingReader(io.BytesIO(b"\xff" * 100)).read(10)


def test_a_writer_ahead_waits_for_the_reader() -> None:
    queue = ByteQueue(limit=3)
    queue.write(b"four")
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(queue.write, b"more")
        time.sleep(0.1)
        assert not waiting.done()
        assert queue.read() == b"four"
        waiting.result(5)
    assert queue.read() == b"more"


def test_a_writer_does_not_wait_for_a_reader_that_has_stopped() -> None:
    queue = ByteQueue(limit=3)
    queue.write(b"four")
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(queue.write, b"more")
        queue.stop()
        waiting.result(5)
    queue.write(b"still more")


def test_an_abandoned_file_is_not_taken_for_a_complete_one() -> None:
    queue = ByteQueue()
    queue.write(b"half")
    queue.abandon()
    with pytest.raises(AbandonedError):
        queue.read()
