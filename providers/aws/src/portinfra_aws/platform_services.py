"""What a host needs of AWS itself. Security groups do not filter it.

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
    """Return DHCP of the subnet's router, both addresses of the resolver, time and metadata.

    DHCP names the resolver by the third address of the network.
    """
    router, resolver = str(IPv4Network(subnet)[1]), str(IPv4Network(network)[2])
    return (
        PlatformService(router, "udp", DHCP),
        *(PlatformService(each, way, 53) for each in (_RESOLVER, resolver) for way in ("udp", "tcp")),
        PlatformService(_TIME, "udp", 123),
        PlatformService(_METADATA, "tcp", 80, root_only=True),
    )
