"""Every command that a refusal names leads on, in the situation in which it is named.

The cells come from the decision table. Each refused verb runs as a command, and the commands in what it
prints run in copies of the same world.
"""

import re
import shlex

import pytest
from attrs import Factory, evolve, frozen
from recovery_model import Model
from situation_worlds import BESIDES, STANDBY, TINY, WITHOUT_POINTS, WORLDS, tiny
from situations import VERBS, situations
from typer.testing import CliRunner
from worlds import PRODUCTION, RECOVERY

from portinfra.command_text import commands_written_by
from portinfra.commands.app import app
from portinfra.commands.exits import Exit
from portinfra.commands.session import Session
from portinfra.declaration.declared import Declared
from portinfra.recovery.situation.facts import read_facts
from portinfra.recovery.situation.permissions import may
from portinfra.recovery.situation.refusals import explain
from portinfra.recovery.situation.situation import peer_of

COMMANDS = {
    "aS": "apply production",
    "aT": "apply recovery",
    "dS": "destroy production",
    "dT": "destroy recovery",
    "rT": "dr replicate --now",
    "rS": "dr replicate --now",
    "lT": "dr drill",
    "rf": "dr refresh",
    "fo": "dr failover",
    "fp": "dr failover --planned",
    "fL": "dr failover --lost production",
    "fb": "dr failback",
    "bL": "dr failback --lost recovery",
    "ab": "dr abandon",
    "fe": "dr fence",
}
"""Column of the decision table → what an operator types."""
WITHOUT_COMMAND = {
    "rS": "dr replicate copies from the active end, and here the target is not active",
    "rT": "dr replicate copies from the active end, and here the source is not active",
    "lS": "a drill in the source is a call in Python",
}
"""Cells that no command reaches. Their text is made from the refusal, and its commands run, too."""
NOT_KNOWN = {
    "S takes over, restoring": ("lT",),
    "T comes back (abandon)": ("lT",),
    "S takes over, entry damaged": ("lT",),
    "S takes over with its own data": ("lT",),
}
"""Cells whose command runs all the same: a drill makes no call to the source, so it does not know of that."""
ASK = ("apply", "destroy", "failover", "failback", "abandon", "fence")
ROWS = {**WORLDS, **BESIDES}


def command_of(column, now):
    """Return what an operator types for a cell; None: there is no command."""
    if column in ("rS", "rT") and VERBS[column].end != now.active:
        return None
    return COMMANDS.get(column)


@frozen
class Said:
    """What one command printed, and how it ended."""

    exit_code: int
    text: str

    @property
    def commands(self):
        """The commands that it names."""
        return list(dict.fromkeys(re.findall(r"`python shop\.py ([^`]+)`", self.text)))


def run(words, plan):
    """Run one command line in this process."""
    arguments = shlex.split(words)
    if {*ASK} & {*arguments[:2]}:
        arguments.append("--yes")
    declared = Declared((TINY,), (PRODUCTION, RECOVERY), (tiny(**plan).plan,))
    session = Session("python shop.py", tuple(arguments), declared)
    result = CliRunner().invoke(app(session), arguments)
    assert isinstance(result.exception, SystemExit | None), f"{words}: {result.exception!r}"
    assert "failed with an unexpected error" not in result.output, f"{words}: {result.output}"
    return Said(result.exit_code, result.output)


def text_of_refusal(column, refusal, now):
    """Return what a refusal says where no command leads to it."""
    session = Session("python shop.py", (), Declared((TINY,), (PRODUCTION, RECOVERY), (tiny().plan,)))
    session.known.about(session.declared, "shop", recovery="shop")
    with commands_written_by(session.write):
        found = explain(tiny(), VERBS[column], refusal, now)
    return Said(Exit.REFUSED, f"{found.message}\n{found.fix}")


@frozen
class Followed:
    """The commands that ran in copies of one world, each once."""

    world: object
    ran: dict = Factory(dict)

    def problem(self, words, plan, depth=3):
        """Return an empty text if a command does what it is for, or names one that does; else what it
        printed.
        """
        key = (words, depth, *plan)
        if key not in self.ran:
            self.ran[key] = self._problem(words, plan, depth)
        return self.ran[key]

    def _problem(self, words, plan, depth):
        said = self.run(words, plan)
        if said.exit_code == Exit.DONE or words.startswith("dr status"):
            return ""
        if "has taken over and is active" in said.text and "is not known, and the rpo is" in said.text:
            return (
                ""  # it did what it is for; its evidence is inconclusive, as the age of its data is not known
            )
        others = [] if depth == 1 else said.commands
        if any(not self.problem(each, plan, depth - 1) for each in others):
            return ""
        return f"$ {words}\n{said.text}"

    def run(self, words, plan):
        with self.world.copy(), self.world.silence():
            return run(words, plan)


def says_wait(text):
    """Return whether a text says that the same command is right later."""
    return bool(re.search(r"Wait (until|a minute)", text))


def read(world, plan, verb=None):
    """Return the situation in a copy of a world, as a verb reads it that calls no lost end."""
    lost = peer_of(verb.end) if verb and verb.lost else None
    with world.copy(), world.silence():
        return read_facts(tiny(**plan), lost=lost)


@pytest.mark.slow
@pytest.mark.parametrize("name", ROWS)
def test_every_command_that_a_refusal_names_leads_on(name):
    world = ROWS[name]
    declared, followed = STANDBY if world.standby else {}, Followed(world)
    now = read(world, declared)
    ran, wrong = [], []
    for column, verb in VERBS.items():
        if (refusal := may(verb, now)) is None:
            continue
        plan, typed = STANDBY if column == "rf" else declared, command_of(column, now)
        text = text_of_refusal(column, refusal, now)
        assert typed or column in WITHOUT_COMMAND
        said = text if typed is None else followed.run(typed, plan)
        if said.exit_code == Exit.DONE:
            ran.append(column)
            continue
        if verb.lost:
            lost = read(world, declared, verb)
            text = text_of_refusal(column, may(verb, lost), lost)
        if missing := [each for each in text.commands if each not in said.commands]:
            wrong.append(f"{column} does not name {missing}:\n{said.text}")
        again = [f"{typed} --without-peer"] if "--without-peer" in said.text else []
        if not (said.commands or again or says_wait(said.text)):
            wrong.append(f"{column} names nothing to do:\n{said.text}")
        for each in (*said.commands, *again):
            if problem := followed.problem(each, plan):
                wrong.append(f"{column} names what does not lead on:\n{said.text}\n{problem}")
    assert not wrong, "\n\n".join(wrong)
    assert tuple(ran) == NOT_KNOWN.get(name, ()), "refused by the table, and the command did it"


@pytest.mark.slow
@pytest.mark.parametrize("name", WITHOUT_POINTS)
def test_a_takeover_whose_points_are_deleted_names_a_command_that_leads_on(name):
    """The table permits it to go on, as it does not know the points."""
    followed = Followed(WITHOUT_POINTS[name])
    (goes_on,) = followed.run("dr status", {}).commands
    refused = followed.run(goes_on, {})
    assert refused.exit_code == Exit.REFUSED
    assert "dr abandon shop" in refused.commands
    ways = [each for each in refused.commands if not each.startswith("dr status")]
    assert any(not followed.problem(each, {}) for each in ways), refused.text


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_each_world_is_in_its_situation(name):
    world, meant = WORLDS[name], situations()[name]
    now = read(world, STANDBY if world.standby else {})
    assert {c: may(verb, now) for c, verb in VERBS.items()} == {c: may(v, meant) for c, v in VERBS.items()}


def test_every_situation_of_the_table_has_a_world():
    assert list(WORLDS) == list(situations())


def test_what_waits_for_a_silent_end_is_right_in_another_situation():
    """There the end answers, and the same command runs in a copy of the same world."""
    answering = [world.make for world in WORLDS.values() if not world.silent]
    assert all(world.make in answering for world in WORLDS.values())


def kind(verb, refusal):
    return verb, refusal.rule, refusal.instead


def tried_kinds():
    """Return each kind of refusal that a world has: the verb, the rule, and what is right instead."""
    kinds = set()
    for now in (*situations().values(), *(read(world, {}) for world in BESIDES.values())):
        kinds |= {kind(verb, found) for verb in VERBS.values() if (found := may(verb, now))}
    return kinds


class Refusals(Model):
    """A model that collects what the verbs of the table are refused for, with no option besides or with
    `--older-data`.
    """

    kinds = set()  # noqa: RUF012

    def check_refusal(self, world, verb, answers, refusal):
        if not verb.without_peer:
            self.kinds.add(kind(evolve(verb, older_data=False), refusal))


@pytest.mark.slow
def test_the_model_meets_no_other_kind_of_refusal():
    """A new refusal fails here until a situation has it."""
    model = Refusals(standby=True)
    model.search(3_000)
    assert model.kinds - tried_kinds() == set()
