"""What comes over the wire and goes back, and how it may break."""

from collections.abc import Mapping
from typing import Any

from attrs import evolve, field, frozen


@frozen
class Request:
    """What came over the wire."""

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
    """What is asked for, in the cloud's own word; faults are set and requests are counted by it."""
    parameters: dict[str, Any] = field(factory=dict)


@frozen
class Response:
    """What goes back."""

    status: int
    body: str | bytes
    kind: str = "application/json"
    """The content type."""
    headers: Mapping[str, str] = field(factory=dict)
    """All others but the content's type and length."""

    @property
    def content(self) -> bytes:
        """The body, as it is sent."""
        return self.body if isinstance(self.body, bytes) else self.body.encode()

    def damage(self) -> "Response":
        """Return it with a bit of its first byte changed; a response in text is returned as it is."""
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
    """The client is to be killed here."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"kill {pid}")
        self.pid = pid


class Unserved(Exception):
    """The cloud would serve this, and its emulator does not: a gap of the emulator, no fault of a client."""
