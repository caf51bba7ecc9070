"""Snapshots: the contents of a volume at the moment of the request."""

from portinfra.testing.fake.api import contents
from portinfra.testing.fake.api.admission import admitted, repeated
from portinfra.testing.fake.book import Answer, Book, Given
from portinfra.testing.fake.errors import FakeError
from portinfra.testing.fake.life import state_at


def create_snapshot(book: Book, given: Given) -> Answer:
    """`name`, the owner, `volume`. Complete a while later."""
    if answer := repeated(book, "snapshot", given):
        return answer
    volume = book.get("volume", given["volume"])
    if state_at(volume, book.now) != "available":
        raise FakeError("IncorrectState", f"volume {given['volume']} is not ready")
    body = admitted(book, "snapshot", given)
    body |= {"volume": given["volume"], "gib": volume["body"]["gib"], "key": volume["body"]["key"]}
    answer = book.add("snapshot", body)
    contents.copy(book.store, given["volume"], answer["record"]["id"])
    return answer


def delete_snapshot(book: Book, given: Given) -> Answer:
    """`id`."""
    snapshot = book.get("snapshot", given["id"])
    contents.lose(book.store, given["id"])
    return book.remove(snapshot)
