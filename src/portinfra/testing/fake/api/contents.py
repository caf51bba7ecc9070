"""The contents of volumes and snapshots."""

import base64

from portinfra.testing.fake.store import MemoryStore

_TABLE = "contents"


def write(store: MemoryStore, id: str, data: bytes) -> None:
    """Overwrite the contents of a volume or snapshot."""
    store.put(_TABLE, id, {"data": base64.b64encode(data).decode()})


def read_contents(store: MemoryStore, id: str) -> bytes:
    """Return the contents; empty if nothing was written."""
    row = store.get(_TABLE, id)
    return base64.b64decode(row["data"]) if row else b""


def copy(store: MemoryStore, source: str, target: str) -> None:
    """Copy the contents of one volume or snapshot to another."""
    row = store.get(_TABLE, source)
    if row:
        store.put(_TABLE, target, row)


def lose(store: MemoryStore, id: str) -> None:
    """Delete the contents."""
    store.drop(_TABLE, id)
