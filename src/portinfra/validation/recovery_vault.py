"""Checks of recovery plans: the vault, and the transfer hosts that carry data to and from it."""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Network

from portinfra.format import suggestion
from portinfra.model.duration import why_no_duration
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding, Severity
from portinfra.model.recovery import RecoveryPlan
from portinfra.model.topology import Topology
from portinfra.model.vault import RECIPIENT, Vault, cidr_and_port
from portinfra.validation.native import NativeOptions, native_findings
from portinfra.validation.recovery_environments import network
from portinfra.validation.recovery_part import Part, usual_between
from portinfra.validation.recovery_times import length

PREFIX_MAX = 24
"""The longest prefix of the transfer hosts' network: it has room for one subnet in each zone."""


def vault_findings(
    recovery: RecoveryPlan, topology: Topology, environments: Sequence[Environment]
) -> Iterator[Finding]:
    """Yield a finding for everything that prevents a transfer."""
    vault = recovery.vault
    if vault is None:
        return
    part = Part(f"recovery.{recovery.name}.vault", vault.location)
    yield from _way_findings(part, vault)
    yield from _key_findings(part, vault, _engines(recovery, topology, environments))
    yield from _room_findings(part, vault, recovery, environments)
    if vault.native and not vault.blocks:
        message = "its options are for transfer hosts that read blocks, and the plan names no blocks"
        yield part.wrong("no-blocks", "native", message, "Name blocks, or remove them.", Severity.WARNING)
    ends = (recovery.source, recovery.target)
    places = {environment.provider for environment in environments if environment.name in ends}
    for provider in vault.native if places and vault.blocks else ():
        if provider not in places:
            message = f"neither end is on {provider!r}, so no transfer host gets its options"
            fix = suggestion(provider, places, "Remove them, or correct the provider's name.")
            yield part.wrong("unknown-provider", f"native.{provider}", message, fix, Severity.WARNING)


def _engines(recovery: RecoveryPlan, topology: Topology, environments: Sequence[Environment]) -> set[str]:
    """Return the engines by which data travels."""
    usual = usual_between(recovery, environments)
    roles = [role for role in topology.roles if role.name in recovery.roles]
    return {recovery.policy(role.name, v.name).engine or usual for role in roles for v in role.volumes}


def _way_findings(part: Part, vault: Vault) -> Iterator[Finding]:
    if ":" not in vault.remote:
        message = f"{vault.remote!r} is no rclone remote with a path"
        yield part.wrong("vault-remote", "remote", message, "Write vault:shop, for example.")
    fix = "Write 203.0.113.7:22; 0.0.0.0/0:443 for object storage, whose addresses change."
    yield from _endpoint_findings(part, "endpoint", [vault.endpoint], fix)
    fix = "Write 198.51.100.0/28:443; the provider's page names it."
    yield from _endpoint_findings(part, "blocks", vault.blocks, fix)
    if not length(vault.limit):
        message = f"{vault.limit!r} {why_no_duration(vault.limit)}"
        yield part.wrong("duration", "limit", message, "Write 90s, 30m, 4h or 7d.")


def _endpoint_findings(part: Part, attribute: str, given: Iterable[str], fix: str) -> Iterator[Finding]:
    for each in given:
        try:
            cidr_and_port(each)
        except ValueError as error:
            why = f": {error}" if str(error) else ""
            message = f"{each!r} is no IPv4 address with a port{why}"
            yield part.wrong("vault-endpoint", attribute, message, fix)


def helper_findings(recovery: RecoveryPlan, native_options: NativeOptions) -> Iterator[Finding]:
    """Yield a finding for options of transfer hosts that a provider does not have."""
    if recovery.vault is not None:
        subject = f"recovery.{recovery.name}.vault"
        yield from native_findings(subject, recovery.vault.native, recovery.vault.location, native_options)


def _key_findings(part: Part, vault: Vault, engines: set[str]) -> Iterator[Finding]:
    if "age" in engines and not RECIPIENT.fullmatch(vault.recipient):
        problem = "age needs a recipient" if not vault.recipient else "this is not a public key of age"
        fix = "Make a key pair with age-keygen, keep it with those who restore, and name the public key here."
        yield part.wrong("vault-recipient", "recipient", problem, fix)
    if "age" in engines and not vault.identity:
        fix = "Name the file that age-keygen wrote; only those who restore need it."
        yield part.wrong("vault-identity", "identity", "no file can decrypt what age encrypts", fix)
    if "restic" in engines and not vault.password:
        fix = "Name the file that holds it."
        yield part.wrong("vault-password", "password", "a restic repository has a password", fix)


def _room_findings(
    part: Part, vault: Vault, recovery: RecoveryPlan, environments: Sequence[Environment]
) -> Iterator[Finding]:
    mine = network(vault.cidr)
    if mine is None or mine.prefixlen > PREFIX_MAX:
        message = f"{vault.cidr!r} is no network of IPv4 addresses with room for transfer hosts"
        yield part.wrong(
            "vault-cidr", "cidr", message, "Leave it out, or write 192.168.240.0/20, for example."
        )
        return
    for environment in environments:
        theirs: IPv4Network | None = network(environment.cidr)
        if environment.name in (recovery.source, recovery.target) and theirs and theirs.overlaps(mine):
            message = f"{vault.cidr} overlaps {environment.cidr} of {environment.name!r}"
            fix = "Choose addresses that neither environment has."
            yield part.wrong("vault-cidr", "cidr", message, fix)
