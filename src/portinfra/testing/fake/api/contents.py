"""What is written on volumes and kept in snapshots."""

import base64

from portinfra.testing.fake.store import MemoryStore

_TABLE = "contents"


def write(store: MemoryStore, id: str, data: bytes) -> None:
    """Overwrite the contents of a volume or snapshot."""
    store.put(_TABLE, id, {"data": base64.b64encode(data).decode()})


def read_contents(store: MemoryStore, id: str) -> bytes:
    """The contents; of what nobody wrote to, nothing."""
    row = store.get(_TABLE, id)
    return base64.b64decode(row["data"]) if row else b""


def copy(store: MemoryStore, source: str, target: str) -> None:
    """The contents of one as those of another."""
    row = store.get(_TABLE, source)
    if row:
        store.put(_TABLE, target, row)


def lose(store: MemoryStore, id: str) -> None:
    """Forget the contents."""
    store.drop(_TABLE, id)
