"""The toy cloud as the conformance suite's bed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any

from portinfra import Environment
from portinfra.testing.conformance import Bed

from .cloud import REFERENCES, ToyCloud
from .provider import KIND_OF

COLLECTION_OF = {kind: collection for collection, kind in KIND_OF.items()}
UNTOLD = {"id", "collection", "status"}


class ToyBed(Bed):
    environment = Environment(
        "production", on="toy:somewhere", account="toys", cidr="10.10.0.0/16", zones=["north-1", "north-2"]
    )

    stride = 3  # each takes three times as long and finds the same

    def __init__(self, cloud: ToyCloud) -> None:
        self.cloud = cloud
        self.clock = cloud.clock

    def reset(self) -> None:
        self.cloud.reset()

    def forked(self) -> None:
        self.cloud.lock = Lock()

    def ground_truth(self) -> Sequence[str]:
        self.cloud.settle()
        return sorted(
            self._line(record) for record in self.cloud.records.values() if record["status"] != "GOING"
        )

    def _line(self, record: dict[str, Any]) -> str:
        if record["collection"] == "notes":
            return "claim"
        told = {name: record[name] for name in sorted(record) if name not in UNTOLD}
        told["labels"] = {
            name: text for name, text in record["labels"].items() if name not in ("attempt", "birth")
        }
        return f"{KIND_OF[record['collection']]} {self._named(told)}"

    def _named(self, value: Any) -> Any:
        """The same, with names in the place of ids."""
        if isinstance(value, dict):
            return {name: self._named(inner) for name, inner in sorted(value.items())}
        if isinstance(value, list):
            return [self._named(inner) for inner in value]
        return self.cloud.records[value]["name"] if value in self.cloud.records else value

    @contextmanager
    def silence(self, zone: str) -> Iterator[None]:
        self.cloud.silent.add(zone)
        try:
            yield
        finally:
            self.cloud.silent.remove(zone)

    def set_quota(self, kind: str, limit: int) -> None:
        self.cloud.quotas[COLLECTION_OF[kind]] = limit

    def exhaust(self, zone: str) -> None:
        self.cloud.exhausted.add(zone)

    def copy_owner(self) -> None:
        [original] = [
            record
            for record in self.cloud.records.values()
            if record["labels"].get("address") == "volume.db1-data"
        ]
        copied = {name: original[name] for name in ("labels", "gib", "zone")}
        self.cloud.request("POST", "/disks", {**copied, "name": "a-copy"})

    def make_foreign(self) -> None:
        for collection, references in REFERENCES.items():
            if not references:
                body = {"name": "crm", "labels": {"app": "crm"}, "cidr": "10.10.0.0/16"}
                self.cloud.request("POST", f"/{collection}", {**body, "gib": 1, "zone": "north-1"})
