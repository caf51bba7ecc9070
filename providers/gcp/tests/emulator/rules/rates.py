"""Rate quotas: so many requests of a group a minute, for each project and, mostly, region.

"Google enforces rate quotas at a per-minute (60 seconds) interval for each group […] the quota should be
refilled at the start of the next interval […] a 403 error with the reason rateLimitExceeded".
https://cloud.google.com/compute/docs/api-rate-limits; the simplified quotas of that page.
"""

from collections.abc import Mapping

from emulator.call import Call
from emulator.errors import GceError
from emulator.links import region_of

RATES: Mapping[str, int] = {
    "global_reads": 1500,
    "global_writes": 1500,
    "global_resource_write_requests": 1500,
    "heavy_weight_read_requests": 750,
    "project_set_common_instance_metadata_requests": 36,
    "operation_read_requests": 1500,
    "reads_per_region": 1500,
    "writes_per_region": 1500,
    "global_resource_write_requests_per_region": 1500,
    "heavy_weight_read_requests_per_region": 750,
    "operation_read_requests_per_region": 1500,
}
"""Metric → requests a minute. The page has no numbers any more: 1,500 is what
it had for its groups, 750 for the heavy ones is the bed's own. What the page of quota metrics adds, that one
request may cost several, is left out: https://cloud.google.com/compute/docs/api/compute-api-quota-metrics.
"""


def group(call: Call) -> tuple[str, str]:
    """The quota group of a request, and its region."""
    action, region = call.method.action, region_of(call.scope)
    if call.method.name == "projects.setCommonInstanceMetadata":
        return "project_set_common_instance_metadata_requests", ""
    if action == "aggregatedList":
        return "heavy_weight_read_requests", ""
    if action == "wait":
        return ("heavy_weight_read_requests_per_region" if region else "heavy_weight_read_requests"), region
    if call.collection == "operations" and action == "get":
        return ("operation_read_requests_per_region" if region else "operation_read_requests"), region
    if action == "createSnapshot":
        return "global_resource_write_requests_per_region", region
    if call.collection in ("snapshots", "images") and call.method.verb != "GET":
        return "global_resource_write_requests", ""
    kind = "reads" if call.method.verb == "GET" else "writes"
    return (f"{kind}_per_region" if region else f"global_{kind}"), region


def take(call: Call) -> None:
    """Count a request. Raises GceError where there were too many in this minute."""
    settings, there = call.project.settings, call.project
    if not settings.throttling:
        return
    name, region = group(call)
    minute = int(call.now // 60)
    then, count = there.windows.get((name, region), (minute, 0))
    count = count if then == minute else 0
    if count >= settings.rates.get(name, RATES[name]):
        raise exceeded(call, name)
    there.windows[name, region] = (minute, count + 1)


def exceeded(call: Call, name: str) -> GceError:
    """The refusal."""
    return GceError(
        403,
        "rateLimitExceeded",
        f"Quota exceeded for quota metric 'compute.googleapis.com/{name}' and limit of requests per minute "
        f"of service 'compute.googleapis.com' for consumer 'project_number:{call.project.number}'.",
    )
