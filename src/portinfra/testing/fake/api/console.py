"""The serial consoles of instances: the newest that each has printed."""

import base64

from portinfra.testing.fake.book import Answer, Book, Given
from portinfra.testing.fake.store import MemoryStore

KEPT_BYTES = 65_536

_TABLE = "console"


def print_on(store: MemoryStore, instance: str, text: str) -> None:
    """Let an instance print."""
    printed = _read(store, instance) + text.encode()
    store.put(_TABLE, instance, {"printed": base64.b64encode(printed[-KEPT_BYTES:]).decode()})


def read_console(book: Book, given: Given) -> Answer:
    """`id` of an instance."""
    instance = book.get("instance", given["id"])
    return {"text": _read(book.store, instance["body"]["id"]).decode(errors="replace")}


def _read(store: MemoryStore, instance: str) -> bytes:
    row = store.get(_TABLE, instance)
    return base64.b64decode(row["printed"]) if row else b""
