"""Whether the credentials of the end that becomes active may do what a takeover does. Changes nothing."""

from collections.abc import Iterator, Mapping
from typing import Any

from portinfra.command_text import command
from portinfra.errors import OutcomeUnknown, ProviderError, Unavailable
from portinfra.execution.connection import Connection
from portinfra.model.address import Address
from portinfra.model.finding import Finding, Severity
from portinfra.model.observed import Observed
from portinfra.placement import place
from portinfra.provider import registry
from portinfra.provider.abilities import PermissionChecks, PermissionPolicies
from portinfra.recovery.recovery import Recovery


def permission_findings(
    recovery: Recovery, target: Connection, seen: Mapping[Address, Observed[Any]]
) -> Iterator[Finding]:
    """Yield an error for each denied action, a warning where it may be granted in another way, and a note
    about what the provider does not report.

    `seen` is what the end that becomes active has. At most 20 reads, which change nothing.
    """
    name, provider = target.environment.name, target.environment.provider
    subject = f"recovery.{recovery.plan.name}"
    plugin = registry.plugin(provider)
    if not isinstance(plugin, PermissionChecks):
        message = f"{provider} does not tell what credentials may do: whether {name} permits a takeover"
        yield _unknown(recovery, f"{message} is not known")
        return
    policy = f" All that is needed: {command('providers', provider, '--iam-policy')}."
    lists = policy if isinstance(plugin, PermissionPolicies) else ""
    placed = place(recovery.topology, target.environment)
    denied: dict[str, None] = {}
    untold: list[str] = []
    for call in plugin.permission_calls(placed, target.catalogue(), seen):
        try:
            (answer,) = target.reader.pages(call)
        except ProviderError as error:
            untold.append(f"{call.action}: {error.first_line}")
            if isinstance(error, Unavailable | OutcomeUnknown):
                break
        else:
            denied.update(dict.fromkeys(plugin.denied_actions(call, answer)))
    for action in denied:
        if plugin.is_sure_to_be_needed(action):
            severity = Severity.ERROR
            message = f"the credentials of {name} may not do {action}, which a takeover needs"
        else:
            severity = Severity.WARNING
            message = f"a takeover may need {action}, which is not granted to the credentials of {name}"
        yield Finding("recovery/denied", message, f"Allow {action}.{lists}", severity, subject=subject)
    if untold:
        message = f"whether the credentials of {name} may do all of a takeover is not known"
        yield _unknown(recovery, f"{message} ({untold[0]})")


def _unknown(recovery: Recovery, message: str) -> Finding:
    fix = f"A drill shows it: {command('dr', 'drill', recovery.plan.name)}."
    subject = f"recovery.{recovery.plan.name}"
    return Finding("recovery/permissions-unknown", message, fix, Severity.NOTE, subject=subject)
