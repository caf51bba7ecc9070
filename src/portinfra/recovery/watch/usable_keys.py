"""Whether the encryption keys that a takeover uses exist and are enabled."""

from collections.abc import Collection, Iterable, Iterator

from portinfra.errors import NotFound, ProviderError
from portinfra.execution.connection import Connection
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding, Severity
from portinfra.model.location import Location
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.resources import Instance, Snapshot, Volume
from portinfra.provider import registry
from portinfra.provider.abilities import KeyStates
from portinfra.recovery.ledger.points import Point, id_of
from portinfra.recovery.recovery import Recovery


def keys_of(placed: Placed, points: Collection[Point], snapshots: Observation) -> list[str]:
    """Return the keys of all disks that are wanted, and of the snapshots that belong to these points."""
    ids = {point.id for point in points}
    disks = [spec.key for spec in placed.resources.values() if isinstance(spec, Instance | Volume)]
    sources = [
        seen.spec.key
        for address, seen in snapshots.resources.items()
        if isinstance(seen.spec, Snapshot) and id_of(address) in ids
    ]
    return sorted({key for key in (*disks, *sources) if key})


def key_findings(recovery: Recovery, target: Connection, keys: Iterable[str]) -> Iterator[Finding]:
    """Return an error for each key that cannot be used, and a warning for each that cannot be read.

    A provider without keys of one's own reads none. One call a key.
    """
    environment = target.environment
    plugin = registry.plugin_of(environment)
    if not isinstance(plugin, KeyStates):
        return
    for key in keys:
        if (call := plugin.key_call(environment, key)) is None:
            continue
        severity, rule, fix = Severity.ERROR, "unusable-key", f"Enable {key}, or name another key."
        try:
            (answer,) = target.reader.pages(call)
            problem = plugin.key_problem(answer)
        except NotFound:
            problem = "there is no such key"
            fix = f"Create {key}, or name another key."
        except ProviderError as error:
            severity, rule, fix = Severity.WARNING, "key-unread", error.fix
            problem = f"whether it can be used is not known: {error.first_line}"
        if problem:
            message = f"key {key} of {environment.name}: {problem}"
            subject, location = _place(recovery, environment, key)
            yield Finding(f"recovery/{rule}", message, fix, severity, subject=subject, location=location)


def _place(recovery: Recovery, environment: Environment, key: str) -> tuple[str, Location]:
    """Return the attribute that names a key, and its line; the recovery plan, for the key of a snapshot."""
    if key == environment.key:
        return f"environment.{environment.name}.key", environment.location
    if key in environment.keys.values():
        return f"environment.{environment.name}.keys", environment.location
    for role in recovery.topology.roles:
        for volume in role.volumes:
            if volume.key == key:
                return f"role.{role.name}.volume.{volume.name}.key", volume.location
    return f"recovery.{recovery.plan.name}", recovery.plan.location
