"""An emulator over HTTP/1.1 on loopback, with kept connections, as clouds have them.

`POST /bed/<verb>` with a JSON object calls a verb of the emulator: `/bed/fault`. Every other request is a
request to the cloud.
"""

import base64
import json
import os
import signal
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from portinfra.testing.emulator.emulator import Emulator
from portinfra.testing.emulator.wire import CutShort, Dropped, Killed, Request, Response

VERBS = "/bed/"
"""The beginning of the path of a verb."""


class Server(ThreadingHTTPServer):
    """The server of one emulator, on one port."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, bed: Emulator[Any], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.bed = bed

    @property
    def endpoint(self) -> str:
        """The URL of the server: `http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self.server_port}"

    def start(self) -> None:
        """Serve in a thread of its own."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing about a client that is gone: many tests kill theirs."""


def main(bed: Emulator[Any]) -> None:
    """Serve in this process until its standard input ends, for `python -m YOUR_EMULATOR [PORT]`.

    Prints the endpoint first.
    """
    server = Server(bed, int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    server.start()
    sys.stdout.write(f"{server.endpoint}\n")
    sys.stdout.flush()
    sys.stdin.read()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server: Server

    def do_POST(self) -> None:
        """Answer a request of any method."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            if self.path.startswith(VERBS):
                self._reply(_call(self.server.bed, self.path.removeprefix(VERBS), body))
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

    do_GET = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing: `Emulator.log` has the requests."""

    def _reply(self, response: Response, sent: int | None = None) -> None:
        """Send the response, or at most `sent` bytes of its body."""
        body = response.content
        self.send_response(response.status)
        self.send_header("Content-Type", response.kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:sent])
        self.wfile.flush()

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def _call(bed: Emulator[Any], verb: str, body: bytes) -> Response:
    if verb not in bed.verbs:
        return Response(404, f"the emulator has no {verb}\n", "text/plain")
    try:
        result = getattr(bed, verb)(**json.loads(body or b"{}"))
    except (AttributeError, TypeError, ValueError) as error:
        return Response(400, f"{verb}: {error}\n", "text/plain")
    return Response(200, json.dumps(result, default=_text))


def _text(result: bytes) -> str:
    return base64.b64encode(result).decode()
