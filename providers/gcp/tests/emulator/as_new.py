"""The quotas of a new project, for `Settings(quotas=…)`: plans that miss one show it here.

As new projects reported them in 2022 and 2023; https://cloud.google.com/compute/resource-usage has no table.
"""

from collections.abc import Mapping

AS_NEW: Mapping[str, int] = {
    "FIREWALLS": 100,
    "CPUS": 24,
    "CPUS_ALL_REGIONS": 32,
    "INSTANCES": 24,
    "SSD_TOTAL_GB": 500,
    "STATIC_ADDRESSES": 8,
    "IN_USE_ADDRESSES": 8,
    "NETWORKS": 5,
    "SUBNETWORKS": 100,
}
