"""What a recovery is about: the plan, with the topology and the two environments that it names."""

import sys
from functools import cached_property

from attrs import evolve, frozen

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

EVERY_POINT = {"last": sys.maxsize}


@frozen(field_transformer=strict)
class Recovery:
    """A recovery plan with what it names."""

    plan: RecoveryPlan
    topology: Topology
    source: Environment
    target: Environment
    is_reversed: bool = False
    """Whether source and target are exchanged: the way back."""

    @property
    def source_scope(self) -> Scope:
        """What is protected."""
        return Scope(self.topology.name, self.source.name)

    @property
    def target_scope(self) -> Scope:
        """What stands in for it."""
        return Scope(self.topology.name, self.target.name)

    def peer_of(self, scope: Scope) -> str:
        """Return the name of the other environment; empty for any other scope."""
        return {self.source_scope: self.target.name, self.target_scope: self.source.name}.get(scope, "")

    def refusal(self, what: str, rule: str, message: str, fix: str) -> PolicyError:
        """What is not done, with the one finding about this recovery that says why."""
        subject = f"recovery.{self.plan.name}"
        return PolicyError(what, [Finding(f"recovery/{rule}", message, fix, subject=subject)])

    @property
    def capture_scope(self) -> Scope:
        """Where the snapshots are, in the source, that points are carried from."""
        return self.source_scope.beside("taken")

    @property
    def points(self) -> Scope:
        """Where the points are, in the target; no apply or destroy of an environment touches them."""
        return self.target_scope.beside("points")

    @property
    def sending(self) -> Scope:
        """Where helpers send data from, in the source, while they do."""
        return self.source_scope.beside("sending")

    @property
    def receiving(self) -> Scope:
        """Where helpers receive data, in the target, while they do."""
        return self.target_scope.beside("receiving")

    @property
    def ledger(self) -> Scope:
        """Where it is written, in the target, which points and drills there are."""
        return self.target_scope.beside("ledger")

    @property
    def kept_scope(self) -> Scope:
        """Where snapshots of volumes are kept, in the target, that takeovers to it replaced."""
        return self.target_scope.beside("kept")

    @property
    def prober(self) -> Scope:
        """Where the hosts are, in the target, that probes of a takeover run on."""
        return self.target_scope.beside("prober")

    def drill(self, id: str) -> Scope:
        """The scope of one drill, in the target."""
        return self.target_scope.beside(f"drill-{id}")

    @property
    def digest(self) -> str:
        """Tells the topology, as it is declared, from what it is after a change."""
        return fingerprint(self.topology)

    @property
    def plan_digest(self) -> str:
        """Tells the plan and both environments, as they are declared, from what they are after a change. The
        way back has the same.
        """
        ends = sorted((self.source, self.target), key=lambda environment: environment.name)
        return fingerprint((evolve(self.plan, source="", target=""), *ends))

    @property
    def is_simulated(self) -> bool:
        """Whether an end is in a cloud that does not exist."""
        ends = (self.source, self.target)
        return any(registry.plugin_of(end).capabilities.simulated for end in ends)

    @property
    def sensitive(self) -> bool:
        """Whether what hooks print is kept to itself."""
        return any(policy.sensitive for policy in self.plan.data)

    @property
    def has_standby(self) -> bool:
        """Whether hosts of the declared target run while the source is active."""
        return self.plan.standby == "running"

    @cached_property
    def reversed(self) -> "Recovery":
        """The way back: roles turned round."""
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
        """Return the recovery as it is declared, whichever way this one goes."""
        return self.reversed if self.is_reversed else self

    def from_end(self, end: str) -> "Recovery":
        """Return the recovery whose source is this end of the declared one: `source` or `target`."""
        return self.as_declared if end == "source" else self.as_declared.reversed

    def engine(self, policy: DataPolicy) -> str:
        """How data of this policy travels."""
        return policy.engine or usual_engine(self.source.provider, self.target.provider)

    @property
    def vault(self) -> Vault | None:
        """The vault that data comes back from; None where none does."""
        return self.plan.vault if self.engines - {"native"} else None

    @property
    def engines(self) -> set[str]:
        """How the data of the roles that come back travels."""
        roles = [role for role in self.topology.roles if role.name in self.plan.roles]
        return {self.engine(self.plan.policy(role.name, v.name)) for role in roles for v in role.volumes}

    def schedule(self, policy: DataPolicy) -> int:
        """Seconds between two points."""
        return seconds(policy.schedule) if policy.schedule else seconds(self.plan.rpo) // 2
