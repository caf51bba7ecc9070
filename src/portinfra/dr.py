"""The public functions of recovery, with the commands of `portinfra dr`.

recovery(topology, plan, environments) -> Recovery      a recovery plan with its environments, checked
recoveries_of(topology, environment, plans, environments) -> tuple[Recovery, ...]    guards for `plan`
make_forecast(recovery) -> Forecast                     what a failover would do now, and what prevents it
replicate(recovery) -> Replicated                       new recovery points, where they are due
status(recovery) -> RecoveryStatus                      how old the newest restorable data is
status_of_way(recovery) -> RecoveryStatus               the same for a takeover to this recovery's target
drill(recovery) -> Evidence                             the whole topology, created in isolation, and deleted
list_runs(recovery, files) -> list[RunHistory]          runs to both ends by number, with missing ones
compare_to_ledger(recovery, evidence, document) -> str  why the ledger does not confirm evidence
sweep(recovery) -> list[Swept]                          deletes what crashed drills left
may_take_over(recovery) -> None                         raises the errors that the plan finds
takeover(recovery, to) -> Evidence                      one end, `source` or `target`, becomes active
failover(recovery) -> Evidence                          the same, to the target
failback(recovery) -> Evidence                          the same, to the source
refresh(recovery) -> Evidence                           the newest points, restored into a running standby
fence(recovery) -> int                                  stops the end that answers again after a takeover
grants(recovery) -> str                                 the policies that both accounts need
approve(recovery, what) -> Approving                    a takeover, or a manual step that one waits for
abandon(recovery) -> Abandoned                          abandons a takeover: the other end is active again
evidence_document(evidence) -> dict                     evidence as JSON; `evidence_of` reads it back
open_store() -> EvidenceStore                           where the commands store it: `save(name, document)`
send_copy(recovery, evidence, file) -> str              the file sent to the remote of the plan
sign(document, signing_key(path)) -> dict               the document with its signature (Ed25519)
verify(document, public, signers) -> Verdict            whether it is as it was signed: `good`, `sentence`
"""

import json
from collections.abc import Iterable
from typing import Any

from portinfra.declaration.declared import Declared
from portinfra.errors import PortinfraError
from portinfra.execution.options import RunOptions
from portinfra.model.environment import Environment
from portinfra.model.recovery import RecoveryPlan
from portinfra.model.topology import Topology
from portinfra.provider import registry
from portinfra.provider.abilities import Grants
from portinfra.recovery.drills.history import RunHistory, compare_to_ledger, list_runs
from portinfra.recovery.drills.sweep import Swept, sweep
from portinfra.recovery.evidence import evidence_document, evidence_of
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.replication.replicate import Replicated
from portinfra.recovery.takeover.abandon import Abandoned, abandon, may_abandon
from portinfra.recovery.takeover.approve import Approving, approve
from portinfra.recovery.takeover.fencing import fence, may_fence
from portinfra.recovery.vault.block_export import exports_blocks
from portinfra.recovery.vault.evidence_copy import send_copy
from portinfra.recovery.verbs import (
    drill,
    failback,
    failover,
    refresh,
    replicate,
    takeover,
    validate_recovery,
)
from portinfra.recovery.watch.forecast import Forecast, make_forecast
from portinfra.recovery.watch.guard import GuardedRecovery, recoveries_of
from portinfra.recovery.watch.monitor import status
from portinfra.recovery.watch.preflight import may_take_over
from portinfra.recovery.watch.recovery_status import RecoveryStatus
from portinfra.recovery.watch.status import status_of_way
from portinfra.rollout.evidence import open_store, sign, signing_key, verify
from portinfra.validation import validate_declared
from portinfra.validation.arguments import check_arguments

__all__ = [
    "Abandoned",
    "Approving",
    "FailoverOptions",
    "Forecast",
    "Recovery",
    "RecoveryStatus",
    "Replicated",
    "RunHistory",
    "RunOptions",
    "Swept",
    "abandon",
    "approve",
    "compare_to_ledger",
    "drill",
    "evidence_document",
    "evidence_of",
    "failback",
    "failover",
    "fence",
    "grants",
    "list_runs",
    "make_forecast",
    "may_abandon",
    "may_fence",
    "may_take_over",
    "open_store",
    "recoveries_of",
    "recovery",
    "refresh",
    "replicate",
    "send_copy",
    "sign",
    "signing_key",
    "status",
    "status_of_way",
    "sweep",
    "takeover",
    "verify",
]


@check_arguments
def recovery(topology: Topology, plan: RecoveryPlan, environments: Iterable[Environment]) -> Recovery:
    """Return a recovery plan with its topology and environments.

    Raise ValidationError or PlacementError, with all findings. Findings about new resources only raise
    nothing, as a takeover must not wait for them. `check` has them.
    """
    known = tuple(environments)
    validate_declared(Declared((topology,), known, (plan,)), existing=True)
    named = {environment.name: environment for environment in known}
    made = GuardedRecovery(plan, topology, named[plan.source], named[plan.target])
    validate_recovery(made)
    return made


@check_arguments
def grants(recovery: Recovery) -> str:
    """Return as JSON the policies that both accounts need to send data from one to the other.

    They include the way back after a takeover, and the policies of transfer hosts that read blocks. Raise
    PortinfraError if the providers have no such policies.
    """
    source, target = recovery.source, recovery.target
    policies: dict[str, Any] = {}
    plugin = registry.plugin_of(source)
    if isinstance(plugin, Grants) and source.provider == target.provider and "native" in recovery.engines:
        policies |= json.loads(plugin.grants(source, target))
        policies |= {f"{end}, way back": policy for end, policy in _way_back(plugin, source, target).items()}
    for way in (recovery, recovery.reversed):
        if reading := exports_blocks(way, way.source):
            policies[f"helpers of {way.source.name}"] = json.loads(
                reading.block_grants(way.source, way.capture_scope)
            )
    if not policies:
        raise PortinfraError(
            f"from {source.on} to {target.on} there is nothing to grant",
            fix="Data travels by what the credentials of both ends may do, or through the vault.",
        )
    return json.dumps(policies, indent=2)


def _way_back(plugin: Grants, source: Environment, target: Environment) -> dict[str, Any]:
    """Return what the same ends must permit while the target is active, and data goes to the source."""
    back: dict[str, Any] = json.loads(plugin.grants(target, source))
    names = {"source": "target", "target": "source"}
    return {names.get(end, end): policy for end, policy in back.items()}
