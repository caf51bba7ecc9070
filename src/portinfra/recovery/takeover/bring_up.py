"""A topology brought up from recovery points, wave by wave, with its actions and probes."""

from collections.abc import Callable, Collection, Sequence

from attrs import evolve, field

from portinfra.errors import ApplyError, NotReadyError, PortinfraError
from portinfra.format import iso
from portinfra.model.address import Address
from portinfra.model.duration import seconds
from portinfra.model.evidence import Checked, Kind
from portinfra.model.placed import Placed
from portinfra.model.plan import PlanOptions
from portinfra.model.recovery import Action
from portinfra.planning.readiness import questions
from portinfra.recovery.ledger.takeovers import short_id
from portinfra.recovery.points.restore import (
    all_at_once,
    find_joining,
    hosts_of,
    missing_networks,
    outdated_volumes,
    replacement_options,
    with_hosts_off,
)
from portinfra.recovery.points.silent_zones import raise_for_plan
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.takeover.inside_probes import run_inside_probes
from portinfra.rollout.context import RolloutContext
from portinfra.rollout.waves import Rollout, Say, Wave
from portinfra.value import define


@define
class BringUp:
    """One drill, failover or failback, from its first wave to its last probe."""

    recovery: Recovery
    context: RolloutContext
    occasion: Kind
    """`drill`, `failover` or `failback`."""
    say: Say = lambda line: None
    done: Collection[str] = ()
    """The actions, by `short_id`, that an earlier run has done."""
    restored: Collection[str] = ()
    """The roles, by `short_id`, to which an earlier run restored data. It keeps what was written since."""
    blank: Collection[Address] = ()
    """The volumes that begin without data, as an operator accepts."""
    has_data: Callable[[Sequence[str]], None] = lambda roles: None
    """Called when roles have their data, and none of their hosts that were there has started yet."""
    wait_for: Callable[[Action], str] = lambda action: "only a takeover waits for a manual step"
    """Called for a manual step; returns why it was not approved, or an empty text."""
    keep: Callable[[Collection[Address]], None] = lambda volumes: None
    """Called with existing volumes before they are replaced. Their hosts are off."""
    note: Callable[[str], None] = lambda action: None
    """Called with the name of an action that is done."""
    interruption: Callable[[], str] = lambda: ""
    """Returns why it ends before its next wave; empty: nothing speaks against that wave."""
    rollout: Rollout = field(init=False)
    actions: list[Checked] = field(init=False, factory=list)
    probes: list[Checked] = field(init=False, factory=list)
    up_at: float | None = field(init=False, default=None)
    """When the last wave was up and the last action done."""
    left_behind: int | None = field(init=False, default=None)
    """How many resources it could not remove; None: it made none to remove, or could not look."""

    @rollout.default
    def _rollout(self) -> Rollout:
        return Rollout(self.context, self.occasion, self.say)

    @property
    def _roles(self) -> frozenset[str]:
        """The roles of all waves."""
        return frozenset(role for wave in self.recovery.plan.waves for role in wave.roles)

    @property
    def reasons(self) -> list[str]:
        """Why it did not pass."""
        return self.rollout.reasons

    def run(self) -> bool:
        """Bring up every wave, call the actions, and ask the probes; return whether all passed in time.

        A gate or an action that fails ends it; what passed late is a reason, and it goes on.
        """
        waves = [
            Wave(wave.roles, wave.gates, wave.limit, seconds(wave.limit)) for wave in self.recovery.plan.waves
        ]
        if not self.rollout.run(waves, self._apply, lambda wave: self._act(*wave.names)):
            return False
        if not self._act(""):
            return False
        self.up_at = self.context.now
        self._ask_probes()
        return not self.reasons

    def _apply(self, number: int) -> str:
        """Bring up all roles as far as this wave; why it could not be.

        A host that is there already gets other data only while it is off. The networks of later waves are
        made with the first one: no host is in them yet, and a later wave need not wait for them.
        """
        if why := self.interruption():
            return why
        roles = [role for wave in self.recovery.plan.waves[:number] for role in wave.roles]
        placed = all_at_once(self.context.placed)
        there = self.context.run.observe()
        if there.unknown:
            return f"{there.silence}: portinfra does not know what exists there"
        wave = self.recovery.plan.waves[number - 1]
        stale = [role for role in wave.roles if short_id(role) not in self.restored]
        old = outdated_volumes(placed, there, stale, self.blank)
        mine = frozenset(address for address in old if placed.roles[address] in roles)
        hosts = hosts_of(placed, mine) & there.resources.keys()
        try:
            waiting = with_hosts_off(placed, hosts)
            if hosts:
                self._carry_out(waiting, PlanOptions(addresses=hosts))
            if mine:
                self.keep(mine)
            if empty := find_joining(placed, mine):  # first of all: see `outdated_volumes`
                self._carry_out(waiting, replacement_options(empty))
            if rest := mine - empty:
                self._carry_out(waiting, replacement_options(rest, roles if hosts else ()))
            if stale:
                self.has_data(stale)
            ahead = missing_networks(placed, there, self._roles)
            self._carry_out(placed, replacement_options(frozenset(), roles, ahead), ask_ready=True)
        except ApplyError as error:
            first, quiet = error.first, self.context.quiet
            return str(first.args[0] if quiet and isinstance(first, NotReadyError) else first)
        except PortinfraError as error:
            return str(error)
        return ""

    def _carry_out(self, placed: Placed, options: PlanOptions, *, ask_ready: bool = False) -> None:
        options = evolve(options, ask_ready=ask_ready)
        plan = self.context.run.plan(placed, self.context.catalogue, options)
        raise_for_plan(plan)
        if not plan.empty or questions(plan):
            self.context.run.apply(plan, self.context.listen)

    def _act(self, *after: str) -> bool:
        """Call the actions that follow these roles; whether all are done. The first that fails ends it."""
        actions = [a for a in self.recovery.plan.actions if a.after in after and self.occasion in a.on]
        return all(self._call(action) for action in actions)

    def _call(self, action: Action) -> bool:
        if short_id(action.name) in self.done:
            return True
        checked = (
            self._await_approval(action) if action.manual else self.rollout.call(action.name, action.run)
        )
        self.actions.append(checked)
        if not checked.passed:
            self.reasons.append(checked.told if action.manual else f"action {action.name!r} failed")
        else:
            self.note(action.name)
        return checked.passed

    def _await_approval(self, action: Action) -> Checked:
        """Return how a manual step ended, once it was approved, or its time was over."""
        problem = self.wait_for(action)
        return Checked(action.name, not problem, iso(self.context.now), told=problem)

    def _ask_probes(self) -> None:
        """Run every probe, in the order of the plan."""
        inside = run_inside_probes(self.recovery, self.context, self.occasion, self.say)
        self.left_behind = inside.left_behind
        for probe in self.recovery.plan.probes:
            if probe.from_role:
                self._note(inside.answers[probe.name])
            else:
                self._note(self.rollout.call(probe.name, probe.run))

    def _note(self, checked: Checked) -> None:
        self.probes.append(checked)
        if not checked.passed:
            self.reasons.append(f"probe {checked.name!r} failed")
