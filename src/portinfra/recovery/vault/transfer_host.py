"""Helpers: throwaway hosts, in a scope and a network of their own, each with one volume, that may reach the
vault and nothing else, and that nothing may reach.

Helpers outlive whoever made them: a run that dies leaves them at work, and the next one goes on waiting for
them. Which receipt a helper writes is in its tags, so that nobody takes another's for it.
"""

import json
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count

from attrs import evolve, field, frozen

from portinfra.errors import PortinfraError
from portinfra.execution.connection import Connection
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
from portinfra.planning.make_plan import compose
from portinfra.planning.refusal import refuse
from portinfra.provider.abilities import BlockReader
from portinfra.recovery.options import RunOptions
from portinfra.recovery.points.restore import with_hosts_off
from portinfra.recovery.vault.store import Store
from portinfra.recovery.vault.transfer_script import TransferScript

ATTEMPT = "attempt"
"""The tag that tells a helper's attempt, with the word without which no receipt is believed. Whoever may
write to the vault could leave one there, and cannot see this.
"""

SUBNET_PREFIX = 26
ROOT_GIB = 10
PAUSE_SECONDS = 5.0
"""Between two looks for receipts."""

DIGEST = re.compile("[0-9a-f]{64}")
OBJECT = re.compile(r"[\w./-]+", re.ASCII)
"""What a receipt says becomes part of a receiver's script; whoever may add to the vault could write one."""

LOSE_ALL = PlanOptions(allow_data_loss=frozenset({"all"}))


@frozen
class Transfer:
    """One volume that a helper is to carry."""

    volume: Address
    gib: int
    zone: int
    """Ordinal."""
    key: str | None
    source: str | None
    """The native id of the snapshot that it is a clone of; None: blank."""
    first: bool = True
    """Whether it is the first of its point."""
    reader: BlockReader | None = None
    """How to read that snapshot's blocks: its helper has no volume then."""


@frozen
class Receipt:
    """What a helper says of a volume that it has carried."""

    digest: str
    """SHA-256 of what is stored, which nothing else has; its engine says of what in particular."""
    bytes: int
    moved: int
    """Bytes that travelled."""
    object: str
    """What they are called in the vault."""


class TransferHostFailed(PortinfraError):
    """A helper said that it failed, or said nothing for too long."""


Attempts = Mapping[Address, str]
"""Volume → what tells its helper's work from any other's."""

Script = Callable[[TransferScript], str]
Name = Callable[[TransferScript], str]


@frozen
class TransferHosts:
    """The helpers of one point at one end of the way."""

    connection: Connection
    scope: Scope
    vault: Vault
    point: str
    engine: str
    script: Script
    """What a helper runs."""
    receipt: Name
    """The name of the receipt that it leaves."""
    run_options: RunOptions = field(factory=RunOptions)
    stop: bool = False
    """Whether they must have stopped when their volumes are looked at: what is written is at rest then."""
    begin: Callable[[], None] = lambda: None
    """Called under the lease of their scope, before any of them is made."""

    @contextmanager
    def at_work(
        self, loads: Iterable[Transfer]
    ) -> Iterator[tuple[Mapping[Address, Receipt], Mapping[Address, Observed[Spec]]]]:
        """Helpers for these volumes, once all have done their work: receipts, and the volumes that they have,
        by the address of what they stand for; none of what they read without. All is removed afterwards,
        whatever became of it.

        Raises HelperFailed, ApplyError, FindingsError, ProviderError.
        """
        loads = list(loads)
        run_options = self.run_options
        with self.connection.start_run(self.scope, workers=run_options.workers, seed=run_options.seed) as run:
            self.begin()
            catalogue = self.connection.catalogue()
            try:
                attempts, placed = self._at_it(run, loads, catalogue)
                there = run.reader.observe(self.scope).resources
                hosts = self._hosts(loads)
                volumes = {
                    load.volume: there[_volume(hosts[load.volume])] for load in loads if not load.reader
                }
                self._stand_in(loads, attempts, volumes)
                receipts = self._receipts(run, loads, attempts)
                if self.stop:
                    run.apply(run.plan(_at_rest(placed), catalogue), run_options.listen)
                yield receipts, volumes
            finally:
                self._clear(run)

    def findings(self, loads: list[Transfer], catalogue: Catalogue) -> tuple[Finding, ...]:
        """Return what a plan of these helpers finds, as if none existed. Makes no call."""
        placed = self._place(loads, {load.volume: "" for load in loads})
        drivers = self.connection.provider.drivers
        return compose(placed, catalogue, Observation(), drivers, LOSE_ALL).findings

    def clear(self) -> None:
        """Remove what an earlier run left, and nobody waits for."""
        if not self.connection.observe(self.scope).resources:
            return
        with self.hold_empty():
            pass

    @contextmanager
    def hold_empty(self) -> Iterator[None]:
        """Hold the lease of their scope, with none of them left in it."""
        with self.connection.start_run(
            self.scope, workers=self.run_options.workers, seed=self.run_options.seed
        ) as run:
            self._clear(run)
            yield

    def _clear(self, run: Run) -> None:
        nothing = Placed(Topology(self.scope.topology, ()), self.connection.environment, self.scope, {})
        plan = run.plan(nothing, self.connection.catalogue(), LOSE_ALL, destroy=True)
        if not plan.empty:
            run.apply(plan, self.run_options.listen)

    # Which helpers there are.

    def _at_it(self, run: Run, loads: list[Transfer], catalogue: Catalogue) -> tuple[Attempts, Placed]:
        """Each volume's attempt, and the helpers: those that are at work, if they are what they would be were
        they made now; else new ones. Nothing of one that an earlier run began is changed under it.
        """
        there = run.reader.observe(self.scope).of(Instance)
        if found := self._attempts(there, loads):
            placed = self._place(loads, found)
            if run.plan(placed, catalogue, LOSE_ALL).empty:
                return found, placed
        if there:
            self._clear(run)
        attempts = {load.volume: secrets.token_hex(16) for load in loads}
        placed = self._place(loads, attempts)
        plan = run.plan(placed, catalogue, LOSE_ALL)
        refuse(plan)
        run.apply(plan, self.run_options.listen)
        return attempts, placed

    def _attempts(self, there: Mapping[Address, Observed[Instance]], loads: Iterable[Transfer]) -> Attempts:
        """The attempts that helpers are at; none unless it is all of them."""
        hosts = self._hosts(loads)
        found = {
            load.volume: there[host].spec.tags.get(ATTEMPT, "")
            for load in loads
            if (host := Address(f"instance.{hosts[load.volume]}")) in there
        }
        return found if len(found) == len(hosts) and all(found.values()) else {}

    def _hosts(self, loads: Iterable[Transfer]) -> dict[Address, str]:
        """Each volume's helper, by name: a host whose zone is the volume's."""
        taken: dict[int, int] = {}
        hosts = {}
        zones = self._zones
        for load in loads:
            rank = taken.get(load.zone, 0)
            taken[load.zone] = rank + 1
            hosts[load.volume] = f"{self._role}{rank * zones + load.zone % zones + 1}"
        return hosts

    @property
    def _role(self) -> str:
        return f"p{self.point}-helper"

    @property
    def _zones(self) -> int:
        return place(Topology(self.scope.topology, ()), self.connection.environment).zones

    def _place(self, loads: list[Transfer], attempts: Attempts) -> Placed:
        hosts = self._hosts(loads)
        sizes = {load.gib for load in loads}
        reading = any(load.reader for load in loads)
        role = Role(
            self._role,
            count=max(int(host.removeprefix(self._role)) for host in hosts.values()),
            size=self.vault.size,
            image=self.vault.image,
            disk_gib=next(gib for gib in count(ROOT_GIB) if gib not in sizes),
            volumes=[Volume("data", gib=1)],
            public="it brings data to a vault, or from it",
            ignore=["power"],  # it turns itself off
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
        return evolve(placed, resources=self._dress(placed, loads, attempts))

    def _ways_out(self, role: Role, *, reading: bool) -> list[Flow]:
        """The vault, the provider's blocks where they are read, and nothing else."""
        whither = self.vault.endpoints if reading else (self.vault.endpoint,)
        ways = map(cidr_and_port, whither)
        return [allow(role, cidr, tcp=port, why="what it carries") for cidr, port in ways]

    def _dress(self, placed: Placed, loads: list[Transfer], attempts: Attempts) -> dict[Address, Spec]:
        """The helpers that are needed, each with its volume and its script; and where they are."""
        loads_of = {host: load for load, host in zip(loads, self._hosts(loads).values(), strict=True)}
        resources: dict[Address, Spec] = {}
        subnets = set()
        for address, spec in placed.resources.items():
            host = address.name.removesuffix("-data")
            load = loads_of.get(host)
            if not isinstance(spec, Instance | Volume | Attachment | PublicAddress):
                resources[address] = spec
            elif load is None or (load.reader and isinstance(spec, Volume | Attachment)):
                continue
            elif isinstance(spec, Volume):
                resources[address] = evolve(spec, gib=load.gib, key=load.key, source=load.source)
            elif isinstance(spec, Instance):
                attempt = attempts[load.volume]
                subnets.add(spec.subnet)
                resources[address] = evolve(
                    spec,
                    tags={**spec.tags, ATTEMPT: attempt},
                    user_data=self.script(self._errand(load, attempt)),
                    ends_after=seconds(self.vault.limit),
                )
            else:
                resources[address] = spec
        return {a: s for a, s in resources.items() if not isinstance(s, Subnet) or a in subnets}

    def _errand(self, load: Transfer, attempt: str) -> TransferScript:
        name = load.volume.name
        return TransferScript(self.point, name, load.gib, attempt, self.engine, load.first, load.reader)

    # What became of them.

    def _stand_in(
        self,
        loads: Iterable[Transfer],
        attempts: Attempts,
        volumes: Mapping[Address, Observed[Spec]],
    ) -> None:
        if self.vault.stand is None:
            return
        for load in loads:
            errand = self._errand(load, attempts[load.volume])
            volume = "" if load.reader else volumes[load.volume].id
            self.vault.stand.run(self.script(errand), volume)

    def _receipts(self, run: Run, loads: Iterable[Transfer], attempts: Attempts) -> dict[Address, Receipt]:
        store, clock = Store(self.vault), self.connection.provider.clock
        until = clock.now() + seconds(self.vault.limit)
        errands = {load.volume: self._errand(load, attempts[load.volume]) for load in loads}
        names = {volume: self.receipt(errand) for volume, errand in errands.items()}
        words = {volume: errand.word for volume, errand in errands.items()}
        found: dict[Address, Receipt] = {}
        while True:
            there = set(store.names(self.point))
            for volume, name in names.items():
                if volume not in found and name in there:
                    found[volume] = receipt(store.read(name), volume, words[volume])
            if len(found) == len(names):
                return found
            if clock.now() + PAUSE_SECONDS > until:
                missing = ", ".join(sorted(names.keys() - found.keys()))
                raise TransferHostFailed(
                    f"no helper said within {self.vault.limit} what became of {missing}",
                    fix="See whether the vault can be reached from there, and the image runs user data.",
                )
            run.sleep_until(clock.now() + PAUSE_SECONDS)


def receipt(text: str, volume: Address, word: str) -> Receipt:
    """A receipt, read. Raises HelperFailed where it says so, or says nothing, or is not that helper's."""
    try:
        said = json.loads(text)
        if "failed" in said:
            raise TransferHostFailed(
                f"{volume}: {said['failed']}", fix="Mend what it names, and run this again."
            )
        if said["word"] != word:
            raise ValueError("no helper of ours has written it")
        if not (DIGEST.fullmatch(said["digest"]) and OBJECT.fullmatch(said["object"])):
            raise ValueError("no helper writes such a digest, or such a name")
        return Receipt(said["digest"], int(said["bytes"]), int(said["moved"]), said["object"])
    except (ValueError, KeyError, TypeError) as error:
        raise TransferHostFailed(
            f"{volume}: its receipt cannot be read: {error}", fix="Run this again."
        ) from None


def _at_rest(placed: Placed) -> Placed:
    hosts = frozenset(a for a, s in placed.resources.items() if isinstance(s, Instance))
    roles = [evolve(role, ignore=(), max_unavailable=role.count) for role in placed.topology.roles]
    return with_hosts_off(evolve(placed, topology=evolve(placed.topology, roles=roles)), hosts)


def _volume(host: str) -> Address:
    return Address(f"volume.{host}-data")
