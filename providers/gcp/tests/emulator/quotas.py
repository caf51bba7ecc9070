"""Allocation quotas of a project, some for each region.

https://cloud.google.com/compute/resource-usage: a request that would exceed one is refused with 403
quotaExceeded, or its operation fails with QUOTA_EXCEEDED.
"""

from collections.abc import Callable, Mapping
from typing import Any

from emulator.call import Call
from emulator.errors import GceError
from emulator.geography import machine_types
from emulator.links import name_of, region_of
from emulator.project import Project, Resource

Count = Callable[[Resource], float]


def _one(_: Resource) -> float:
    return 1.0


def _cpus(instance: Resource) -> float:
    if instance.body["status"] in ("TERMINATED", "SUSPENDED") or instance.state == "doomed":
        return 0.0
    return float(machine_types()[name_of(instance.body["machineType"])][0])


def _cpus_of(*families: str) -> Count:
    """ "E2 and N1 share a quota; other families have quotas of their own": CPU quota."""

    def count(instance: Resource) -> float:
        return _cpus(instance) if name_of(instance.body["machineType"]).partition("-")[0] in families else 0.0

    return count


def _disk_gb(*types: str) -> Count:
    def count(disk: Resource) -> float:
        return float(disk.body["sizeGb"]) if name_of(disk.body["type"]) in types else 0.0

    return count


def _static(address: Resource) -> float:
    return 1.0 if address.body["addressType"] == "EXTERNAL" else 0.0


def _external(instance: Resource) -> float:
    return float(sum(len(nic.get("accessConfigs", ())) for nic in instance.body["networkInterfaces"]))


_SSD = _disk_gb("pd-ssd", "pd-balanced")

REGIONAL: Mapping[str, tuple[str, Count, float]] = {
    "CPUS": ("instances", _cpus_of("e2", "n1"), 3000),
    "N2_CPUS": ("instances", _cpus_of("n2"), 3000),
    "N2D_CPUS": ("instances", _cpus_of("n2d"), 3000),
    "C3_CPUS": ("instances", _cpus_of("c3"), 3000),
    "T2D_CPUS": ("instances", _cpus_of("t2d"), 3000),
    "INSTANCES": ("instances", _one, 6000),
    "DISKS_TOTAL_GB": ("disks", _disk_gb("pd-standard"), 102400),
    "SSD_TOTAL_GB": ("disks", _SSD, 102400),
    "STATIC_ADDRESSES": ("addresses", _static, 700),
    "IN_USE_ADDRESSES": ("instances", _external, 2300),
}
"""Metric → what it counts, how, and the limit that is usual."""

GLOBAL: Mapping[str, tuple[str, Count, float]] = {
    "NETWORKS": ("networks", _one, 50),
    "SUBNETWORKS": ("subnetworks", _one, 1000),
    "FIREWALLS": ("firewalls", _one, 1000),
    "ROUTES": ("routes", _one, 1000),
    "SNAPSHOTS": ("snapshots", _one, 10000),
    "HEALTH_CHECKS": ("healthChecks", _one, 500),
    "CPUS_ALL_REGIONS": ("instances", _cpus, 30000),
}


def used(there: Project, metric: str, region: str = "") -> float:
    """How much of a quota is used."""
    collection, count, _ = (REGIONAL if region else GLOBAL)[metric]
    return sum(count(each) for each in there.all(collection) if not region or region_of(each.scope) == region)


def told(there: Project, region: str = "") -> list[dict[str, Any]]:
    """What regions.get or, with no region, projects.get tells."""
    return [
        {
            "metric": metric,
            "limit": float(there.settings.quotas.get(metric, usual)),
            "usage": float(used(there, metric, region)),
        }
        for metric, (_, _, usual) in (REGIONAL if region else GLOBAL).items()
    ]


def exceeded(call: Call, made: Resource) -> GceError | None:
    """What is said where that which was just noted is too much. Limits that are not set are not looked at."""
    there = call.project
    region = region_of(call.scope)
    for regional, metrics in ((True, REGIONAL), (False, GLOBAL)):
        for metric, (collection, _, _) in metrics.items():
            limit = there.settings.quotas.get(metric)
            if limit is None or collection != made.kind.collection or (regional and not region):
                continue
            if used(there, metric, region if regional else "") > limit:
                where = f" in region {region}" if regional else " globally"
                message = f"Quota '{metric}' exceeded.  Limit: {float(limit)}{where}."
                return GceError(403, "quotaExceeded", message)
    return None
