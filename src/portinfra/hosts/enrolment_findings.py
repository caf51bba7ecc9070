"""Findings about the host that signs certificates, and the flows to it."""

from collections.abc import Iterator

from portinfra.hosts.enrolment import PORT, PROFILE
from portinfra.model.finding import Finding
from portinfra.model.placed import Placed
from portinfra.model.resources import Instance
from portinfra.model.topology import Role


def enrolment_findings(placed: Placed) -> Iterator[Finding]:
    """Yield errors about the trust of a placed topology with a delivery."""
    topology, environment = placed.topology, placed.environment
    signing = [role for role in topology.roles if role.profile == PROFILE]
    for role in signing:
        yield from _signer_findings(placed, role, len(signing))
    if not environment.trust:
        return
    if not signing:
        profile = topology.location.write("profile", f'"{PROFILE}"')
        yield Finding(
            "hosts/no-signer",
            "it has a trust directory, and no role signs certificates",
            f"Write {profile} in the role of the host that signs. "
            "Without trust, certificates come from your own authority.",
            subject=f"environment.{environment.name}.trust",
            location=environment.location.attributes.get("trust", environment.location),
        )
        return
    yield from _flow_findings(placed, signing[0])


def _signer_findings(placed: Placed, role: Role, roles: int) -> Iterator[Finding]:
    placed_hosts = (each for each in placed.resources.values() if isinstance(each, Instance))
    hosts = sum(placed.roles[each.address] == role.name for each in placed_hosts)
    where = role.location.attributes.get("profile", role.location)
    if roles > 1 or hosts != 1:
        found = f"{roles} roles sign" if roles > 1 else f"it has {hosts} hosts that sign"
        message = f"{found} certificates, and only one host can: it keeps the record of used tokens"
        fix = "Keep one role with this profile, and write count = 1 in it."
        yield Finding("hosts/signers", message, fix, subject=f"role.{role.name}.profile", location=where)
    if role.public:
        message = "the host that signs certificates is public"
        fix = "Remove public from the role: it has the key of the authority."
        yield Finding("hosts/public-signer", message, fix, subject=f"role.{role.name}.public", location=where)


def _flow_findings(placed: Placed, signer: Role) -> Iterator[Finding]:
    topology = placed.topology
    reaching = {
        source
        for flow in topology.flows
        if signer.name in flow.targets and any(first <= PORT <= last for first, last in flow.tcp)
        for source in flow.sources
    }
    missing = [role.name for role in topology.roles if role.name not in reaching and role is not signer]
    if missing:
        python = f'allow({missing}, "{signer.name}", tcp={PORT}, why="certificates")'.replace("'", '"')
        names = ", ".join(f'"{name}"' for name in missing)
        hcl = f'allow {{ from = [{names}], to = "{signer.name}", tcp = {PORT}, why = "certificates" }}'
        yield Finding(
            "hosts/no-flow-to-signer",
            f"hosts of {', '.join(missing)} do not reach {signer.name}, which signs their certificates",
            f"Add {topology.location.choose(python, hcl)}.",
            subject=f"topology.{topology.name}",
            location=topology.location,
        )
