"""The serial consoles of instances: the newest text that each has printed."""

import base64
from collections.abc import Iterable

from portinfra.model.receipts import CheckAnswer, Receipt, find_summary, write_receipt
from portinfra.testing.fake.account_records import Answer, Book, Given
from portinfra.testing.fake.api import contents
from portinfra.testing.fake.store import MemoryStore, Record
from portinfra.testing.fake.time_line import state_at

KEPT_BYTES = 65_536

_TABLE = "console"


def print_on(store: MemoryStore, instance: str, text: str) -> None:
    """Print a text on the console of an instance."""
    printed = _read(store, instance) + text.encode()
    store.put(_TABLE, instance, {"printed": base64.b64encode(printed[-KEPT_BYTES:]).decode()})


def read_console(book: Book, given: Given) -> Answer:
    """Return the text on the console of the instance `id`."""
    instance = book.get("instance", given["id"])
    return {
        "text": _read(book.store, instance["body"]["id"]).decode(errors="replace") + _receipt(book, instance)
    }


def _receipt(book: Book, instance: Record) -> str:
    """Return the receipt of a prober. No user data runs here: a check passes if its volumes are not blank."""
    summary = find_summary(instance["body"]["user_data"])
    if summary is None or state_at(instance, book.now) != "running":
        return ""
    return write_receipt(Receipt(1, tuple(_answer(book, volumes) for volumes in summary.reads)), summary.word)


def _answer(book: Book, volumes: Iterable[str]) -> CheckAnswer:
    blank = [volume for volume in volumes if not contents.read_contents(book.store, volume)]
    finding = f"{blank[0]} is blank" if blank else "no volume that it reads is blank"
    return CheckAnswer(not blank, 1, f"SIMULATED: nothing ran, and {finding}".encode())


def _read(store: MemoryStore, instance: str) -> bytes:
    row = store.get(_TABLE, instance)
    return base64.b64decode(row["printed"]) if row else b""
