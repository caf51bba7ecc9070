"""Random histories of a recovery over two drawn shapes, with a truth that is kept outside the product.

Hosts stamp their volumes, and `recovery_truth` remembers each stamp until a host overwrites it. After
everything that happens, `recovery_laws` holds the simulator's records, and what was printed, against that:

- Hosts of one end at most serve customers.
- What was written last is on a volume or in a snapshot, or evidence said that it is gone.
- What was written last is on the end that is active after a takeover, or evidence names its snapshot, or says
  by the age of the data that it stayed behind.
- A snapshot that evidence names stays until its time is over.
- A drill, a replication and a sweep change no end; an abandon changes no data; reading changes nothing.
- No command ends with an error that portinfra does not know.
- The commands that are printed lead to rest, nothing is left over then, and status says that all is well.

`LAWS` has them with what suspends each, and `LawCounts` counts how often that was so. Besides, each printed
positive sentence has its oracle in `recovery_sentences`.

A seed and a number of steps make the same history each time. A failure names both, with the command that
repeats it.
"""

import random
import re
import secrets
import shlex
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import StringIO
from tempfile import TemporaryDirectory
from unittest import mock

from attrs import evolve
from clocks import DAY, HOUR, clock_off
from law_counts import LawCounts
from recovery_laws import LAWS, JudgedRecovery
from recovery_sentences import COMMANDS, EVENTS, RecoveryHistory
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
from portinfra.testing.call_wrapper import wrap_calls
from portinfra.testing.fake import SHAPES
from portinfra.testing.fake.errors import FakeError

ASK = {"failover", "failback", "abandon", "fence", "apply", "destroy"}
UNREST = ("un first:", "has begun and is not done", "is being abandoned", "dr sweep")
SKEWS = (HOUR, -HOUR, 2 * DAY, -2 * DAY)
REPEAT = (
    "This is the history of seed {seed}. To repeat it: PYTHONPATH=tests/support .venv/bin/python -c "
    '"from recovery_fuzzer import FuzzedRecovery; FuzzedRecovery({seed}).run({steps})"'
)


@contextmanager
def repeatable(seed, steps):
    """Take the ids of a history from its seed, keep its evidence apart, and let a failure name its command.

    Ids are printed, and `dr drills` compares all evidence of a home with the ledger.
    """
    ids = random.Random(seed)
    with (
        TemporaryDirectory() as home,
        mock.patch.dict("os.environ", PORTINFRA_HOME=home),
        mock.patch.object(secrets, "token_hex", lambda length: ids.randbytes(length).hex()),
    ):
        try:
            yield
        except Exception as error:
            error.add_note(REPEAT.format(seed=seed, steps=steps))
            raise


class FuzzedRecovery(JudgedRecovery):
    """One history. `said` has what was typed and printed."""

    def __init__(self, seed, counts=None):
        super().__init__(seed, counts or LawCounts(LAWS))
        self.seed = seed
        draw = self.chance.choice
        self.shapes = draw(sorted(SHAPES)), draw(sorted(SHAPES))
        self.production = evolve(PRODUCTION, on=f"fake:{self.shapes[0]}/us-east-1", cidr="10.1.0.0/16")
        self.target = evolve(RECOVERY, on=f"fake:{self.shapes[1]}/eu-west-1", cidr="10.2.0.0/16")
        self.plan = {
            "standby": draw(["off", "off", "running"]),
            "keep_overwritten": draw(["7d", "7d", ""]),
            "data": [DataPolicy("db", keep=draw([1, 2, 7]))],
        }
        self.disabled = None
        self.cloud.before_request = self.refuse_disabled_keys

    def run(self, steps):
        with repeatable(self.seed, steps):
            super().run(2)
            for _ in range(steps - 2):
                self.chance.choice(self.happenings)(self)
                self.check()
            self.heal()

    # What happens besides.

    def verb(self):
        """One command as an operator types it, without mishaps."""
        self.type_one(self.chance.choice(VERBS + COMMANDS))

    def type_one(self, arguments):
        self.command(*(self.draw_moment() if each == "TIME" else each for each in arguments))

    def begin_outside(self):
        """A takeover may begin now, by a call in Python."""
        self.note_beginning(begins=True)
        self.note_moment(())

    def draw_moment(self):
        moment = self.cloud.clock.now() - self.chance.choice([60.0, HOUR, 5 * HOUR])
        return datetime.fromtimestamp(moment, UTC).isoformat()

    def days_pass(self):
        """Longer than some kept snapshots stay."""
        self.cloud.clock.sleep_until(self.cloud.clock.now() + self.chance.choice([2, 4, 8]) * DAY)
        self.write()

    def lose_an_end(self):
        end = self.chance.choice(self.places)
        with lost(end, untouched=False):
            self.type_one(self.chance.choice([("dr", "status"), *VERBS, *COMMANDS]))

    def wrong_clock(self):
        with clock_off(self.chance.choice(SKEWS), tells_time=True):
            self.type_one(self.chance.choice(INSISTING))

    def end_at_a_step(self):
        step, verb = self.chance.choice(list(Step)), self.chance.choice(["target", "source", None])
        options = ending_at(
            step, dr.FailoverOptions(run_options=ONE, planned=self.chance.choice([None, True]))
        )
        self.begin_outside()
        self.said.append(f"# {verb or 'abandon'} ends at {step.name}")
        with suppress(Ended, PortinfraError):
            self.show(
                dr.takeover(self.recovery, verb, options) if verb else dr.abandon(self.recovery, options)
            )

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
        with wrap_calls("fake", hand), suppress(PortinfraError):
            self.show(first(self.recovery))

    def show(self, done):
        """Print evidence of a call in Python, as the command line does."""
        if isinstance(done, Evidence):
            text = StringIO()
            show_evidence(done, Console(file=text, width=200))
            self.said.append(text.getvalue())
            self.hear(text.getvalue())

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
                was_open = self.is_taking_over()
                self.damaged = True
                self.said.append(f"# record {number} at {way.target.name} is damaged")
                there.caller.with_retries(there.provider.records.write(way.ledger, Record(number, "rubbish")))
                self.garbled = was_open and not super().is_taking_over()

    def start_hosts_by_hand(self):
        before = {host["id"] for end in self.places for host in self.hosts(end)}
        self.start_by_hand()
        self.started_by_hand |= {host["id"] for end in self.places for host in self.hosts(end)} - before

    def lose_a_snapshot(self):
        before = self.all_contents()
        super().lose_a_snapshot()
        existing = self.all_contents()
        for id in before.keys() - existing.keys():
            self.writes.kept.pop(id, None)
        self.writes.forget_deleted({*existing.values()})

    # The end.

    def heal(self):
        """All is reachable again, and the operator follows what is printed."""
        self.cloud.unreachable.clear()
        self.disabled = None
        self.cloud.clock.sleep_until(self.cloud.clock.now() + 2 * HOUR)
        law, tried = "printed commands lead to rest", []
        self.counts.is_due(law)
        for _ in range(8):
            self.type_one(("dr", "status"))
            self.check()
            lines = [line for line in self.said[-1].splitlines() if any(each in line for each in UNREST)]
            if not lines:
                break
            if not self.follow("\n".join(lines), tried):
                self.fail(law, f"no command of these leads on: {tried}")
        else:
            self.fail(law, f"it does not end: {tried}")
        self.rest()

    def rest(self):
        """Nothing is under way: a sweep leaves nothing, and a replication makes all well."""
        self.type_one(("dr", "sweep"))
        left = [name for name in self.names() if "-drill-" in name or "ing-" in name]
        is_hidden = self.damaged and "cannot be read" in self.found
        if self.counts.is_due("nothing is left over", suspended=is_hidden) and left:
            self.fail("nothing is left over", left)
        self.type_one(("dr", "replicate", "--now"))
        replicated = self.exit_code == 0
        self.type_one(("dr", "status"))
        is_due = self.counts.is_due("status says ok", suspended=self.damaged or not replicated)
        if is_due and "shop: ok." not in self.found:
            self.fail("status says ok")

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
    ("dr", "failback", "--yes", "--from-points"),
    ("dr", "failover", "--yes", "--from-points"),
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
    return dr.failover(recovery, dr.FailoverOptions(run_options=ONE))


def fail_back(recovery):
    return dr.failback(recovery, dr.FailoverOptions(run_options=ONE))


def give_up(recovery):
    return dr.abandon(recovery, dr.FailoverOptions(run_options=ONE))


def carry(recovery):
    return dr.replicate(recovery, now=True, run_options=ONE)


def try_it(recovery):
    return dr.drill(recovery, run_options=ONE)


CALLS = (fail_over, fail_back, give_up, carry, try_it)

FuzzedRecovery.happenings = (
    *(getattr(FuzzedRecovery, each.__name__) for each in EVENTS if each is not RecoveryHistory.start_by_hand),
    *[FuzzedRecovery.verb] * 12,
    FuzzedRecovery.start_hosts_by_hand,
    FuzzedRecovery.days_pass,
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
