"""A service that answers as a test writes it down: once each, in order, and keeps what it was asked."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Said(NamedTuple):
    """An answer. `cut`: the connection ends instead; `late`: nothing comes before the caller has gone."""

    status: int = 200
    body: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = ()
    cut: bool = False
    late: bool = False


class Scripted:
    """What was asked: for each request its headers, in lower case, and its body."""

    def __init__(self, answers: Sequence[Said]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[dict[str, str], bytes]] = []
        self.url = ""
        self.ended = threading.Event()


@contextmanager
def service(*answers: Said) -> Iterator[Scripted]:
    """Serves while the block runs; a request beyond the script is a bug of the test and gets a 418."""
    script = Scripted(answers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            script.asked.append(({name.lower(): value for name, value in self.headers.items()}, body))
            said = script.answers.pop(0) if script.answers else Said(418)
            if said.late:
                script.ended.wait(30)
            if said.cut or said.late:
                self.close_connection = True
                return
            named = {name.lower() for name, _ in said.headers}
            self.send_response_only(said.status)
            for name, value in said.headers:
                self.send_header(name, value)
            if "date" not in named:
                self.send_header("Date", self.date_time_string())
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)

        def log_message(self, format: str, *_: Any) -> None:  # noqa: A002  as the library names it
            """Nothing to say."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        script.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield script
        finally:
            script.ended.set()
            server.shutdown()
            thread.join()
