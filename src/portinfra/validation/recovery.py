"""Checks of recovery plans: the topology and roles that they name, in waves, actions and probes."""

import difflib
from collections.abc import Iterator, Sequence

from attrs import evolve

from portinfra.command_text import command
from portinfra.format import nearest_spelling, suggestion
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding, Severity
from portinfra.model.hook import Hook
from portinfra.model.recovery import OCCASIONS, TAKEOVERS, Action, RecoveryPlan, Wave
from portinfra.model.topology import Topology
from portinfra.validation.names import SCOPE_NAME_MAX, name_findings, repeated_names
from portinfra.validation.recovery_data import data_findings
from portinfra.validation.recovery_drill import drill_findings
from portinfra.validation.recovery_environments import count_findings, key_findings, place_findings
from portinfra.validation.recovery_evidence import call_findings, evidence_findings, read_findings
from portinfra.validation.recovery_part import Part, policy_part, wave_parts, whole
from portinfra.validation.recovery_probers import prober_findings
from portinfra.validation.recovery_standby import standby_findings
from portinfra.validation.recovery_times import time_findings
from portinfra.validation.recovery_vault import vault_findings


def recovery_findings(
    recovery: RecoveryPlan, topologies: Sequence[Topology], environments: Sequence[Environment]
) -> Iterator[Finding]:
    """Yield what is wrong with a recovery plan.

    It belongs to the topology of its name, or to the only one.
    """
    topology = _topology_of(recovery, topologies)
    if topology is not None:
        yield from _unknown_role_findings(recovery, topology)
        recovery = _as_meant(recovery, topology)
    subject = f"recovery.{recovery.name}"
    yield from name_findings(recovery.name, SCOPE_NAME_MAX, "recovery/name", subject, recovery.location)
    yield from place_findings(recovery, environments)
    yield from time_findings(recovery)
    yield from _named_findings(recovery)
    yield from _hook_findings(recovery)
    yield from _action_findings(recovery)
    yield from approve_findings(recovery)
    yield from evidence_findings(recovery)
    yield from prober_findings(recovery)
    yield from drill_findings(recovery, topology, environments)
    if topology is not None:
        yield from key_findings(recovery, topology, environments)
        yield from count_findings(recovery, topology, environments)
        yield from _wave_findings(recovery, topology)
        yield from read_findings(recovery, topology)
        yield from call_findings(recovery, topology)
        yield from data_findings(recovery, topology, environments)
        yield from vault_findings(recovery, topology, environments)
        yield from standby_findings(recovery, topology)
    else:
        near = difflib.get_close_matches(recovery.name, [topology.name for topology in topologies], n=1)
        fix = f"Did you mean {near[0]!r}?" if near else "Name the plan as its topology."
        yield whole(recovery).wrong("unknown-topology", "name", "it is no topology's name", fix)


def sharing_findings(
    recoveries: Sequence[RecoveryPlan], topologies: Sequence[Topology], environments: Sequence[Environment]
) -> Iterator[Finding]:
    """Yield a finding for environments of one topology that are in two plans.

    Points, ledger and fence belong to an environment, whichever plan they came from. Two plans would restore
    each other's data, or make two targets active at once. The reverse of a plan needs no plan: it is the
    failback.
    """
    known = {environment.name for environment in environments}
    first: dict[tuple[str, str], RecoveryPlan] = {}
    for recovery in recoveries:
        topology = _topology_of(recovery, topologies)
        for attribute in ("source", "target"):
            name = getattr(recovery, attribute)
            if topology is None or name not in known:
                continue  # that is another finding
            other = first.setdefault((topology.name, name), recovery)
            if other is not recovery:
                message = f"{name!r} is in recovery plan {other.name!r} ({other.location}) already"
                back = command("dr", "failback", other.name)
                fix = f"Keep one of the two plans; the way back needs none: {back}."
                yield whole(recovery).wrong("shared-environment", attribute, message, fix)


def _topology_of(recovery: RecoveryPlan, topologies: Sequence[Topology]) -> Topology | None:
    mine = [topology for topology in topologies if topology.name == recovery.name] or topologies
    return mine[0] if len(mine) == 1 else None


def _hook_findings(recovery: RecoveryPlan) -> Iterator[Finding]:
    """Yield a finding for commands that run nothing, and so always pass."""
    for part, attribute, hook in _hooks(recovery):
        if isinstance(hook, str) and not hook.strip():
            message, fix = "it runs nothing, and always passes", "Name a command."
            yield part.wrong("no-command", attribute, message, fix)


def _hooks(recovery: RecoveryPlan) -> Iterator[tuple[Part, str, Hook]]:
    """Yield every hook, with its owner and its attribute."""
    for part, wave in zip(wave_parts(recovery), recovery.waves, strict=True):
        for gate in wave.gates:
            yield part, "gates", gate
    for policy in recovery.data:
        for attribute in ("before", "after"):
            for hook in getattr(policy, attribute):
                yield policy_part(recovery, policy), attribute, hook
    for action in (each for each in recovery.actions if not each.manual):
        yield Part(f"recovery.{recovery.name}.action.{action.name}", action.location), "run", action.run
    for probe in recovery.probes:
        yield Part(f"recovery.{recovery.name}.probe.{probe.name}", probe.location), "run", probe.run
    for hook in recovery.notify:
        yield whole(recovery), "notify", hook


def _named_findings(recovery: RecoveryPlan) -> Iterator[Finding]:
    """Yield a finding for roles, actions and probes that are named twice."""
    for name in sorted(repeated_names(recovery.roles)):
        message = f"{name!r} is in more than one wave"
        yield whole(recovery).wrong("role-twice", "waves", message, "Name it in one wave.")
    for kind, values in (("action", recovery.actions), ("probe", recovery.probes)):
        seen: set[str] = set()
        for value in values:
            if value.name in seen:
                part = Part(f"recovery.{recovery.name}.{kind}.{value.name}", value.location)
                message = f"another {kind} has the name {value.name!r}"
                yield part.wrong("duplicate-name", "", message, "Rename one of the two.")
            seen.add(value.name)


def _action_findings(recovery: RecoveryPlan) -> Iterator[Finding]:
    """Yield a finding for actions on no known occasion, or after a role that is not restored."""
    for action in recovery.actions:
        part = Part(f"recovery.{recovery.name}.action.{action.name}", action.location)
        yield from _manual_findings(part, action)
        if not action.on:
            message, fix = "it never runs", f"Name one of {', '.join(OCCASIONS)}, or leave it out."
            yield part.wrong("no-occasion", "on", message, fix)
        for occasion in action.on:
            if occasion not in OCCASIONS:
                fix = suggestion(occasion, OCCASIONS, "")
                yield part.wrong("unknown-occasion", "on", f"there is no occasion {occasion!r}", fix)
        if action.after and action.after not in recovery.roles:
            fix = suggestion(action.after, recovery.roles, "Name its role in a wave.")
            yield part.wrong("unknown-role", "after", f"no wave restores {action.after!r}", fix)


def _manual_findings(part: Part, action: Action) -> Iterator[Finding]:
    """Yield what is wrong with a manual step: it also runs something, a trial would wait for it, or it has
    the name of a takeover.
    """
    if not action.manual:
        return
    if action.run:
        message, fix = "people do a manual step, so it cannot run a command", "Leave run or manual out."
        yield part.wrong("manual-step", "run", message, fix)
    for trial in ("drill", "refresh"):
        if trial in action.on:
            fix = f"Leave {trial} out of on: a {trial} skips the step."
            yield part.wrong("manual-step", "on", f"a {trial} does not wait for people", fix)
    if action.name in TAKEOVERS:
        approval = command("dr", "approve", action.name)
        message = f"{approval} approves the {action.name} itself, and no step of that name"
        yield part.wrong("manual-step", "", message, "Give the step another name.")


def approve_findings(recovery: RecoveryPlan) -> Iterator[Finding]:
    """Yield a finding for takeovers that do not exist and so cannot be approved."""
    for name in recovery.approve:
        if name not in TAKEOVERS:
            fix = suggestion(name, TAKEOVERS, "Name failover or failback.")
            yield whole(recovery).wrong("approve", "approve", f"{name!r} is no takeover", fix)


def _unknown_role_findings(recovery: RecoveryPlan, topology: Topology) -> Iterator[Finding]:
    """Yield a finding for a plan without waves, or for roles in waves that the topology does not have."""
    roles = [role.name for role in topology.roles]
    if not recovery.waves:
        fix = "Name every role in a wave, in the order in which they come back."
        yield whole(recovery).wrong("no-waves", "waves", "the plan has no waves, so nothing is restored", fix)
    for part, wave in zip(wave_parts(recovery), recovery.waves, strict=True):
        for name in dict.fromkeys(wave.roles):
            if name not in roles:
                fix = suggestion(name, roles, "Declare the role.")
                yield part.wrong("unknown-role", "roles", f"there is no role {name!r}", fix)


def _as_meant(recovery: RecoveryPlan, topology: Topology) -> RecoveryPlan:
    """Return the plan with each misspelled role of a wave as it is meant.

    If a wave has no valid role, or there is no wave, the first such wave gets all roles that the others lack.
    A finding that no wave restores these would only be a consequence.
    """
    roles = {role.name for role in topology.roles}
    missing = roles - {*recovery.roles, *recovery.without}
    meant = {name: nearest_spelling(name, missing) or name for name in {*recovery.roles} - roles}
    if not meant and recovery.waves and all(wave.roles for wave in recovery.waves):
        return recovery
    waves, left = [], sorted(missing)
    for wave in recovery.waves or [Wave(())]:
        known = [meant.get(name, name) for name in wave.roles]
        waves.append(evolve(wave, roles=known or left))
        left = left if known else []
    return evolve(recovery, waves=waves)


def _wave_findings(recovery: RecoveryPlan, topology: Topology) -> Iterator[Finding]:
    """Yield a finding for roles of `without` that the topology does not have, and for roles that no wave
    has.
    """
    roles = [role.name for role in topology.roles]
    for name in dict.fromkeys(recovery.without):
        if name not in roles:
            fix = suggestion(name, roles, "Declare the role.")
            yield whole(recovery).wrong("unknown-role", "without", f"there is no role {name!r}", fix)
        elif name in recovery.roles:
            message, fix = f"a wave restores {name!r}", "Name it in a wave or in without."
            yield whole(recovery).wrong("role-twice", "without", message, fix)
    answered = {*recovery.roles, *recovery.without}
    missing = [role for role in topology.roles if role.name not in answered]
    yield from _missing_findings(recovery, [role.name for role in missing if role.volumes], data=True)
    yield from _missing_findings(recovery, [role.name for role in missing if not role.volumes], data=False)


def _missing_findings(recovery: RecoveryPlan, names: Sequence[str], *, data: bool) -> Iterator[Finding]:
    """Yield a finding for roles that are neither in a wave nor in `without`. Only this finding shows data
    that is not restored.
    """
    if names:
        roles = ", ".join(names)
        message = f"no wave restores {roles}{', whose data would not be restored' if data else ''}"
        fix = "Name each in a wave; or in without, where that is meant."
        severity = Severity.ERROR if data else Severity.WARNING
        yield whole(recovery).wrong("role-in-no-wave", "waves", message, fix, severity)
