"""Records whose name is unique in account and region, with a text in them: what a claim is kept in."""

from portinfra.testing.fake.account_records import Answer, Book, Given
from portinfra.testing.fake.api.admission import check_quota
from portinfra.testing.fake.errors import FakeError
from portinfra.testing.fake.store import Record


def create_claim(book: Book, given: Given) -> Answer:
    """`name`, `value`. Of two that take the same name, the second gets `AlreadyExists`."""
    for _ in book.find("claim", "name", given["name"]):
        raise FakeError("AlreadyExists", f"{given['name']} is there")
    check_quota(book, "claim")
    return book.add("claim", {"name": given["name"], "value": given["value"]})


def write_claim(book: Book, given: Given) -> Answer:
    """`name`, `value`: overwrite what is there."""
    return book.change(_find_by_name(book, given["name"]), value=given["value"])


def delete_claim(book: Book, given: Given) -> Answer:
    """`name`."""
    return book.remove(_find_by_name(book, given["name"]))


def _find_by_name(book: Book, name: str) -> Record:
    for record in book.find("claim", "name", name):
        return record
    raise FakeError("NotFound", f"{name} is not there")
