from portinfra.model.resources import Subnet

from .common import ToyDriver


class SubnetDriver(ToyDriver[Subnet]):
    spec = Subnet
    collection = "subnets"
    fields = (("network", "network"), ("cidr", "cidr"), ("zone", "zone"), ("public", "public"))
    replaces = frozenset({"network", "cidr", "zone"})
    holds = frozenset({"network"})
