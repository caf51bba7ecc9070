"""Snapshots: the contents of a volume at one moment.

That is the moment of the request, or a while later (`Shape.capture_seconds`).
"""

from collections.abc import Iterable

from portinfra.testing.fake.account_records import Answer, Book, Given
from portinfra.testing.fake.api import contents
from portinfra.testing.fake.api.admission import admit, repeat_answer
from portinfra.testing.fake.api.keys import check_key
from portinfra.testing.fake.errors import FakeError
from portinfra.testing.fake.store import MemoryStore, Record
from portinfra.testing.fake.time_line import is_captured, state_at

DAY = 86_400


def create_snapshot(book: Book, given: Given) -> Answer:
    """Create a snapshot of `volume` with `name` and the owner. It is complete a while later."""
    if answer := repeat_answer(book, "snapshot", given):
        return answer
    volume = book.get("volume", given["volume"])
    if state_at(volume, book.now) != "available":
        raise FakeError("IncorrectState", f"volume {given['volume']} is not ready")
    body = admit(book, "snapshot", given)
    fields = {"gib": volume["body"]["gib"], "key": volume["body"]["key"], "source": "", "shared_with": ""}
    fields |= {"volume": given["volume"], "captured_at": book.now + book.shape.capture_seconds}
    answer = book.add("snapshot", {**body, **fields})
    contents.copy(book.store, given["volume"], answer["record"]["id"])
    return answer


def write_through(store: MemoryStore, snapshots: Iterable[Record], volume: str) -> None:
    """Copy the contents of a volume to those of its snapshots that are not captured yet."""
    for snapshot in snapshots:
        body = snapshot["body"]
        if body["volume"] == volume and not is_captured(body, store.now):
            contents.copy(store, volume, body["id"])


def copy_snapshot(book: Book, given: Given) -> Answer:
    """Copy the snapshot `source` (`us-east-1/snap-00000001`) under `key`, with `name` and the owner.

    The copy is complete a while later.
    """
    if answer := repeat_answer(book, "snapshot", given):
        return answer
    region, _, id = given["source"].rpartition("/")
    source = book.elsewhere(region, "snapshot", id)
    if state_at(source, book.now) != "available":
        raise FakeError("IncorrectState", f"snapshot {given['source']} is not complete")
    body = admit(book, "snapshot", given)
    check_key(book, given["key"])
    fields = {"gib": source["body"]["gib"], "key": given["key"], "source": given["source"], "shared_with": ""}
    answer = book.add("snapshot", {**body, **fields, "volume": ""})
    contents.copy(book.store, id, answer["record"]["id"])
    return answer


def share_snapshot(book: Book, given: Given) -> Answer:
    """Let `account` copy the snapshot `id`; empty: no account.

    A snapshot under the cloud's own key cannot be shared: no other account can decrypt it.
    """
    snapshot = book.get("snapshot", given["id"])
    if given["account"] and not snapshot["body"]["key"]:
        raise FakeError(
            "InvalidRequest", f"{given['id']} is under the cloud's own key: no other account opens it"
        )
    return book.change(snapshot, shared_with=given["account"])


def lock_snapshot(book: Book, given: Given) -> Answer:
    """Lock the snapshot `id` for `days` from now, in which no call can delete it."""
    snapshot = book.get("snapshot", given["id"])
    return book.change(snapshot, locked_until=book.now + given["days"] * DAY)


def list_locks(book: Book, given: Given) -> Answer:
    """Return every locked snapshot on one page: id → the end of its lock."""
    locks = {row["body"]["id"]: row["body"].get("locked_until", 0.0) for row in book.existing("snapshot")}
    return {"locks": {id: until for id, until in locks.items() if until > book.now}}


def delete_snapshot(book: Book, given: Given) -> Answer:
    """Delete the snapshot `id`. Refused while it is locked."""
    snapshot = book.get("snapshot", given["id"])
    if book.now < snapshot["body"].get("locked_until", 0.0):
        raise FakeError("SnapshotLocked", f"{given['id']} is locked")
    contents.lose(book.store, given["id"])
    return book.remove(snapshot)
