"""Who a resource says it belongs to, written again."""

from portinfra.testing.fake.api.admission import owner
from portinfra.testing.fake.book import Answer, Book, Given
from portinfra.testing.fake.errors import FakeError


def set_owner(book: Book, given: Given) -> Answer:
    """`kind`, `id`, `name` and the whole of the tags, labels, description or metadata."""
    kind = given["kind"]
    record = book.get(kind, given["id"])
    if kind in book.shape.fixed_owner or book.shape.owner[kind] == "name":
        raise FakeError("InvalidRequest", f"what a {kind} is called is said when it is made, and never again")
    if kind in book.shape.unique_names:
        for other in book.find(kind, "name", given["name"]):
            if other is not record:
                raise FakeError("AlreadyExists", f"{other['body']['id']} is a {kind} of that name")
    return book.change(record, name=given["name"], **owner(book, kind, given))
