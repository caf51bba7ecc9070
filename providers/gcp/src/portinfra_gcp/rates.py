"""Compute Engine's rate quotas: so many requests of a group in a minute, for a project and mostly a region.

https://cloud.google.com/compute/docs/api-rate-limits. The quota is refilled at the start of each minute. Half
of it as a bucket, and the other half as its refill, is never more than all of it in any minute.
"""

from collections.abc import Mapping

from portinfra.model.catalogue import Rate
from portinfra_gcp.methods import METHODS

A_MINUTE: Mapping[str, int] = {
    "heavy reads": 750,
    "global reads": 1500,
    "regional reads": 1500,
    "operation reads": 1500,
    "global writes": 1500,
    "regional writes": 1500,
    "global resource writes": 1500,
}
"""Group → requests a minute that a project has unless it was given more."""


def group(action: str) -> str:
    """The group that a method counts towards."""
    collection, _, method = action.partition(".")
    verb, path = METHODS[action]
    if method == "aggregatedList":
        return "heavy reads"
    if collection.endswith("Operations"):
        return "operation reads"
    if method == "createSnapshot" or (collection == "snapshots" and verb != "GET"):
        return "global resource writes"
    reach = "regional" if path.startswith(("zones/", "regions/")) else "global"
    return f"{reach} {'reads' if verb == 'GET' else 'writes'}"


def published_rates() -> dict[str, Rate]:
    """Rate class → rate."""
    return {name: Rate(limit / 2, limit / 120) for name, limit in A_MINUTE.items()}
