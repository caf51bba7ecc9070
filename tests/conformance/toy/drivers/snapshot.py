from portinfra.model.resources import Snapshot

from .common import ToyDriver


class SnapshotDriver(ToyDriver[Snapshot]):
    spec = Snapshot
    collection = "snapshots"
    fields = (("volume", "disk"),)
    replaces = frozenset({"volume"})
    cannot_show = frozenset({"size_gib"})
