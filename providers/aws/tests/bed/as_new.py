"""The quotas of a new account, for `Settings(quotas=…)`: plans that miss one show it here.

5 elastic addresses and 5 VPCs: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html, with
200 subnets a VPC and 2,500 groups a region. 50 TiB of gp3: "Quotas for Amazon EBS". Of standard vCPUs the
default is 5; accounts report 1 to 32.
"""

from collections.abc import Mapping

AS_NEW: Mapping[str, int] = {
    "address": 5,
    "vcpu": 5,
    "vpc": 5,
    "gateway": 5,
    "subnet": 200,
    "group": 2500,
    "gp3_tib": 50,
}
