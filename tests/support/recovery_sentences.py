"""Random histories of a recovery, and what the simulator's own records say of each positive sentence.

The history writes a stamp on every volume whose host runs. So the contents of a volume or snapshot tell which
moment its data is of, whatever portinfra says of that.
"""

import random
import re
from contextlib import suppress
from datetime import datetime
from math import inf

from clocks import HOUR, clock_off
from recovery_truth import decision, newest_lease, takeovers
from sentences import FalseSentence, pattern
from turning import lost
from typer.testing import CliRunner
from worlds import PRODUCTION, RECOVERY, SHOP, recovery

from portinfra.commands.app import app
from portinfra.commands.session import Session
from portinfra.declaration.declared import Declared
from portinfra.model.recovery import Wave
from portinfra.placement import place
from portinfra.render.console.recovery_assurances import RECOVERY_ASSURANCES
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.fake import FakeCloud, plugin
from portinfra.testing.fake.errors import FakeError
from portinfra.testing.faults import MISHAPS, Crash, Faults, Weather
from portinfra.testing.simulation import apply_and_check

DURATION = r"(?:\d+ (?:h|min|s)(?: \d+ (?:min|s))?)"
FIELDS = {
    "recovery": r"shop",
    "age": DURATION,
    "rpo": DURATION,
    "lacking": r"(?:; (?P<without>\d+) volumes? cannot be restored)?",
    "role": r"db",
    "covered": r"\d+",
    "volumes": r"\d+ volumes?",
    "points": r"\d+ points?",
    "restorable": r"\d+",
    "kind": r"drill|failover|failback|refresh",
    "id": r"[0-9a-z-]+",
    "environment": r"production|recovery",
    "hosts": r"\d+ hosts?",
}
PATTERNS = {name: pattern(sentence, FIELDS) for name, sentence in RECOVERY_ASSURANCES.items()}
EPOCH = re.compile(r'"epoch":\s*[1-9]')
GATED = Wave(["db"], gates=lambda inventory: False, limit="10s")
VOLUMES = [a.name for a in place(SHOP, PRODUCTION).resources if a.kind == "volume"]
SOURCE = re.compile(r"^  db: (own volumes of|point) ([^\s,]+)", re.MULTILINE)
"""The line of a plan that names the data which the takeover would use."""


class RecoveryHistory:
    """What happens to two environments of one recovery plan. `printed` has the sentences, by name."""

    plan = {}  # noqa: RUF012
    """What its recovery plan declares besides."""
    commands = ()
    """The commands that it runs besides."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.cloud = plugin.cloud = FakeCloud()
        self.topology, self.production, self.target = SHOP, PRODUCTION, RECOVERY
        self.overwritten = []
        """The end, the volume, what it had, and when a host overwrote that."""
        self.written_while_active = []
        """The volume and the moment of each write at the end that was active."""
        self.complete_until = {}
        """Stamp → the last write at an active end that it has: its own, or that of the stamp before it."""
        self.began = None
        self.skew = 0.0
        self.printed = set()
        self.said = []
        self.found = ""

    @property
    def recovery(self):
        return self.recovery_with()

    def recovery_with(self, **more):
        given = {"topology": self.topology, **self.plan, **more}
        return recovery(self.production, self.target, **given)

    def run(self, steps):
        apply_and_check(self.topology, self.production)
        self.write()
        self.command("dr", "replicate", "--now")
        self.command("dr", "status")
        for _ in range(steps - 2):
            self.chance.choice(EVENTS)(self)
            self.command(*self.chance.choice(COMMANDS + self.commands))
        self.cloud.unreachable.clear()

    # What happens

    def write(self):
        """Every host that runs writes a stamp on its volume."""
        hosts = {host["id"] for environment in self.places for host in self.hosts(environment)}
        active = self.active_end()
        for environment in self.places:
            for name, volume in self.volumes(environment).items():
                now, before = self.cloud.clock.now(), self.cloud.read(volume["id"])
                stamp = f"{volume['id']} {now}".encode()
                if (volume.get("attachment") or {}).get("instance") in hosts and before != stamp:
                    self.overwritten.append((environment.name, name, before, now))
                    self.cloud.write(volume["id"], stamp)
                    self.complete_until[stamp] = self.complete_until.get(before, -inf)
                    if environment is active:
                        self.complete_until[stamp] = now
                        self.written_while_active.append((name, now))

    def hours_pass(self):
        for _ in range(self.chance.randint(1, 3)):
            self.cloud.clock.sleep_until(
                self.cloud.clock.now() + self.chance.choice([0.2, 0.5, 1, 2.5]) * HOUR
            )
            self.write()

    def lose_a_snapshot(self):
        there = self.records(self.target, "snapshot")
        if there:
            with suppress(FakeError):
                id = self.chance.choice(there)["id"]
                self.cloud.request(self.target.account, self.target.region, "DeleteSnapshot", {"id": id})

    def replicate_elsewhere(self):
        """Another machine makes points, and its clock is not quite right."""
        with clock_off(self.chance.choice([-2 * HOUR, -60.0, 200.0])):
            self.skew = 300.0
            self.command("dr", "replicate", "--now")

    def silence(self):
        zone = self.chance.choice(["us-east-1a", "eu-west-1a"])
        if zone in self.cloud.unreachable:
            self.cloud.unreachable.discard(zone)
        else:
            self.cloud.unreachable.add(zone)

    def start_by_hand(self):
        for environment in self.places:
            for host in self.records(environment, "instance"):
                if host["power"] == "stopped":
                    with suppress(FakeError):
                        self.cloud.request(
                            environment.account, environment.region, "StartInstance", {"id": host["id"]}
                        )

    def crash(self):
        faults = Faults(at=self.chance.randint(3, 120), mishap=self.chance.choice(MISHAPS))
        verb = self.chance.choice([("drill",), ("failover", "--yes"), ("failback", "--yes"), ("replicate",)])
        with wrap_calls("fake", Weather(faults).perform), suppress(Crash):
            self.command("dr", *verb)

    def fail_at_a_gate(self):
        self.command("dr", self.chance.choice(["failover", "failback"]), "--yes", gate=GATED)

    def drill_that_leaves_something(self):
        """Volumes cannot be deleted for a while."""
        self.cloud.fail_later("DeleteVolume", times=1000)
        self.command("dr", "drill")
        self.cloud.fail_later("DeleteVolume", times=0)

    def lose_the_source(self):
        with lost(self.production, untouched=False):
            self.command("dr", *self.chance.choice([("status",), ("failover", "--yes", "--source-is-lost")]))

    # What is said, and what is so

    def command(self, *arguments, gate=None):
        self.cloud.clock.sleep_until(self.cloud.clock.now() + 120)
        plan = self.recovery.plan if gate is None else self.recovery_with(waves=[gate, ["web"]]).plan
        asked = self.cloud.clock.now()
        self.note_beginning(begins=bool({"failover", "failback"} & {*arguments}))
        session = Session("python shop.py", arguments, Declared((self.topology,), self.places, (plan,)))
        result = CliRunner().invoke(app(session), list(arguments))
        self.said.append(f"$ {' '.join(arguments)}\n{result.stdout}{result.stderr}")
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        self.found, self.exit_code = result.stdout, result.exit_code
        for name, each in PATTERNS.items():
            for found in each.finditer(result.stdout):
                self.printed.add(name)
                if wrong := ORACLES[name](self, found, asked):
                    raise FalseSentence(f"{found[0]!r}\n{wrong}\n\n" + "\n".join(self.said[-6:]))
        if {"failover", "failback", "refresh"} & {*arguments}:
            self.write()  # what came back is written to: its contents are of this moment from now on

    def note_beginning(self, *, begins):
        """Remember since when a takeover is open; one may begin now."""
        if not self.is_taking_over():
            self.began = self.cloud.clock.now() if begins else None

    def as_of(self, asked):
        """Return the moment that the last command restored data as of; by default when it was typed."""
        found = re.search(r"^\$ .*--as-of (\S+)", self.said[-1])
        return datetime.fromisoformat(found[1]).timestamp() if found else asked

    def is_taking_over(self):
        """Return whether the newest takeover in the ledgers is open."""
        known = takeovers(self.cloud, [end.account for end in self.places])
        return bool(known and known[-1]["open"])

    def claims(self, end):
        """Return the records of the leases of an end."""
        every = [each for each in self.cloud.ground_truth(end.account) if each["kind"] == "claim"]
        return [each for each in every if self.scope(end).hash in each["name"]]

    def active_end(self):
        """Return the end that the newest decision makes active."""
        found = [(1, self.production)]
        for end, other in (self.places, self.places[::-1]):
            lease = newest_lease(self.claims(end))
            found.append((lease.get("epoch", 0), other if lease.get("fenced") else end))
            known = takeovers(self.cloud, [end.account])
            found += [(decision(each), other if each.get("abandoned") else end) for each in known]
        return max(found, key=lambda each: each[0])[1]

    def is_standby(self, environment):
        """Whether hosts may run there while it waits, and no rule lets the internet in."""
        rules = [rule for each in self.records(environment, "firewall") for rule in each["ingress"]]
        is_open = any(rule["peer"] == "0.0.0.0/0" for rule in rules)
        return self.recovery.has_standby and environment is self.target and not is_open

    def scope(self, environment):
        return self.recovery.source_scope if environment is self.production else self.recovery.target_scope

    def records(self, environment, kind=None):
        """What exists of an environment, and every snapshot of its account, by the simulator's word."""
        scope = self.scope(environment)
        every = self.records_of_all(environment, kind)
        return [each for each in every if kind == "snapshot" or scope.resource_name(each["name"])]

    def records_of_all(self, environment, kind=None):
        going = ("terminated", "deleting", "shutting-down")
        return [
            each
            for each in self.cloud.ground_truth(environment.account)
            if each["kind"] != "claim" and kind in (None, each["kind"]) and each["state"] not in going
        ]

    @property
    def places(self):
        return self.production, self.target

    @property
    def took_over(self):
        """Whether a takeover has fenced an end, by the records. Before that, the target is blank."""
        claims = [each for end in self.places for each in self.cloud.ground_truth(end.account)]
        return any(EPOCH.search(str(each)) for each in claims if each["kind"] == "claim")

    def hosts(self, environment):
        """The hosts that run."""
        return [each for each in self.records(environment, "instance") if each["power"] == "running"]

    def volumes(self, environment):
        scope = self.scope(environment)
        return {scope.resource_name(each["name"]): each for each in self.records(environment, "volume")}

    @property
    def ends(self):
        """The environment that is captured, and the one whose points the last status was about."""
        waits = f"points in {self.recovery.source_scope}, which waits" in self.found
        return self.places[::-1] if waits else self.places

    def points(self):
        """Id → volume → snapshot, of those that are complete where the points are."""
        found = {}
        _, there = self.ends
        way = self.recovery if there is self.target else self.recovery.reversed
        for each in self.records(there, "snapshot"):
            name = way.points.resource_name(each["name"])
            if name and each["state"] == "available":
                volume, _, id = name.rpartition("-")
                found.setdefault(id, {})[volume] = each["id"]
        return found

    def whole_points(self):
        """Those points all of whose snapshots are complete."""
        return {id: parts for id, parts in self.points().items() if {*parts} == {*VOLUMES}}

    def older_than(self, moment, slack):
        """The volumes none of whose restorable data is of that moment or later.

        Where the command was a plan that names its data, only that data counts. A plan that keeps own volumes
        restores no point: what those volumes have must be of that moment, and points need not exist.
        """
        limit = moment - slack - self.skew
        return [name for name in VOLUMES if max(self.moments_of_data(name), default=-inf) < limit]

    def moments_of_data(self, volume):
        """Return the moment of each restorable data of a volume that the last command may mean."""
        points, (here, there) = self.whole_points(), self.ends
        named = SOURCE.search(self.found)
        if named and named[1] != "point":
            own = [each["id"] for name, each in self.volumes(there).items() if name == volume]
            return [self.until(here, volume, id, otherwise=self.next_write(volume, id)) for id in own]
        ids = points if named is None else {named[2]} & points.keys()
        return [self.until(here, volume, points[id][volume]) for id in ids]

    def until(self, environment, name, id, otherwise=inf):
        """The moment at which the data of a volume or snapshot was last overwritten in an environment. A
        takeover may have brought it back there after an earlier time. `otherwise`: it never was.
        """
        data, there = self.cloud.read(id), self.volumes(environment).get(name)
        if there and self.cloud.read(there["id"]) == data:
            return inf
        written = (environment.name, name, data)
        return max((when for *what, when in self.overwritten if tuple(what) == written), default=otherwise)

    def next_write(self, name, id):
        """The first write at an active end that the data of a volume does not have.

        Own volumes of an end that was left may have data that the other end never had, as a takeover of a
        lost end restores older data. That data is complete up to this write. What a host writes at an end
        that is not active adds to the data before it, and makes it no newer.
        """
        last = self.complete_until.get(self.cloud.read(id))
        if last is None:
            return -inf  # no host has written it
        later = (when for volume, when in self.written_while_active if volume == name and when > last)
        return min(later, default=inf)


def seconds_of(text):
    units = {"h": 3600, "min": 60, "s": 1}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+) (h|min|s)", text))


def slack_of(text):
    """What a duration leaves out."""
    return 60.0 if " h" in text else 1.0


# The oracles: each returns what the records contradict, or nothing. An age counts to the moment at which the
# command read the points. `asked` is when it began: it may end minutes later, as silent zones let it wait.


def ok(history, found, asked):
    """Each volume has data no older than the schedule and its slack, and the end that waits does not run.

    Before any takeover the target may run, with blank volumes: its apply warns of that.
    """
    schedule = 2 * HOUR
    late = history.older_than(asked - 1.25 * schedule, 1.0)
    _, waits = history.ends
    running = [host["name"] for host in history.hosts(waits) if not history.is_standby(waits)]
    running = running if history.took_over else []
    return {"late": late, "running where it waits": running} if late or running else {}


def age_of_data(history, found, asked):
    """A takeover restores a group whole or not at all, so only points with all their snapshots count; and
    where a plan keeps own volumes, only those.
    """
    older = history.older_than(asked - seconds_of(found["age"]), slack_of(found["age"]))
    return older if len(older) > int(found["without"] or 0) else []


def restorable(history, found, asked):
    there = len(history.whole_points())
    return f"{there} points have all their snapshots" if int(found["restorable"]) > there else ""


def covered(history, found, asked):
    """One point has complete snapshots of so many volumes of the role."""
    mine = [name for name in VOLUMES if name.startswith(found["role"])]
    there = max((len({*mine} & {*parts}) for parts in history.points().values()), default=0)
    wrong = int(found["covered"]) > there or found["volumes"] != f"{len(mine)} volumes"
    return f"{there} of {mine} have snapshots" if wrong else ""


def passed(history, found, asked):
    """Every declared host runs where the takeover led, on a volume with data."""
    if found["kind"] == "drill":
        return []
    there = history.production if found["kind"] == "failback" else history.target
    scope = history.scope(there)
    running = {scope.resource_name(host["name"]): host["id"] for host in history.hosts(there)}
    wanted = [a.name for a in place(history.topology, there).resources if a.kind == "instance"]
    wrong = [f"{name} does not run" for name in wanted if name not in running]
    volumes = history.volumes(there)
    for name in VOLUMES:
        volume = volumes.get(name, {})
        host = (volume.get("attachment") or {}).get("instance")
        if not volume or not history.cloud.read(volume["id"]):
            wrong.append(f"{name} has no data")
        elif host != running.get(name.partition("-")[0]):
            wrong.append(f"{name} is attached to {host}")
    return wrong


def measured_age(history, found, asked):
    """No volume came up with older data than that, from the beginning on."""
    age, slack = seconds_of(found["age"]), slack_of(found["age"])
    kind = re.search(r"^(drill|failover|failback|refresh) ", history.found, re.MULTILINE)[1]
    if kind in ("drill", "refresh"):
        return history.older_than(history.as_of(asked) - age, slack)
    if "to the last wave" not in history.found:
        return []  # it is not up: volumes may have what they had before
    here, there = (
        (history.production, history.target) if kind == "failover" else (history.target, history.production)
    )
    return [
        name
        for name, volume in history.volumes(there).items()
        if history.until(here, name, volume["id"]) < history.as_of(history.began) - age - slack - history.skew
    ]


def nothing_left(history, found, asked):
    id = re.search(r"^drill (\S+) ", history.found, re.MULTILINE)[1]
    scope = history.recovery.drill(id)
    return [
        each["name"] for each in history.records_of_all(history.target) if scope.resource_name(each["name"])
    ]


def source_stopped(history, found, asked):
    kind = re.search(r"^(failover|failback) ", history.found, re.MULTILINE)[1]
    return [
        host["name"] for host in history.hosts(history.production if kind == "failover" else history.target)
    ]


def fenced(history, found, asked):
    environment = {each.name: each for each in history.places}[found["environment"]]
    return [host["name"] for host in history.hosts(environment)]


def standby(history, found, asked):
    """Hosts of the target run, and the internet does not reach them."""
    running = [host["name"] for host in history.hosts(history.target)]
    if running and history.is_standby(history.target):
        return ""
    return f"running: {running}, closed: {history.is_standby(history.target)}"


def nothing_to_sweep(history, found, asked):
    left = ("-drill-", "-prober-", "-sending-", "-receiving-")
    names = [each["name"] for end in (PRODUCTION, RECOVERY) for each in history.records_of_all(end)]
    return [name for name in names if any(part in name for part in left)]


ORACLES = {
    "ok": ok,
    "age of data": age_of_data,
    "covered": covered,
    "restorable": restorable,
    "passed": passed,
    "measured age": measured_age,
    "nothing left": nothing_left,
    "source stopped": source_stopped,
    "fenced": fenced,
    "standby": standby,
    "nothing to sweep": nothing_to_sweep,
}
"""The name of each positive sentence → the query that contradicts it."""

EVENTS = (
    RecoveryHistory.hours_pass,
    RecoveryHistory.hours_pass,
    RecoveryHistory.hours_pass,
    RecoveryHistory.lose_a_snapshot,
    RecoveryHistory.replicate_elsewhere,
    RecoveryHistory.silence,
    RecoveryHistory.start_by_hand,
    RecoveryHistory.crash,
    RecoveryHistory.fail_at_a_gate,
    RecoveryHistory.lose_the_source,
    RecoveryHistory.drill_that_leaves_something,
)
COMMANDS = (
    ("dr", "status"),
    ("dr", "status"),
    ("dr", "replicate", "--now"),
    ("dr", "replicate", "--now"),
    ("dr", "replicate"),
    ("dr", "drill"),
    ("dr", "sweep"),
    ("dr", "failover", "--yes"),
    ("dr", "failover", "--yes", "--planned"),
    ("dr", "failover", "--yes", "--source-is-lost"),
    ("dr", "abandon", "--yes"),
    ("dr", "failback", "--yes"),
    ("dr", "fence", "--yes"),
    ("dr", "fence", "--yes"),
)


class StandbyHistory(RecoveryHistory):
    """The same with a declared standby, on whose volumes its hosts write."""

    plan = {"standby": "running"}  # noqa: RUF012
    commands = (("dr", "refresh"), ("apply", "recovery", "--yes"), ("apply", "recovery", "--yes"))
