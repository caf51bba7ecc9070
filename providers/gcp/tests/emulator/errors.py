"""What Compute Engine says when it refuses, and the marks of what the bed itself cannot do."""

from typing import Any


class GceError(Exception):
    """A refusal, in the words of Compute Engine: an HTTP status, a reason such as `notFound`, a message."""

    def __init__(self, status: int, reason: str, message: str, **more: Any) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message
        self.more = more
        """Further members of the error's first entry: `location`, `locationType`."""

    @property
    def body(self) -> dict[str, Any]:
        """The answer: https://cloud.google.com/compute/docs/api/how-tos/api-requests-responses ("Errors")."""
        entry = {
            "message": self.message,
            "domain": _DOMAINS.get(self.reason, "global"),
            "reason": self.reason,
        }
        error: dict[str, Any] = {"code": self.status, "message": self.message, "errors": [entry | self.more]}
        if self.reason in _STATUSES:
            error["status"] = _STATUSES[self.reason]
        return {"error": error}


_DOMAINS = {"rateLimitExceeded": "usageLimits", "quotaExceeded": "usageLimits"}
_STATUSES = {
    "authError": "UNAUTHENTICATED",
    "backendError": "UNAVAILABLE",
    "badRequest": "INVALID_ARGUMENT",
    "forbidden": "PERMISSION_DENIED",
    "rateLimitExceeded": "PERMISSION_DENIED",
}


def invalid(field: str, value: Any, why: str) -> GceError:
    """A value that is refused: `field` is where, as in `resource.networkInterfaces[0].network`."""
    shown = value if isinstance(value, str) else "" if isinstance(value, dict | list) else str(value)
    return GceError(400, "invalid", f"Invalid value for field '{field}': '{shown}'. {why}")


def required(field: str) -> GceError:
    """A value that is missing."""
    return GceError(400, "required", f"Required field '{field}' not specified")


def not_found(path: str) -> GceError:
    """`path` is that of a link: `projects/p/global/networks/n`."""
    return GceError(404, "notFound", f"The resource '{path}' was not found")


def already_exists(path: str) -> GceError:
    """The name is taken."""
    return GceError(409, "alreadyExists", f"The resource '{path}' already exists")


def not_ready(path: str) -> GceError:
    """It is being made or deleted.

    https://cloud.google.com/compute/docs/troubleshooting/troubleshooting-vm-creation ("Resource not ready").
    """
    return GceError(400, "resourceNotReady", f"The resource '{path}' is not ready")


def in_use(noun: str, path: str, user: str) -> GceError:
    """It cannot go, or be given away, while something else uses it."""
    message = f"The {noun} resource '{path}' is already being used by '{user}'"
    return GceError(400, "resourceInUseByAnotherResource", message)


def changed(message: str) -> GceError:
    """A fingerprint that is not that of what is there now."""
    return GceError(412, "conditionNotMet", message, location="If-Match", locationType="header")
