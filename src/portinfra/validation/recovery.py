"""Recovery plans: the environments and roles that they name, their times and waves."""

import difflib
import re
from collections.abc import Iterator, Sequence

from portinfra.model.environment import Environment
from portinfra.model.finding import Finding, Severity
from portinfra.model.recovery import RecoveryPlan
from portinfra.model.topology import Topology
from portinfra.validation.names import SCOPE_NAME_MAX, name_findings, suggestion, twice

DURATION = re.compile(r"[1-9][0-9]*[smhd]")


def recovery_findings(
    recovery: RecoveryPlan, topologies: Sequence[Topology], environments: Sequence[Environment]
) -> Iterator[Finding]:
    """What is wrong with a recovery plan.

    It belongs to the topology of its name, or to the only one there is.
    """
    subject = f"recovery.{recovery.name}"
    yield from name_findings(recovery.name, SCOPE_NAME_MAX, "recovery/name", subject, recovery.location)
    yield from _place_findings(recovery, [environment.name for environment in environments])
    yield from _key_findings(recovery, environments)
    for attribute in ("rpo", "rto"):
        duration = getattr(recovery, attribute)
        if not DURATION.fullmatch(duration):
            message = f"{duration!r} is no length of time"
            yield _wrong(recovery, "duration", attribute, message, "Write 30m, 4h or 1d.")
    yield from _wave_findings(recovery, topologies)


def _wrong(
    recovery: RecoveryPlan,
    rule: str,
    attribute: str,
    message: str,
    fix: str,
    severity: Severity = Severity.ERROR,
) -> Finding:
    return Finding(
        f"recovery/{rule}",
        message,
        fix,
        severity,
        subject=f"recovery.{recovery.name}.{attribute}",
        location=recovery.location,
    )


def _place_findings(recovery: RecoveryPlan, environments: Sequence[str]) -> Iterator[Finding]:
    for attribute in ("source", "target"):
        name = getattr(recovery, attribute)
        if name not in environments:
            fix = suggestion(name, environments, "Declare it.")
            message = f"there is no environment {name!r}"
            yield _wrong(recovery, "unknown-environment", attribute, message, fix)
    if recovery.source == recovery.target:
        message = f"{recovery.target!r} cannot stand in for itself"
        yield _wrong(recovery, "same-environment", "target", message, "Name another environment.")


def _key_findings(recovery: RecoveryPlan, environments: Sequence[Environment]) -> Iterator[Finding]:
    """Copies of data go from account to account, which those under a provider's own key cannot."""
    for environment in environments:
        if environment.name in (recovery.source, recovery.target) and environment.key is None:
            yield Finding(
                "recovery/no-key",
                f"recovery plan {recovery.name!r} brings its data to another account, and copies under the "
                "provider's own key cannot leave theirs",
                'Name a key of your own: key="alias/…" on AWS, its path elsewhere.',
                subject=f"environment.{environment.name}.key",
                location=environment.location,
            )


def _wave_findings(recovery: RecoveryPlan, topologies: Sequence[Topology]) -> Iterator[Finding]:
    waves = [name for wave in recovery.waves for name in wave]
    for name in sorted(twice(waves)):
        yield _wrong(recovery, "role-twice", "waves", f"{name!r} comes back twice", "Name it in one wave.")
    mine = [topology for topology in topologies if topology.name == recovery.name] or topologies
    if len(mine) != 1:
        near = difflib.get_close_matches(recovery.name, [topology.name for topology in mine], n=1)
        fix = f"Did you mean {near[0]!r}?" if near else "Name the plan as its topology."
        yield _wrong(recovery, "unknown-topology", "name", "it is no topology's name", fix)
        return
    roles = [role.name for role in mine[0].roles]
    for name in dict.fromkeys(waves):
        if name not in roles:
            fix = suggestion(name, roles, "Declare the role.")
            yield _wrong(recovery, "unknown-role", "waves", f"there is no role {name!r}", fix)
    missing = [name for name in roles if name not in waves]
    if missing:
        message = f"no wave brings back {', '.join(missing)}"
        fix = "Name every role in a wave, in the order in which they come back."
        yield _wrong(recovery, "role-in-no-wave", "waves", message, fix, Severity.WARNING)
