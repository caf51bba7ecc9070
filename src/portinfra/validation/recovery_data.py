"""Checks of recovery plans: how the data of each volume travels."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from portinfra.format import suggestion
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding, Severity
from portinfra.model.recovery import ENGINES, KEPT, SEEDS, DataPolicy, RecoveryPlan, usual_engine
from portinfra.model.reference_rules import name_rule
from portinfra.model.topology import Role, Topology
from portinfra.validation.recovery_part import Part, policy_part, whole
from portinfra.validation.recovery_times import length


def data_findings(
    recovery: RecoveryPlan, topology: Topology, environments: Sequence[Environment]
) -> Iterator[Finding]:
    """Yield findings for policies of nothing, or that contradict one another or the providers of both
    ends.
    """
    places = {environment.name: environment.provider for environment in environments}
    ends = places.get(recovery.source), places.get(recovery.target)
    usual = usual_engine(ends[0], ends[1]) if ends[0] and ends[1] else "the default"
    roles = {role.name: role for role in topology.roles}
    seen: set[tuple[str, str]] = set()
    for each in recovery.data:
        if (each.role, each.volume) in seen:
            message, fix = f"{each.of!r} has another policy already", "Keep one."
            yield policy_part(recovery, each).wrong("policy-twice", "", message, fix)
        seen.add((each.role, each.volume))
        yield from _subject_findings(recovery, each, roles)
        yield from _value_findings(recovery, each)
        if each.engine == "native" and usual == "age":
            message = f"snapshots do not go from {ends[0]} to {ends[1]}"
            fix = "Leave the engine out, for age; or name restic."
            yield policy_part(recovery, each).wrong("engine", "engine", message, fix)
    travelling = _travelling(recovery, topology)
    yield from _group_findings(recovery, travelling, usual)
    yield from _vault_findings(recovery, travelling, usual)


def _subject_findings(
    recovery: RecoveryPlan, each: DataPolicy, roles: Mapping[str, Role]
) -> Iterator[Finding]:
    part = policy_part(recovery, each)
    if each.role not in roles:
        fix = suggestion(each.role, roles, "Declare the role.")
        yield part.wrong("unknown-role", "", f"there is no role {each.role!r}", fix)
        return
    volumes = [volume.name for volume in roles[each.role].volumes]
    if each.volume and each.volume not in volumes:
        fix = suggestion(each.volume, volumes, "Declare the volume.")
        message = f"role {each.role!r} has no volume {each.volume!r}"
        yield part.wrong("unknown-volume", "", message, fix)
    elif not volumes:
        message = f"role {each.role!r} has no volumes, so there is no data to carry"
        fix = "Remove the policy, or declare a volume."
        yield part.wrong("no-volumes", "", message, fix, Severity.WARNING)


def _value_findings(recovery: RecoveryPlan, each: DataPolicy) -> Iterator[Finding]:
    part = policy_part(recovery, each)
    if each.engine and each.engine not in ENGINES:
        message, fix = f"there is no engine {each.engine!r}", suggestion(each.engine, ENGINES, "")
        yield part.wrong("unknown-engine", "engine", message, fix)
    if each.seed not in SEEDS:
        message = f"{each.seed!r} is no known seed"
        yield part.wrong("unknown-seed", "seed", message, suggestion(each.seed, SEEDS, ""))
    yield from _keep_findings(part, each)
    if each.engine == "restic":
        severity = Severity.ERROR if each.sensitive else Severity.WARNING
        message = (
            "every writer of a restic repository can read it, so the source could read all recovery data "
            f"({name_rule('R22')})"
        )
        fix = "Use age, whose key the source does not have. Keep restic if less data to send matters more."
        yield part.wrong("writer-reads", "engine", message, fix, severity)


def _keep_findings(part: Part, each: DataPolicy) -> Iterator[Finding]:
    """Yield a finding where no point is kept or a name is unknown; and for the former name, if nothing else
    is wrong.
    """
    attribute = "keep" if each.retention is None else "retention"
    unknown = sorted(set(each.kept) - set(KEPT))
    negative = sorted(name for name in set(each.kept) & set(KEPT) if each.kept[name] < 0)
    for name in unknown:
        message, fix = f"there is no {name!r} to keep", suggestion(name, KEPT, "")
        yield part.wrong("unknown-keep", attribute, message, fix)
    if negative and each.retention is None:
        message = f"{', '.join(f'{name} = {each.kept[name]}' for name in negative)} is negative"
        yield part.wrong("keep", attribute, message, "Give the number of points, or leave it out.")
    elif not unknown and max(each.kept.values(), default=0) < 1:
        message, fix = "no point would be kept", "Keep one at least; two or more where the newest may be bad."
        yield part.wrong(attribute, attribute, message, fix)
    elif each.retention is not None and each.keep != DataPolicy(each.of).keep:
        fix = "Leave retention out: it is the former name of keep."
        yield part.wrong("keep-twice", attribute, "keep and retention both say what is kept", fix)
    elif each.retention is not None:
        write = each.location.write("keep", str(each.retention))
        message = f"retention is the former name of keep, and is read as {write}"
        fix = f"Write {write}."
        yield part.wrong("former-name", attribute, message, fix, Severity.WARNING)


Travelling = Sequence[tuple[str, DataPolicy]]
"""Role and policy of every volume that is restored."""


def _travelling(recovery: RecoveryPlan, topology: Topology) -> Travelling:
    """Return role and policy of every volume that is restored: its own policy, else its role's, else the
    default.
    """
    return [
        (role.name, recovery.policy(role.name, volume.name))
        for role in topology.roles
        if role.name in recovery.roles
        for volume in role.volumes
    ]


def _group_findings(recovery: RecoveryPlan, travelling: Travelling, usual: str) -> Iterator[Finding]:
    """Yield a finding for a group whose policies differ. Volumes of one moment travel in one way, at one
    time.
    """
    rpo = length(recovery.rpo) or 0
    compared: Mapping[str, Callable[[DataPolicy], Any]] = {
        "engine": lambda each: each.engine or usual,
        "schedule": lambda each: length(each.schedule) if each.schedule else rpo // 2,
        "seed": lambda each: each.seed,
    }
    grouped: dict[str, list[DataPolicy]] = defaultdict(list)
    for role, each in travelling:
        grouped[each.group or role].append(each)
    for name, policies in grouped.items():
        for attribute, value_of in compared.items():
            words = {value_of(each): getattr(each, attribute) or "the default" for each in policies}
            if len(words) > 1:
                message = f"the volumes of group {name!r} are of one moment, and their {attribute} differs: "
                declared = next(each for each in reversed(policies) if each in recovery.data)
                yield policy_part(recovery, declared).wrong(
                    "group",
                    attribute,
                    message + ", ".join(sorted(words.values())),
                    f"Give them one {attribute}, or groups of their own.",
                )


def _vault_findings(recovery: RecoveryPlan, travelling: Travelling, usual: str) -> Iterator[Finding]:
    """Yield a finding for data that travels through a vault if the plan has none."""
    needed = dict.fromkeys(role for role, each in travelling if (each.engine or usual) in ("age", "restic"))
    if needed and not recovery.vault:
        message = f"the data of {', '.join(needed)} travels through a vault, and none is named"
        fix = "Name one; docs/recovery-vault.md shows how."
        yield whole(recovery).wrong("no-vault", "vault", message, fix)
