"""Requests and responses on the wire, and the errors that break them."""

from collections.abc import Mapping
from typing import Any

from attrs import evolve, field

from portinfra.value import frozen


@frozen
class Request:
    """A request as it was sent."""

    method: str
    url: str
    """Path and query, as they were sent."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@frozen
class Asked:
    """A request as the emulator understands it."""

    action: str
    """The name of the request in the cloud's API. Faults and counts use it."""
    parameters: dict[str, Any] = field(factory=dict)


@frozen
class Response:
    """A response to a request."""

    status: int
    body: str | bytes
    kind: str = "application/json"
    """The content type."""
    headers: Mapping[str, str] = field(factory=dict)
    """All headers except the content's type and length."""

    @property
    def content(self) -> bytes:
        """The body, as it is sent."""
        return self.body if isinstance(self.body, bytes) else self.body.encode()

    def damage(self) -> "Response":
        """Return the response with one bit of its first byte changed. A response in text stays the same."""
        if not isinstance(self.body, bytes) or not self.body:
            return self
        return evolve(self, body=bytes([self.body[0] ^ 1]) + self.body[1:])


class Dropped(Exception):
    """The connection breaks before an answer."""


class CutShort(Exception):
    """The connection breaks in the middle of the answer."""

    def __init__(self, response: Response) -> None:
        super().__init__("cut short")
        self.response = response


class Killed(Exception):
    """The client must be killed here."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"kill {pid}")
        self.pid = pid


class Unserved(Exception):
    """A request that the cloud serves and its emulator does not: a gap of the emulator."""
