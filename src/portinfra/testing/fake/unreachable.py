"""The zones that do not answer."""

from collections.abc import Iterator, MutableSet
from typing import Any

from portinfra.testing.fake.store import MemoryStore


class Unreachable(MutableSet[str]):
    """A set of zone names that is kept in the store."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def __contains__(self, zone: object) -> bool:
        return zone in self._zones()

    def __iter__(self) -> Iterator[str]:
        return iter(self._zones())

    def __len__(self) -> int:
        return len(self._zones())

    def add(self, value: str) -> None:
        """Cut a zone off."""
        with self._store.transaction():
            self._store.put("settings", "unreachable", {**self._zones(), value: True})

    def discard(self, value: str) -> None:
        """Let a zone answer again."""
        with self._store.transaction():
            zones = {zone: True for zone in self._zones() if zone != value}
            self._store.put("settings", "unreachable", zones)

    def _zones(self) -> dict[str, Any]:
        with self._store.transaction():
            return dict(self._store.get("settings", "unreachable") or {})
