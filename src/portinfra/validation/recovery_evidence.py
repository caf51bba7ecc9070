"""Checks of recovery plans: what a drill must check, who signs its evidence, and where a copy is stored."""

import base64
from collections.abc import Iterator

from portinfra.format import suggestion
from portinfra.model.finding import Finding
from portinfra.model.recovery import ACCEPTS, RecoveryPlan
from portinfra.model.topology import Topology
from portinfra.validation.recovery_part import Part, drill_part, whole

KEY_BYTES = 32
"""The length of an Ed25519 public key in bytes."""


def evidence_findings(recovery: RecoveryPlan) -> Iterator[Finding]:
    """Yield what is wrong with the attributes about evidence."""
    plan = whole(recovery)
    part, attribute, accept = drill_part(recovery, "accept")
    if accept not in ACCEPTS:
        message, fix = f"a drill cannot check {accept!r}", suggestion(accept, ACCEPTS, "")
        yield part.wrong("unknown-accept", attribute, message, fix)
    for signer in recovery.signers:
        if not _is_key(signer):
            message = f"{signer[:50]!r} is no public key in base64"
            fix = "Write the key as evidence has it under signed.public_key: 44 characters."
            yield plan.wrong("signer", "signers", message, fix)
    copy = recovery.evidence
    if copy is None:
        return
    part = Part(f"recovery.{recovery.name}.evidence", copy.location)
    if ":" not in copy.remote:
        message = f"{copy.remote!r} is no rclone remote with a path"
        yield part.wrong("evidence-remote", "remote", message, "Write vault:shop/evidence, for example.")
    if not copy.configuration and recovery.vault is None:
        message = "no rclone configuration defines the remote, as the plan has no vault"
        yield part.wrong("evidence-remote", "configuration", message, "Name the file of that configuration.")


def read_findings(recovery: RecoveryPlan, topology: Topology) -> Iterator[Finding]:
    """Yield a finding for roles whose data a probe cannot read."""
    with_data = [role.name for role in topology.roles if role.volumes and role.name in recovery.roles]
    for probe in recovery.probes:
        part = Part(f"recovery.{recovery.name}.probe.{probe.name}", probe.location)
        for name in probe.reads:
            if name not in recovery.roles:
                fix = suggestion(name, with_data, "Name its role in a wave.")
                yield part.wrong("unknown-role", "reads", f"no wave restores {name!r}", fix)
            elif name not in with_data:
                fix = f"Name a role with volumes: {', '.join(with_data)}." if with_data else "Leave it out."
                message = f"role {name!r} has no volumes, so it has no data to restore"
                yield part.wrong("no-data", "reads", message, fix)


def call_findings(recovery: RecoveryPlan, topology: Topology) -> Iterator[Finding]:
    """Yield a finding for services that a probe cannot call."""
    offered = [service.name for _, service in topology.services]
    for probe in recovery.probes:
        part = Part(f"recovery.{recovery.name}.probe.{probe.name}", probe.location)
        for name in probe.calls:
            if name not in offered:
                fix = suggestion(name, offered, "Add it to the role that offers it.")
                yield part.wrong("unknown-service", "calls", f"no role offers a service {name!r}", fix)


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == KEY_BYTES
    except ValueError:
        return False
