"""`refresh`: portinfra brings the newest points to a running standby, wave by wave, with gates and probes.

It is a takeover without a decision: the same end stays active, and portinfra does not change it. The hosts of
the standby stop, their volumes are replaced, and they start as a standby again. A run that ends early is run
again from its beginning: `RefreshStep` has the steps.
"""

import secrets
from contextlib import suppress

from attrs import asdict, evolve

from portinfra.command_text import command
from portinfra.errors import PortinfraError, ProviderError
from portinfra.execution.connection import Connection, Look
from portinfra.execution.run import Run
from portinfra.format import iso
from portinfra.hooks.listeners import SafeListener
from portinfra.model.address import Address
from portinfra.model.catalogue import Catalogue
from portinfra.model.evidence import Evidence
from portinfra.model.finding import Severity
from portinfra.model.internet import without_internet
from portinfra.model.placed import Placed
from portinfra.placement import place
from portinfra.planning.refusal import refusal_of
from portinfra.recovery.groups import check_names
from portinfra.recovery.ledger.data import data_entries
from portinfra.recovery.ledger.ledger import Ledger
from portinfra.recovery.ledger.points import points
from portinfra.recovery.ledger.runs import (
    REFRESH,
    TAKEOVER,
    begin_run,
    end_run,
    link_run,
    reopen_run,
)
from portinfra.recovery.ledger.standbys import record_standby
from portinfra.recovery.options import FailoverOptions
from portinfra.recovery.points.ages import Ages
from portinfra.recovery.points.coverage import Accepted
from portinfra.recovery.points.kept_snapshots import KeptVolumes
from portinfra.recovery.points.restore import outdated_volumes, place_with_data
from portinfra.recovery.points.silent_zones import raise_for_plan
from portinfra.recovery.recovery import Recovery
from portinfra.recovery.situation.clocks import say_clocks
from portinfra.recovery.situation.facts import read_facts
from portinfra.recovery.situation.permissions import REFRESH_VERB
from portinfra.recovery.situation.refusals import raise_if_refused
from portinfra.recovery.situation.situation import Situation, is_replaceable
from portinfra.recovery.takeover.bring_up import BringUp
from portinfra.recovery.takeover.evidence import to_evidence, unread_entries
from portinfra.recovery.takeover.fencing import close_to_internet, stop_hosts
from portinfra.recovery.takeover.replaced_volumes import ReplacedVolumes
from portinfra.recovery.takeover.steps import RefreshStep
from portinfra.recovery.vault.data_selection import own_numbers
from portinfra.recovery.vault.point_selection import Choice, choose
from portinfra.recovery.vault.transfer import receive
from portinfra.recovery.watch.forecast import foresee, with_permissions
from portinfra.recovery.watch.status import status_of_way
from portinfra.rollout.context import RolloutContext
from portinfra.rollout.waves import Say
from portinfra.validation.arguments import check_arguments
from portinfra.value import define


@check_arguments
def refresh(
    recovery: Recovery, options: FailoverOptions | None = None, *, say: Say = lambda line: None
) -> Evidence:
    """Give the standby the newest points; with `as_of` or `without` in `options`, other ones.

    Evidence of a refresh that failed says so. Raises PolicyError for an unknown name, for a plan without a
    standby, and for the errors of `make_forecast`. Raises it also where the situation permits no refresh, or
    own volumes of the target have newer data. Raises LeaseHeldError while another run changes the target.
    """
    options, recovery, say = options or FailoverOptions(), recovery.as_declared, SafeListener(say)
    _raise_unless_ready(recovery, options)
    with Connection.to(recovery.target, recovery.topology) as target:
        ledger = Ledger.after_settling(target, recovery.ledger)
        return _Refresh(recovery, options, say, target, target.catalogue(), ledger).carry_out()


def _raise_unless_ready(recovery: Recovery, options: FailoverOptions) -> None:
    """Raise PolicyError for what is known to refuse a refresh, before the first write."""
    what = f"{recovery.target_scope} is not refreshed"
    if not recovery.has_standby:
        drill = command("dr", "drill", recovery.plan.name)
        write = recovery.plan.location.write("standby", '"running"')
        fix = f"Write {write} into the plan. To try a recovery: {drill}."
        raise recovery.refusal(what, "no-standby", "the recovery plan declares no standby", fix)
    now = read_facts(recovery)
    raise_if_refused(recovery, REFRESH_VERB, now)
    with Look.to(recovery.target, recovery.topology) as target:
        known = status_of_way(recovery, through=target)
        check_names(recovery, options, known.known_points)
        options = evolve(options, lost=bool(now.silent))
        foreseen = with_permissions(foresee(recovery, options, known, target, REFRESH), options, target)
    if errors := [each for each in foreseen.findings if each.severity is Severity.ERROR]:
        raise refusal_of(f"{what}: nothing was changed", errors)


@define
class _Refresh:
    recovery: Recovery
    options: FailoverOptions
    say: Say
    target: Connection
    catalogue: Catalogue
    ledger: Ledger

    def carry_out(self) -> Evidence:
        say_clocks([self.target], self.say)
        self.options.at(RefreshStep.BEGIN)
        known = data_entries(self.ledger.read())
        choice, principal = self._choose(), self.target.reader.principal()
        started = self.target.now()
        id = f"{int(started):x}{secrets.token_hex(1)}"
        said = {"kind": TAKEOVER, "of": REFRESH, "takeover": id, "began": iso(started)}
        run_options, scope = self.options.run_options, self.recovery.target_scope
        with self.target.start_run(scope, run_options):
            entry = begin_run(self.ledger, {**said, "id": f"{REFRESH}-{id}"})
        self.options.at(RefreshStep.FETCH)

        def reopen() -> None:
            reopen_run(Ledger.after_settling(self.target, self.recovery.ledger), entry)

        receive(self.recovery, self.target, choice.points, run_options, self.say, reopen=reopen)
        with self.target.start_run(scope, run_options) as run:
            now = read_facts(self.recovery, through=[self.target])
            raise_if_refused(self.recovery, REFRESH_VERB, now)  # a takeover may have begun meanwhile
            self.ledger = Ledger.after_settling(self.target, self.recovery.ledger)
            reopen_run(self.ledger, entry)
            contents = self.ledger.read()
            if data_entries(contents) != known:
                choice = self._choose()
                with run.keep_lease():
                    receive(self.recovery, self.target, choice.points, run_options, self.say)
            kept = KeptVolumes(self.recovery, self.target, self.ledger, run_options)
            overwritten = ReplacedVolumes(kept, run, id, REFRESH, self.say)
            bring_up = self._bring_up(run, choice, overwritten, now)
            until = self.options.as_of.timestamp() if self.options.as_of else None
            contents = self.ledger.read()
            ages = Ages(points(contents.entries), started, until)
            evidence = to_evidence(bring_up, id, choice.points, ages, began=started)
            evidence = evolve(
                evidence,
                target_principal=principal,
                as_of=None if until is None else iso(until),
                blank=tuple(sorted(choice.blank)),
                left_aside=overwritten.list_volumes(),
                unreadable_entries=unread_entries(contents, choice.points),
                **asdict(link_run(self.ledger, entry)),
            )
            with suppress(ProviderError):  # the standby is up: one failed record must not hide that
                end_run(self.ledger, entry, evidence, open=bool(evidence.left_behind))
        return evidence

    def _choose(self) -> Choice:
        """Return the points. Raise PolicyError where a group has none, or where own volumes are newer."""
        name, target = self.recovery.plan.name, self.recovery.target
        what = f"{self.recovery.target_scope} is not refreshed"
        choice = choose(self.recovery, self.target, self.ledger, self.options)
        make_one = f"Make a newer point: {command('dr', 'replicate', name, '--now')}."
        if choice.missing:
            fix = "Name a later moment: --as-of TIME." if self.options.as_of else make_one
            raise self.recovery.refusal(what, "no-point", "; ".join(map(str, choice.missing)), fix)
        contents, there = self.ledger.read(), self.target.observe(self.recovery.target_scope)
        own = own_numbers(self.recovery, contents, there, self.options)
        newer = [point.group for point in choice.points if (own.get(point.group) or 0) > point.number]
        if newer:
            message = f"own volumes of {target.name} have newer data of {', '.join(newer)} than that point"
            raise self.recovery.refusal(what, "own-data-is-newest", message, make_one)
        return choice

    def _place(self, choice: Choice) -> Placed:
        closed = place(without_internet(self.recovery.topology), self.recovery.target)
        there = self.target.observe(self.recovery.points)
        return place_with_data(self.recovery, closed, choice.points, there, Accepted(choice.blank))

    def _bring_up(self, run: Run, choice: Choice, overwritten: ReplacedVolumes, now: Situation) -> BringUp:
        """Return how the hosts stopped, got the data of the points, and started."""
        listen = self.options.run_options.listen
        placed, blank = self._place(choice), choice.blank
        overwrites = not is_replaceable(now, "target")
        run.record_peer(self.recovery.peer_of(placed.scope))
        context = RolloutContext(self.target, run, self.catalogue, placed, listen, self.recovery.sensitive)
        bring_up = BringUp(self.recovery, context, REFRESH, self.say, blank=blank)
        self.options.at(RefreshStep.STAND_DOWN)
        name = self.recovery.target.name
        try:
            problem = f"hosts of {name} cannot be stopped"
            stop_hosts(run, placed, self.catalogue, (), listen)
            problem = f"{name} cannot be closed to the internet"
            close_to_internet(run, placed, self.catalogue, listen)
            if overwrites:
                problem = f"snapshots of the data of {name} cannot be kept"
                overwritten.keep(self._volumes_to_replace(placed, blank))
                # Volumes of a zone that did not answer before:
                bring_up.keep = overwritten.keep
            self.options.at(RefreshStep.RECORD)  # from here on, hosts of a standby may start
            problem = f"the ledger of {name} cannot be written"
            record_standby(self.ledger, f"standby-{overwritten.id}", replaceable=not overwrites)
        except PortinfraError as error:
            bring_up.reasons.append(f"{problem}: {error.first_line}")
            return bring_up
        self.options.at(RefreshStep.BRING_UP)
        bring_up.run()
        if bring_up.up_at is not None:
            self._apply_rest(bring_up)
        return bring_up

    def _volumes_to_replace(self, placed: Placed, blank: frozenset[Address]) -> frozenset[Address]:
        """Return the existing volumes that all waves together replace."""
        there = self.target.observe(placed.scope)
        return outdated_volumes(placed, there, self.recovery.plan.roles, blank)

    def _apply_rest(self, bring_up: BringUp) -> None:
        """Bring what is in no wave to what is declared: its hosts were stopped, too."""
        context = bring_up.context
        try:
            plan = context.run.plan(context.placed, context.catalogue)
            raise_for_plan(plan)
            if not plan.empty:
                context.run.apply(plan, context.listen)
        except PortinfraError as error:
            name = self.recovery.target.name
            rest = command("apply", name)
            bring_up.reasons.append(
                f"not all of {name} is as declared ({error.first_line}): {rest} does the rest"
            )
