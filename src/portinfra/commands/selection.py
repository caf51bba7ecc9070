"""The topology and the environment that the options select."""

import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from attrs import evolve

from portinfra.commands.exits import Misuse
from portinfra.commands.options import DeclarationOptions, Target
from portinfra.commands.session import Session
from portinfra.declaration.declared import Declared
from portinfra.declaration.load import load
from portinfra.errors import Unsupported, ValidationError
from portinfra.format import count, suggestion, with_article
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding, Severity
from portinfra.model.location import Location
from portinfra.model.plan import Plan
from portinfra.model.recovery import RecoveryPlan
from portinfra.model.topology import Topology
from portinfra.planning.unknown_names import dropped_replacements, unknown_names
from portinfra.render.console.errors import show_findings
from portinfra.validation import validate, validate_declared
from portinfra.value import frozen

if TYPE_CHECKING:
    from portinfra.policy import PolicyRule
    from portinfra.recovery.watch.guard import GuardedRecovery


@frozen
class Selection:
    """What a command works on."""

    topology: Topology
    environment: Environment
    rules: "tuple[PolicyRule, ...]" = ()
    """Rules of a script's own."""
    guards: "tuple[GuardedRecovery, ...] | None" = None
    """The recovery plan of the environment. None: it has none; empty: the user skips the check."""
    recoveries: tuple[RecoveryPlan, ...] = ()
    """The recovery plan of its environment, if there is one."""

    @property
    def scope(self) -> str:
        """`payments/production`."""
        return f"{self.topology.name}/{self.environment.name}"


def declaration(session: Session, options: DeclarationOptions) -> Declared:
    """Return the declaration, checked; print warnings to standard error.

    Raises DeclarationError and ValidationError with all findings, but not those about new resources: `plan`
    and `check` report these.
    """
    declared = session.declared
    if declared is None:
        declared = load(options.file or Path(), options.values(), options.var_files or ())
    session.known.plain_variables.update(declared.plain_variables)
    try:
        show_findings((*validate_declared(declared, existing=True), *_options_of_unknown_providers(declared)))
    except ValidationError as error:
        if wrong := _with_findings_of_providers(error, declared, options):
            raise wrong from None
    return declared


def _options_of_unknown_providers(declared: Declared) -> Iterator[Finding]:
    """Yield a warning for native options of an unknown provider: they have no effect."""
    roles = [role for topology in declared.topologies for role in topology.roles if role.native]
    if roles:
        from portinfra.provider import registry  # few declarations need it
        from portinfra.validation.native import native_provider_findings

        known = {*registry.known_names(), *(each.provider for each in declared.environments)}
        yield from native_provider_findings(roles, known)


def _with_findings_of_providers(
    error: ValidationError, declared: Declared, options: DeclarationOptions
) -> ValidationError | None:
    """Return the error with the findings of the chosen environments' providers, so that all come at once.

    Findings that follow from a misspelled provider are left out. None: no error is left.
    """
    findings: tuple[Finding, ...] = error.findings
    if unknown := _unknown_providers(declared):
        try:
            findings = validate_declared(declared, existing=True, unknown_providers=unknown)
        except ValidationError as others:
            findings = others.findings
    found = {(each.rule, each.subject, each.message): each for each in findings}
    name, on = (options.environment, options.on) if isinstance(options, Target) else (None, None)
    chosen = [each for each in declared.environments if name in (None, each.name)]
    for environment in chosen:
        for each in _provider_findings(declared, move_environment(environment, on)):
            found.setdefault((each.rule, each.subject, each.message), each)
    errors = sum(each.severity is Severity.ERROR for each in found.values())
    message = f"The declaration: {count(errors, 'error')}"
    return ValidationError(message, tuple(found.values())) if errors else None


def _unknown_providers(declared: Declared) -> set[str]:
    """Return the providers of environments that are neither installed nor portinfra's own."""
    from portinfra.provider import registry

    known = {*registry.list_installed(), *registry.OURS}
    return {each.provider for each in declared.environments if isinstance(each.on, str)} - known


def _provider_findings(declared: Declared, environment: Environment) -> Iterator[Finding]:
    """Yield the findings of an environment's provider about each topology, or one about its absence."""
    from portinfra.provider import registry  # a correct declaration does not need these imports
    from portinfra.validation.environments import ON

    if not isinstance(environment.on, str) or not ON.fullmatch(environment.on):
        return  # a finding of the declaration says so
    try:
        plugin = registry.plugin(environment.provider)
    except Unsupported as unknown:
        yield registry.missing_provider(environment, unknown)
        return
    for topology in declared.topologies:
        try:
            validate(topology, environment, plugin.capabilities, {plugin.name: plugin.native})
        except ValidationError as wrong:
            yield from wrong.findings


def select(session: Session, target: Target, *, without_peer: bool = False) -> Selection:
    """Return the topology and the environment that the options select. Raises Misuse for an unknown name."""
    declared = declaration(session, target)
    topology = one("topology", "--topology NAME", declared.topologies, target.topology)
    environment = one("environment", "ENV", declared.environments, target.environment)
    plan = _recovery_plan(declared, topology, environment)
    session.known.about(
        declared, topology.name, environment=environment.name, recovery=plan.name if plan else ""
    )
    plans = (plan,) if plan else ()
    environments = move_ends(declared.environments, plan, target)
    environment = next(each for each in environments if each.name == environment.name)
    # At another location it is another environment, and in no recovery plan.
    elsewhere = target.on not in (None, environment.on)
    guards = () if without_peer else None if elsewhere else _guards(plan, topology, environment, environments)
    where = _for(topology, move_environment(environment, target.on))
    return Selection(topology, where, declared.rules, guards, plans)


def _for(topology: Topology, environment: Environment) -> Environment:
    """Return the environment for one topology, without the overrides for roles of others."""
    names = {role.name for role in topology.roles}
    roles = {name: differs for name, differs in environment.roles.items() if name in names}
    return evolve(environment, roles=roles) if len(roles) < len(environment.roles) else environment


def _recovery_plan(declared: Declared, topology: Topology, environment: Environment) -> RecoveryPlan | None:
    """Return the recovery plan of the environment; None: it has none. No environment is in two."""
    return next(
        (
            plan
            for plan in declared.recoveries
            if environment.name in (plan.source, plan.target)
            and declared.topology_of(plan).name == topology.name
        ),
        None,
    )


def _guards(
    plan: RecoveryPlan | None,
    topology: Topology,
    environment: Environment,
    environments: Iterable[Environment],
) -> "tuple[GuardedRecovery, ...] | None":
    """Return the guards of the environment: its recovery plan; None: it has none."""
    if plan is None:
        return None  # the imports of recovery would slow down every command
    from portinfra.recovery.watch.guard import recoveries_of

    return recoveries_of(topology, environment, [plan], environments)


def move_ends(
    environments: Iterable[Environment], plan: RecoveryPlan | None, options: DeclarationOptions
) -> tuple[Environment, ...]:
    """Return the environments, with those of a recovery plan at the locations of --source-on and --target-on.

    Raises Misuse for these options without a plan.
    """
    if plan is None:
        if options.source_on or options.target_on:
            raise Misuse(
                "--source-on and --target-on are for an environment of a recovery plan",
                fix="Leave them out. --on LOCATION moves the environment to another location.",
            )
        return tuple(environments)
    elsewhere = {
        plan.source: (options.source_on, "--source-on"),
        plan.target: (options.target_on, "--target-on"),
    }
    return tuple(move_environment(each, *elsewhere.get(each.name, (None, ""))) for each in environments)


def move_environment(environment: Environment, on: str | None, option: str = "--on") -> Environment:
    """Return the environment at another location, without its zones: their names do not exist there.

    Findings about the location name the option.
    """
    if on is None or on == environment.on:
        return environment
    provider, colon, region = on.partition(":")
    if not (provider and colon and region):
        fix = f"Write PROVIDER:LOCATION: {option} fake:us-east-1."
        raise Misuse(f"{shlex.join((option, on))} is no location", fix=fix)
    _raise_if_misspelled(provider, f"{option} {on}")
    attributes = {**environment.location.attributes, "on": Location(f"{option} {on}", 0)}
    return evolve(environment, on=on, zones=(), location=evolve(environment.location, attributes=attributes))


def _raise_if_misspelled(provider: str, option: str) -> None:
    """Raise Unsupported for a misspelled provider in an option: no line of the declaration has it."""
    from portinfra.provider import registry

    if near := registry.misspells(provider):
        raise Unsupported(f"{option}: there is no provider {provider!r}", fix=f"Did you mean {near!r}?")


T = TypeVar("T", Topology, Environment, RecoveryPlan)


def one(kind: str, option: str, values: tuple[T, ...], name: str | None) -> T:
    """Return the value of that name; without a name, the only one. Raises Misuse."""
    names = [value.name for value in values]
    if name is None and len(values) == 1:
        return values[0]
    if not values:
        raise Misuse(
            f"no {kind} is declared here", fix=f"Declare {with_article(kind)}, or name another file with -f."
        )
    if name is None:
        raise Misuse(
            f"{len(values)} {kind}s are declared, and none was named".replace("topologys", "topologies"),
            fix=f"Give {option}, one of: {', '.join(names)}.",
        )
    if name not in names:
        raise Misuse(f"there is no {kind} {name!r}", fix=suggestion(name, names))
    return values[names.index(name)]


OPTIONS = {
    "replace": "--replace",
    "allow_data_loss": "--allow-data-loss",
    "without_zones": "--without-zone",
    "only": "--only",
}
"""The options of the command line, by the attributes of plan options."""


def check_names(plan: Plan) -> None:
    """Raise Misuse for an option that names a resource that the plan does not have."""
    for unknown in (*unknown_names(plan), *dropped_replacements(plan)):
        if unknown.severity is not Severity.ERROR:
            continue
        option = shlex.join((OPTIONS[unknown.attribute], unknown.name))
        message = f"{option}: {unknown.problem}"
        raise Misuse(message, fix=unknown.fix)
