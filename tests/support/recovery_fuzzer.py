"""Random histories of a recovery over two drawn shapes, with a truth that is kept outside the product.

The truth is the order of writes: hosts stamp their volumes, and each stamp stays in `newest` until a host
overwrites it. After every verb the simulator's records are compared with that, and each printed positive
sentence with its oracle. Laws:

- never two active ends, unless one was called lost or its hosts were started by hand
- no newest write is gone from all volumes and snapshots, unless the output says so
- a drill changes no volume and no host of either end
- no internal error
- the commands that are printed lead to rest, and nothing is left over then
"""

import re
import shlex
from contextlib import suppress
from datetime import UTC, datetime
from io import StringIO

from attrs import evolve
from clocks import DAY, HOUR, clock_off
from recovery_sentences import COMMANDS, EVENTS, TOOK_OVER, RecoveryHistory
from rich.console import Console
from situation_worlds import Ended, ending_at
from turning import lost
from worlds import ONE, PRODUCTION, RECOVERY

from portinfra import dr
from portinfra.errors import PortinfraError
from portinfra.execution.connection import Connection
from portinfra.model.evidence import Evidence
from portinfra.model.record import Record
from portinfra.model.recovery import DataPolicy
from portinfra.records.lease import read_records
from portinfra.recovery.takeover.steps import Step
from portinfra.render.console.recovery import show_evidence
from portinfra.testing.fake import SHAPES
from portinfra.testing.fake.errors import FakeError
from portinfra.testing.wrapped import wrapped

ASK = {"failover", "failback", "abandon", "fence", "apply", "destroy"}
UNREST = ("First of all", "has begun and is not done", "dr sweep")
SKEWS = (HOUR, -HOUR, 2 * DAY, -2 * DAY)


class LawBroken(AssertionError):
    """A law of the recovery does not hold."""


class FuzzedRecovery(RecoveryHistory):
    """One history. `said` has what was typed and printed."""

    def __init__(self, seed):
        super().__init__(seed)
        draw = self.chance.choice
        self.shapes = draw(sorted(SHAPES)), draw(sorted(SHAPES))
        self.production = evolve(PRODUCTION, on=f"fake:{self.shapes[0]}/us-east-1", cidr="10.1.0.0/16")
        self.target = evolve(RECOVERY, on=f"fake:{self.shapes[1]}/eu-west-1", cidr="10.2.0.0/16")
        self.plan = {
            "standby": draw(["off", "off", "running"]),
            "keep_overwritten": draw(["7d", "7d", ""]),
            "data": [DataPolicy("db", keep=draw([1, 2, 7]))],
        }
        self.newest = {}
        self.by_hand = set()
        self.ran_lost = self.damaged = False
        self.disabled = None
        self.cloud.before_request = self.refuse_disabled_keys

    def run(self, steps):
        super().run(2)
        for _ in range(steps - 2):
            self.chance.choice(self.happenings)(self)
            self.check()
        self.heal()

    # The truth.

    def write(self):
        before = [(each, self.stamps(each)) for each in self.places]
        super().write()
        for end, stamps in before:
            is_blank = end is self.target and not self.took_over
            if self.is_standby(end):
                continue  # what its hosts write is no data
            for name, stamp in self.stamps(end).items():
                if stamp != stamps.get(name):
                    self.newest.pop(stamps.get(name), None)
                    if not is_blank:
                        self.newest[stamp] = f"{name} of {end.name}"

    def stamps(self, end):
        return {name: self.cloud.read(each["id"]) for name, each in self.volumes(end).items()}

    def existing(self):
        """Every stamp that a volume or snapshot has, by the records."""
        every = [r for end in self.places for r in self.records_of_all(end) if r["kind"] in DATA]
        return {self.cloud.read(each["id"]) for each in every}

    # What happens besides.

    def verb(self):
        """One command as an operator types it, without mishaps."""
        self.type_one(self.chance.choice(VERBS + COMMANDS))

    def type_one(self, arguments, **more):
        arguments = tuple(self.as_of() if each == "TIME" else each for each in arguments)
        before = self.untouched() if "drill" in arguments else None
        self.note(arguments)
        self.command(*arguments, **more)
        if before is not None and before != self.untouched():
            self.fail("a drill changed a volume or a host", f"{before}\n{self.untouched()}")

    def note(self, arguments):
        """Remember that an end was called lost: both may run then."""
        self.ran_lost |= bool({"--lost", "--source-is-lost", "--insist"} & {*arguments})

    def begin_outside(self):
        """A takeover may begin now, and prints nothing."""
        self.began = self.began or self.cloud.clock.now()

    def as_of(self):
        moment = self.cloud.clock.now() - self.chance.choice([60.0, HOUR, 5 * HOUR])
        return datetime.fromtimestamp(moment, UTC).isoformat()

    def untouched(self):
        """What no drill changes: volumes and hosts of both ends."""
        return [
            (each["id"], each["kind"], each.get("power"), each.get("attachment"))
            for end in self.places
            for kind in ("instance", "volume")
            for each in self.records(end, kind)
        ]

    def lose_an_end(self):
        end = self.chance.choice(self.places)
        with lost(end, untouched=False):
            self.type_one(self.chance.choice([("dr", "status"), *VERBS, *COMMANDS]))

    def wrong_clock(self):
        with clock_off(self.chance.choice(SKEWS), tells_time=True):
            self.type_one(self.chance.choice(INSISTING))

    def end_at_a_step(self):
        step, verb = self.chance.choice(list(Step)), self.chance.choice(["target", "source", None])
        how = ending_at(step, dr.FailoverOptions(pace=ONE, planned=self.chance.choice([None, True])))
        self.begin_outside()
        self.said.append(f"# {verb or 'abandon'} ends at {step.name}")
        with suppress(Ended, PortinfraError):
            self.show(dr.takeover(self.recovery, verb, how) if verb else dr.abandon(self.recovery, how))

    def two_at_once(self):
        """A second run begins and ends at some call of the first one."""
        first, second = self.chance.choice(CALLS), self.chance.choice(CALLS)
        at, count = self.chance.randint(3, 90), [0]

        def hand(provider, call):
            count[0] += 1
            if count[0] == at:
                with suppress(PortinfraError):
                    self.show(second(self.recovery))
            return provider.perform(call)

        self.begin_outside()
        self.said.append(f"# {second.__name__} at call {at} of {first.__name__}")
        with wrapped("fake", hand), suppress(PortinfraError):
            self.show(first(self.recovery))

    def show(self, done):
        """Print evidence of a call in Python, as the command line does."""
        if isinstance(done, Evidence):
            text = StringIO()
            show_evidence(done, Console(file=text, width=200))
            self.said.append(text.getvalue())
            self.forget_what_is_named(text.getvalue())
            if re.search(TOOK_OVER, text.getvalue(), re.MULTILINE):
                self.began = None

    def edit_one_end(self):
        """Declare another count or size of a role, at one end."""
        at = self.chance.choice(["production", "target"])
        roles = self.chance.choice([{}, {"web": {"count": 2}}, {"db": {"size": "large"}}])
        setattr(self, at, evolve(getattr(self, at), roles=roles))
        self.said.append(f"# {at} declares {roles}")

    def disable_a_key(self):
        self.disabled = None if self.disabled else self.chance.choice(self.places).key
        self.said.append(f"# disabled key: {self.disabled}")

    def refuse_disabled_keys(self, action, given):
        if self.disabled and given.get("key") == self.disabled:
            raise FakeError("AccessDenied", f"the key {self.disabled} is disabled")

    def damage_an_entry(self):
        if self.chance.random() > 0.15:
            return
        way = self.chance.choice([self.recovery, self.recovery.reversed])
        with Connection.to(way.target) as there:
            if records := read_records(there.reader, way.ledger):
                number = self.chance.choice(records).number
                self.damaged = True
                self.said.append(f"# record {number} at {way.target.name} is damaged")
                there.caller.insisting(there.provider.records.write(way.ledger, Record(number, "rubbish")))

    def start_hosts_by_hand(self):
        stopped = {
            e.name for e in self.places if {h["power"] for h in self.records(e, "instance")} - {"running"}
        }
        self.by_hand |= stopped
        self.start_by_hand()

    # Laws.

    def command(self, *arguments, gate=None):
        self.note(arguments)
        super().command(*arguments, gate=gate)
        text = self.said[-1]
        for what in ("in a way that it does not know", "This is a defect", "Traceback"):
            if what in text:
                self.fail("an internal error", text)
        self.forget_what_is_named(text)

    def forget_what_is_named(self, text):
        """Evidence says what was replaced: where it names a snapshot, that has the data."""
        for id in re.findall(r"was replaced\. What it had is in snapshot (\S+),", text):
            self.newest.pop(self.cloud.read(id), None)
        for volume in re.findall(r"^(\S+) was replaced\. Data that it alone had is GONE", text, re.M):
            gone = [s for s, where in self.newest.items() if where.startswith(volume)]
            for stamp in gone:
                if stamp not in self.existing():
                    self.newest.pop(stamp)

    def check(self):
        serving = [end.name for end in self.places if self.hosts(end) and not self.is_standby(end)]
        for end in self.places:
            if not self.hosts(end):
                self.by_hand.discard(end.name)
        excused = self.ran_lost or self.by_hand or not self.took_over
        if len(serving) == 2 and not excused:
            self.fail("two active ends")
        if len(serving) < 2:
            self.ran_lost = False
        there = self.existing()
        gone = {stamp: where for stamp, where in self.newest.items() if stamp not in there}
        if gone and self.began is None:  # evidence of an open takeover comes later
            self.fail("writes are gone, and nothing says so", gone)

    def fail(self, law, more=""):
        raise LawBroken(f"{law}: {more}\n{self.shapes} {self.plan}\n" + "\n".join(self.said[-8:]))

    # The end.

    def heal(self):
        """All is reachable again, and the operator follows what is printed."""
        self.cloud.unreachable.clear()
        self.disabled = None
        self.cloud.clock.sleep_until(self.cloud.clock.now() + 2 * HOUR)
        tried = []
        for _ in range(8):
            self.type_one(("dr", "status"))
            self.check()
            text = self.said[-1]
            if not any(each in text for each in UNREST):
                break
            if not self.follow(text, tried):
                self.fail("no printed command leads on", tried)
        else:
            self.fail("following what is printed does not end", tried)
        self.rest()

    def rest(self):
        """Nothing is under way: a sweep leaves nothing, and a replication makes all well."""
        self.type_one(("dr", "sweep"))
        if left := [name for name in self.names() if "-drill-" in name or "ing-" in name]:
            self.fail("something is left over", left)
        self.type_one(("dr", "replicate", "--now"))
        replicated = self.exit_code == 0
        self.type_one(("dr", "status"))
        if replicated and "shop: ok." not in self.found and not self.damaged:
            self.fail("all is well, and status does not say so")

    def names(self):
        return [each["name"] for end in self.places for each in self.records_of_all(end) if each.get("name")]

    def follow(self, text, tried, depth=3):
        """Run the commands that a text names, until one does what it is for; return whether one did."""
        for words in dict.fromkeys(re.findall(r"python shop\.py ((?:dr|apply) [^`\n]+)", text)):
            arguments = shlex.split(words)
            if "status" in arguments or "report" in arguments or "verify" in arguments:
                continue
            self.type_one((*arguments, *(["--yes"] if ASK & {*arguments[:2]} else [])))
            self.check()
            tried.append(words)
            is_up = "to the last wave" in self.found  # it may have come too late, or with old data
            if self.exit_code == 0 or is_up or (depth > 1 and self.follow(self.said[-1], tried, depth - 1)):
                return True
        return False


DATA = ("volume", "snapshot")
VERBS = (
    ("dr", "plan"),
    ("dr", "drills"),
    ("dr", "drill", "--as-of", "TIME"),
    ("dr", "failover", "--yes", "--as-of", "TIME"),
    ("dr", "failover", "--yes", "--insist"),
    ("dr", "failover", "--yes", "--lost", "production"),
    ("dr", "failback", "--yes"),
    ("dr", "failback", "--yes"),
    ("dr", "failback", "--yes", "--lost", "recovery"),
    ("dr", "refresh"),
    ("apply", "production", "--yes"),
    ("apply", "recovery", "--yes"),
    ("destroy", "recovery", "--yes"),
)
INSISTING = (
    ("dr", "replicate", "--now", "--insist"),
    ("dr", "replicate", "--now", "--insist"),
    ("dr", "failover", "--yes", "--insist"),
    ("dr", "failback", "--yes", "--insist"),
    ("dr", "drill"),
    ("dr", "status"),
)


def fail_over(recovery):
    return dr.failover(recovery, dr.FailoverOptions(pace=ONE))


def fail_back(recovery):
    return dr.failback(recovery, dr.FailoverOptions(pace=ONE))


def give_up(recovery):
    return dr.abandon(recovery, dr.FailoverOptions(pace=ONE))


def carry(recovery):
    return dr.replicate(recovery, now=True, pace=ONE)


def try_it(recovery):
    return dr.drill(recovery, pace=ONE)


CALLS = (fail_over, fail_back, give_up, carry, try_it)

FuzzedRecovery.happenings = (
    *(each for each in EVENTS if each is not RecoveryHistory.start_by_hand),
    *[FuzzedRecovery.verb] * 12,
    FuzzedRecovery.start_hosts_by_hand,
    FuzzedRecovery.lose_an_end,
    FuzzedRecovery.lose_an_end,
    FuzzedRecovery.wrong_clock,
    FuzzedRecovery.wrong_clock,
    FuzzedRecovery.end_at_a_step,
    FuzzedRecovery.end_at_a_step,
    FuzzedRecovery.two_at_once,
    FuzzedRecovery.edit_one_end,
    FuzzedRecovery.disable_a_key,
    FuzzedRecovery.damage_an_entry,
)
