"""Records with a text, whose name is unique in account and region: the storage of leases and ledgers."""

from portinfra.testing.fake.account_records import Answer, Book, Given
from portinfra.testing.fake.api.admission import check_quota
from portinfra.testing.fake.errors import FakeError
from portinfra.testing.fake.store import Record


def create_claim(book: Book, given: Given) -> Answer:
    """Create a record `name` with a text `value`. If the name exists, it raises FakeError `AlreadyExists`."""
    for _ in book.find("claim", "name", given["name"]):
        raise FakeError("AlreadyExists", f"{given['name']} exists")
    check_quota(book, "claim")
    return book.add("claim", {"name": given["name"], "value": given["value"]})


def write_claim(book: Book, given: Given) -> Answer:
    """Overwrite the text of the record `name` with `value`."""
    return book.change(_find_by_name(book, given["name"]), value=given["value"])


def delete_claim(book: Book, given: Given) -> Answer:
    """Delete the record `name`."""
    return book.remove(_find_by_name(book, given["name"]))


def _find_by_name(book: Book, name: str) -> Record:
    for record in book.find("claim", "name", name):
        return record
    raise FakeError("NotFound", f"{name} does not exist")
