from portinfra.model.resources import PublicAddress

from .common import ToyDriver


class PublicAddressDriver(ToyDriver[PublicAddress]):
    spec = PublicAddress
    collection = "addresses"
    fields = (("instance", "server"),)
    holds = frozenset({"instance"})  # no server goes while an address names it
