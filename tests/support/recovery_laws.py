"""The laws of a recovery, held against a truth outside the product after everything that happens.

`LAWS` has each in a plain sentence, with what suspends it. `LawCounts` counts both.
"""

import re
from contextlib import contextmanager
from datetime import datetime
from math import inf

from recovery_sentences import DURATION, RecoveryHistory, seconds_of, slack_of
from recovery_truth import Write, Writes, believes_active, takeovers

LAWS = {
    "one active end": (
        "After the first takeover, hosts of one end at most serve customers. Suspended while both run after "
        "an end was called lost. Hosts that an operator started by hand do not count."
    ),
    "no write vanishes": (
        "What a host wrote last on a volume is on a volume or in a snapshot, or evidence said that it is "
        "gone. Suspended while a takeover of a plan that keeps no snapshots has begun to replace volumes."
    ),
    "replaced data is named": (
        "When a takeover or refresh is finished, what was written last at its end is on a volume of either "
        "end, or evidence or status names the snapshot that has it, or evidence says that it is gone."
    ),
    "data that stays behind has an age": (
        "When a takeover is finished, what was written last at the other end came along, or the age of the "
        "data in evidence leaves it out. Or that end was not active: then evidence says that both ends ran, "
        "unless it was stopped before this takeover began. Suspended where evidence gives no age, where the "
        "end was active before and the other end is lost, and where the end that takes over cannot know of "
        "the decision of a lost end."
    ),
    "a kept snapshot stays": (
        "A snapshot that evidence names exists until its time is over, and its contents stay as they were."
    ),
    "drills and points change no end": (
        "A drill, a replication and a sweep change no host and no volume of either end."
    ),
    "reading changes nothing": "The commands that only read create, change and delete nothing.",
    "an abandon changes no data": "An abandon that is done leaves the contents of every volume as they were.",
    "no internal error": "No command ends with an error that portinfra does not know.",
    "printed commands lead to rest": (
        "At the end all answers again, and the commands that status and refusals print finish what is open."
    ),
    "nothing is left over": (
        "At rest a sweep leaves nothing of drills, probes and transfers. Suspended where an entry is "
        "damaged, and the sweep says that what it named may be left."
    ),
    "status says ok": (
        "At rest, after a replication, status says that all is well. Suspended where an entry is "
        "damaged, and where no point could be made."
    ),
}
"""Name → sentence."""

OVERRULING = {"--lost", "--source-is-lost", "--insist"}
READING = {("dr", each) for each in ("status", "plan", "drills", "report", "verify")}
CHANGING_NO_END = {("dr", each) for each in ("drill", "replicate", "sweep")}
INTERNAL = ("failed with an unexpected error", "This is a defect", "Traceback")

ENDED = re.compile(
    r"^(failover|failback|refresh) \S+ (?:passed$|(?:failed|inconclusive), and .* is active$)", re.MULTILINE
)
"""The heading of evidence of what came to its end: its end is up, in time or not."""
HEADING = re.compile(r"^(failover|failback|refresh) \S+ (?:passed|failed|inconclusive)", re.MULTILINE)
AGE = re.compile(rf"^Data: (?:at most )?({DURATION}) old; the rpo is", re.MULTILINE)
KEPT = re.compile(
    r"(?:(\S+) was replaced\. Its former data is in snapshot|(\S+): the former data of \S+ is in snapshot)"
    r" (\S+), kept until (?:(\S+ \S+) UTC|a person deletes it)"
)
BOTH_RAN = re.compile(
    rf"^Both environments may have run (?:for ({DURATION}), until|from) (\S+ \S+) UTC", re.MULTILINE
)
GONE = re.compile(
    r"^(\S+) was replaced\. (?:Data that only this volume had is LOST|A snapshot of its former data is kept)",
    re.MULTILINE,
)


def both_ran(text):
    """Return from when until when both ends may have run, as evidence says."""
    found = BOTH_RAN.search(text)
    if not found:
        return inf, inf
    moment = datetime.fromisoformat(f"{found[2]}+00:00").timestamp()
    if found[1] is None:
        return moment, inf
    return moment - seconds_of(found[1]) - slack_of(found[1]), moment + 1


ABANDONED = re.compile(r"^\S+ is active again: .* on\. (\S+) is fenced: ", re.MULTILINE)


class LawBroken(AssertionError):
    """A law of the recovery does not hold."""


class JudgedRecovery(RecoveryHistory):
    """A history that is held against the laws. `said` has what was typed and printed."""

    def __init__(self, seed, counts):
        super().__init__(seed)
        self.counts = counts
        self.writes = Writes()
        self.started_by_hand = set()
        """Ids of hosts that an operator started, and that no command has stopped or taken over since."""
        self.is_overruled = False
        """Whether an end was called lost, or an error was overruled, and both ends may run since."""
        self.garbled = False
        """Whether the entry of the takeover that is open was damaged."""
        self.damaged = False
        self.as_of_moment = None
        """The earliest moment that an operator named for the open takeover."""
        self.ran_until = {}
        """End → the last moment at which its hosts were seen to run."""
        self.stopped_at = {}
        """End → the last moment at which all of its hosts were seen off, while no takeover was open."""
        self.believes = set()
        """The ends that believed to be active when the open takeover began."""
        self.was_active = ""
        """The end that was active then."""

    def fail(self, law, more=""):
        where = f"{self.shapes} {self.plan}"
        raise LawBroken(f"{law}: {LAWS[law]}\n{more}\n{where}\n" + "\n".join(self.said[-8:]))

    # The truth.

    def write(self):
        before = [(each, self.stamps(each)) for each in self.places]
        super().write()
        now = self.cloud.clock.now()
        for end, stamps in before:
            if self.is_standby(end):
                continue  # what its hosts write is no data
            is_blank = end is self.target and not self.took_over
            by_hand, is_active = self.is_run_by_hand(end), end is self.active_end()
            for name, stamp in self.stamps(end).items():
                if stamp != stamps.get(name):
                    write = None if is_blank else Write(end.name, name, now, by_hand, is_active)
                    self.writes.overwrite(stamps.get(name), stamp, write)

    def stamps(self, end):
        """Return what is on the volumes of an end, by name."""
        return {name: self.cloud.read(each["id"]) for name, each in self.volumes(end).items()}

    def all_contents(self):
        """Return what is on every volume and in every snapshot, by id."""
        every = [each for end in self.places for each in self.records_of_all(end) if each["kind"] in DATA]
        return {each["id"]: self.cloud.read(each["id"]) for each in every}

    def is_taking_over(self):
        return self.garbled or super().is_taking_over()

    def note_beginning(self, *, begins):
        is_new = not self.is_taking_over()
        super().note_beginning(begins=begins)
        if is_new:
            self.was_active = self.active_end().name
            self.believes = {end.name for end in self.places if believes_active(self.claims(end))}

    def is_replacing(self):
        """Return whether a takeover is open that may have replaced volumes."""
        known = takeovers(self.cloud, [end.account for end in self.places])
        begun = bool(known and known[-1]["open"] and (known[-1].get("points") or known[-1].get("own")))
        return self.garbled or begun

    def is_run_by_hand(self, end):
        return any(host["id"] in self.started_by_hand for host in self.hosts(end))

    def serves(self, end):
        """Return whether hosts run there that a command has started, and customers reach them."""
        hosts = {host["id"] for host in self.hosts(end)} - self.started_by_hand
        return bool(hosts) and not self.is_standby(end)

    def untouched(self):
        """Return what a drill leaves as it is: hosts and volumes of both ends, and what is on those."""
        return [
            (each["id"], self.cloud.read(each["id"]) if kind == "volume" else each["power"])
            for end in self.places
            for kind in ("instance", "volume")
            for each in self.records(end, kind)
        ]

    def everything(self):
        contents = self.all_contents()
        return [
            (each["id"], contents.get(each["id"])) for end in self.places for each in self.records_of_all(end)
        ]

    # Laws of one command.

    def command(self, *arguments, gate=None):
        self.is_overruled |= bool(OVERRULING & {*arguments})
        self.note_moment(arguments)
        with self.watch(arguments):
            super().command(*arguments, gate=gate)
        if self.counts.is_due("no internal error"):
            for what in INTERNAL:
                if what in self.said[-1]:
                    self.fail("no internal error", self.said[-1])
        self.hear(self.said[-1])

    def note_moment(self, arguments):
        if not self.is_taking_over():
            self.as_of_moment = None
        if "--as-of" in arguments and {"failover", "failback"} & {*arguments}:
            moment = datetime.fromisoformat(arguments[arguments.index("--as-of") + 1]).timestamp()
            self.as_of_moment = min(moment, self.as_of_moment or moment)

    @contextmanager
    def watch(self, arguments):
        """Hold what a command may not change against what there was before it, also where it crashes."""
        verb = arguments[:2]
        look, law = None, ""
        if verb in READING:
            look, law = self.everything, "reading changes nothing"
        elif verb in CHANGING_NO_END:
            look, law = self.untouched, "drills and points change no end"
        elif verb == ("dr", "abandon"):
            look, law = self.volume_contents, "an abandon changes no data"
        before = look() if look else None
        try:
            yield
        finally:
            if look and self.counts.is_due(law) and (after := look()) != before:
                self.fail(law, f"{arguments}\n{before}\n{after}")

    def volume_contents(self):
        return [self.stamps(end) for end in self.places]

    # Laws of evidence.

    def hear(self, text):
        """Take evidence at its word, and hold its promises against the records."""
        existing = self.all_contents()
        for volume, place, id, until in KEPT.findall(" ".join(text.split())):
            if id not in existing:
                self.fail("a kept snapshot stays", f"{id} of {volume or place} is not there\n{text}")
            moment = datetime.fromisoformat(f"{until}+00:00").timestamp() if until else inf
            self.writes.kept[id] = (existing[id], moment)
            self.writes.newest.pop(existing[id], None)
        if abandoned := ABANDONED.search(text):
            for volume in GONE.findall(text):
                self.writes.pop_volume(abandoned[1], volume, {*existing.values()})
        if heading := HEADING.search(text):
            active = self.production if heading[1] == "failback" else self.target
            for volume in GONE.findall(text):
                self.writes.pop_volume(active.name, volume, {*existing.values()})
            if ended := ENDED.search(text):
                self.judge_replaced_data(active)
                if ended[1] != "refresh":
                    self.judge_age(active, text)
                self.started_by_hand -= {host["id"] for host in self.hosts(active)}
                self.garbled = self.garbled and ended[1] == "refresh"

    def judge_replaced_data(self, active):
        """Hold evidence against what was on the volumes of an end that came up."""
        existing = {stamp for end in self.places for stamp in self.stamps(end).values()}
        lost = {s: write for s, write in self.writes.of(active.name).items() if s not in existing}
        is_due = self.counts.is_due("replaced data is named")
        if is_due and lost and (lost := self.without_listed(lost)):
            self.fail("replaced data is named", lost)

    def judge_age(self, active, text):
        """Hold the age of the data in evidence against what was written at the other end."""
        law, age = "data that stays behind has an age", AGE.search(text)
        is_alone = "The source was NOT stopped." in text
        # It was active before, and made no call to the other end: nothing was taken over.
        only_continues = is_alone and self.was_active == active.name
        cannot_know = is_alone and active.name in self.believes
        if not self.counts.is_due(law, suspended=age is None or only_continues or cannot_know):
            return
        other = self.places[active is self.production]
        until = self.claimed_until(other, text) - seconds_of(age[1]) - slack_of(age[1]) - self.skew
        both_from, both_until = both_ran(text)
        there, lost = {*self.stamps(active).values()}, {}
        for stamp, write in self.writes.of(other.name).items():
            if stamp in there or stamp in self.writes.reported:
                continue
            in_span = both_from <= write.moment <= both_until
            before = write.moment <= self.stopped_at.get(other.name, 0.0)
            is_named = not write.is_of_active and (in_span or before)
            if write.moment <= until and not write.is_by_hand and not is_named:
                lost[stamp] = write
            self.writes.reported.add(stamp)
        if lost:
            self.fail(law, lost)

    def claimed_until(self, other, text):
        """Return the earliest moment to which the age of the data in evidence can be counted."""
        until = self.began
        if "The source was stopped first." in text:  # it was up to date until it stopped
            until = max(until, self.ran_until.get(other.name, until))
        return min(until, self.as_of(until))

    def as_of(self, asked):
        """Return the moment of the last command, or of an earlier one that began the same takeover."""
        moment = super().as_of(asked)
        return moment if self.as_of_moment is None else min(moment, self.as_of_moment)

    def without_listed(self, lost):
        """Return the writes that are in no snapshot which status lists."""
        RecoveryHistory.command(self, "dr", "status")
        existing = self.all_contents()
        listed = {existing.get(id) for _, _, id, _ in KEPT.findall(" ".join(self.said[-1].split()))}
        return {stamp: write for stamp, write in lost.items() if stamp not in listed}

    # Laws that hold at all times.

    def check(self):
        running = {host["id"] for end in self.places for host in self.hosts(end)}
        self.started_by_hand &= running
        now, is_open = self.cloud.clock.now(), self.is_taking_over()
        for end in self.places:
            if self.serves(end) and not self.is_run_by_hand(end):
                self.ran_until[end.name] = now
            elif not self.hosts(end) and not is_open:
                self.stopped_at[end.name] = now
        serving = [end.name for end in self.places if self.serves(end)]
        both = len(serving) == len(self.places)
        self.is_overruled = self.is_overruled and both
        # Before the first takeover the target may run, with blank volumes: its apply warns of that.
        if self.took_over and self.counts.is_due("one active end", suspended=self.is_overruled) and both:
            self.fail("one active end", serving)
        existing = self.all_contents()
        self.check_kept(existing, now)
        suspended = not self.plan["keep_overwritten"] and self.is_replacing()
        if self.counts.is_due("no write vanishes", suspended=suspended):
            contents = {*existing.values()}
            if gone := {s: write for s, write in self.writes.newest.items() if s not in contents}:
                self.fail("no write vanishes", gone)

    def check_kept(self, existing, now):
        self.writes.kept = {id: promise for id, promise in self.writes.kept.items() if promise[1] > now}
        if self.writes.kept and self.counts.is_due("a kept snapshot stays"):
            wrong = {id for id, (stamp, _) in self.writes.kept.items() if existing.get(id) != stamp}
            if wrong:
                self.fail("a kept snapshot stays", wrong)


DATA = ("volume", "snapshot")
