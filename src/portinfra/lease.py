"""The verbs of the leases of an environment: list them, take one from a dead run, forget its peer."""

from attrs import evolve

from portinfra.execution.connection import Connection
from portinfra.model.address import Scope
from portinfra.model.environment import Environment
from portinfra.model.lease import Lease
from portinfra.model.record import Record
from portinfra.model.topology import Topology
from portinfra.records import holder as holders
from portinfra.records.lease import read_leases, to_text
from portinfra.validation.arguments import check_arguments


@check_arguments
def list_leases(topology: Topology, environment: Environment) -> list[Lease]:
    """Return the leases of the environment, the newest last. They name the run that applies, or that applied
    last.
    """
    with Connection.to(environment) as here:
        return here.leases(Scope(topology.name, environment.name))


def lives(lease: Lease) -> bool | None:
    """Return whether the run that holds a lease still runs; None where this machine cannot know it."""
    holder = lease.holder_identity
    return holders.is_alive(holder) if holders.is_on_this_machine(holder) else None


@check_arguments
def release(topology: Topology, environment: Environment) -> Lease | None:
    """Take a lease from a holder that is known to be dead. Return None if no run holds the lease.

    The moment of the release counts as that of the holder's last change, which may be later than its last
    renewal.
    """
    with Connection.to(environment) as here:
        scope = Scope(topology.name, environment.name)
        held = [lease for lease in read_leases(here.reader, scope) if not lease.released]
        for lease in held:
            ended = evolve(lease, released=True, unfinished=True, renew_time=here.now())
            record = Record(lease.number, to_text(ended))
            here.caller.with_retries(here.provider.records.write(scope, record))
        return held[-1] if held else None


@check_arguments
def forget_peer(topology: Topology, environment: Environment) -> Lease:
    """Remove the peer from an environment's lease, once their recovery plan is removed.

    Return the lease once lists show it. Raise LeaseHeldError and ProviderError.
    """
    scope = Scope(topology.name, environment.name)
    with Connection.to(environment) as here, here.start_run(scope) as run:
        run.record_peer("")
    return run.lease
