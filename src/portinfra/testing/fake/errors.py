"""The one error that the simulator raises: what a real cloud would send back as a code and a message."""


class FakeError(Exception):
    """A request that the simulator refused, or whose answer got lost (`ConnectionLost`)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
