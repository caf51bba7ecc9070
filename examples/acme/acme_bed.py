"""The bed of the conformance suite: the imaginary cloud, and what it can do."""

import contextlib

from portinfra_acme.cloud import CLOUD, USES

from portinfra import Environment
from portinfra.testing.conformance import Bed

VARYING = ("id", "token", "birth", "labels", "ready_at", "status")


class AcmeBed(Bed):
    environment = Environment(
        "production",
        on="acme:somewhere",
        account="123",
        cidr="10.10.0.0/16",
        zones=["zone-a", "zone-b"],
    )
    clock = CLOUD  # virtual time

    def reset(self):  # begin with an empty world
        CLOUD.reset()

    def ground_truth(self):
        """Return all that exists, from the cloud's own memory: no ids, times or attempts."""
        lines = [f"claim {name}" for name in CLOUD.notes]
        for kind, records in CLOUD.records.items():
            lines += [self._line(kind, record) for record in records.values()]
        return sorted(lines)

    def _line(self, kind, record):
        names = {id: r.get("name", id) for rs in CLOUD.records.values() for id, r in rs.items()}
        fields = {key: value for key, value in record.items() if key not in VARYING}
        fields |= {key: names.get(record[key], "") for key in USES if key in record}
        for side in {"ingress", "egress"} & fields.keys():
            fields[side] = sorted((*rule[:3], names.get(rule[3], rule[3])) for rule in record[side])
        return f"{kind.lower()} {sorted(fields.items())}"

    def forked(self):
        """The world is in this process: a copy of the process has a copy of it."""

    @contextlib.contextmanager
    def silence(self, zone):
        CLOUD.silent.add(zone)
        yield
        CLOUD.silent.remove(zone)

    def exhaust(self, zone):
        CLOUD.exhausted.add(zone)

    def fail_next_host(self):
        CLOUD.failing += 1

    def set_quota(self, kind, limit):
        CLOUD.quotas[kind.title()] = limit

    def user_data(self, host):
        hosts = CLOUD.records["Instance"].values()
        (record,) = [r for r in hosts if r["labels"]["address"] == f"instance.{host}"]
        return "\n".join([record["user_data"], *record["ssh_keys"]])

    def make_foreign(self):
        for kind in ("Network", "Volume", "Snapshot"):
            CLOUD.do_Create(kind, f"foreign {kind}", name="theirs", tags={}, zone="zone-a")

    def copy_owner(self):
        volumes = CLOUD.records["Volume"].values()
        (ours,) = [r for r in volumes if r["labels"]["address"] == "volume.db1-data"]
        CLOUD.do_Create("Volume", **{**ours, "token": "a copy", "name": "a-copy"})
