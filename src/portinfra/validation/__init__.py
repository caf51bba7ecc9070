"""Whether a declaration makes sense, and whether a provider can do it. Pure: asks no provider, reads nothing.

Every check is a generator of findings, so that all are gathered and shown at once. A value of the wrong type
is reported and then stands aside (`types`), so that the other checks never stumble over it.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Protocol

from portinfra.errors import ValidationError
from portinfra.format import count
from portinfra.model.catalogue import Capabilities
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding, Severity
from portinfra.model.location import Location
from portinfra.model.placed import Placed
from portinfra.model.recovery import RecoveryPlan
from portinfra.model.resources import Spec
from portinfra.model.topology import Topology
from portinfra.provider.interface import ProviderPlugin
from portinfra.validation.abilities import ability_findings, place_findings
from portinfra.validation.consequences import without_following, without_lookups
from portinfra.validation.environments import (
    environment_findings,
    override_findings,
    shared_account_findings,
    unknown_key_findings,
)
from portinfra.validation.flows import flow_findings
from portinfra.validation.former_names import former_name_findings
from portinfra.validation.limits import limit_findings
from portinfra.validation.names import SCOPE_NAME_MAX, name_findings
from portinfra.validation.native import NativeOptions
from portinfra.validation.new_resources import is_about_new
from portinfra.validation.recovery import recovery_findings, sharing_findings
from portinfra.validation.recovery_part import ends_of_known_providers
from portinfra.validation.recovery_vault import helper_findings
from portinfra.validation.resources import resource_findings
from portinfra.validation.services import service_findings
from portinfra.validation.topologies import topology_findings
from portinfra.validation.types import sound_environment, sound_recovery, sound_topology


class Declaration(Protocol):
    """All that a user declared."""

    @property
    def topologies(self) -> tuple[Topology, ...]:
        """The topologies."""

    @property
    def environments(self) -> tuple[Environment, ...]:
        """The environments that each of them may be placed in."""

    @property
    def recoveries(self) -> tuple[RecoveryPlan, ...]:
        """The recovery plans, which name environments and roles."""


def validate(
    topology: Topology,
    environment: Environment,
    capabilities: Capabilities,
    native_options: NativeOptions | None = None,
    *,
    existing: bool = False,
) -> tuple[Finding, ...]:
    """Check a topology in an environment against what its provider can do; the warnings.

    With `existing`, errors about new resources only (`is_about_new`) are returned and not raised.

    `native_options` has, by provider, the options that `Role(native=…)` may set. A provider that is absent
    there is not checked: its plugin is not installed here.
    Raises ValidationError with every finding, errors first, where at least one is an error.
    """
    findings: list[Finding] = []
    topology = sound_topology(topology, findings)
    environment = sound_environment(environment, findings)
    findings += _topology_findings(topology)
    findings += environment_findings(environment)
    # What has no effect stops what is new. It stops no command for what exists.
    unknown = Severity.WARNING if existing else Severity.ERROR
    overrides = [
        *override_findings(environment, topology.roles, unknown),
        *unknown_key_findings(environment, topology.roles, unknown),
    ]
    findings += without_lookups(overrides, [topology])
    findings += ability_findings(topology, environment, capabilities, native_options or {})
    return settle(findings, f"{topology.name} in {environment.name}", existing=existing)


def validate_declared(
    declared: Declaration, *, existing: bool = False, unknown_providers: Collection[str] = ()
) -> tuple[Finding, ...]:
    """Check what needs no provider: each value by itself, and the names that they use of one another.

    Returns the warnings. Raises ValidationError with every finding where at least one is an error. With
    `existing`, errors about new resources only (`is_about_new`) are left out. What would follow from an
    unknown provider is left out, too.
    """
    findings: list[Finding] = []
    topologies = [sound_topology(topology, findings) for topology in declared.topologies]
    environments = [sound_environment(environment, findings) for environment in declared.environments]
    recoveries = [sound_recovery(recovery, findings) for recovery in declared.recoveries]
    roles = [role for topology in topologies for role in topology.roles]
    lookups: list[Finding] = []
    for topology in topologies:
        findings += _topology_findings(topology)
    for environment in environments:
        findings += environment_findings(environment)
        unknown_key = Severity.WARNING if existing else Severity.ERROR
        lookups += override_findings(environment, roles)
        lookups += unknown_key_findings(environment, roles, unknown_key)
    for recovery in recoveries:
        ends = ends_of_known_providers(recovery, environments, unknown_providers)
        lookups += recovery_findings(recovery, topologies, ends)
    findings += without_lookups(lookups, topologies)
    findings += sharing_findings(recoveries, topologies, environments)
    findings += shared_account_findings(environments)
    if existing:
        findings = [finding for finding in findings if not is_about_new(finding)]
    return settle(findings, "The declaration")


def _topology_findings(topology: Topology) -> Iterator[Finding]:
    """What is wrong within a topology."""
    found = (
        *topology_findings(topology),
        *flow_findings(topology),
        *service_findings(topology),
        *former_name_findings(topology, f"topology.{topology.name}", "topology"),
    )
    return without_lookups(found, [topology])


def validate_helpers(
    recovery: RecoveryPlan, native_options: NativeOptions, more: Iterable[Finding] = ()
) -> tuple[Finding, ...]:
    """Check what a recovery plan wants of its helpers against what providers have; as `validate` does. There
    may be `more` findings, of who knows those providers.
    """
    return settle([*helper_findings(recovery, native_options), *more], f"recovery {recovery.name}")


def validate_place(environment: Environment, scope: str, capabilities: Capabilities) -> None:
    """Check an environment and the name of a scope in it, for single resources. Raises ValidationError."""
    findings: list[Finding] = []
    environment = sound_environment(environment, findings)
    findings += environment_findings(environment)
    findings += place_findings(environment, capabilities)
    findings += name_findings(str(scope), SCOPE_NAME_MAX, "resource/scope", "scope", environment.location)
    settle(findings, f"environment {environment.name}")


def validate_placed(placed: Placed, plugin: ProviderPlugin, *, existing: bool = False) -> tuple[Finding, ...]:
    """Check placed resources against the limits of their provider. Raises ValidationError.

    With `existing`, errors about new resources only (`is_about_new`) are returned and not raised.
    """
    what = f"{placed.topology.name} in {placed.environment.name}"
    return settle(limit_findings(placed, plugin), what, existing=existing)


def validate_resource(
    spec: Spec, plugin: ProviderPlugin, location: Location, *, may_be_empty: Collection[str] = ()
) -> None:
    """Check one resource against what its provider can do, as `validate` does a topology.

    `may_be_empty` are the attributes that the provider does not show of an existing resource. Raises
    ValidationError with every finding.
    """
    findings = resource_findings(spec, plugin, location, may_be_empty=may_be_empty)
    settle(findings, str(getattr(spec, "address", "This value")))


def settle(findings: Iterable[Finding], what: str, *, existing: bool = False) -> tuple[Finding, ...]:
    """Return each finding once, without what follows from wrong types. Raise ValidationError where errors
    are among them.

    `what` is what they are about. With `existing`, errors about new resources alone (`is_about_new`) raise
    nothing.
    """
    unique = tuple(without_following(dict.fromkeys(findings)))
    errors = [finding for finding in unique if finding.severity is Severity.ERROR]
    if not errors or (existing and all(map(is_about_new, errors))):
        return unique
    others = [finding for finding in unique if finding.severity is not Severity.ERROR]
    raise ValidationError(f"{what}: {count(len(errors), 'error')}", [*errors, *others])
