from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from afschrift.extraction.followed_file import AbandonedError, ByteQueue


def test_all_that_was_written_is_read_in_order() -> None:
    queue = ByteQueue(limit=3)
    with ThreadPoolExecutor() as pool:
        reading = pool.submit(lambda: b"".join(iter(queue.read, b"")))
        for number in range(256):
            queue.write(bytes([number]) * 2)
            queue.write(b"")
        queue.end()
        assert reading.result(5) == bytes(number for value in range(256) for number in (value, value))


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
