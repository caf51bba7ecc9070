"""The public functions: they combine the steps and decide nothing.

plan(topology, environment) -> Plan          what would change
apply(plan) -> Outcome                       do it, and verify it
destroy(topology, environment) -> Plan       the plan that deletes everything; `apply` carries it out
observe(topology, environment) -> Observation
check(topology, environment) -> Report       which rules it breaks, and who can reach whom
place(topology, environment) -> Placed       offline: every resource and address
render_hosts(topology, environment) -> Files offline: the files of every host
lock_in(topology, environments) -> list[Tie] offline: what ties it to a provider
move(placed, environment) -> Move            what a move to another location needs
connect(environment) -> Cloud                one resource at a time, without a topology
"""

import gc
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from typing import TYPE_CHECKING

from attrs import evolve

from portinfra import placement
from portinfra.enrolment import authority_findings, read_authority
from portinfra.errors import StalePlanError
from portinfra.execution.connection import Connection, check_account
from portinfra.execution.options import WORKERS, RunOptions
from portinfra.guards.fence import Fence
from portinfra.guards.peer import check_guards, check_guards_again, is_recorded, record_peer
from portinfra.guards.standby import begin_standby, standby_of
from portinfra.hooks.dns import call_dns
from portinfra.model.address import Scope
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding
from portinfra.model.lease import Lease
from portinfra.model.observed import Observation
from portinfra.model.outcome import Outcome
from portinfra.model.placed import Placed
from portinfra.model.plan import Guard, Plan, PlanOptions, PlanRead
from portinfra.model.progress import Listener
from portinfra.model.recovery import RecoveryPlan
from portinfra.model.topology import Topology
from portinfra.planning.account import account_findings
from portinfra.planning.creation import RULE as BORN_OTHERWISE
from portinfra.planning.fingerprints import fingerprints, new_changes, say_new
from portinfra.planning.foreign import find_blockers
from portinfra.planning.make_plan import make_plan
from portinfra.planning.readiness import questions
from portinfra.planning.refusal import raise_for_errors
from portinfra.planning.unknown_names import gone_data, name_findings
from portinfra.planning.used_catalogue import used_catalogue
from portinfra.policy import PolicyRule, Report
from portinfra.policy import check as check_rules
from portinfra.portability.lockin import Tie, ties
from portinfra.portability.move import Move, describe_move
from portinfra.provider import registry
from portinfra.validation import settle, validate, validate_placed
from portinfra.validation.arguments import check_arguments, check_before_validation
from portinfra.validation.environments import UNKNOWN_NAMES, override_findings, unknown_key_findings
from portinfra.validation.limits import RULES, rule_findings
from portinfra.validation.new_resources import findings_for_plan, is_about_new

if TYPE_CHECKING:
    from portinfra.hosts.render import Files


@contextmanager
def _pause_garbage_collection() -> Iterator[None]:
    """Stop the search for reference cycles: values have none, and it takes half of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


@check_before_validation
def place(topology: Topology, environment: Environment, *, existing: bool = False) -> Placed:
    """Return every resource of a topology in an environment, without any call.

    Raise ValidationError or PlacementError, with all findings. With `existing`, findings about new resources
    only raise nothing.
    """
    if existing:
        return _place(topology, environment)[0]
    plugin = registry.plugin_of(environment)
    validate(topology, environment, plugin.capabilities, {plugin.name: plugin.native})
    made = placement.place(topology, environment)
    validate_placed(made, plugin)
    return made


@check_before_validation
@_pause_garbage_collection()
def plan(
    topology: Topology,
    environment: Environment,
    options: PlanOptions | None = None,
    *,
    rules: Iterable[PolicyRule] = (),
    guards: Iterable[Guard] | None = None,
) -> Plan:
    """Return what would change. It only reads.

    The findings of the plan include the errors of `check`, by the built-in rules and by `rules`. They include
    those of its `guards`, and unknown names in the options. The value of `portinfra.dr.recovery` is a guard:
    it finds that the other environment of the recovery plan has taken over, or does not answer. If the lease
    of the environment names that other one, a plan without the guard has an error. With `guards=()`, which
    skips the check on purpose, it has a warning.

    Raise ValidationError, PlacementError or ProviderError. A plan that must not be applied is returned all
    the same, with the reasons in `Plan.errors`. Some findings are about new hosts or rules only, such as user
    data of no kind. They are errors where the plan creates or changes such a host or rule.
    """
    there, about_new = _place(topology, environment)
    report = check_rules(there, rules)
    made = _plan(there, options, guards, destroy=False)
    about_new = (
        *(finding for finding in about_new if finding.rule != f"provider/{RULES}"),
        *rule_findings(there, registry.plugin_of(environment), made.catalogue),
    )
    about_new = (*findings_for_plan(about_new, made), *_unknown(topology, environment))
    about_new += tuple(authority_findings(there))
    if topology.delivery and not any(each.rule == "hosts/trust" for each in about_new):
        from portinfra.hosts.plan_findings import plan_findings  # few topologies have a delivery

        about_new += tuple(plan_findings(made, registry.plugin_of(environment), read_authority(there)))
    return evolve(made, findings=(*about_new, *made.findings, *_find_unknown_names(made), *report.errors))


@check_before_validation
def check(
    topology: Topology,
    environment: Environment,
    *,
    rules: Iterable[PolicyRule] = (),
    observed: bool = False,
    recoveries: Iterable[RecoveryPlan] = (),
) -> Report:
    """Return which rules a topology breaks, built-in and from `rules`, and who can reach whom.

    With `recoveries`, also check whether their probes cover each service. It makes no call, unless existing
    resources are to be `observed` and checked, too. Raise ValidationError, PlacementError, and with
    `observed` ProviderError. Raise DeclarationError where a rule itself fails.
    """
    there = observe(topology, environment, foreign=True) if observed else None
    return check_rules(place(topology, environment), rules, there, recoveries)


@check_before_validation
def render_hosts(topology: Topology, environment: Environment) -> "Files":
    """Return the files of every host, by its name. It makes no call.

    Each file has `path`, `content`, `mode`, `check`, `reload`, `digest`. Raise ValidationError or
    PlacementError, with all findings.
    """
    from portinfra.hosts.findings import host_findings
    from portinfra.hosts.first_boot import platform_of
    from portinfra.hosts.render import render

    made = place(topology, environment)
    settle(host_findings(made), f"The hosts of {topology.name} in {environment.name}")
    return render(made, platform_of(registry.plugin_of(environment)))


def cannot_keep(environment: Environment) -> dict[str, frozenset[str]]:
    """Return kind → its attributes that the environment's provider cannot store. It makes no call."""
    with closing(registry.connect(environment)) as provider:
        kept = {kind.kind: driver.cannot_show for kind, driver in provider.drivers.items()}
    return {kind: names for kind, names in kept.items() if names}


@check_arguments
def lock_in(
    topology: Topology, environments: Iterable[Environment], recoveries: Iterable[RecoveryPlan] = ()
) -> list[Tie]:
    """Return what ties a declaration to one provider, and so needs a decision before a move. It makes no
    call.

    Each tie has `provider`, `subject` (`role.web.size`), `value`, `meaning` and `location`. All are texts
    except the location, which has file and line. Native options of a provider that is not installed have no
    meaning of their own.
    """
    plans = tuple(recoveries)
    vaults = [plan.vault for plan in plans if plan.vault]
    option_sets = [*(role.native for role in topology.roles), *(vault.native for vault in vaults)]
    providers = {name for options in option_sets for name in options}
    native = {
        name: registry.plugin(name).native for name in providers.intersection(registry.list_installed())
    }
    return ties(topology, environments, native, plans)


@check_arguments
def move(here: Placed, there: Environment, *, rules: Iterable[PolicyRule] = ()) -> Move:
    """Return what it would mean to run a placed topology in another environment. It only reads.

    `here` is the value of `place`. The move has `carried`: kind → number of resources that keep their
    address. It has `lost` (ties without an equivalent there), and `choices` (for each role, the machine types
    of both). It has `data_gib` (GiB that do not move by themselves), and `plan`, which builds it there.
    `plan.errors` are the reasons for which `apply` would refuse it.

    Raise ValidationError, PlacementError or ProviderError.
    """
    plugin = registry.plugin_of(here.environment)
    made = plan(here.topology, there, rules=rules, guards=())
    return describe_move(here, plugin.sizes, {plugin.name: plugin.native}, made, cannot_keep(there))


@check_arguments
@_pause_garbage_collection()
def destroy(
    topology: Topology,
    environment: Environment,
    options: PlanOptions | None = None,
    *,
    guards: Iterable[Guard] | None = None,
) -> Plan:
    """Return the plan that deletes everything of the topology. Volumes stay unless the options permit their
    loss.

    `guards` are those of `plan`. If the other environment has taken over, that is a warning here and not an
    error. Findings about new resources only, such as user data of no kind, are no errors here.
    """
    there, _ = _place(topology, environment)
    made = _plan(there, options, guards, destroy=True)
    if made.changes:
        made = find_foreign(made)
    return evolve(made, findings=(*made.findings, *_find_unknown_names(made), *find_blockers(made)))


@check_arguments
def apply(
    plan: Plan, *, listen: Listener | None = None, workers: int = WORKERS, seed: int | None = None
) -> Outcome:
    """Carry out a plan under the environment's lease, and verify it by a fresh read.

    It checks the plan's guards again before the first change. With a `seed`, it makes calls one at a time, in
    an order that the seed decides: for tests.

    Raise PolicyError or ValidationError for a plan with errors, and LeaseHeldError. Raise StalePlanError when
    resources have changed since the plan, and ApplyError when a step did not end well. Raise
    UserCodeError when all is done and the environment's `dns` failed.
    """
    raise_for_errors(plan)
    environment = plan.placed.environment
    nothing = plan.empty and not questions(plan) and not environment.dns and is_recorded(plan)
    # A destroy also removes the lease, the last resource of portinfra.
    if nothing and not plan.destroys and not plan.observation.reads_definitions:
        return Outcome(plan.scope, attempt="")
    run_options = RunOptions(workers, seed, listen or (lambda progress: None))
    with (
        Connection.to(environment) as here,
        here.start_run(plan.scope, after=plan.read, run_options=run_options) as run,
    ):
        if run.lease.fenced != plan.fenced:
            raise StalePlanError(
                f"since this plan was made, {plan.scope} {_describe_fence(run.lease.fenced)}"
            )
        with _pause_garbage_collection():
            check_account(run.reader.account(), environment, here.provider.name)
            fresh = plan
            if not run.continues_plan:
                fresh = run.plan(plan.placed, plan.catalogue, plan.options, destroy=plan.destroys)
                fresh = evolve(fresh, standby=plan.standby)
        fresh = check_guards_again(run, fresh, plan.guards)
        if plan.standby and fresh.epoch != plan.epoch:
            raise StalePlanError(
                f"since this plan was made, {plan.scope} has become active, or is no longer active"
            )
        raise_for_errors(fresh)
        if new := new_changes(fresh, fingerprints(plan)):
            read = {(change.action, change.address) for change in plan.changes}
            raise StalePlanError(f"{plan.scope} has changed since this plan was made. {say_new(new, read)}")
        record_peer(run, fresh)
        with run.keep_lease():
            begin_standby(fresh)
        outcome = run.apply(fresh, run_options.listen)
        waits = fresh.fenced or fresh.standby
        if environment.dns and not waits:  # names lead to the active environment
            with run.keep_lease():
                call_dns(environment, run.verified)
    return outcome


@check_arguments
def observe(topology: Topology, environment: Environment, *, foreign: bool = False) -> Observation:
    """Return all existing resources of a topology, whether they are declared or not.

    With `foreign`, also read what others have created in or on these resources (`Observation.foreign`).
    """
    with Connection.to(environment) as here:
        scope = Scope(topology.name, environment.name)
        there = here.observe(scope)
        return here.reader.find_foreign(scope, there) if foreign else there


@check_arguments
def find_foreign(plan: Plan) -> Plan:
    """Return the plan with what others have created in or on the observed resources."""
    with Connection.to(plan.placed.environment) as here:
        return evolve(plan, observation=here.reader.find_foreign(plan.scope, plan.observation))


def _place(topology: Topology, environment: Environment) -> tuple[Placed, tuple[Finding, ...]]:
    """Return every resource, and the findings that stop only new resources."""
    plugin = registry.plugin_of(environment)
    native = {plugin.name: plugin.native}
    found = validate(topology, environment, plugin.capabilities, native, existing=True)
    made = placement.place(topology, environment)
    found += validate_placed(made, plugin, existing=True)
    return made, tuple(filter(is_about_new, found))


def _plan(
    placed: Placed, options: PlanOptions | None, guards: Iterable[Guard] | None, *, destroy: bool
) -> Plan:
    with Connection.to(placed.environment, placed.topology) as here:
        given = None if guards is None else tuple(guards)
        lease, plan = _plan_within_fence(placed, options, here, given or (), destroy=destroy)
        if gone_data(plan):  # only then an unfinished run matters, and lists may have been behind its end
            last = here.leases(placed.scope)[-1:]
            is_unfinished = any(each.unfinished or not each.released for each in last)
            plan = evolve(plan, follows_unfinished_run=is_unfinished)
    return check_guards(plan, given, lease)


def _plan_within_fence(
    placed: Placed,
    options: PlanOptions | None,
    here: Connection,
    guards: Iterable[Guard],
    *,
    destroy: bool,
) -> tuple[Lease | None, Plan]:
    """Return the last lease, and the plan that its fence or a standby allows. An apply reads it again."""
    account = here.account()
    leases = here.settle(placed.scope)
    lease = leases[-1] if leases else None
    read = PlanRead(here.provider.clock.now(), tuple(leases))
    there = here.reader.observe(placed.scope, options.without_zones if options else frozenset())
    catalogue = cache(here.catalogue)

    def make(placed: Placed) -> Plan:
        if not destroy and (plan := _nothing_to_do(placed, there, here, account, options or PlanOptions())):
            return plan
        return make_plan(placed, catalogue(), there, here.provider.drivers, options, destroy=destroy)

    if not destroy and (standby := standby_of(placed, lease, guards)) is not None:
        return lease, evolve(make(standby), standby=True, read=read)
    fence = Fence.of(lease)
    plan = fence.plan_to_destroy(placed, make) if destroy else fence.plan(placed, there, make)
    return lease, evolve(plan, read=read)


def _find_unknown_names(plan: Plan) -> list[Finding]:
    """Return the findings about unknown names in the options or the environment."""
    simulated = not registry.plugin_of(plan.placed.environment).capabilities.runs_user_data
    return [*name_findings(plan), *(() if simulated else account_findings(plan))]


def _unknown(topology: Topology, environment: Environment) -> Iterator[Finding]:
    """Return an error for each name in the environment's mappings that the topology does not have."""
    roles = topology.roles
    found = (*override_findings(environment, roles), *unknown_key_findings(environment, roles))
    return (finding for finding in found if finding.rule in UNKNOWN_NAMES)


def _describe_fence(fenced: bool) -> str:
    return "was fenced: another environment is active in its place" if fenced else "was unfenced"


def _nothing_to_do(
    placed: Placed, observation: Observation, here: Connection, account: str, options: PlanOptions
) -> Plan | None:
    """Return the plan if everything is as declared. Then the catalogue of the location is not needed."""
    sizes = registry.plugin_of(placed.environment).sizes
    catalogue = used_catalogue(placed, observation, sizes, account)
    if catalogue is None or options.refresh_images:
        return None
    plan = make_plan(placed, catalogue, observation, here.provider.drivers, options)
    is_noted = all(finding.rule == BORN_OTHERWISE for finding in plan.findings)  # no catalogue contradicts it
    return plan if not plan.changes and is_noted else None
