"""Probes that run inside a drill: on one more host of a role, which reports by its serial console."""

import secrets
from collections.abc import Mapping

from attrs import asdict

from portinfra.errors import ApplyError, PortinfraError
from portinfra.hooks.calls import last_part
from portinfra.hooks.identity import identify
from portinfra.model.duration import seconds
from portinfra.model.evidence import Checked
from portinfra.model.recovery import Probe
from portinfra.planning.refusal import refuse
from portinfra.recovery.points.restore import all_at_once, replacing
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.watch.probers import make_prober, probes_by_role
from portinfra.rollout.context import RolloutContext
from portinfra.rollout.prober import RunningProber, wait_for_receipts
from portinfra.rollout.prober_host import add_host
from portinfra.rollout.waves import Say
from portinfra.words import iso


def ask_inside(recovery: Recovery, context: RolloutContext, say: Say) -> Mapping[str, Checked]:
    """Return the answers of the probes that have a role to run from, by the names of the probes.

    All probers come up together. They have as long as the last wave may take.
    """
    by_role = probes_by_role(recovery)
    if not by_role:
        return {}
    limit = recovery.plan.waves[-1].limit
    until = context.now + seconds(limit)
    probers: dict[str, RunningProber] = {}
    try:
        probers = _bring_up(recovery, context, say)
        wait_for_receipts(context, probers.values(), until)
    except PortinfraError as error:
        first = error.first if isinstance(error, ApplyError) else error
        problem = str(first)
    else:
        problem = f"no receipt came within {limit}"
    return {
        probe.name: _checked(context, probe, probers.get(role), number, problem)
        for role, probes in by_role.items()
        for number, probe in enumerate(probes)
    }


def _bring_up(recovery: Recovery, context: RolloutContext, say: Say) -> dict[str, RunningProber]:
    given, placed, probers = context.inventory(occasion="drill"), context.placed, {}
    for role, probes in probes_by_role(recovery).items():
        word = secrets.token_hex(16)
        host = make_prober(recovery, role, context.placed, given, word)
        placed = add_host(placed, role, host)
        probers[role] = RunningProber(host.address, word, len(probes))
        say(f"prober {host.name}: {', '.join(probe.name for probe in probes)}")
    options = replacing(frozenset(), recovery.plan.roles)
    plan = context.run.plan(all_at_once(placed), context.catalogue, options)
    refuse(plan)
    context.run.apply(plan, context.listen)
    return probers


def _checked(
    context: RolloutContext, probe: Probe, prober: RunningProber | None, number: int, problem: str
) -> Checked:
    answer = prober.answer(number) if prober else None
    told = problem
    if answer is not None:
        told = last_part(answer.printed.decode(errors="replace"))
    elif prober is not None and prober.problem:
        told = f"{problem}: {prober.problem}"
    return Checked(
        probe.name,
        answer is not None and answer.passed,
        iso(context.now),
        answer.tries if answer else 0,
        "" if context.quiet and answer else told,
        **asdict(identify(probe.run)),
        from_role=probe.from_role,
    )
