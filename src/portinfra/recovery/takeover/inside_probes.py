"""Probes that run inside: on one more host of a role, which reports on its serial console.

In a drill, that host belongs to the drill and is removed with it. In a takeover it has a scope of its own
beside the environment, so that no plan of the environment sees it. It is removed when the probes have
answered.
"""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from attrs import asdict, evolve, field

from portinfra.command_text import command
from portinfra.errors import PortinfraError
from portinfra.format import iso
from portinfra.hooks.calls import last_part
from portinfra.hooks.identity import identify
from portinfra.model.duration import seconds
from portinfra.model.evidence import Checked, Kind
from portinfra.model.placed import Placed
from portinfra.model.plan import PlanOptions
from portinfra.model.recovery import Probe
from portinfra.model.resources import Firewall, Instance, Network, Subnet
from portinfra.recovery.points.restore import all_at_once, replacement_options
from portinfra.recovery.points.silent_zones import raise_for_plan
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.watch.probers import make_prober, probes_by_role
from portinfra.rollout.context import RolloutContext
from portinfra.rollout.prober import RunningProber, wait_for_receipts
from portinfra.rollout.prober_host import add_host
from portinfra.rollout.waves import Say
from portinfra.value import frozen

HOUR = 3600
"""How much longer than its probes a prober of a takeover may exist, before it turns itself off."""


@frozen
class InsideAnswers:
    """The answers of probes that run inside."""

    answers: Mapping[str, Checked] = field(factory=dict)
    """By the names of the probes."""
    left_behind: int | None = None
    """How many resources of their hosts are left in a scope of their own; None: there was no such scope."""


def run_inside_probes(recovery: Recovery, context: RolloutContext, occasion: Kind, say: Say) -> InsideAnswers:
    """Return the answers of the probes that have a role to run from.

    All probers come up together. They have as long as the last wave may take. Hosts in a scope of their own
    are removed afterwards, whatever happens; `say` is called where that fails.
    """
    by_role = probes_by_role(recovery)
    if not by_role:
        return InsideAnswers()
    limit = recovery.plan.waves[-1].limit
    until = context.now + seconds(limit)
    probers: dict[str, RunningProber] = {}
    problem = f"no receipt came within {limit}"
    is_apart = occasion != "drill"
    left: int | None = None
    try:
        if is_apart:
            _remove_apart(recovery, context)  # hosts of a run that died know another word
        hosts = _make_probers(recovery, context, occasion, say)
        probers = {role: prober for role, (_, prober) in hosts.items()}
        alone = {role: host for role, (host, _) in hosts.items()}
        with _place_for(recovery, context, occasion, alone) as place:
            wait_for_receipts(place, probers.values(), until)
    except PortinfraError as error:
        problem = error.first_line
    finally:
        if is_apart:
            left = _count_left(recovery, context, say)
    answers = {
        probe.name: _to_checked(context, probe, probers.get(role), number, problem)
        for role, probes in by_role.items()
        for number, probe in enumerate(probes)
    }
    return InsideAnswers(answers, left)


def _make_probers(
    recovery: Recovery, context: RolloutContext, occasion: Kind, say: Say
) -> dict[str, tuple[Instance, RunningProber]]:
    """Return, for each role that probes run from, the host and what is to be read of it."""
    given, made = context.inventory(occasion=occasion), {}
    for role, probes in probes_by_role(recovery).items():
        word = secrets.token_hex(16)
        host = make_prober(recovery, role, context.placed, given, word)
        made[role] = (host, RunningProber(host.address, word, len(probes)))
        say(f"prober {host.name}: {', '.join(probe.name for probe in probes)}")
    return made


@contextmanager
def _place_for(
    recovery: Recovery, context: RolloutContext, occasion: Kind, hosts: Mapping[str, Instance]
) -> Iterator[RolloutContext]:
    """Bring the probers up, and yield where they are."""
    # Probers have no files of hosts: those need all resources, and room in the user data of a prober.
    bare = evolve(context.placed, topology=evolve(context.placed.topology, delivery=""))
    if occasion == "drill":
        placed = bare
        for role, host in hosts.items():
            placed = add_host(placed, role, host)
        _apply(context, all_at_once(placed), replacement_options(frozenset(), recovery.plan.roles))
        yield context
        return
    there = context.run.reader.observe(context.placed.scope).resources
    borrowed = {a: seen for a, seen in there.items() if isinstance(seen.spec, Network | Subnet | Firewall)}
    limit = max(seconds(wave.limit) for wave in recovery.plan.waves)
    alone = {host.address: evolve(host, ends_after=limit + HOUR) for host in hosts.values()}
    roles = {host.address: role for role, host in hosts.items()}
    placed = evolve(bare, scope=recovery.prober, resources=alone, roles=roles)
    with context.run.keep_lease(), context.place.start_run(recovery.prober, borrowed=borrowed) as run:
        apart = evolve(context, run=run, placed=placed)
        # These hosts alone: a plan of all would delete what is borrowed.
        _apply(apart, all_at_once(placed), PlanOptions(addresses=frozenset(alone)))
        yield apart


def _remove_apart(recovery: Recovery, context: RolloutContext) -> str:
    """Remove the probers that have a scope of their own. Return which zones do not answer, in words.

    Raises PortinfraError.
    """
    with context.run.keep_lease():
        there = context.place.observe(recovery.prober)
        if not there.resources:
            return there.silence
        placed = evolve(context.placed, scope=recovery.prober, resources={}, roles={})
        with context.place.start_run(recovery.prober) as run:
            remove_probers(evolve(context, run=run, placed=placed))
        return there.silence


def _count_left(recovery: Recovery, context: RolloutContext, say: Say) -> int:
    """Remove these probers, and return how many resources are left of them; 1 where that is not known."""
    sweep = command("dr", "sweep", recovery.plan.name)
    try:
        silence = _remove_apart(recovery, context)
    except PortinfraError as error:
        say(f"hosts of probes are left in {recovery.prober}: {error.first_line}. To remove them: {sweep}")
        with suppress(PortinfraError):
            left = context.run.reader.observe(recovery.prober).count
            return 1 if left is None else left
        return 1
    if silence:
        say(f"hosts of probes may be left in {recovery.prober}: {silence}. To remove them: {sweep}")
    return 1 if silence else 0


def remove_probers(context: RolloutContext) -> None:
    """Remove what is in the scope of the probers. The run has borrowed nothing: it would be removed, too."""
    plan = context.run.plan(context.placed, context.catalogue, PlanOptions(), destroy=True)
    if not plan.empty:
        context.run.apply(plan, context.listen)


def _apply(context: RolloutContext, placed: Placed, options: PlanOptions) -> None:
    plan = context.run.plan(placed, context.catalogue, options)
    raise_for_plan(plan)
    context.run.apply(plan, context.listen)


def _to_checked(
    context: RolloutContext, probe: Probe, prober: RunningProber | None, number: int, problem: str
) -> Checked:
    answer = prober.answer(number) if prober else None
    output = problem
    if answer is not None:
        output = last_part(answer.printed.decode(errors="replace"))
    elif prober is not None and prober.problem:
        output = f"{problem}: {prober.problem}"
    return Checked(
        probe.name,
        answer is not None and answer.passed,
        iso(context.now),
        answer.tries if answer else 0,
        "" if context.quiet and answer else output,
        **asdict(identify(probe.run)),
        from_role=probe.from_role,
    )
