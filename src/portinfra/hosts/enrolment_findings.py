"""Findings about the host that signs certificates by the trust of the environment."""

from collections.abc import Iterator

from portinfra.hosts.enrolment import PROFILE
from portinfra.model.finding import Finding
from portinfra.model.placed import Placed
from portinfra.model.resources import Instance
from portinfra.model.topology import ENROLMENT_PROFILES


def enrolment_findings(placed: Placed) -> Iterator[Finding]:
    """Yield errors about an environment with a trust directory."""
    topology, environment = placed.topology, placed.environment
    if not environment.trust:
        return
    signing = [role for role in topology.roles if role.profile in ENROLMENT_PROFILES]
    hosts = [
        spec.name
        for spec in placed.resources.values()
        if isinstance(spec, Instance) and topology.role(placed.roles[spec.address]) in signing
    ]
    if not signing:
        signs = "puppet-server" if topology.delivery == "puppet" else PROFILE
        profile = topology.location.write("profile", f'"{signs}"')
        yield Finding(
            "hosts/no-signer",
            "it has a trust directory, and no role signs certificates",
            f"Write {profile} in the role of the host that signs. "
            "Without trust, certificates come from your own authority.",
            subject=f"environment.{environment.name}.trust",
            location=environment.location.attributes.get("trust", environment.location),
        )
    elif len(hosts) != 1:
        role = signing[-1]
        found = f"{len(hosts)} hosts sign ({', '.join(hosts)})" if hosts else "no host signs"
        yield Finding(
            "hosts/signers",
            f"{found} certificates, and exactly one can: it keeps the record of used tokens",
            "Keep one role with such a profile, and write count = 1 in it.",
            subject=f"role.{role.name}.profile",
            location=role.location.attributes.get("profile", role.location),
        )
