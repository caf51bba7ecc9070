"""A recovery plan: which environment replaces which, how fast, in what order, and with which data."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from attrs import evolve, field

from portinfra.model import convert
from portinfra.model.arguments import refuse_unknown
from portinfra.model.environment import Environment
from portinfra.model.hook import Hook, hooks
from portinfra.model.location import Location, here
from portinfra.model.service import Service
from portinfra.model.topology import Role
from portinfra.model.vault import Vault
from portinfra.value import frozen

Engine = Literal["", "native", "age", "restic"]
"""How data travels. Empty: `native` within one provider, `age` from one to another."""

ENGINES = ("native", "age", "restic")


def usual_engine(source: str, target: str) -> Engine:
    """Return the engine from one provider to another where no policy sets one."""
    return "native" if source == target else "age"


Accept = Literal["data", "service", "hosts"]
"""What a drill checked: a passed probe read the data, a probe passed, or hosts run."""

ACCEPTS = ("data", "service", "hosts")

STANDBYS = ("off", "running")

SEEDS = ("each", "one")
OCCASIONS = ("drill", "failover", "failback", "refresh")
TAKEOVERS = ("failover", "failback")


KEPT = ("last", "hourly", "daily", "weekly")
"""What a policy can keep: the last points, or the newest of each hour, day and week."""


def _keep(given: Mapping[str, int] | int) -> Mapping[str, int]:
    """Return what to keep. A number alone means so many of the last points."""
    alone = isinstance(given, int) and not isinstance(given, bool)
    return {"last": given} if alone else convert.options(given)  # type: ignore[arg-type,dict-item]


def _role_names(given: Any) -> tuple[str, ...]:
    return tuple(map(_role_name, convert.several(given)))


def _role_name(given: Role | str) -> str:
    return given.name if isinstance(given, Role) else given


def _service_names(given: Any) -> tuple[str, ...]:
    return tuple(each.name if isinstance(each, Service) else each for each in convert.several(given))


@refuse_unknown
@frozen(field_transformer=convert.refuse_text)
class Wave:
    """Roles that are restored together. The next wave starts when every gate of this one has passed."""

    roles: tuple[str, ...] = field(
        converter=_role_names, metadata={"words": "the names of roles, one at least", "filled": True}
    )
    """The names of its roles."""
    gates: tuple[Hook, ...] = field(default=(), converter=hooks)
    """Called until each succeeds, once every host runs. The next wave waits for them."""
    limit: str = "30m"
    """The longest time for its hosts and gates together. If it is exceeded, the wave fails."""
    location: Location = field(factory=here, eq=False, repr=False, kw_only=True)


@refuse_unknown
@frozen(field_transformer=convert.refuse_text)
class DataPolicy:
    """How the data of a role's volumes reaches the target. A role without a policy has the default policy."""

    of: str = field(converter=_role_name, metadata={"label": True})
    """A role, for all of its volumes: `db`. Or one volume of it: `db/data`."""
    engine: Engine = ""
    """How data travels. `native`: the provider's copies. `age`: encrypted, and only the target can decrypt
    it. `restic`: less data to send, but the writer can read it. Empty: `native` within one provider, else
    `age`.
    """
    schedule: str = ""
    """How often a point is created. Empty: half of the recovery plan's `rpo`."""
    group: str = ""
    """Volumes of one group have the same moment, and the same engine, schedule and seed. Empty: one group for
    the role, with all its hosts.
    """
    seed: Literal["each", "one"] = "each"
    """`each`: portinfra restores the data of every host. `one`: it restores the first host's data, and the
    others start empty and join it.
    """
    before: tuple[Hook, ...] = field(default=(), converter=hooks)
    """Called before the snapshots: flush, freeze. If one fails, the point fails."""
    after: tuple[Hook, ...] = field(default=(), converter=hooks)
    """Called after the snapshots, also if they failed: thaw."""
    freeze_limit: str = "30s"
    """A `before` hook must thaw by itself after this time. It reads the time from `PORTINFRA_FREEZE_SECONDS`.
    If a snapshot is captured later, the volumes have no common moment and the point fails.
    """
    keep: Mapping[str, int] = field(
        factory=lambda: {"last": 7},
        converter=_keep,
        hash=False,
        metadata={
            "number": True,
            "words": "a whole number, or a mapping of last, hourly, daily and weekly to it",
        },
    )
    """How many points are kept in the target: the `last` ones, and the newest of each hour (`hourly`), day
    (`daily`) and week (`weekly`, from Monday) in UTC. A number n means `last = n`.
    """
    retention: int | None = None
    """The former name of `keep`: `retention = 7` is `keep = 7`, with a warning."""
    sensitive: bool = False
    """Whether only an engine is allowed whose copies the target alone can read. Evidence then contains no
    output of hooks.
    """
    location: Location = field(factory=here, eq=False, repr=False, kw_only=True)

    @property
    def kept(self) -> Mapping[str, int]:
        """What is kept, whether it is set by `keep` or by its former name."""
        return self.keep if self.retention is None else {"last": self.retention}

    @property
    def role(self) -> str:
        """The role's name."""
        return self.of.partition("/")[0]

    @property
    def volume(self) -> str:
        """The volume's name on its role; empty: all of them."""
        return self.of.partition("/")[2]


_RUN = {"stand_in": "true"}


@refuse_unknown
@frozen(field_transformer=convert.refuse_text)
class Action:
    """A step of a takeover: promote a replica, inform the load test."""

    name: str
    """Its name in evidence and in the runbook."""
    run: Hook = ""
    """What is called. It fails by its exit code or by raising. A manual step has none."""
    on: tuple[str, ...] = field(default=("failover", "failback"), converter=convert.strings)
    """Any of `drill`, `failover`, `failback` and `refresh`."""
    after: str = field(default="", converter=_role_name)
    """The role after whose wave it runs. Empty: it runs at the end."""
    manual: bool = False
    """Whether people do it. A takeover waits here until a person runs `dr approve` with its name."""
    limit: str = "4h"
    """The longest time that a takeover waits for a manual step. A new run waits that long again, unless the
    step is approved.
    """
    location: Location = field(factory=here, eq=False, repr=False, kw_only=True)


@refuse_unknown
@frozen(field_transformer=convert.refuse_text)
class Probe:
    """A check that the restored system works: a query on restored data, a page."""

    name: str
    """Its name in evidence and in the runbook."""
    run: Hook = field(metadata=_RUN)
    """What is called. It fails by its exit code or by raising."""
    reads: tuple[str, ...] = field(default=(), converter=_role_names)
    """The roles whose restored data it reads. A drill passes only if a passed probe reads each of them."""
    from_role: str = field(default="", converter=_role_name, metadata={"hcl": "from"})
    """The command runs on one more host of this role: in the closed network of a drill, or in the environment
    that took over. Empty: it runs on the operator's machine.
    """
    files: tuple[str, ...] = field(default=(), converter=convert.strings)
    """The files that the command needs on that host, by their paths on this machine."""
    calls: tuple[str, ...] = field(default=(), converter=_service_names)
    """The services that it calls, directly or through others. `check` names services that no probe covers: no
    probe calls them or reads data of the role that offers them.
    """
    location: Location = field(factory=here, eq=False, repr=False, kw_only=True)


@refuse_unknown
@frozen(field_transformer=convert.refuse_text)
class EvidenceCopy:
    """Where a copy of each evidence is stored: an rclone remote to which this machine can add files."""

    remote: str = field(metadata={"stand_in": "unnamed:"})
    """An rclone remote and a path in it: `vault:shop/evidence`. Its credentials need only add and list."""
    configuration: str = ""
    """File with the rclone configuration that defines the remote. Empty: the `sender` of the vault."""
    location: Location = field(factory=here, eq=False, repr=False, kw_only=True)


@refuse_unknown
@frozen(field_transformer=convert.refuse_text)
class DrillSettings:
    """The settings of a drill. Where one is empty, the attribute of the plan with the same meaning
    (`drill_cidr`) applies.
    """

    cidr: str = ""
    """The CIDR of a drill's network, no smaller than the target's. Empty: the target's."""
    limit: str = ""
    """The hosts of a drill stop after this time, if nothing else deletes them. Empty: 4h."""
    reach: tuple[str, ...] = field(default=(), converter=convert.strings)
    """The CIDRs from which people can connect to a drill, to try it by hand: `203.0.113.7/32`. Empty: no
    traffic enters.
    """
    through: str = field(default="", converter=_role_name)
    """The role whose first host they can connect to, on the ports that its flows open to the outside."""
    accept: Literal["", "data", "service", "hosts"] = ""
    """The least that a drill must check to end with exit code 0. Empty: `data`."""
    every: str = ""
    """The longest time between two drills: `90d`. After it, `dr status` says late. Empty: no limit."""
    location: Location = field(factory=here, eq=False, repr=False, kw_only=True)


def _environment_name(environment: Environment | str) -> str:
    return environment.name if isinstance(environment, Environment) else environment


def _waves(waves: Any) -> tuple[Wave, ...]:
    return tuple(wave if isinstance(wave, Wave) else Wave(wave) for wave in convert.several(waves))


def _policies(given: Iterable[DataPolicy] | DataPolicy) -> tuple[DataPolicy, ...]:
    return convert.several(given)


def _actions(given: Iterable[Action] | Action) -> tuple[Action, ...]:
    return convert.several(given)


def _probes(given: Iterable[Probe] | Probe) -> tuple[Probe, ...]:
    return convert.several(given)


@refuse_unknown
@frozen(field_transformer=convert.refuse_text)
class RecoveryPlan:
    """How `target` takes over from `source`. It names roles and environments, and contains none of them."""

    name: str
    """The name of its topology, where several are declared."""
    source: str = field(converter=_environment_name, metadata={"stand_in": ""})
    """The environment that fails."""
    target: str = field(converter=_environment_name, metadata={"stand_in": ""})
    """The environment that takes over."""
    rpo: str = field(metadata={"stand_in": "1h"})
    """The recovery point objective: the most data that may be lost, as time: `4h`, `30m`."""
    rto: str = field(metadata={"stand_in": "1h"})
    """The recovery time objective: the longest that recovery may take."""
    waves: tuple[Wave, ...] = field(converter=_waves, metadata={"block": "wave", "hcl": "waves"})
    """In the order in which they are restored. A list of roles is a wave without gates."""
    data: tuple[DataPolicy, ...] = field(
        default=(),
        converter=_policies,
        metadata={"block": "data", "example": 'DataPolicy("db")'},
    )
    """How data reaches the target, where the default policy does not fit."""
    probes: tuple[Probe, ...] = field(
        default=(),
        converter=_probes,
        metadata={"block": "probe", "example": 'Probe("last row", run="./last-row")'},
    )
    """Checks that the restored system works."""
    actions: tuple[Action, ...] = field(
        default=(),
        converter=_actions,
        metadata={
            "block": "action",
            "before": "probes",
            "example": 'Action("promote", run="./promote")',
        },
    )
    """The steps of a takeover besides its waves."""
    vault: Vault | None = field(
        default=None, metadata={"block": "vault", "before": "data", "words": "a Vault"}
    )
    """Where data is stored between providers, by `age` or `restic`."""
    standby: Literal["off", "running"] = field(default="off", metadata={"before": "drill_cidr"})
    """`running`: hosts of the target run while the source is active, for releases and tests. Flows from the
    internet to them stay closed until the target is active, and a takeover replaces their data. `off`: the
    hosts of the target are powered off.
    """
    refresh_every: str = field(default="", metadata={"before": "drill_cidr"})
    """How often `dr refresh` should give a running standby the newest data: `30d`. `dr status` names a
    refresh that is overdue. Empty: never.
    """
    drill_cidr: str = ""
    """The CIDR of a drill's network, no smaller than the target's. Empty: the target's."""
    drill_limit: str = "4h"
    """The hosts of a drill stop after this time, if nothing else deletes them."""
    contacts: tuple[str, ...] = field(default=(), converter=convert.strings)
    """The people to inform, as the runbook names them: `Ada, +44 20 …`."""
    without: tuple[str, ...] = field(default=(), converter=_role_names, metadata={"before": "drill_cidr"})
    """Roles that are not restored on purpose. Every other role is in a wave."""
    accept: Accept = field(default="data", metadata={"before": "contacts"})
    """The least that a drill must check to end with exit code 0: `data` (a passed probe read the data of
    every group), `service` (a probe passed) or `hosts` (they run). Below `data`, the result is
    `inconclusive`.
    """
    signers: tuple[str, ...] = field(default=(), converter=convert.strings)
    """The public keys whose evidence `dr verify` accepts, as the evidence names them: 44 characters."""
    notify: tuple[Hook, ...] = field(default=(), converter=hooks)
    """Called with an event in JSON when a drill, takeover or replication begins, ends or is refused. A call
    that fails changes nothing.
    """
    drill: DrillSettings | None = field(
        default=None, metadata={"block": "drill", "before": "drill_cidr", "words": "DrillSettings"}
    )
    """How a drill is made. None: in its closed network, with the target's size."""
    evidence: EvidenceCopy | None = field(
        default=None, metadata={"block": "evidence", "before": "drill_cidr", "words": "an EvidenceCopy"}
    )
    """Where a copy of each evidence is stored. None: the only copy is on the machine that ran it."""
    approve: tuple[str, ...] = field(default=(), converter=convert.strings, metadata={"before": "contacts"})
    """The takeovers that a second person must approve before portinfra stops anything: `failover`,
    `failback`.
    """
    lock: str = field(default="", metadata={"before": "contacts"})
    """How long the provider refuses to delete a point that has arrived, in whole days: `7d`. Empty: no lock.
    It needs a provider that can lock snapshots, and the engine `native`.
    """
    keep_overwritten: str = field(default="7d", metadata={"before": "contacts"})
    """How long a takeover keeps snapshots of the volumes that it replaces, if they have data that is in no
    point: `7d`. Empty: it creates none, and evidence names the volumes.
    """
    location: Location = field(factory=here, eq=False, repr=False, kw_only=True)

    @property
    def roles(self) -> tuple[str, ...]:
        """Every role that is restored, in order."""
        return tuple(role for wave in self.waves for role in wave.roles)

    @property
    def hooks(self) -> tuple[Hook, ...]:
        """All hooks of the user: those of data, gates, actions and probes."""
        data = [hook for policy in self.data for hook in (*policy.before, *policy.after)]
        gates = [gate for wave in self.waves for gate in wave.gates]
        return (
            *data,
            *gates,
            *(action.run for action in self.actions if not action.manual),
            *(probe.run for probe in self.probes),
        )

    @property
    def hooks_inside(self) -> tuple[Hook, ...]:
        """The commands that run on hosts: of probes with `from_role`."""
        return tuple(probe.run for probe in self.probes if probe.from_role)

    @property
    def drills(self) -> DrillSettings:
        """The settings of a drill, from `drill` and from the attributes `drill_…`."""
        given = self.drill or DrillSettings()
        return evolve(
            given,
            cidr=given.cidr or self.drill_cidr,
            limit=given.limit or self.drill_limit,
            accept=given.accept or self.accept,
        )

    def policy(self, role: str, volume: str) -> DataPolicy:
        """Return the policy of a role's volume: its own, else its role's, else the default."""
        fitting = [each for each in self.data if each.role == role and each.volume in ("", volume)]
        return max(fitting, key=lambda each: len(each.volume), default=DataPolicy(role))
