"""What comes over the wire and goes back, and how it may break."""

from collections.abc import Mapping

from attrs import field, frozen


@frozen
class Request:
    """What came over the wire."""

    method: str
    url: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@frozen
class Response:
    """What goes back."""

    status: int
    body: str | bytes
    kind: str = "text/xml;charset=UTF-8"
    headers: Mapping[str, str] = field(factory=dict)
    """Besides its kind and its length."""

    @property
    def content(self) -> bytes:
        """The body, as it is sent."""
        return self.body if isinstance(self.body, bytes) else self.body.encode()


class Dropped(Exception):
    """The connection breaks here."""


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
