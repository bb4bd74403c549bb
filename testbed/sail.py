"""A Spark in this process, which writes deletes of its own kinds: deletion vectors, and equality deletes."""

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def spark() -> Iterator[Callable[[str], Any]]:
    """Runs a statement of Spark's SQL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pysail.spark import SparkConnectServer
        from pyspark.sql import SparkSession

        if not hasattr(main := sys.modules["__main__"], "__file__"):
            main.__file__ = __file__  # without one pyspark takes a worker of xdist for its own doctests
        server = SparkConnectServer()
        server.start(background=True)
        host, port = server.listening_address
        session = SparkSession.builder.remote(f"sc://{host}:{port}").getOrCreate()
        try:
            yield lambda statement: session.sql(statement).collect()
        finally:
            session.stop()
            server.stop()
