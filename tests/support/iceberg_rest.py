"""A catalogue of Iceberg by its REST protocol, on loopback: what a reader asks, over a catalogue by SQL."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError

PREFIX = "shop"


@contextmanager
def rest_catalogue(behind: SqlCatalog, token: str) -> Iterator[str]:
    """Its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers["Authorization"] != f"Bearer {token}":
                self.answer(401, error={"message": "no", "type": "NotAuthorizedException", "code": 401})
                return
            try:
                self.answer(200, **self.found(*map(unquote, self.path.partition("?")[0].split("/")[2:])))
            except (NoSuchNamespaceError, NoSuchTableError) as error:
                name = type(error).__name__.replace("Error", "Exception")
                self.answer(404, error={"message": "no", "type": name, "code": 404})

        def found(self, *path: str) -> dict[str, object]:
            match path:
                case ("config",):
                    return {"defaults": {}, "overrides": {"prefix": PREFIX}}
                case (_, "namespaces", namespace, "tables"):
                    names = behind.list_tables(namespace)
                    return {"identifiers": [{"namespace": list(of[:-1]), "name": of[-1]} for of in names]}
                case (_, "namespaces", namespace, "tables", name):
                    table = behind.load_table((namespace, name))
                    with table.io.new_input(table.metadata_location).open() as stream:
                        metadata = json.loads(stream.read())
                    return {"metadata-location": table.metadata_location, "metadata": metadata, "config": {}}
            raise NoSuchNamespaceError

        def answer(self, status: int, **content: object) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
