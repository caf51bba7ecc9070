"""The applications of hosts: small servers that answer with the name of their host."""

import selectors
import socket
import threading


class Applications:
    """Small servers in one thread. A request by HTTP gets 200, and any other line the name of the host.

    A connection stays open until its client closes it, or until the application ends.
    """

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._sockets: dict[str, set[socket.socket]] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def start(self, name: str, port: int) -> None:
        """Listen on a port of 127.0.0.1, in the namespace of the calling thread. A host may have several."""
        listening = socket.create_server(("127.0.0.1", port), backlog=128)
        with self._lock:
            self._sockets.setdefault(name, set())
            self._watch(listening, name)

    def kill(self, name: str) -> None:
        """Close the ports of a host's applications and their connections at once."""
        with self._lock:
            for each in list(self._sockets[name]):
                self._forget(each, name)
            del self._sockets[name]

    def close(self) -> None:
        """Close all ports."""
        self._closed = True
        self._thread.join()
        for name in list(self._sockets):
            self.kill(name)
        self._selector.close()

    def _watch(self, each: socket.socket, name: str) -> None:
        each.setblocking(False)
        self._sockets[name].add(each)
        self._selector.register(each, selectors.EVENT_READ, name)

    def _forget(self, each: socket.socket, name: str) -> None:
        self._sockets[name].discard(each)
        self._selector.unregister(each)
        each.close()

    def _serve(self) -> None:
        while not self._closed:
            ready = self._selector.select(0.05)
            with self._lock:
                for key, _ in ready:
                    if key.fileobj in self._sockets.get(key.data, ()):
                        self._serve_one(key.fileobj, key.data)  # type: ignore[arg-type]

    def _serve_one(self, ready: socket.socket, name: str) -> None:
        try:
            if ready.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                self._watch(ready.accept()[0], name)
            elif not _answer(ready, name):
                self._forget(ready, name)
        except BlockingIOError:
            return
        except OSError:
            self._forget(ready, name)


def _answer(connection: socket.socket, name: str) -> bool:
    """Answer a request. Return whether the connection stays open."""
    request = connection.recv(4096)
    if request.startswith(b"GET "):
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
        return False
    if request:
        connection.sendall(f"{name}\n".encode())
    return bool(request)
