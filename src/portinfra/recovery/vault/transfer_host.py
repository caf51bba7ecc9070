"""Transfer hosts: temporary hosts in a scope and a network of their own, each with one volume. They can reach
the vault and nothing else, and nothing can reach them.

Transfer hosts outlive the run that creates them: when it dies they continue, and the next run waits for them.
The tags of a host name its receipt, so no run takes the receipt of one host for that of another.
"""

import json
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count

from attrs import evolve, field

from portinfra.errors import PortinfraError
from portinfra.execution.connection import Connection
from portinfra.execution.options import RunOptions
from portinfra.execution.run import Run
from portinfra.model.address import Address, Scope
from portinfra.model.catalogue import Catalogue
from portinfra.model.duration import seconds
from portinfra.model.finding import Finding
from portinfra.model.observed import Observation, Observed
from portinfra.model.placed import Placed
from portinfra.model.plan import PlanOptions
from portinfra.model.resources import Attachment, Instance, PublicAddress, Spec, Subnet, Volume
from portinfra.model.topology import Flow, Role, Topology, allow
from portinfra.model.vault import Vault, cidr_and_port
from portinfra.placement import place
from portinfra.planning.make_plan import make_plan
from portinfra.provider.abilities import BlockReader
from portinfra.recovery.points.restore import with_hosts_off
from portinfra.recovery.points.silent_zones import raise_for_plan
from portinfra.recovery.vault.store import Store
from portinfra.recovery.vault.transfer_script import TransferScript
from portinfra.value import frozen

ATTEMPT = "attempt"
"""The tag with the attempt of a transfer host. Its last part is a word that a valid receipt repeats: a
program that can write to the vault can leave a receipt there, but cannot see this word.
"""

SUBNET_PREFIX = 26
ROOT_GIB = 10
PAUSE_SECONDS = 5.0
"""Between two reads of the receipts."""

DIGEST = re.compile("[0-9a-f]{64}")
OBJECT = re.compile(r"[\w./-]+", re.ASCII)
"""A receipt becomes part of a receiver's script, and a program that can add files to the vault could write
one.
"""

LOSE_ALL = PlanOptions(allow_data_loss=frozenset({"all"}))


@frozen
class Transfer:
    """One volume that a transfer host carries."""

    volume: Address
    gib: int
    zone: int
    """The zone's ordinal."""
    key: str | None
    source: str | None
    """The native id of the snapshot that the volume is a clone of; None: blank."""
    first: bool = True
    """Whether this is the first volume of its point."""
    reader: BlockReader | None = None
    """How to read the snapshot's blocks: its transfer host has no volume then."""


@frozen
class Receipt:
    """The result of a transfer, as its host writes it."""

    digest: str
    """The SHA-256 that identifies the stored data; the engine decides what it covers."""
    bytes: int
    moved: int
    """The transferred bytes."""
    object: str
    """The name of the data in the vault."""


class TransferHostFailed(PortinfraError):
    """A transfer host reported a failure, or no result within the time limit."""


Attempts = Mapping[Address, str]
"""Volume → the attempt that identifies the work of its transfer host."""

Script = Callable[[TransferScript], str]
Name = Callable[[TransferScript], str]


@frozen
class TransferHosts:
    """The transfer hosts of one point at one end."""

    connection: Connection
    scope: Scope
    vault: Vault
    point: str
    engine: str
    script: Script
    """The script that a transfer host runs."""
    receipt: Name
    """The name of the receipt that it writes."""
    run_options: RunOptions = field(factory=RunOptions)
    stop: bool = False
    """Whether the hosts must stop before their volumes are read: all written data is complete then."""
    begin: Callable[[], None] = lambda: None
    """Called under the lease of the scope, before portinfra creates a host."""

    @contextmanager
    def run(
        self, transfers: Iterable[Transfer]
    ) -> Iterator[tuple[Mapping[Address, Receipt], Mapping[Address, Observed[Spec]]]]:
        """Run a transfer host for each of these volumes, and wait until all have done their work.

        Yields receipts and volumes, both by the address of the volume that they carry. A host that reads
        blocks has no volume. Everything is removed afterwards, also after an error. Raises
        TransferHostFailed, ApplyError, FindingsError, ProviderError.
        """
        transfers = list(transfers)
        run_options = self.run_options
        with self.connection.start_run(self.scope, run_options) as run:
            self.begin()
            catalogue = self.connection.catalogue()
            try:
                attempts, placed = self._ensure_hosts(run, transfers, catalogue)
                existing = run.reader.observe(self.scope).resources
                hosts = self._hosts(transfers)
                volumes = {
                    transfer.volume: existing[_volume(hosts[transfer.volume])]
                    for transfer in transfers
                    if not transfer.reader
                }
                self._stand_in(transfers, attempts, volumes)
                receipts = self._receipts(run, transfers, attempts)
                if self.stop:
                    run.apply(run.plan(_at_rest(placed), catalogue), run_options.listen)
                with run.keep_lease():
                    yield receipts, volumes
            finally:
                self._clear(run)

    def findings(self, transfers: list[Transfer], catalogue: Catalogue) -> tuple[Finding, ...]:
        """Return the findings of a plan of these hosts, as if none existed. Makes no call."""
        placed = self._place(transfers, {transfer.volume: "" for transfer in transfers})
        drivers = self.connection.provider.drivers
        return make_plan(placed, catalogue, Observation(), drivers, LOSE_ALL).findings

    def clear(self) -> None:
        """Remove what an earlier run left and no run waits for."""
        if not self.connection.observe(self.scope).resources:
            return
        with self.hold_empty():
            pass

    @contextmanager
    def hold_empty(self) -> Iterator[None]:
        """Hold the lease of the scope, and remove all hosts from it first."""
        with self.connection.start_run(self.scope, self.run_options) as run:
            self._clear(run)
            with run.keep_lease():
                yield

    def _clear(self, run: Run) -> None:
        nothing = Placed(Topology(self.scope.topology, ()), self.connection.environment, self.scope, {})
        plan = run.plan(nothing, self.connection.catalogue(), LOSE_ALL, destroy=True)
        if not plan.empty:
            run.apply(plan, self.run_options.listen)

    def _ensure_hosts(
        self, run: Run, transfers: list[Transfer], catalogue: Catalogue
    ) -> tuple[Attempts, Placed]:
        """Return each volume's attempt, and the placed hosts. Existing hosts are used if a new run would
        create the same; else new ones are created. A host that an earlier run began is never changed in
        place.
        """
        existing = run.reader.observe(self.scope).of(Instance)
        if found := self._attempts(existing, transfers):
            placed = self._place(transfers, found)
            if run.plan(placed, catalogue, LOSE_ALL).empty:
                return found, placed
        if existing:
            self._clear(run)
        attempts = {transfer.volume: secrets.token_hex(16) for transfer in transfers}
        placed = self._place(transfers, attempts)
        plan = run.plan(placed, catalogue, LOSE_ALL)
        raise_for_plan(plan)
        run.apply(plan, self.run_options.listen)
        return attempts, placed

    def _attempts(
        self, existing: Mapping[Address, Observed[Instance]], transfers: Iterable[Transfer]
    ) -> Attempts:
        """Return the attempts of the existing hosts; empty unless each volume has a host."""
        hosts = self._hosts(transfers)
        found = {
            transfer.volume: existing[host].spec.tags.get(ATTEMPT, "")
            for transfer in transfers
            if (host := Address(f"instance.{hosts[transfer.volume]}")) in existing
        }
        return found if len(found) == len(hosts) and all(found.values()) else {}

    def _hosts(self, transfers: Iterable[Transfer]) -> dict[Address, str]:
        """Return the name of each volume's transfer host, which lies in the zone of the volume."""
        taken: dict[int, int] = {}
        hosts = {}
        zones = self._zones
        for transfer in transfers:
            rank = taken.get(transfer.zone, 0)
            taken[transfer.zone] = rank + 1
            hosts[transfer.volume] = f"{self._role}{rank * zones + transfer.zone % zones + 1}"
        return hosts

    @property
    def _role(self) -> str:
        return f"p{self.point}-helper"

    @property
    def _zones(self) -> int:
        return place(Topology(self.scope.topology, ()), self.connection.environment).zones

    def _place(self, transfers: list[Transfer], attempts: Attempts) -> Placed:
        hosts = self._hosts(transfers)
        sizes = {transfer.gib for transfer in transfers}
        reading = any(transfer.reader for transfer in transfers)
        role = Role(
            self._role,
            count=max(int(host.removeprefix(self._role)) for host in hosts.values()),
            size=self.vault.size,
            image=self.vault.image,
            disk_gib=next(gib for gib in count(ROOT_GIB) if gib not in sizes),
            volumes=[Volume("data", gib=1)],
            public="it brings data to a vault, or from it",
            ignore=["power"],  # it powers itself off
            native=self.vault.native if reading else {},
        )
        topology = Topology(self.scope.topology, [role], self._ways_out(role, reading=reading))
        environment = evolve(
            self.connection.environment,
            name=self.scope.environment,
            cidr=self.vault.cidr,
            subnet_prefix=SUBNET_PREFIX,
            roles={},
            dns=None,
        )
        placed = place(topology, environment)
        return evolve(placed, resources=self._dress(placed, transfers, attempts))

    def _ways_out(self, role: Role, *, reading: bool) -> list[Flow]:
        """Return flows to the vault, to the provider's blocks where they are read, and to nothing else."""
        endpoints = self.vault.endpoints if reading else (self.vault.endpoint,)
        destinations = map(cidr_and_port, endpoints)
        return [allow(role, cidr, tcp=port, why="what it carries") for cidr, port in destinations]

    def _dress(self, placed: Placed, transfers: list[Transfer], attempts: Attempts) -> dict[Address, Spec]:
        """Return the resources of the needed hosts, each with its volume and its script."""
        transfers_of = {
            host: transfer for transfer, host in zip(transfers, self._hosts(transfers).values(), strict=True)
        }
        resources: dict[Address, Spec] = {}
        subnets = set()
        for address, spec in placed.resources.items():
            host = address.name.removesuffix("-data")
            transfer = transfers_of.get(host)
            if not isinstance(spec, Instance | Volume | Attachment | PublicAddress):
                resources[address] = spec
            elif transfer is None or (transfer.reader and isinstance(spec, Volume | Attachment)):
                continue
            elif isinstance(spec, Volume):
                resources[address] = evolve(spec, gib=transfer.gib, key=transfer.key, source=transfer.source)
            elif isinstance(spec, Instance):
                attempt = attempts[transfer.volume]
                subnets.add(spec.subnet)
                resources[address] = evolve(
                    spec,
                    tags={**spec.tags, ATTEMPT: attempt},
                    user_data=self.script(self._script_of(transfer, attempt)),
                    ends_after=seconds(self.vault.limit),
                )
            else:
                resources[address] = spec
        return {a: s for a, s in resources.items() if not isinstance(s, Subnet) or a in subnets}

    def _script_of(self, transfer: Transfer, attempt: str) -> TransferScript:
        name = transfer.volume.name
        return TransferScript(
            self.point, name, transfer.gib, attempt, self.engine, transfer.first, transfer.reader
        )

    def _stand_in(
        self,
        transfers: Iterable[Transfer],
        attempts: Attempts,
        volumes: Mapping[Address, Observed[Spec]],
    ) -> None:
        if self.vault.stand is None:
            return
        for transfer in transfers:
            script = self._script_of(transfer, attempts[transfer.volume])
            volume = "" if transfer.reader else volumes[transfer.volume].id
            self.vault.stand.run(self.script(script), volume)

    def _receipts(
        self, run: Run, transfers: Iterable[Transfer], attempts: Attempts
    ) -> dict[Address, Receipt]:
        store, clock = Store(self.vault), self.connection.provider.clock
        until = clock.now() + seconds(self.vault.limit)
        scripts = {
            transfer.volume: self._script_of(transfer, attempts[transfer.volume]) for transfer in transfers
        }
        names = {volume: self.receipt(script) for volume, script in scripts.items()}
        words = {volume: script.word for volume, script in scripts.items()}
        found: dict[Address, Receipt] = {}
        while True:
            existing = set(store.names(self.point))
            for volume, name in names.items():
                if volume not in found and name in existing:
                    found[volume] = parse_receipt(store.read(name), volume, words[volume])
            if len(found) == len(names):
                return found
            if clock.now() + PAUSE_SECONDS > until:
                missing = ", ".join(sorted(names.keys() - found.keys()))
                raise TransferHostFailed(
                    f"no transfer host reported within {self.vault.limit} about {missing}",
                    fix="Check that hosts there can reach the vault, and that the image runs user data.",
                )
            run.sleep_until(clock.now() + PAUSE_SECONDS)


def parse_receipt(text: str, volume: Address, word: str) -> Receipt:
    """Return a receipt from its text. Raises TransferHostFailed where it reports a failure, cannot be read,
    or is not from the transfer host that has this `word`.
    """
    try:
        result = json.loads(text)
        if "failed" in result:
            raise TransferHostFailed(
                f"{volume}: {result['failed']}",
                fix="Correct the cause that it names, and run the same command again.",
            )
        if result["word"] != word:
            raise ValueError("no transfer host of this point has written it")
        if not (DIGEST.fullmatch(result["digest"]) and OBJECT.fullmatch(result["object"])):
            raise ValueError("no transfer host writes such a digest or name")
        return Receipt(result["digest"], int(result["bytes"]), int(result["moved"]), result["object"])
    except (ValueError, KeyError, TypeError) as error:
        raise TransferHostFailed(
            f"{volume}: its receipt cannot be read: {error}", fix="Run the same command again."
        ) from None


def _at_rest(placed: Placed) -> Placed:
    hosts = frozenset(a for a, s in placed.resources.items() if isinstance(s, Instance))
    roles = [evolve(role, ignore=(), max_unavailable=role.count) for role in placed.topology.roles]
    return with_hosts_off(evolve(placed, topology=evolve(placed.topology, roles=roles)), hosts)


def _volume(host: str) -> Address:
    return Address(f"volume.{host}-data")
