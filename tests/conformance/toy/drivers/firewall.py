from portinfra.model.resources import Firewall

from .common import ToyDriver


class FirewallDriver(ToyDriver[Firewall]):
    spec = Firewall
    collection = "firewalls"
    fields = (("network", "network"),)
    replaces = frozenset({"network"})
    holds = frozenset({"network"})
