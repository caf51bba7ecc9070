"""Waves: some roles brought up, and their gates passed, before the next begin."""

from collections.abc import Callable, Collection, Sequence

from attrs import define, field, frozen

from portinfra.errors import ApplyError, PortinfraError
from portinfra.execution.connection import Connection
from portinfra.execution.run import Run
from portinfra.model.address import Address
from portinfra.model.catalogue import Catalogue
from portinfra.model.evidence import Checked, Kind, WaveRun
from portinfra.model.placed import Placed
from portinfra.model.plan import PlanOptions
from portinfra.model.progress import Listener
from portinfra.model.recovery import Action, Hook, Inventory, Probe, Wave, seconds
from portinfra.model.resources import Instance
from portinfra.planning.refusal import refuse
from portinfra.recovery import hooks
from portinfra.recovery.inventory import inventory
from portinfra.recovery.restore import all_at_once, hosts_of, joining, outdated, replacing, stopped
from portinfra.recovery.subject import Recovery
from portinfra.recovery.turn import mark
from portinfra.words import duration, iso

PAUSE_SECONDS = 5.0
"""Between two tries of a gate."""

PROBE_SECONDS = 300.0

Say = Callable[[str], None]


@frozen
class Bringing:
    """Where a topology is brought up, and how far what is printed may be repeated."""

    place: Connection
    run: Run
    catalogue: Catalogue
    placed: Placed
    listen: Listener
    quiet: bool = False
    """Whether what hooks print is kept to itself, for the data is sensitive."""

    @property
    def now(self) -> float:
        """By the target's clock."""
        return self.place.provider.clock.now()

    def inventory(self, **more: str) -> Inventory:
        """What is there now."""
        return inventory(self.placed, self.run.reader.observe(self.placed.scope), **more)

    def hosts(self, roles: Sequence[str]) -> list[Address]:
        """The hosts of these roles."""
        return [
            address
            for address, spec in self.placed.resources.items()
            if isinstance(spec, Instance) and self.placed.roles[address] in roles
        ]


@define
class Ascent:
    """A topology coming up, wave by wave."""

    recovery: Recovery
    bringing: Bringing
    occasion: Kind
    """`drill`, `failover` or `failback`."""
    say: Say = lambda line: None
    done: Collection[str] = ()
    """The actions, by `mark`, that an earlier run has done."""
    restored: Collection[str] = ()
    """The roles, by `mark`, that an earlier run has given their data: what is written there since is kept."""
    has_data: Callable[[Sequence[str]], None] = lambda roles: None
    """Called when roles have their data, and none of their hosts that were there has started yet."""
    note: Callable[[str], None] = lambda action: None
    """Called with the name of an action that is done."""
    waves: list[WaveRun] = field(init=False, factory=list)
    actions: list[Checked] = field(init=False, factory=list)
    probes: list[Checked] = field(init=False, factory=list)
    reasons: list[str] = field(init=False, factory=list)
    """Why it did not pass."""
    up_at: float | None = field(init=False, default=None)
    """When the last wave was up and the last action done."""

    def climb(self) -> bool:
        """Bring up every wave, do what is to be done, and ask the probes; whether all passed in time.

        A gate that is not passed ends it; what passed late is told of, and goes on.
        """
        for number, wave in enumerate(self.recovery.plan.waves, 1):
            ran = self._bring(number, wave)
            self.waves.append(ran)
            if ran.problem:
                self.reasons.append(f"wave {number}: {ran.problem}")
            if ran.problem and not ran.passed:
                return False
            for action in self._actions(*wave.roles):
                if not self._act(action):
                    return False
        if not all(self._act(action) for action in self._actions("")):
            return False
        self.up_at = self.bringing.now
        for probe in self.recovery.plan.probes:
            self._probe(probe)
        return not self.reasons

    def _bring(self, number: int, wave: Wave) -> WaveRun:
        began, limit = self.bringing.now, seconds(wave.limit)
        names = ", ".join(wave.roles)
        self.say(f"wave {number}: {names}")
        checks: list[Checked] = []
        problem = self._apply(number)
        if not problem:
            for gate in wave.gates:
                checked = self._ask(gate, began + limit)
                checks.append(checked)
                if not checked.passed:
                    problem = f"gate {checked.name!r} was not passed within {wave.limit}"
                    break
        passed, ended = not problem, self.bringing.now
        if passed and ended - began > limit:
            problem = f"it took {duration(ended - began)} of {wave.limit}"
        return WaveRun(
            wave.roles,
            iso(began),
            iso(ended),
            round(ended - began, 3),
            limit,
            len(self.bringing.hosts(wave.roles)),
            tuple(checks),
            passed,
            problem,
        )

    def _apply(self, number: int) -> str:
        """Bring up all roles as far as this wave; why it could not be.

        A host that is there already gets other data only while it is off.
        """
        roles = [role for wave in self.recovery.plan.waves[:number] for role in wave.roles]
        placed = all_at_once(self.bringing.placed)
        there = self.bringing.run.reader.observe(placed.scope)
        if there.unknown:
            return f"{', '.join(sorted(there.unknown))} does not answer: what is there is not known"
        wave = self.recovery.plan.waves[number - 1]
        stale = [role for role in wave.roles if mark(role) not in self.restored]
        old = outdated(placed, there, stale)
        mine = frozenset(address for address in old if placed.roles[address] in roles)
        hosts = hosts_of(placed, mine) & there.resources.keys()
        try:
            waiting = stopped(placed, hosts)
            if hosts:
                self._carry_out(waiting, PlanOptions(addresses=hosts))
            if empty := joining(placed, mine):  # first of all: see `outdated`
                self._carry_out(waiting, replacing(empty))
            if rest := mine - empty:
                self._carry_out(waiting, replacing(rest, roles if hosts else ()))
            if stale:
                self.has_data(stale)
            self._carry_out(placed, replacing(frozenset(), roles))
        except ApplyError as error:
            return str(error.first)
        except PortinfraError as error:
            return str(error)
        return ""

    def _carry_out(self, placed: Placed, options: PlanOptions) -> None:
        plan = self.bringing.run.plan(placed, self.bringing.catalogue, options)
        refuse(plan)
        if not plan.empty:
            self.bringing.run.apply(plan, self.bringing.listen)

    def _ask(self, gate: Hook, until: float) -> Checked:
        """Ask a gate until it is passed, or time is up."""
        tries = 0
        while True:
            tries += 1
            answer = self._hook(gate, until - self.bringing.now)
            now = self.bringing.now
            if answer.passed or now + PAUSE_SECONDS > until:
                told = "" if self.bringing.quiet else answer.told
                return Checked(hooks.name_of(gate), answer.passed, iso(now), tries, told)
            self.bringing.run.sleep_until(now + PAUSE_SECONDS)

    def _hook(self, hook: Hook, seconds: float) -> hooks.Answer:
        given = self.bringing.inventory(occasion=self.occasion)
        with self.bringing.run.living():
            return hooks.call(hook, given, seconds=seconds)

    def _actions(self, *roles: str) -> list[Action]:
        return [a for a in self.recovery.plan.actions if a.after in roles and self.occasion in a.on]

    def _act(self, action: Action) -> bool:
        if mark(action.name) in self.done:
            return True
        checked = self._call(action.name, action.run)
        self.actions.append(checked)
        if not checked.passed:
            self.reasons.append(f"action {action.name!r} failed")
        else:
            self.note(action.name)
        return checked.passed

    def _probe(self, probe: Probe) -> None:
        checked = self._call(probe.name, probe.run)
        self.probes.append(checked)
        if not checked.passed:
            self.reasons.append(f"probe {probe.name!r} failed")

    def _call(self, name: str, hook: Hook) -> Checked:
        answer = self._hook(hook, PROBE_SECONDS)
        self.say(f"{name}: {'passed' if answer.passed else 'failed'}")
        told = "" if self.bringing.quiet else answer.told
        return Checked(name, answer.passed, iso(self.bringing.now), 1, told)
