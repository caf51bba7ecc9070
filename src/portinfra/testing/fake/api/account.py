"""The permissions of an account's credentials: every action that no test has denied."""

from portinfra.testing.fake.account_records import Answer, Book, Given
from portinfra.testing.fake.errors import FakeError


def read_permissions(book: Book, given: Given) -> Answer:
    """Return which of `actions` are denied."""
    denied = book.settings("denied")
    return {"denied": [action for action in given["actions"] if denied.get(action)]}


def check_allowed(book: Book, action: str) -> None:
    """Raise FakeError for an action that is denied."""
    if book.settings("denied").get(action):
        raise FakeError("AccessDenied", f"account {book.account} may not call {action}")
