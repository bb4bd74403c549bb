"""An OpenTelemetry collector on loopback that keeps the spans it is sent."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class OtlpReceiver:
    """One that listens.

    Attributes:
        url: of its traces.
        spans: name and attributes of each.
    """

    url: str
    spans: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AIRFLOW__TRACES__OTEL_ON": "True",
            "OTEL_TRACES_EXPORTER": "otlp_proto_http",
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": self.url,
        }


@contextmanager
def otlp_receiver() -> Iterator[OtlpReceiver]:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            import gzip

            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            for of in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in of.scope_spans:
                    for span in scope.spans:
                        values = {attribute.key: _value(attribute.value) for attribute in span.attributes}
                        receiver.spans.append((span.name, values))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver = OtlpReceiver(f"http://127.0.0.1:{server.server_address[1]}/v1/traces")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield receiver
        finally:
            server.shutdown()


def _value(value: Any) -> Any:
    return getattr(value, value.WhichOneof("value"))


@dataclass
class StatsdListener:
    """One that listens.

    Attributes:
        port: of UDP, on loopback.
        lines: what came, as `name:value|type`.
    """

    port: int
    lines: list[str] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AIRFLOW__METRICS__STATSD_ON": "True",
            "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
            "AIRFLOW__METRICS__STATSD_PORT": str(self.port),
        }

    def values(self, prefix: str) -> dict[str, list[str]]:
        """Name below `airflow.` -> what came of it, in order."""
        found: dict[str, list[str]] = {}
        for line in self.lines:
            name, _, value = line.removeprefix("airflow.").partition(":")
            if name.startswith(prefix):
                found.setdefault(name, []).append(value)
        return found


@contextmanager
def statsd_listener() -> Iterator[StatsdListener]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.2)
        listener, over = StatsdListener(server.getsockname()[1]), threading.Event()

        def listen() -> None:
            while True:
                try:
                    listener.lines += server.recv(65_536).decode().splitlines()
                except TimeoutError:
                    if over.is_set():  # and all that was sent has been read
                        return

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        try:
            yield listener
        finally:
            over.set()
            thread.join()
