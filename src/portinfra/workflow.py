"""The Python verbs: they compose the steps and decide nothing.

plan(topology, environment) -> Plan          what would change
apply(plan) -> Outcome                       do it, and verify it
destroy(topology, environment) -> Plan       the plan that leaves nothing; `apply` carries it out
observe(topology, environment) -> Observation
check(topology, environment) -> Report       whether it keeps the rules, and who can reach whom
placed(topology, environment) -> Placed      offline: every resource and address
connect(environment) -> Cloud                one resource at a time, without a topology
"""

import gc
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager

from attrs import evolve

from portinfra.errors import FindingsError, PermissionDenied, PolicyError, StalePlanError, ValidationError
from portinfra.execution import holder as holders
from portinfra.execution.caller import Caller
from portinfra.execution.claim import claims as read_claims
from portinfra.execution.claim import settle
from portinfra.execution.run import Run
from portinfra.model.address import Scope
from portinfra.model.catalogue import Catalogue
from portinfra.model.claim import Claim
from portinfra.model.environment import Environment
from portinfra.model.observed import Observation
from portinfra.model.outcome import Outcome
from portinfra.model.placed import Placed
from portinfra.model.plan import Plan, PlanOptions
from portinfra.model.progress import Listener
from portinfra.model.topology import Topology
from portinfra.observation import Reader
from portinfra.placement import place
from portinfra.planning.compose import compose
from portinfra.planning.in_use import in_use
from portinfra.planning.saved import covered, fingerprints
from portinfra.policy import PolicyRule, Report
from portinfra.policy import check as check_rules
from portinfra.provider import registry
from portinfra.provider.interface import Provider
from portinfra.validation import validate
from portinfra.version import VERSION

WORKERS = 8
"""Calls under way at once."""


@contextmanager
def _uncollected() -> Iterator[None]:
    """Nobody looks for reference cycles meanwhile: values have none, and looking takes half of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def placed(topology: Topology, environment: Environment) -> Placed:
    """Every resource of a topology in an environment, without any call.

    Raises ValidationError or PlacementError, with all findings.
    """
    plugin = registry.plugin(environment.provider)
    validate(topology, environment, plugin.capabilities, {plugin.name: plugin.native})
    return place(topology, environment)


@_uncollected()
def plan(
    topology: Topology,
    environment: Environment,
    options: PlanOptions | None = None,
    *,
    rules: Iterable[PolicyRule] = (),
) -> Plan:
    """What would change. Reads, and writes nothing.

    The errors of `check`, by the built-in rules and by `rules`, are among its findings. Raises
    ValidationError, PlacementError or ProviderError. A plan that nobody may apply is returned all the same,
    with the reasons in `Plan.errors`.
    """
    report = check(topology, environment, rules=rules)
    made = _plan(report.placed, options, destroy=False)
    return evolve(made, findings=(*made.findings, *report.errors))


def check(
    topology: Topology,
    environment: Environment,
    *,
    rules: Iterable[PolicyRule] = (),
    observed: bool = False,
) -> Report:
    """Whether a topology keeps the built-in rules and `rules`, and who can reach whom in it.

    Asks no cloud, unless what is there is to be `observed` and held to the rules too. Raises ValidationError,
    PlacementError, and with `observed` ProviderError; DeclarationError where a rule itself fails.
    """
    there = observe(topology, environment) if observed else None
    return check_rules(placed(topology, environment), rules, there)


def cannot_keep(environment: Environment) -> dict[str, frozenset[str]]:
    """Kind → its attributes that the environment's provider has no place for. Asks no cloud."""
    with closing(registry.connect(environment)) as provider:
        kept = {kind.kind: driver.cannot_show for kind, driver in provider.drivers.items()}
    return {kind: names for kind, names in kept.items() if names}


@_uncollected()
def destroy(topology: Topology, environment: Environment, options: PlanOptions | None = None) -> Plan:
    """The plan that leaves nothing of the topology. Volumes stay unless the options allow their loss."""
    return _plan(placed(topology, environment), options, destroy=True)


def apply(
    plan: Plan, *, listen: Listener | None = None, workers: int = WORKERS, seed: int | None = None
) -> Outcome:
    """Carry out a plan under the environment's claim, and verify it by a fresh look.

    With a `seed`, calls are made one at a time in an order that the seed decides: for tests.
    Raises PolicyError or ValidationError for a plan with errors, ClaimedError, StalePlanError when the world
    is no longer as planned for, and ApplyError when a step did not end well.
    """
    refuse(plan)
    if plan.empty and not plan.destroys:  # a destroy also removes the claim, the last thing that is ours
        return Outcome(plan.scope, attempt="")
    environment = plan.placed.environment
    with closing(registry.connect(environment)) as provider:
        run = Run(provider, plan.scope, VERSION, workers=workers, seed=seed)
        with run:
            with _uncollected():
                _account(run.reader, environment)
                fresh = compose(
                    plan.placed,
                    plan.catalogue,
                    run.reader.observe(plan.scope),
                    provider.drivers,
                    plan.options,
                    destroy=plan.destroys,
                )
            refuse(fresh)
            if not covered(fresh, fingerprints(plan)):
                raise StalePlanError(
                    f"{plan.scope} has changed since this plan was made, and needs other changes now"
                )
            outcome = run.apply(fresh, listen or (lambda progress: None))
    if environment.dns and not plan.destroys:
        environment.dns(addresses(plan.placed))
    return outcome


def observe(topology: Topology, environment: Environment) -> Observation:
    """All that is there of a topology, whether it is declared or not."""
    with closing(registry.connect(environment)) as provider:
        reader = _reader(provider)
        scope = Scope(topology.name, environment.name)
        _settle(reader, scope)
        return reader.observe(scope)


def claims(topology: Topology, environment: Environment) -> list[Claim]:
    """The claims on the environment, the newest last: who applies, or who applied last."""
    with closing(registry.connect(environment)) as provider:
        reader, scope = _reader(provider), Scope(topology.name, environment.name)
        _settle(reader, scope)
        return read_claims(reader, scope)


def lives(claim: Claim) -> bool | None:
    """Whether the run that holds a claim still runs; None where it cannot be known from this machine."""
    return holders.alive(claim.holder) if holders.same_machine(claim.holder) else None


def release(topology: Topology, environment: Environment) -> Claim | None:
    """Take a claim from whoever holds it; only for a holder that is known to be dead. None: nobody does."""
    with closing(registry.connect(environment)) as provider:
        scope = Scope(topology.name, environment.name)
        held = [claim for claim in read_claims(_reader(provider), scope) if not claim.released]
        for claim in held:
            Caller(provider).insisting(provider.claims.write(scope, evolve(claim, released=True)))
        return held[-1] if held else None


def addresses(placed: Placed) -> dict[str, str]:
    """Every host's name with its private address."""
    return {
        address.name: spec.private_address  # type: ignore[attr-defined]
        for address, spec in placed.resources.items()
        if address.kind == "instance"
    }


def _plan(placed: Placed, options: PlanOptions | None, *, destroy: bool) -> Plan:
    with closing(registry.connect(placed.environment)) as provider:
        reader = _reader(provider)
        _settle(reader, placed.scope)
        account = _account(reader, placed.environment)
        observation = reader.observe(placed.scope)
        nothing = _nothing_to_do(placed, observation, provider, account, options or PlanOptions())
        if nothing is not None and not destroy:
            return nothing
        catalogue = catalogue_of(reader, placed.environment)
        return compose(placed, catalogue, observation, provider.drivers, options, destroy=destroy)


def _nothing_to_do(
    placed: Placed, observation: Observation, provider: Provider, account: str, options: PlanOptions
) -> Plan | None:
    """The plan, where all is as declared: then nobody needs to know what the location offers."""
    sizes = registry.plugin(placed.environment.provider).sizes
    catalogue = in_use(placed, observation, sizes, account)
    if catalogue is None or options.refresh_images:
        return None
    plan = compose(placed, catalogue, observation, provider.drivers, options)
    return plan if not plan.changes and not plan.findings else None


def _reader(provider: Provider) -> Reader:
    return Reader(provider, Caller(provider).insisting)


def _settle(reader: Reader, scope: Scope) -> None:
    """Wait until lists show the last run's last change."""
    claims = read_claims(reader, scope)
    settle(
        claims[-1] if claims else None, reader.provider.clock, reader.provider.capabilities.visibility_seconds
    )


def catalogue_of(reader: Reader, environment: Environment) -> Catalogue:
    """What the location offers, to the account that was meant (R1)."""
    catalogue = reader.catalogue()
    _meant(catalogue.account, reader, environment)
    return catalogue


def _account(reader: Reader, environment: Environment) -> str:
    """The account that the credentials speak for; the one that was meant (R1)."""
    account = reader.account()
    _meant(account, reader, environment)
    return account


def _meant(account: str, reader: Reader, environment: Environment) -> None:
    if environment.account and account and account != environment.account:
        raise PermissionDenied(
            f'the credentials speak for account {account}, and environment "{environment.name}" '
            f"is in account {environment.account}",
            provider=reader.provider.name,
            fix="Use the credentials of the environment's account, or correct `account`.",
        )


def refuse(plan: Plan) -> None:
    """Raise what makes this a plan that nobody may apply."""
    if plan.errors:
        kind: type[FindingsError] = (
            ValidationError if any(f.rule.startswith("catalogue/") for f in plan.errors) else PolicyError
        )
        raise kind(f"{plan.scope}: this plan cannot be applied", plan.errors)
