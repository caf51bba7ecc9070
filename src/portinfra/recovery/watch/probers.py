"""The probers of a recovery plan: one more host for each role that probes run on, with its checks."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from portinfra.errors import InvalidRequest, PlacementError
from portinfra.hooks.inventory import inventory
from portinfra.model.finding import Finding
from portinfra.model.hook import Inventory
from portinfra.model.observed import Observation, Observed
from portinfra.model.placed import Placed
from portinfra.model.recovery import Probe
from portinfra.model.resources import Instance
from portinfra.placement import place, role_in
from portinfra.provider import registry
from portinfra.provider.abilities import ConsoleReader
from portinfra.recovery.points.restore import isolate, with_end_after
from portinfra.recovery.recovery import Recovery
from portinfra.rollout.prober_host import prober_host
from portinfra.rollout.prober_script import Prober, ProberCheck
from portinfra.validation.limits import excesses

_WORD_OF_ANY = "0" * 32


def probes_by_role(recovery: Recovery) -> dict[str, list[Probe]]:
    """Return the probes that run on one more host of a role, by the role."""
    found: dict[str, list[Probe]] = {}
    for probe in recovery.plan.probes:
        if probe.from_role:
            found.setdefault(probe.from_role, []).append(probe)
    return found


def make_prober(recovery: Recovery, role: str, placed: Placed, given: Inventory, word: str) -> Instance:
    """Return the prober of a role. `given` is what hooks find in the inventory.

    Raises InvalidRequest for a file that cannot be read, PlacementError where there is no room for it.
    """
    probes = probes_by_role(recovery)[role]
    prober = Prober(
        word,
        tuple(ProberCheck(str(probe.run), _volumes(probe, given)) for probe in probes),
        given,
        {path: _contents(path) for probe in probes for path in probe.files},
        role_in(placed.topology.role(role), placed.environment).user_data,
        recovery.sensitive,
    )
    return prober_host(placed, role, prober.user_data())


def prober_support_findings(recovery: Recovery) -> Iterator[Finding]:
    """Yield a finding for each probe that no host of an end can run, or report about. Offline."""
    probes = [probe for mine in probes_by_role(recovery).values() for probe in mine]
    for end in dict.fromkeys((recovery.source.provider, recovery.target.provider)) if probes else ():
        plugin = registry.plugin(end)
        message = ""
        if not (plugin.capabilities.runs_user_data or plugin.capabilities.simulated):
            message = f"hosts of {end} run no user data, so none can run a probe"
        elif not isinstance(plugin, ConsoleReader):
            message = f"portinfra reads no serial console of {end}, so no probe can report from there"
        for probe in probes if message else ():
            yield _wrong(
                recovery, probe, "from", message, "Remove `from`: the probe then runs on this machine."
            )


def prober_findings(recovery: Recovery) -> Iterator[Finding]:
    """Yield what prevents a prober, as far as this machine can find out. They are errors of a drill."""
    if not (probes := probes_by_role(recovery)):
        return
    placed = with_end_after(place(isolate(recovery.topology), recovery.target), 1)
    plugin = registry.plugin_of(recovery.target)
    given = inventory(placed, _as_if_there(placed), occasion="drill")
    for role, (first, *_) in probes.items():
        try:
            host = make_prober(recovery, role, placed, given, _WORD_OF_ANY)
        except InvalidRequest as error:
            yield _wrong(recovery, first, "files", str(error), error.fix)
            continue
        except PlacementError as error:
            message = f"the prober of role {role!r} has no room: {error}"
            yield _wrong(recovery, first, "from", message, "Give the target a shorter subnet_prefix.")
            continue
        size, most = len(host.user_data.encode()), plugin.capabilities.user_data_max_bytes
        too_large = [each.message for each in excesses(host, plugin) if each.attribute == "user_data"]
        if size > most:
            too_large = [f"its user data has {size:,} bytes, and {plugin.name} takes {most:,}"]
        for message in too_large:
            fix = "Name smaller files, or let the image of the role or the restored data have them."
            yield _wrong(recovery, first, "files", f"the prober of role {role!r}: {message}", fix)


def _wrong(recovery: Recovery, probe: Probe, attribute: str, message: str, fix: str) -> Finding:
    subject = f"recovery.{recovery.plan.name}.probe.{probe.name}.{attribute}"
    return Finding("recovery/prober", message, fix, subject=subject, location=probe.location)


def _volumes(probe: Probe, given: Inventory) -> tuple[str, ...]:
    """Return the native ids of the volumes whose data a probe reads: of all roles where it names none."""
    return tuple(
        volume["id"]
        for host in given["hosts"]
        if host["role"] in probe.reads or not probe.reads
        for volume in host["volumes"]
    )


def _contents(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InvalidRequest(
            f"{path}, a file of a probe, cannot be read: {error.strerror}",
            fix="Run the command in the folder where the file is, or correct `files`.",
        ) from error


def _as_if_there(placed: Placed) -> Observation:
    """Return the resources as if they existed, with ids as long as a provider's."""
    return Observation(
        {
            address: Observed(address, spec, {"id": hashlib.sha256(address.encode()).hexdigest()[:40]})
            for address, spec in placed.resources.items()
        }
    )
