"""Recovery plans: the topology and roles that they name, in waves, actions and probes."""

import difflib
from collections.abc import Iterator, Sequence

from portinfra.model.environment import Environment
from portinfra.model.finding import Finding, Severity
from portinfra.model.recovery import OCCASIONS, RecoveryPlan
from portinfra.model.topology import Topology
from portinfra.validation.names import SCOPE_NAME_MAX, name_findings, suggestion, twice
from portinfra.validation.recovery_data import data_findings
from portinfra.validation.recovery_part import Part, wave_parts, whole
from portinfra.validation.recovery_places import key_findings, place_findings
from portinfra.validation.recovery_times import time_findings
from portinfra.validation.recovery_vault import vault_findings


def recovery_findings(
    recovery: RecoveryPlan, topologies: Sequence[Topology], environments: Sequence[Environment]
) -> Iterator[Finding]:
    """What is wrong with a recovery plan.

    It belongs to the topology of its name, or to the only one there is.
    """
    subject = f"recovery.{recovery.name}"
    yield from name_findings(recovery.name, SCOPE_NAME_MAX, "recovery/name", subject, recovery.location)
    yield from place_findings(recovery, environments)
    yield from time_findings(recovery)
    yield from _named_findings(recovery)
    yield from _action_findings(recovery)
    mine = [topology for topology in topologies if topology.name == recovery.name] or topologies
    if len(mine) == 1:
        yield from key_findings(recovery, mine[0], environments)
        yield from _wave_findings(recovery, mine[0])
        yield from data_findings(recovery, mine[0], environments)
        yield from vault_findings(recovery, mine[0], environments)
    else:
        near = difflib.get_close_matches(recovery.name, [topology.name for topology in mine], n=1)
        fix = f"Did you mean {near[0]!r}?" if near else "Name the plan as its topology."
        yield whole(recovery).wrong("unknown-topology", "name", "it is no topology's name", fix)


def _named_findings(recovery: RecoveryPlan) -> Iterator[Finding]:
    """Roles, actions and probes that are named twice, or are names of nothing."""
    for name in sorted(twice(recovery.roles)):
        message = f"{name!r} comes back twice"
        yield whole(recovery).wrong("role-twice", "waves", message, "Name it in one wave.")
    for kind, hooks in (("action", recovery.actions), ("probe", recovery.probes)):
        for hook in hooks:
            if isinstance(hook.run, str) and not hook.run.strip():
                part = Part(f"recovery.{recovery.name}.{kind}.{hook.name}", hook.location)
                yield part.wrong("no-command", "run", "it runs nothing, and always passes", "Name a command.")
    for kind, values in (("action", recovery.actions), ("probe", recovery.probes)):
        seen: set[str] = set()
        for value in values:
            if value.name in seen:
                part = Part(f"recovery.{recovery.name}.{kind}.{value.name}", value.location)
                message = f"another {kind} has the name {value.name!r}"
                yield part.wrong("duplicate-name", "", message, "Rename one of the two.")
            seen.add(value.name)


def _action_findings(recovery: RecoveryPlan) -> Iterator[Finding]:
    """Actions on no known occasion, or after a role that does not come back."""
    for action in recovery.actions:
        part = Part(f"recovery.{recovery.name}.action.{action.name}", action.location)
        for occasion in action.on:
            if occasion not in OCCASIONS:
                fix = suggestion(occasion, OCCASIONS, "")
                yield part.wrong("unknown-occasion", "on", f"there is no occasion {occasion!r}", fix)
        if action.after and action.after not in recovery.roles:
            fix = suggestion(action.after, recovery.roles, "Name its role in a wave.")
            yield part.wrong("unknown-role", "after", f"no wave brings back {action.after!r}", fix)


def _wave_findings(recovery: RecoveryPlan, topology: Topology) -> Iterator[Finding]:
    """Roles that the topology does not have, or that no wave has."""
    roles = [role.name for role in topology.roles]
    for part, wave in zip(wave_parts(recovery), recovery.waves, strict=True):
        for name in dict.fromkeys(wave.roles):
            if name not in roles:
                fix = suggestion(name, roles, "Declare the role.")
                yield part.wrong("unknown-role", "roles", f"there is no role {name!r}", fix)
    missing = [name for name in roles if name not in recovery.roles]
    if missing:
        message = f"no wave brings back {', '.join(missing)}"
        fix = "Name every role in a wave, in the order in which they come back."
        yield whole(recovery).wrong("role-in-no-wave", "waves", message, fix, Severity.WARNING)
