"""A cloud in one object, with an API of its own: a method, a path and a body.

It knows no client tokens; instead, a name is unique in its collection. Servers, disks and snapshots take a
few seconds, everything else is there at once. Lists come in pages, and say which zones did not answer.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from threading import Lock
from typing import Any

from .clock import ToyClock

Record = dict[str, Any]

ZONES = ("north-1", "north-2")
MACHINES = {"s1": (1, 2), "s2": (2, 4), "s4": (4, 8), "s8": (8, 16)}
IMAGES = ("debian-12-v1", "debian-12-v2", "ubuntu-24.04-v1")

REFERENCES: Mapping[str, tuple[str, ...]] = {
    "networks": (),
    "subnets": ("network",),
    "firewalls": ("network",),
    "rulesets": ("firewall",),
    "servers": ("subnet", "firewall"),
    "disks": (),
    "attachments": ("server", "disk"),
    "addresses": ("server",),
    "snapshots": ("disk",),
    "notes": (),
}
"""Collection → its fields that hold the id of another record."""

SECONDS = {"servers": 20.0, "disks": 4.0, "snapshots": 6.0}
"""How long creating takes; deleting a server takes as long as creating a disk."""

PAGE = 4
REQUESTS_MAX = 100
"""The most requests in one second."""


class ToyError(Exception):
    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason


class ToyCloud:
    def __init__(self) -> None:
        self.clock = ToyClock()
        self.lock = Lock()
        self.reset()

    def reset(self) -> None:
        self.records: dict[str, Record] = {}
        self.due: dict[str, tuple[float, str]] = {}
        """Id → when its next status comes; `GONE` removes it."""
        self.quotas: dict[str, int] = {}
        self.exhausted: set[str] = set()
        self.silent: set[str] = set()
        self.serial = 0
        self.second, self.requests = 0, 0

    def request(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        with self.lock:
            self._count()
            self.settle()
            collection, _, key = path.strip("/").partition("/")
            if path == "/project":
                return self._project()
            if collection not in REFERENCES:
                raise ToyError(400, "bad", f"there is no {path}")
            if method == "GET":
                return self._list(collection, **body)
            if method == "POST":
                return deepcopy(self._create(collection, deepcopy(dict(body))))
            record = self.records.get(key)
            if record is None or record["collection"] != collection:
                raise ToyError(404, "missing", f"there is no {path}")
            if record.get("zone") in self.silent:
                raise ToyError(503, "silent", f"{record['zone']} does not answer")
            if record["status"] not in ("READY", "ON", "OFF"):
                raise ToyError(409, "busy", f"{key} is {record['status']}")
            if method == "PATCH":
                self._patch(record, deepcopy(dict(body)))
            else:
                self._delete(record)
            return deepcopy(record)

    def settle(self) -> None:
        for key, (moment, status) in list(self.due.items()):
            if moment <= self.clock.now():
                del self.due[key]
                if status == "GONE":
                    del self.records[key]
                else:
                    self.records[key]["status"] = status

    def _count(self) -> None:
        second = int(self.clock.now())
        self.requests = self.requests + 1 if second == self.second else 1
        self.second = second
        if self.requests > REQUESTS_MAX:
            raise ToyError(429, "slow-down", f"more than {REQUESTS_MAX} requests in a second")

    def _project(self) -> Record:
        return {
            "project": "toys",
            "zones": list(ZONES),
            "machines": {name: {"cpus": cpus, "gib": gib} for name, (cpus, gib) in MACHINES.items()},
            "images": list(IMAGES),
            "quotas": [
                {"collection": collection, "limit": limit, "used": len(list(self._all(collection)))}
                for collection, limit in sorted(self.quotas.items())
            ],
        }

    def _all(self, collection: str) -> Iterator[Record]:
        return (record for record in self.records.values() if record["collection"] == collection)

    def _list(self, collection: str, label: str, page: str = "") -> Record:
        name, _, value = label.partition("=")
        hits = [
            record
            for key, record in sorted(self.records.items())
            if record["collection"] == collection
            and record["labels"].get(name) == value
            and key > page
            and record.get("zone") not in self.silent
        ]
        following = hits[PAGE - 1]["id"] if len(hits) > PAGE else ""
        return {"items": deepcopy(hits[:PAGE]), "next": following, "unreachable": sorted(self.silent)}

    def _create(self, collection: str, body: Record) -> Record:
        if any(body["name"] == other["name"] for other in self._all(collection)):
            raise ToyError(409, "exists", f"{body['name']} is taken")
        self._check_references(collection, body)
        if "server" in body:
            body["zone"] = self._zone_of(body["server"])
        if body.get("zone") in self.silent:
            raise ToyError(503, "silent", f"{body['zone']} does not answer")
        if len(list(self._all(collection))) >= self.quotas.get(collection, 1000):
            raise ToyError(403, "quota", f"no more {collection} for this project")
        if collection == "servers":
            self._check_server(body)
        self.serial += 1
        key = body["name"] if collection == "notes" else f"{collection}-{self.serial:06}"
        self.records[key] = record = {"labels": {}, **body, "id": key, "collection": collection}
        ready = record.get("power", "READY")
        record["status"] = ready
        if collection in SECONDS:
            self._take(record, "BUILDING", SECONDS[collection], ready)
        return record

    def _check_references(self, collection: str, body: Record) -> None:
        for field in REFERENCES[collection]:
            if body.get(field) and body[field] not in self.records:
                raise ToyError(404, "missing", f"there is no {field} {body[field]}")

    def _zone_of(self, server: str | None) -> str | None:
        """What hangs on a server lies where it lies."""
        return self.records[server]["zone"] if server else None

    def _check_server(self, body: Record) -> None:
        if body["zone"] in self.exhausted:
            raise ToyError(503, "sold-out", f"{body['zone']} has no machine left")
        if body["image"] not in IMAGES or body["machine"] not in MACHINES:
            raise ToyError(400, "bad", f"{body['image']} on {body['machine']} cannot be had")
        for other in self._all("servers"):
            if (other["subnet"], other["ip"]) == (body["subnet"], body["ip"]):
                raise ToyError(409, "exists", f"{body['ip']} is taken")

    def _take(self, record: Record, status: str, seconds: float, then: str) -> None:
        record["status"] = status
        self.due[record["id"]] = (self.clock.now() + seconds, then)

    def _patch(self, record: Record, body: Record) -> None:
        """Labels are merged, and one that is null is removed; other fields are replaced."""
        others = (other for other in self._all(record["collection"]) if other is not record)
        if "name" in body and any(body["name"] == other["name"] for other in others):
            raise ToyError(409, "exists", f"{body['name']} is taken")
        if "machine" in body and record["power"] == "ON":
            raise ToyError(409, "busy", f"{record['id']} is on")
        if "gib" in body and body["gib"] < record["gib"]:
            raise ToyError(400, "bad", "disks do not shrink")
        self._check_references(record["collection"], body)
        if "server" in body:
            body["zone"] = self._zone_of(body["server"])
        labels = {**record["labels"], **body.pop("labels", {})}
        if "power" in body and body["power"] != record["power"]:
            self._take(record, f"TURNING {body['power']}", 5.0, body["power"])
        record.update(body, labels={name: text for name, text in labels.items() if text is not None})

    def _delete(self, record: Record) -> None:
        for other in self.records.values():
            blocking = other["collection"] != "snapshots" and other["status"] != "GOING"
            if record["collection"] == "servers" and other["collection"] == "attachments":
                blocking = False
            fields = REFERENCES[other["collection"]]
            peers = [rule[3] for way in ("ingress", "egress") for rule in other.get(way, ())]
            if blocking and record["id"] in [*(other.get(field) for field in fields), *peers]:
                raise ToyError(409, "busy", f"{record['id']} is used by {other['id']}")
        if record["collection"] == "servers":
            for other in [o for o in self.records.values() if o.get("server") == record["id"]]:
                if other["collection"] == "attachments":
                    del self.records[other["id"]]
            self._take(record, "GOING", SECONDS["disks"], "GONE")
        else:
            record["status"] = "GONE"
            del self.records[record["id"]]
