"""`drill`: portinfra creates the whole topology in the target, from the newest points and in a scope of its
own. It measures the drill, and always removes it. It makes no call to the source, and does not touch the
target's environment.
"""

import secrets
from collections.abc import Collection
from contextlib import ExitStack, suppress
from datetime import datetime

from attrs import asdict, evolve

from portinfra.command_text import command
from portinfra.enrolment import create_drill_trust
from portinfra.errors import ApplyError, LeaseHeldError, PolicyError, PortinfraError, ProviderError
from portinfra.execution.connection import Connection
from portinfra.execution.options import RunOptions
from portinfra.format import iso
from portinfra.hooks.listeners import SafeListener
from portinfra.model.duration import seconds
from portinfra.model.evidence import Evidence
from portinfra.model.observed import Observation
from portinfra.model.placed import Placed
from portinfra.model.plan import PlanOptions
from portinfra.placement import place
from portinfra.planning.make_plan import make_plan
from portinfra.planning.refusal import refusal_of
from portinfra.recovery.drills.way_in import keep_one_address, open_way_in, way_in
from portinfra.recovery.groups import check_names
from portinfra.recovery.ledger.drills import KIND
from portinfra.recovery.ledger.entry_lease import hold_entry_lease
from portinfra.recovery.ledger.ledger import Entry, Ledger
from portinfra.recovery.ledger.points import points
from portinfra.recovery.ledger.runs import begin_run, end_run, link_run
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.points.ages import Ages
from portinfra.recovery.points.coverage import Accepted
from portinfra.recovery.points.restore import isolate, place_with_data, with_end_after
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.situation.clocks import say_clocks
from portinfra.recovery.situation.facts import read_facts
from portinfra.recovery.situation.permissions import Verb, may
from portinfra.recovery.situation.refusals import raise_if_refused
from portinfra.recovery.situation.request import end_of
from portinfra.recovery.situation.situation import Situation, peer_of
from portinfra.recovery.takeover.bring_up import BringUp
from portinfra.recovery.takeover.evidence import to_evidence, unread_entries
from portinfra.recovery.vault.data_selection import Selected, Selection
from portinfra.recovery.vault.point_selection import choose
from portinfra.recovery.vault.transfer import has_receiving_hosts, receive
from portinfra.recovery.watch.forecast import file_errors
from portinfra.recovery.watch.probers import prober_findings
from portinfra.rollout.context import RolloutContext
from portinfra.rollout.waves import Say
from portinfra.validation.arguments import check_arguments

LOSE_ALL = PlanOptions(allow_data_loss=frozenset({"all"}))


@check_arguments
def drill(
    recovery: Recovery,
    *,
    run_options: RunOptions | None = None,
    say: Say = lambda line: None,
    as_of: datetime | None = None,
    blank: Collection[str] = (),
) -> Evidence:
    """Create the drill, check its gates and probes, and remove it. Return its evidence, also if it failed.

    With `as_of`, use points that are not later than that moment, and measure the age of their data at it. The
    volumes `blank`, by address, may begin blank where no point has data of them.

    Raises ProviderError where the drill could not begin, and ValidationError where no host can run a probe.
    Raises PolicyError where the situation permits no drill, and for a moment or volumes that an operator
    named and that do not exist. Evidence of a failed drill has all other problems. If a takeover to the
    drill's own end begins, the drill is removed at its next wave.
    """
    run_options, say = run_options or RunOptions(), SafeListener(say)
    options = FailoverOptions(as_of=as_of, blank=blank)
    as_of = options.as_of
    check_names(recovery, options)
    with Connection.to(recovery.target, recovery.topology) as target:
        catalogue, principal = target.catalogue(), target.reader.principal()
        _raise_if_refused(recovery, target)
        if findings := list(prober_findings(recovery)):
            raise refusal_of("a probe cannot run inside a drill: nothing was changed", findings)
        say_clocks([target], say)
        ledger = Ledger(target, recovery.ledger)
        started = target.now()
        choice = choose(recovery, target, ledger, options)
        chosen, missing = choice.points, choice.missing
        accepted = Accepted(choice.blank)
        selected = Selected(missing=missing, blank=choice.blank)
        if findings := Selection(recovery, options, target).wish_findings(selected):
            raise PolicyError(f"the drill in {recovery.target_scope} was not started", findings)
        until = as_of.timestamp() if as_of else None
        moment = None if until is None else iso(until)
        contents = ledger.read()
        ages = Ages(points(contents.entries), started, until)
        id = f"{int(started):x}{secrets.token_hex(1)}"
        run = target.start_run(recovery.drill(id), run_options)
        run.own_trust = create_drill_trust(place_drill(recovery, id))
        with ExitStack() as held:  # held before the ledger names the drill: a sweep removes what no run holds
            held.enter_context(run)
            entry = begin_run(ledger, {"kind": KIND, "id": id, "began": iso(started), "as_of": moment})
            say(f"drill {id}: {recovery.drill(id)}")
            if opened := way_in(recovery):
                say(f"{opened.through} can be reached from {', '.join(opened.ranges)}")
            for lack in choice.newer_than_used:
                say(f"the drill uses older data, which a takeover refuses: {lack.why}")
            make_one = command("dr", "replicate", recovery.plan.name, "--now")
            problems = [f"{lack}: {lack.fix or f'make one with {make_one}'}" for lack in missing]
            may_leave_hosts = recovery.plan.vault is not None
            try:
                with run.keep_lease():
                    receive(recovery, target, chosen, run_options, say)
                may_leave_hosts = False
                observed = target.observe(recovery.points)
                placed = place_with_data(recovery, place_drill(recovery, id), chosen, observed, accepted)
                plan = make_plan(placed, catalogue, Observation(), target.provider.drivers, LOSE_ALL)
                problems += [f"{each.message} {each.fix}" for each in file_errors(plan)]
            except (PortinfraError, KeyboardInterrupt) as error:
                problems.append(_in_words(error))
                placed = place_drill(recovery, id)
            context = RolloutContext(target, run, catalogue, placed, run_options.listen, recovery.sensitive)
            bring_up = BringUp(
                recovery, context, KIND, say, interruption=lambda: _takeover_of(recovery, target)
            )
            bring_up.reasons.extend(problems)
            left = _up_and_down(bring_up)
            hosts_left = may_leave_hosts and has_receiving_hosts(recovery, target)
            if left != 0:
                what = (
                    f"{left} resources are left"
                    if left
                    else "portinfra could not read whether anything is left"
                )
                bring_up.reasons.append(what)
            bring_up.left_behind = left

            def end() -> tuple[Evidence, Entry | None]:
                """Return the evidence, and the entry that has its digest; None: it cannot be written."""
                evidence = evolve(
                    to_evidence(bring_up, id, chosen, ages, began=started),
                    way_in=way_in(recovery),
                    target_principal=principal,
                    as_of=moment,
                    blank=tuple(sorted(choice.blank)),
                    unreadable_entries=unread_entries(contents, chosen),
                    **asdict(link_run(ledger, entry)),
                )
                waves = [round(wave.seconds) for wave in evidence.waves]
                with suppress(ProviderError):  # an entry that cannot be written stays open for a sweep
                    more = {"rto": evidence.rto_measured, "waves": waves}
                    return evidence, end_run(ledger, entry, evidence, open=True, **more)
                return evidence, None

            evidence, ended = end()
            try:
                held.close()
            except PortinfraError as error:
                bring_up.reasons.append(_in_words(error))
                evidence, ended = end()
        if left == 0 and not hosts_left and ended is not None:  # the last write: before it, a sweep removes
            with suppress(ProviderError, LeaseHeldError), hold_entry_lease(recovery, target) as ledger:
                ledger.rewrite(ended, {**ended.said, "open": False})
    return evidence


def _raise_if_refused(recovery: Recovery, target: Connection) -> None:
    """Raise PolicyError where no drill is permitted. The other end is read only to explain what is
    possible.
    """
    verb = Verb("drill", end_of(recovery))
    if may(verb, _without_other_end(recovery, target)) is not None:
        raise_if_refused(recovery, verb, read_facts(recovery))


def _takeover_of(recovery: Recovery, target: Connection) -> str:
    """Return that the end of the drill takes over; empty: it does not."""
    now = _without_other_end(recovery, target)
    return f"{recovery.target.name} takes over, so the drill ends" if now.active == end_of(recovery) else ""


def _without_other_end(recovery: Recovery, target: Connection) -> Situation:
    return read_facts(recovery, lost=peer_of(end_of(recovery)), hosts=False, through=[target])


def _up_and_down(bring_up: BringUp) -> int | None:
    """Return how many resources are left; None where not known. Only a dead process skips the removal."""
    try:
        if not bring_up.reasons:
            bring_up.run()
    except (Exception, KeyboardInterrupt) as error:
        bring_up.reasons.append(_in_words(error))
    bring_up.say("tearing down")
    try:
        return _tear_down(bring_up)
    except PortinfraError as error:
        bring_up.reasons.append(_in_words(error))
    return None


def _in_words(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, PortinfraError):
        return error.first_line
    return f"{type(error).__name__}: {error}".partition("\n")[0]


def place_drill(recovery: Recovery, id: str) -> Placed:
    """Return the resources of a drill: the topology with only the declared way in. Its hosts end by
    themselves.
    """
    drills = recovery.plan.drills
    environment = evolve(
        recovery.target,
        name=recovery.drill(id).environment,
        cidr=drills.cidr or recovery.target.cidr,
        dns=None,
    )
    placed = place(open_way_in(recovery, isolate(recovery.topology)), environment)
    return with_end_after(keep_one_address(recovery, placed), seconds(drills.limit))


def _tear_down(bring_up: BringUp) -> int | None:
    """Return how many resources are left after the removal; None where not known."""
    run, context = bring_up.context.run, bring_up.context
    try:
        return remove(context)
    except ApplyError as error:
        bring_up.reasons.append(f"it could not be torn down: {error}")
    with suppress(PortinfraError):
        return run.reader.observe(context.placed.scope).count
    return None


def remove(context: RolloutContext) -> int | None:
    """Remove everything of a drill's scope. Return how many resources are left; None where a zone does not
    answer.

    Raises ApplyError.
    """
    plan = context.run.plan(context.placed, context.catalogue, LOSE_ALL, destroy=True)
    if not plan.empty:
        context.run.apply(plan, context.listen)
    return None if plan.observation.unknown else 0
