"""What is known offline."""

from types import MappingProxyType

from .provider import CAPABILITIES, IMAGES, SIZES, AcmeProvider


class AcmePlugin:
    name = "acme"  # the word before the colon of `on=`
    capabilities = CAPABILITIES
    sizes = SIZES
    images = tuple(IMAGES)
    native = MappingProxyType({"spot": "cheaper, and may be stopped"})  # Role(native=…)

    def connect(self, environment):
        from .cloud import CLOUD  # import your cloud's library here and not before

        return AcmeProvider(CLOUD, environment.region)


plugin = AcmePlugin()
