"""Whether portinfra can make, carry and restore a point of a group."""

from portinfra.command_text import command
from portinfra.execution.connection import Connection
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.resources import Volume
from portinfra.recovery.groups import Group
from portinfra.recovery.points.coverage import judge_size
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.vault.readiness import sending_problem


def capture_problem(recovery: Recovery, group: Group, there: Observation, target: Connection) -> str:
    """Return why portinfra cannot make and carry a point of a group; empty: no reason is known.

    `there` is what the source's scope has. This changes and freezes nothing.
    """
    engine = recovery.engine(group.policy)
    native = engine == "native"
    if native and not target.provider.capabilities.snapshot_copy:
        return f"{recovery.target.on} cannot copy snapshots from another place"
    if not native and (problem := sending_problem(recovery, engine)):
        return problem
    missing = [volume for volume in group.volumes if volume not in there.resources]
    if missing and there.unknown:
        return f"{there.silence}: portinfra cannot see {', '.join(missing)}"
    if not missing:
        return ""
    do, apply = "does" if len(missing) == 1 else "do", command("apply", recovery.source.name)
    listed, name, other = ", ".join(missing), recovery.source.name, recovery.target.name
    if any(volume in target.observe(recovery.target_scope).resources for volume in missing):
        # After a takeover without this role, the other end has its newest data.
        return (
            f"{listed} {do} not exist in {name}, and {other} has {'it' if len(missing) == 1 else 'them'}. "
            f"With the role in `without`, {other} keeps its data. {apply} makes "
            f"{'a blank one' if len(missing) == 1 else 'blank ones'}"
        )
    return f"{listed} {do} not exist: run {apply} first"


def size_problem(group: Group, there: Observation, placed: Placed) -> str:
    """Return which volumes are larger than the declared ones that their data is restored to; empty: none.

    `there` is what the source's scope has, and `placed` is the topology at the end that restores.
    """
    seen = there.of(Volume)
    judged = [judge_size(v, placed.resources.get(v), seen[v].spec.gib) for v in group.volumes if v in seen]
    return "; ".join(str(each) for each in judged if each.judgement == "too large")
