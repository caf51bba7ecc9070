"""The services of AWS that every host needs. Security groups do not filter them.

https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html,
https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html,
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/set-time.html
"""

from ipaddress import IPv4Network

from portinfra.model.platform_service import DHCP, PlatformService

_METADATA = "169.254.169.254"
_TIME = "169.254.169.123"
_RESOLVER = "169.254.169.253"


def platform_services(network: str, subnet: str) -> tuple[PlatformService, ...]:
    """Return the subnet router's DHCP, both addresses of the resolver, the time service and the metadata
    service.

    DHCP gives hosts the third address of the network as resolver.
    """
    router, resolver = str(IPv4Network(subnet)[1]), str(IPv4Network(network)[2])
    return (
        PlatformService(router, "udp", DHCP),
        *(PlatformService(each, way, 53) for each in (_RESOLVER, resolver) for way in ("udp", "tcp")),
        PlatformService(_TIME, "udp", 123),
        PlatformService(_METADATA, "tcp", 80, root_only=True),
    )
