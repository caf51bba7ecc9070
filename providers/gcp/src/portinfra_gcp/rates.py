"""Compute Engine's rate quotas: requests of a group in one minute, for a project and mostly for one region.

https://cloud.google.com/compute/docs/api-rate-limits. The quota is refilled at the start of each minute. The
bucket has half of it, and the refill the other half, so no minute exceeds the quota.
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
"""Group → requests per minute that a project has by default."""


def group(action: str) -> str:
    """Return the group that a method counts towards."""
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
    """Return rate class → rate."""
    return {name: Rate(limit / 2, limit / 120) for name, limit in A_MINUTE.items()}
