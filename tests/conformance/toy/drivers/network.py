from portinfra.model.resources import Network

from .common import ToyDriver


class NetworkDriver(ToyDriver[Network]):
    spec = Network
    collection = "networks"
    fields = (("cidr", "cidr"),)
    replaces = frozenset({"cidr"})
