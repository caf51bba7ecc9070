"""A recovery: the plan, with the topology and the two environments that it names."""

import sys
from functools import cached_property

from attrs import evolve

from portinfra.errors import PolicyError
from portinfra.model.address import Scope
from portinfra.model.duration import seconds
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding
from portinfra.model.fingerprint import fingerprint
from portinfra.model.recovery import DataPolicy, RecoveryPlan, usual_engine
from portinfra.model.strict import strict
from portinfra.model.topology import Topology
from portinfra.model.vault import Vault
from portinfra.provider import registry
from portinfra.value import frozen

EVERY_POINT = {"last": sys.maxsize}


@frozen(field_transformer=strict)
class Recovery:
    """A recovery plan with what it names."""

    plan: RecoveryPlan
    topology: Topology
    source: Environment
    target: Environment
    is_reversed: bool = False
    """Whether source and target are exchanged, for the way back."""

    @property
    def source_scope(self) -> Scope:
        """The scope of the source environment."""
        return Scope(self.topology.name, self.source.name)

    @property
    def target_scope(self) -> Scope:
        """The scope of the target environment."""
        return Scope(self.topology.name, self.target.name)

    def peer_of(self, scope: Scope) -> str:
        """Return the name of the other environment; empty for any other scope."""
        return {self.source_scope: self.target.name, self.target_scope: self.source.name}.get(scope, "")

    def refusal(self, what: str, rule: str, message: str, fix: str) -> PolicyError:
        """Return the error that `what` is not done, with one finding about this recovery that says why."""
        subject = f"recovery.{self.plan.name}"
        return PolicyError(what, [Finding(f"recovery/{rule}", message, fix, subject=subject)])

    @property
    def capture_scope(self) -> Scope:
        """The scope of the snapshots in the source that points are carried from."""
        return self.source_scope.beside("taken")

    @property
    def points(self) -> Scope:
        """The scope of the points in the target. No apply or destroy of an environment touches them."""
        return self.target_scope.beside("points")

    @property
    def sending(self) -> Scope:
        """The scope in the source of transfer hosts that send data."""
        return self.source_scope.beside("sending")

    @property
    def receiving(self) -> Scope:
        """The scope in the target of transfer hosts that receive data."""
        return self.target_scope.beside("receiving")

    @property
    def ledger(self) -> Scope:
        """The scope in the target of the ledger, which records points, drills and takeovers."""
        return self.target_scope.beside("ledger")

    @property
    def entry_scope(self) -> Scope:
        """The scope in the target of the lease under which one entry is written: by a person who approves,
        while a takeover holds the lease of the target; or at the end of a drill, whose lease is deleted.
        """
        return self.target_scope.beside("entry")

    @property
    def kept_scope(self) -> Scope:
        """The scope in the target of kept snapshots, of volumes that takeovers to it replaced."""
        return self.target_scope.beside("kept")

    @property
    def prober(self) -> Scope:
        """The scope in the target of the hosts that probes of a takeover run on."""
        return self.target_scope.beside("prober")

    def drill(self, id: str) -> Scope:
        """Return the scope of one drill, in the target."""
        return self.target_scope.beside(f"drill-{id}")

    @property
    def digest(self) -> str:
        """A digest of the declared topology, which changes with it."""
        return fingerprint(self.topology)

    @property
    def plan_digest(self) -> str:
        """A digest of the declared plan and both environments, which changes with them. The way back has the
        same.
        """
        ends = sorted((self.source, self.target), key=lambda environment: environment.name)
        return fingerprint((evolve(self.plan, source="", target=""), *ends))

    @property
    def is_simulated(self) -> bool:
        """Whether an end is in a simulated cloud."""
        ends = (self.source, self.target)
        return any(registry.plugin_of(end).capabilities.simulated for end in ends)

    @property
    def sensitive(self) -> bool:
        """Whether the output of hooks is secret."""
        return any(policy.sensitive for policy in self.plan.data)

    @property
    def has_standby(self) -> bool:
        """Whether hosts of the declared target run while the source is active."""
        return self.plan.standby == "running"

    @cached_property
    def reversed(self) -> "Recovery":
        """The way back: source and target exchanged."""
        plan = evolve(self.plan, source=self.target.name, target=self.source.name)
        return Recovery(plan, self.topology, self.target, self.source, not self.is_reversed)

    @property
    def keeping_all(self) -> "Recovery":
        """Return the recovery with a plan that keeps every point: a takeover may need an older one."""
        given = [evolve(policy, keep=EVERY_POINT, retention=None) for policy in self.plan.data]
        others = [DataPolicy(role, keep=EVERY_POINT) for role in self.plan.roles]
        return evolve(self, plan=evolve(self.plan, data=[*given, *others]))

    @property
    def as_declared(self) -> "Recovery":
        """Return the recovery as it is declared, in either direction."""
        return self.reversed if self.is_reversed else self

    def from_end(self, end: str) -> "Recovery":
        """Return the recovery whose source is this end of the declared one: `source` or `target`."""
        return self.as_declared if end == "source" else self.as_declared.reversed

    def engine(self, policy: DataPolicy) -> str:
        """Return the engine that carries data of this policy."""
        return policy.engine or usual_engine(self.source.provider, self.target.provider)

    @property
    def vault(self) -> Vault | None:
        """The vault that carries data; None where none does."""
        return self.plan.vault if self.engines - {"native"} else None

    @property
    def engines(self) -> set[str]:
        """The engines that carry the data of the restored roles."""
        roles = [role for role in self.topology.roles if role.name in self.plan.roles]
        return {self.engine(self.plan.policy(role.name, v.name)) for role in roles for v in role.volumes}

    def schedule(self, policy: DataPolicy) -> int:
        """Return the seconds between two points."""
        return seconds(policy.schedule) if policy.schedule else seconds(self.plan.rpo) // 2
