"""Encryption keys. Every name is a usable key, unless a test has set another state."""

from portinfra.testing.fake.account_records import Answer, Book, Given
from portinfra.testing.fake.errors import FakeError

ENABLED, MISSING = "enabled", "missing"


def describe_key(book: Book, given: Given) -> Answer:
    """Return the state of the key named `key`."""
    state = _state(book, given["key"])
    if state == MISSING:
        raise FakeError("NotFound", f"there is no key {given['key']}")
    return {"key": given["key"], "state": state}


def check_key(book: Book, key: str | None) -> None:
    """Raise FakeError for an unusable key."""
    if key and (state := _state(book, key)) != ENABLED:
        raise FakeError("AccessDenied", f"the key {key} is {state}")


def _state(book: Book, key: str) -> str:
    return str(book.settings("keys").get(key, ENABLED))
