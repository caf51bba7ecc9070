"""What is known of the toy cloud offline."""

from collections.abc import Mapping

from attrs import define, field

from portinfra.model.catalogue import Capabilities
from portinfra.model.environment import Environment
from portinfra.provider.interface import Provider

from .cloud import ToyCloud
from .provider import CAPABILITIES, SIZES, ToyProvider


@define
class ToyPlugin:
    cloud: ToyCloud
    name: str = "toy"
    capabilities: Capabilities = CAPABILITIES
    sizes: Mapping[str, str] = field(factory=lambda: SIZES)
    images: tuple[str, ...] = ("debian-12", "ubuntu-24.04")
    native: Mapping[str, str] = field(factory=dict)

    def connect(self, environment: Environment) -> Provider:
        return ToyProvider(self.cloud, environment.region)
