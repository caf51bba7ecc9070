"""The bed over HTTP/1.1 on loopback, with connections that are kept alive, as EC2 keeps them.

`POST /` is EC2 and STS, `GET /snapshots/…` EBS direct. `POST /bed/<verb>` with a JSON object is the bed
itself: `/bed/books`, `/bed/fault`.
"""

import base64
import json
import os
import signal
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bed.bed import Bed
from bed.wire import CutShort, Dropped, Killed, Request, Response

VERBS = (
    "reset",
    "restore",
    "configure",
    "advance",
    "now",
    "fault",
    "calm",
    "fail_next_instance",
    "books",
    "add_account",
    "write",
    "read",
    "report",
)
"""What may be asked of the bed over HTTP: methods of `Bed` whose arguments and answers are JSON, bytes
as base64."""


class Server(ThreadingHTTPServer):
    """One bed, one port."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, bed: Bed, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.bed = bed

    @property
    def endpoint(self) -> str:
        """For `AWS_ENDPOINT_URL`."""
        return f"http://127.0.0.1:{self.server_port}"

    def start(self) -> None:
        """Serve in a thread of its own."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone is no news: many tests kill theirs."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            if self.path.startswith("/bed/"):
                self._reply(_verb(self.server.bed, self.path[5:], body))
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._reply(self.server.bed.serve(Request(self.command, self.path, headers, body)))
        except Dropped:
            self._drop()
        except CutShort as cut:
            self._reply(cut.response, len(cut.response.content) // 2)
            self._drop()
        except Killed as killed:
            os.kill(killed.pid, signal.SIGKILL)
            self._drop()

    do_GET = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are in `Bed.log`."""

    def _reply(self, response: Response, sent: int | None = None) -> None:
        """Send it, or no more than so many bytes of its body."""
        body = response.content
        self.send_response(response.status)
        self.send_header("Content-Type", response.kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[:sent])
        self.wfile.flush()

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def _verb(bed: Bed, verb: str, body: bytes) -> Response:
    if verb not in VERBS:
        return Response(404, f"the bed has no {verb}\n", "text/plain")
    try:
        told = getattr(bed, verb)(**json.loads(body or b"{}"))
    except (AttributeError, TypeError, ValueError) as error:
        return Response(400, f"{verb}: {error}\n", "text/plain")
    return Response(200, json.dumps(told, default=_text), "application/json")


def _text(told: bytes) -> str:
    return base64.b64encode(told).decode()
