"""Validation: whether a declaration makes sense, and whether a provider can do it. Pure: it calls no
provider.

Every check is a generator of findings, so that all are gathered and shown at once. A value of the wrong type
is reported and then replaced (`types`), so that the other checks can read it. The checks of recovery plans
are imported only where one is declared.
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
from portinfra.validation.resources import resource_findings
from portinfra.validation.services import service_findings
from portinfra.validation.topologies import topology_findings
from portinfra.validation.types import sound_environment, sound_recovery, sound_topology


class Declaration(Protocol):
    """Everything that a user declared."""

    @property
    def topologies(self) -> tuple[Topology, ...]:
        """The topologies."""

    @property
    def environments(self) -> tuple[Environment, ...]:
        """The environments in which each of them may be placed."""

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
    """Check a topology in an environment against what its provider can do, and return the warnings.

    With `existing`, errors about new resources only (`is_about_new`) are returned and not raised.
    `native_options` has, by provider, the options that `Role(native=…)` may set. Options of other providers
    are not checked, as their plugins are not installed.

    Raise ValidationError with every finding, errors first, where at least one is an error.
    """
    findings: list[Finding] = []
    topology = sound_topology(topology, findings)
    environment = sound_environment(environment, findings)
    findings += _topology_findings(topology)
    findings += environment_findings(environment)
    # An attribute without effect stops new resources. It stops no command for existing ones.
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
    """Check what needs no provider: each value by itself, and the names by which values refer to each other.

    Return the warnings. Raise ValidationError with every finding where at least one is an error. With
    `existing`, errors about new resources only (`is_about_new`) are left out. Consequences of an unknown
    provider are left out, too.
    """
    findings: list[Finding] = []
    topologies = [sound_topology(topology, findings) for topology in declared.topologies]
    environments = [sound_environment(environment, findings) for environment in declared.environments]
    roles = [role for topology in topologies for role in topology.roles]
    lookups: list[Finding] = []
    for topology in topologies:
        findings += _topology_findings(topology)
    for environment in environments:
        findings += environment_findings(environment)
        unknown_key = Severity.WARNING if existing else Severity.ERROR
        lookups += override_findings(environment, roles)
        lookups += unknown_key_findings(environment, roles, unknown_key)
    sharing: Iterator[Finding] = iter(())
    if declared.recoveries:
        from portinfra.validation.recovery import recovery_findings, sharing_findings
        from portinfra.validation.recovery_part import ends_of_known_providers

        recoveries = [sound_recovery(recovery, findings) for recovery in declared.recoveries]
        for recovery in recoveries:
            ends = ends_of_known_providers(recovery, environments, unknown_providers)
            lookups += recovery_findings(recovery, topologies, ends)
        sharing = sharing_findings(recoveries, topologies, environments)
    findings += without_lookups(lookups, topologies)
    findings += sharing
    findings += shared_account_findings(environments)
    if existing:
        findings = [finding for finding in findings if not is_about_new(finding)]
    return settle(findings, "The declaration")


def _topology_findings(topology: Topology) -> Iterator[Finding]:
    """Yield what is wrong within a topology."""
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
    """Check a recovery plan's options for transfer hosts against what providers have, as `validate` does.

    `more` has findings of callers that know those providers.
    """
    from portinfra.validation.recovery_vault import helper_findings

    return settle([*helper_findings(recovery, native_options), *more], f"recovery {recovery.name}")


def validate_place(environment: Environment, scope: str, capabilities: Capabilities) -> None:
    """Check an environment and the name of a scope in it, for single resources. Raise ValidationError."""
    findings: list[Finding] = []
    environment = sound_environment(environment, findings)
    findings += environment_findings(environment)
    findings += place_findings(environment, capabilities)
    findings += name_findings(str(scope), SCOPE_NAME_MAX, "resource/scope", "scope", environment.location)
    settle(findings, f"environment {environment.name}")


def validate_placed(placed: Placed, plugin: ProviderPlugin, *, existing: bool = False) -> tuple[Finding, ...]:
    """Check placed resources against the limits of their provider. Raise ValidationError.

    With `existing`, errors about new resources only (`is_about_new`) are returned and not raised.
    """
    what = f"{placed.topology.name} in {placed.environment.name}"
    return settle(limit_findings(placed, plugin), what, existing=existing)


def validate_resource(
    spec: Spec, plugin: ProviderPlugin, location: Location, *, may_be_empty: Collection[str] = ()
) -> None:
    """Check one resource against what its provider can do, as `validate` does a topology.

    `may_be_empty` has the attributes of an existing resource that the provider does not show. Raise
    ValidationError with every finding.
    """
    findings = resource_findings(spec, plugin, location, may_be_empty=may_be_empty)
    settle(findings, str(getattr(spec, "address", "This value")))


def settle(findings: Iterable[Finding], what: str, *, existing: bool = False) -> tuple[Finding, ...]:
    """Return each finding once, without consequences of wrong types. Raise ValidationError if errors are
    among them.

    `what` names the subject of the findings. With `existing`, errors about new resources alone
    (`is_about_new`) raise nothing.
    """
    unique = tuple(without_following(dict.fromkeys(findings)))
    errors = [finding for finding in unique if finding.severity is Severity.ERROR]
    if not errors or (existing and all(map(is_about_new, errors))):
        return unique
    others = [finding for finding in unique if finding.severity is not Severity.ERROR]
    raise ValidationError(f"{what}: {count(len(errors), 'error')}", [*errors, *others])
