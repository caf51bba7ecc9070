"""Findings about the hosts of a placed topology, and about what they need and portinfra does not provide."""

from collections.abc import Iterator

from portinfra.hosts.enrolment import find_signer, profile_of
from portinfra.hosts.enrolment_findings import enrolment_findings
from portinfra.hosts.upstreams import find_upstreams
from portinfra.model.finding import Finding, Severity
from portinfra.model.placed import Placed
from portinfra.model.topology import Profile

SERVERS_MAX = 4000
"""The most servers in the HAProxy of one host, equal to its limit of connections."""

PACKAGES = ("haproxy", "nftables", "socat")
"""The Debian packages whose files portinfra renders."""

_TOOLS = {"puppet": ("puppet-agent",), "ansible": ("python3",)}
"""The Debian packages that a delivery needs on hosts."""

_ENROLMENT_TOOLS: dict[Profile, tuple[tuple[str, ...], str]] = {
    "est-server": (("openssl", "curl"), "python3-cryptography"),
    "puppet-server": (("puppet-agent",), "puppetserver and python3-cryptography"),
}
"""The Debian packages that enrolment needs, by profile: on all hosts, and on the host that signs."""


def host_findings(placed: Placed) -> Iterator[Finding]:
    """Yield errors and warnings about the services of a topology in its environment."""
    yield from enrolment_findings(placed)
    upstreams = find_upstreams(placed)
    for role in placed.topology.roles:
        servers = sum(len(upstreams.hosts[upstreams.offered_by[s.name]]) for s in upstreams.calls[role.name])
        if servers > SERVERS_MAX:
            yield Finding(
                "hosts/servers",
                f"its hosts would check {servers:,} servers, and the limit is {SERVERS_MAX:,}",
                "Let it call fewer services, or give the roles that offer them fewer hosts.",
                subject=f"role.{role.name}",
                location=role.location,
            )
        if "private_address" in role.ignore:
            yield Finding(
                "hosts/address",
                "it ignores private_address, but the files of other hosts have the declared addresses",
                "Remove private_address from its ignore.",
                Severity.WARNING,
                subject=f"role.{role.name}.ignore",
                location=role.location,
            )


def need_findings(placed: Placed) -> Iterator[Finding]:
    """Yield a note about the packages of the image, and about the certificates."""
    packages = (*PACKAGES, *_TOOLS.get(placed.topology.delivery, ()))
    if signer := find_signer(placed):
        everywhere, there = _ENROLMENT_TOOLS[profile_of(placed, signer)]
        packages = tuple(dict.fromkeys((*packages, *everywhere)))
        yield Finding(
            "hosts/needs",
            f"its hosts need an image with {', '.join(packages)}, and {signer.name} {there}",
            "Give the roles an image that has them (docs/services-how-to.md says how to build it). Once "
            f"{signer.name} runs, send it the bundle (docs/trust.md): then each host gets its certificate.",
            Severity.NOTE,
            subject=f"topology.{placed.topology.name}.delivery",
            location=placed.topology.location,
        )
        return
    yield Finding(
        "hosts/needs",
        f"its hosts need an image with {', '.join(packages)}, and certificates in /etc/portinfra/tls "
        "(host.pem, host.pem.key, ca.pem) from your own authority",
        "Give the roles an image that has them (docs/services-how-to.md says how to build it). "
        "Put the certificates there before you use a service.",
        Severity.NOTE,
        subject=f"topology.{placed.topology.name}.delivery",
        location=placed.topology.location,
    )
