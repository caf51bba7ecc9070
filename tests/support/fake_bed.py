"""The simulator as a test bed: in memory, of any shape, its pages small so that there are several."""

import hashlib
import json
from contextlib import contextmanager

from attrs import evolve

from portinfra import Environment
from portinfra.testing.conformance import Bed
from portinfra.testing.fake import SHAPES, FakeCloud, plugin

KEPT = (
    "account",
    "cidr",
    "disk_gib",
    "gib",
    "image_id",
    "key",
    "machine_type",
    "power",
    "private_address",
    "public",
)
"""What two worlds that are the same agree in; ids, and what is made of them, differ."""

ACCOUNT, REGION = "111122223333", "us-east-1"


class FakeBed(Bed):
    """One shape of it, without limits of rate, which have tests of their own."""

    environment = Environment(
        "production",
        on=f"fake:{REGION}",
        account=ACCOUNT,
        cidr="10.10.0.0/16",
        zones=[f"{REGION}a", f"{REGION}b"],
    )

    elsewhere = evolve(environment, on="fake:us-west-2", zones=["us-west-2a", "us-west-2b"])
    key = "keys/recovery"
    chain_max = 2  # with zonal lists, a zone that does not answer is read once

    def __init__(self, shape, page_size=5, *, lag_varies=False):
        self.shape = evolve(SHAPES[shape], rates={}, page_size=page_size, lag_varies=lag_varies)
        self.stride = 5 if shape == "instant" else 1
        self.reset()

    def forked(self):
        """The copy has the whole world in its memory."""

    @property
    def clock(self):
        return self.cloud.clock

    def reset(self):
        self.cloud = plugin.cloud = FakeCloud(shape=self.shape)

    def ground_truth(self):
        self.clock.sleep_until(self.clock.now() + 4 * 3600)
        return sorted(
            f"{record['kind']} {record['name']} { ({name: record[name] for name in KEPT if name in record}) }"
            f"{self._digest_of_birth(record)}"
            for record in self.cloud.ground_truth()
        )

    def _digest_of_birth(self, record):
        """What a host read at its birth, which no client sees. A digest: it may be long."""
        if record["kind"] != "instance":
            return ""
        given = self._birth(record["name"])
        return f" {hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()}"

    def _birth(self, name):
        """Return the data that the newest host with this in its name was created with.

        The simulator keeps hosts that were deleted: a replaced one has the same name.
        """
        tables = self.cloud.store.tables()
        rows = [row for table in tables for row in self.cloud.store.rows(table).values() if "body" in row]
        named = [row for row in rows if name in row["body"].get("name", "") and "user_data" in row["body"]]
        body = max(named, key=lambda row: row["created"])["body"]
        return {key: body.get(key) for key in ("boot_script", "ssh_keys", "user_data")}

    @contextmanager
    def silence(self, zone):
        self.cloud.unreachable.add(zone)
        yield
        self.cloud.unreachable.discard(zone)

    def set_quota(self, kind, limit):
        self.cloud.set_quota(kind, limit)

    def exhaust(self, zone):
        for machine_type in plugin.sizes.values():
            self.cloud.set_capacity(zone, machine_type, 0)

    def fail_next_host(self):
        self.cloud.fail_next("instance")

    def fail_deletions(self, times):
        self.cloud.fail_later("DeleteNetwork", times=times)
        return "network"

    def fail_starts(self, times):
        self.cloud.fail_later("StartInstance", "AccessDenied", "the key keys/main is disabled", times)

    def disable_key(self, key):
        self.cloud.set_key(key, "disabled")

    def delete_key(self, key):
        self.cloud.set_key(key, "missing")

    def deny_action(self):
        self.cloud.deny("CreateVolume")
        return "CreateVolume"

    def user_data(self, host):
        given = self._birth(f"-{host}-")
        return "\n".join([given["user_data"], *given["ssh_keys"]])

    def print_console(self, host, text):
        self.cloud.print_console(self._one("instance", host)["id"], text)

    def write(self, volume, text):
        self.cloud.write(self._one("volume", f"{volume}-")["id"], text)

    def read(self, volume):
        return self.cloud.read(self._one("volume", f"{volume}-")["id"]).decode()

    def copy_owner(self):
        carrier = self.shape.owner["volume"]
        if carrier == "name":
            super().copy_owner()
        (data,) = [record for record in self.cloud.ground_truth() if "db1-data" in record["name"]]
        parameters = {"name": "a-copy", "zone": data["zone"], "gib": 2, "key": "", "snapshot": ""}
        self.cloud.request(ACCOUNT, REGION, "CreateVolume", {**parameters, carrier: data[carrier]})

    def place_foreign(self, kind):
        network, subnet = self._one("network"), self._one("subnet", "web-0")
        if kind == "subnet in our network":
            zone = {"zone": f"{REGION}a"} if self.shape.zonal_subnets else {}
            return self._make("Subnet", network=network["id"], cidr="10.10.240.0/24", public=False, **zone)
        firewall = self._one("firewall", "web")["id"]
        if kind != "instance with our firewall":
            firewall = self._make("Firewall", network=network["id"])
        if kind == "firewall on our host":
            host = {"id": self._one("instance", "web1")["id"], "firewall": firewall}
            self.cloud.request(ACCOUNT, REGION, "SetInstanceFirewall", host)
            self.clock.sleep_until(self.clock.now() + 60)
        if kind.startswith("firewall"):
            return firewall
        return self._make(
            "Instance",
            subnet=subnet["id"],
            firewall=firewall,
            zone=f"{REGION}a",
            private_address=subnet["cidr"].rpartition(".")[0] + ".77",
            machine_type="f1.small",
            image_id="debian-12-v3",
            disk_gib=20,
            key="",
            native={},
            ssh_keys=[],
            user_data="",
        )

    def _one(self, kind, name=""):
        every = (record for record in self.cloud.ground_truth() if record["kind"] == kind)
        return next(record for record in every if f"-{name}" in record["name"])

    def _make(self, noun, **given):
        name = f"their-{noun.lower()}"
        made = self.cloud.request(ACCOUNT, REGION, f"Create{noun}", {"name": name, **given})
        self.clock.sleep_until(self.clock.now() + 60)
        return made["record"]["id"]

    def make_foreign(self):
        cidr = {"cidr": "10.10.0.0/16"} if self.shape.network_cidr else {}
        for action, parameters in (
            ("CreateNetwork", {"name": "theirs", **cidr}),
            (
                "CreateVolume",
                {"name": "sample-data", "zone": f"{REGION}a", "gib": 1, "key": "", "snapshot": ""},
            ),
        ):
            self.cloud.request(ACCOUNT, REGION, action, parameters)
