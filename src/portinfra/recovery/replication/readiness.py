"""Whether a point of a group can be made and carried."""

from portinfra.command_text import command
from portinfra.execution.connection import Connection
from portinfra.model.observed import Observation
from portinfra.recovery.groups import Group
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.vault.readiness import sendable


def capture_problem(recovery: Recovery, group: Group, there: Observation, target: Connection) -> str:
    """Return why no point of a group can be made and carried; empty: nothing is known against it.

    `there` is what the source's scope holds. Nothing is changed or frozen to find out.
    """
    engine = recovery.engine(group.policy)
    native = engine == "native"
    if native and not target.provider.capabilities.snapshot_copy:
        return f"{recovery.target.on} copies no snapshots from elsewhere"
    if not native and (problem := sendable(recovery, engine)):
        return problem
    missing = [volume for volume in group.volumes if volume not in there.resources]
    if missing and there.unknown:
        return f"{there.silence}: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not seen"
    if not missing:
        return ""
    do, first = "does" if len(missing) == 1 else "do", command("apply", recovery.source.name)
    return f"{', '.join(missing)} {do} not exist: run {first} first"
