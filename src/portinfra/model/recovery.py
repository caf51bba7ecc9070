"""A recovery plan: which environment stands in for which, how fast, in what order, and with which data."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from attrs import evolve, field, frozen

from portinfra.model import convert
from portinfra.model.arguments import refuse_unknown
from portinfra.model.environment import Environment
from portinfra.model.hook import Hook, hooks
from portinfra.model.location import Location, here
from portinfra.model.service import Service
from portinfra.model.topology import Role
from portinfra.model.vault import Vault

Engine = Literal["", "native", "age", "restic"]
"""How data travels. Empty: `native` within one provider, `age` from one to another."""

ENGINES = ("native", "age", "restic")


def usual_engine(source: str, target: str) -> Engine:
    """How data travels from one provider to another where no policy says how."""
    return "native" if source == target else "age"


Accept = Literal["data", "service", "hosts"]
"""What a drill looked at: a passed probe reads the data, a probe passed, hosts run."""

ACCEPTS = ("data", "service", "hosts")

STANDBYS = ("off", "running")

SEEDS = ("each", "one")
OCCASIONS = ("drill", "failover", "failback", "refresh")
TAKEOVERS = ("failover", "failback")


KEPT = ("last", "hourly", "daily", "weekly")
"""What a policy can keep: the last points, or the newest of each hour, day and week."""


def _keep(given: Mapping[str, int] | int) -> Mapping[str, int]:
    """Return what to keep; a number alone is that of the last points."""
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
    """Roles that come back together; the next wave waits until every gate of this one is passed."""

    roles: tuple[str, ...] = field(
        converter=_role_names, metadata={"words": "the names of roles, one at least", "filled": True}
    )
    """The names of its roles."""
    gates: tuple[Hook, ...] = field(default=(), converter=hooks)
    """Called until each succeeds, once every host runs; the next wave waits for them."""
    limit: str = "30m"
    """The longest that its hosts and gates may take; what takes longer has failed."""
    location: Location = field(factory=here, eq=False, repr=False, kw_only=True)


@refuse_unknown
@frozen(field_transformer=convert.refuse_text)
class DataPolicy:
    """How the data of a role's volumes reaches the target. A role that has none has the default policy."""

    of: str = field(converter=_role_name, metadata={"label": True})
    """A role, for all of its volumes: `db`; or one volume of it: `db/data`."""
    engine: Engine = ""
    """How data travels. `native`: the provider's copies; `age`: sealed, and only the target can open it;
    `restic`: less to carry, and who writes can read. Empty: `native` within one provider, else `age`.
    """
    schedule: str = ""
    """How often a point is made; empty: half of the recovery plan's `rpo`."""
    group: str = ""
    """Volumes of one group are of one moment; they agree in engine, schedule and seed. Empty: those of the
    role, all hosts together.
    """
    seed: Literal["each", "one"] = "each"
    """`each`: every host gets its own data back. `one`: the first host does, and the others begin empty and
    join it.
    """
    before: tuple[Hook, ...] = field(default=(), converter=hooks)
    """Called before the snapshots: flush, freeze. One that fails makes the point fail."""
    after: tuple[Hook, ...] = field(default=(), converter=hooks)
    """Called after the snapshots, whatever became of them: thaw."""
    freeze_limit: str = "30s"
    """What a `before` hook froze thaws by itself after so long (its own dead man's switch, told to it as
    `PORTINFRA_FREEZE_SECONDS`); snapshots that begin later are of no one moment, and the point fails.
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
    (`daily`) and week (`weekly`, from Monday) in UTC. A number n is `last = n`.
    """
    retention: int | None = None
    """The former name of `keep`: `retention = 7` is `keep = 7`, with a warning."""
    sensitive: bool = False
    """Only an engine whose copies the target alone can read; and no evidence holds what a hook printed."""
    location: Location = field(factory=here, eq=False, repr=False, kw_only=True)

    @property
    def kept(self) -> Mapping[str, int]:
        """What is kept, whether it is given as `keep` or by its former name."""
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
    """Something to be done on the way: promote a replica, tell the load test."""

    name: str
    """How evidence and the runbook call it."""
    run: Hook = ""
    """What is called; it fails by its exit code, or by raising. A manual step has none."""
    on: tuple[str, ...] = field(default=("failover", "failback"), converter=convert.strings)
    """Any of `drill`, `failover`, `failback` and `refresh`."""
    after: str = field(default="", converter=_role_name)
    """The role whose wave it follows; empty: it is the last thing to be done."""
    manual: bool = False
    """Whether people do it: a takeover waits here until a person runs `dr approve` with its name."""
    limit: str = "4h"
    """The longest that a takeover waits for a manual step; run again, it waits anew unless it is approved."""
    location: Location = field(factory=here, eq=False, repr=False, kw_only=True)


@refuse_unknown
@frozen(field_transformer=convert.refuse_text)
class Probe:
    """A question that shows that what came back works: a query on restored data, a page."""

    name: str
    """How evidence and the runbook call it."""
    run: Hook = field(metadata=_RUN)
    """What is called; it fails by its exit code, or by raising."""
    reads: tuple[str, ...] = field(default=(), converter=_role_names)
    """The roles whose restored data it reads. A drill is passed only if a passed probe reads each of them."""
    from_role: str = field(default="", converter=_role_name, metadata={"hcl": "from"})
    """The role on one more host of which the command runs: within the closed network of a drill, or in the
    environment that took over. Empty: it runs on this machine.
    """
    files: tuple[str, ...] = field(default=(), converter=convert.strings)
    """The files that the command needs on that host, by their paths from here."""
    calls: tuple[str, ...] = field(default=(), converter=_service_names)
    """The services that it calls, by itself or through others. `check` names those that no probe watches: it
    neither calls them nor reads data of the role that offers them.
    """
    location: Location = field(factory=here, eq=False, repr=False, kw_only=True)


@refuse_unknown
@frozen(field_transformer=convert.refuse_text)
class EvidenceCopy:
    """Where a copy of each evidence goes: an rclone remote that lets this machine add files."""

    remote: str = field(metadata={"stand_in": "unnamed:"})
    """An rclone remote and a path in it: `vault:shop/evidence`. Its credentials need only add and list."""
    configuration: str = ""
    """File with the rclone configuration that defines the remote. Empty: the `sender` of the vault."""
    location: Location = field(factory=here, eq=False, repr=False, kw_only=True)


@refuse_unknown
@frozen(field_transformer=convert.refuse_text)
class DrillSettings:
    """How a drill is made. Attributes of the plan with the same meaning (`drill_cidr`) hold where one is
    empty.
    """

    cidr: str = ""
    """The addresses of a drill's network, no smaller than the target's; empty: the target's."""
    limit: str = ""
    """The hosts of a drill end themselves after this time, if nothing else ends them; empty: 4h."""
    reach: tuple[str, ...] = field(default=(), converter=convert.strings)
    """The ranges of addresses from which people reach a drill, to try it by hand: `203.0.113.7/32`. Empty:
    nothing gets in.
    """
    through: str = field(default="", converter=_role_name)
    """The role whose first host they reach, by the ports that its flows open to the outside."""
    accept: Literal["", "data", "service", "hosts"] = ""
    """The least that a drill must look at to end with exit code 0; empty: `data`."""
    every: str = ""
    """The longest time between two drills: `90d`. `dr status` says late after it. Empty: no limit."""
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
    """How `target` takes over from `source`. It names roles and environments; it holds none of them."""

    name: str
    """The name of its topology, where there are several."""
    source: str = field(converter=_environment_name, metadata={"stand_in": ""})
    """The environment that is lost."""
    target: str = field(converter=_environment_name, metadata={"stand_in": ""})
    """The environment that takes over."""
    rpo: str = field(metadata={"stand_in": "1h"})
    """The most data that may be lost, as time: `4h`, `30m`."""
    rto: str = field(metadata={"stand_in": "1h"})
    """The longest that recovery may take."""
    waves: tuple[Wave, ...] = field(converter=_waves, metadata={"block": "wave", "hcl": "waves"})
    """In the order in which they come back; a list of roles is a wave without gates."""
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
    """Questions that show that what came back works."""
    actions: tuple[Action, ...] = field(
        default=(),
        converter=_actions,
        metadata={
            "block": "action",
            "before": "probes",
            "example": 'Action("promote", run="./promote")',
        },
    )
    """What is done on the way."""
    vault: Vault | None = field(
        default=None, metadata={"block": "vault", "before": "data", "words": "a Vault"}
    )
    """Where data waits on its way by `age` or `restic`."""
    standby: Literal["off", "running"] = field(default="off", metadata={"before": "drill_cidr"})
    """`running`: hosts of the target run while the source is active, for releases and tests. Flows from the
    internet to them stay closed until the target is active, and a takeover replaces their data. `off`: the
    hosts of the target are off.
    """
    refresh_every: str = field(default="", metadata={"before": "drill_cidr"})
    """How often `dr refresh` gives a running standby the newest data, as time: `30d`. `dr status` names a
    refresh that is overdue. Empty: never.
    """
    drill_cidr: str = ""
    """The addresses of a drill's network, no smaller than the target's; empty: the target's."""
    drill_limit: str = "4h"
    """The hosts of a drill end themselves after this time, if nothing else ends them."""
    contacts: tuple[str, ...] = field(default=(), converter=convert.strings)
    """The people to tell, as the runbook names them: `Ada, +44 20 …`."""
    without: tuple[str, ...] = field(default=(), converter=_role_names, metadata={"before": "drill_cidr"})
    """Roles that are left behind on purpose: every other one is in a wave."""
    accept: Accept = field(default="data", metadata={"before": "contacts"})
    """The least that a drill must look at to end with exit code 0: `data` (a passed probe reads the data of
    every group), `service` (a probe passed) or `hosts` (they run). Below `data` it is `inconclusive`.
    """
    signers: tuple[str, ...] = field(default=(), converter=convert.strings)
    """The public keys whose evidence `dr verify` believes, as the evidence names them: 44 characters."""
    notify: tuple[Hook, ...] = field(default=(), converter=hooks)
    """Called with an event in JSON when a drill, takeover or replication begins, ends or is refused. A call
    that fails changes nothing.
    """
    drill: DrillSettings | None = field(
        default=None, metadata={"block": "drill", "before": "drill_cidr", "words": "DrillSettings"}
    )
    """How a drill is made. None: in its closed network, of the target's size."""
    evidence: EvidenceCopy | None = field(
        default=None, metadata={"block": "evidence", "before": "drill_cidr", "words": "an EvidenceCopy"}
    )
    """Where a copy of each evidence goes. None: the only copy is on the machine that ran it."""
    approve: tuple[str, ...] = field(default=(), converter=convert.strings, metadata={"before": "contacts"})
    """The takeovers that a second person approves before anything is stopped: `failover`, `failback`."""
    lock: str = field(default="", metadata={"before": "contacts"})
    """For how long the provider refuses to delete a point that has arrived, in whole days: `7d`. Empty: not
    at all. Only providers with a lock for snapshots have it, and only data with the engine `native`.
    """
    keep_overwritten: str = field(default="7d", metadata={"before": "contacts"})
    """How long a takeover keeps snapshots of the volumes that it replaces, where they have data that is in
    no point: `7d`. Empty: it makes none, and evidence names the volumes.
    """
    location: Location = field(factory=here, eq=False, repr=False, kw_only=True)

    @property
    def roles(self) -> tuple[str, ...]:
        """Every role that comes back, in order."""
        return tuple(role for wave in self.waves for role in wave.roles)

    @property
    def hooks(self) -> tuple[Hook, ...]:
        """Everything of the user's that is called on the way: of data, gates, actions, probes."""
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
        """How a drill is made, whichever way that is declared."""
        given = self.drill or DrillSettings()
        return evolve(
            given,
            cidr=given.cidr or self.drill_cidr,
            limit=given.limit or self.drill_limit,
            accept=given.accept or self.accept,
        )

    def policy(self, role: str, volume: str) -> DataPolicy:
        """The policy of a role's volume: its own, else its role's, else the default."""
        fitting = [each for each in self.data if each.role == role and each.volume in ("", volume)]
        return max(fitting, key=lambda each: len(each.volume), default=DataPolicy(role))
