"""Applications of hosts: small servers that answer with the name of their host."""

import selectors
import socket
import threading


class Applications:
    """Small servers in one thread: HTTP gets 200, and any other request gets the name of the host."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._listening: dict[str, socket.socket] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def start(self, name: str, port: int) -> None:
        """Listen on a port of 127.0.0.1, in the namespace of the calling thread."""
        listening = socket.create_server(("127.0.0.1", port), backlog=128)
        listening.setblocking(False)
        with self._lock:
            self._listening[name] = listening
            self._selector.register(listening, selectors.EVENT_READ, name)

    def kill(self, name: str) -> None:
        """Close the port of a host's application at once."""
        with self._lock:
            listening = self._listening.pop(name)
            self._selector.unregister(listening)
            listening.close()

    def close(self) -> None:
        """Close all ports."""
        self._closed = True
        self._thread.join()
        for listening in self._listening.values():
            listening.close()
        self._selector.close()

    def _serve(self) -> None:
        while not self._closed:
            for key, _ in self._selector.select(0.05):
                with self._lock:
                    listening = self._listening.get(key.data)
                    if listening is key.fileobj:
                        self._accept(listening, key.data)

    def _accept(self, listening: socket.socket, name: str) -> None:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection:
            connection.settimeout(1)
            try:
                is_http = connection.recv(4096).startswith(b"GET ")
                connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" if is_http else f"{name}\n".encode())
            except OSError:
                return
