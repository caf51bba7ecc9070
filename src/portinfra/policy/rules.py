"""The rules of `check`: a stable id, a severity, a fix in one line, and a function that finds faults."""

import re
from collections.abc import Callable, Iterable, Iterator

from portinfra.command_text import complete_commands
from portinfra.errors import DeclarationError
from portinfra.format import suggestion
from portinfra.model.address import Address
from portinfra.model.arguments import check_types
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding, Severity
from portinfra.model.location import Location, location_of
from portinfra.model.resources import Instance
from portinfra.model.rule_classes import OURS
from portinfra.model.service import Service
from portinfra.model.strict import strict
from portinfra.model.topology import Flow, Role, Topology
from portinfra.policy.context import PolicyContext
from portinfra.provider.own_code import describe
from portinfra.reach.parties import role_of
from portinfra.validation.types import flow_subject
from portinfra.value import frozen


@frozen
class Offer:
    """One attribute of a service, with the role that offers it. Without an attribute, the whole service."""

    role: Role
    service: Service
    attribute: str = ""


About = Role | Offer | Flow | Topology | Environment | str
"""The subject of a finding; a resource by its address."""

Found = tuple[About, str] | tuple[About, str, str]
"""The subject and one line that says what is wrong. A third item is the fix, where each finding has its
own.
"""

_OURS = "check/"
"""The first name of the built-in rules."""

_ID = re.compile(r"[a-z][a-z0-9-]*/[a-z][a-z0-9-]*")


@frozen
class Breach:
    """A finding, with the roles that may waive it."""

    finding: Finding
    roles: tuple[str, ...]


@frozen(field_transformer=strict)
class PolicyRule:
    """One rule of `check`. The function `rule` creates it."""

    id: str
    """`check/fewer-than-three`. It is stable, since waivers name it."""
    severity: Severity
    fix: str
    """What to do about any of its findings, in one line."""
    enforces: str
    """The rule of the reference infrastructure that it checks: `R6`; empty for a user's own."""
    find: Callable[[PolicyContext], Iterable[Found]]
    declaration_only: bool = False
    """Whether it finds the same with and without an observation: it reads no hosts, resources or reach."""
    observed_only: bool = False
    """Whether it finds nothing without an observation: it is about what exists and is not declared."""

    @property
    def what(self) -> str:
        """What it finds, in one line: the first line of its function's docstring."""
        return (self.find.__doc__ or "").strip().partition("\n")[0]

    @property
    def location(self) -> Location | None:
        """Where its function is defined, if it is a plain one."""
        return location_of(self.find)

    def breaches(self, context: PolicyContext) -> list[Breach]:
        """Return all breaches of the rule. Raise DeclarationError, at the rule's own line, where the rule
        fails.
        """
        if self.observed_only and context.observation is None:
            return []
        try:
            return [self._breach(*found, context=context) for found in self.find(context)]
        except (Exception, SystemExit) as error:
            raise DeclarationError(
                f"the rule {self.id} fails: {describe(error, self.find)}",
                location=self.location,
                fix="A rule takes a PolicyContext and yields pairs: what is at fault, and one line about it.",
            ) from error

    def _breach(self, given: About, message: str, fix: str = "", *, context: PolicyContext) -> Breach:
        about = self._to_subject(given, context)
        fix = complete_commands(fix or self.fix)
        where = _where(about, context)
        finding = Finding(self.id, message, fix, self.severity, _subject(about), where)
        return Breach(finding, _affected_roles(about, context))

    def _to_subject(self, about: About, context: PolicyContext) -> About:
        """Return the subject of a finding. A name may be a role's; any other name must be the address of a
        resource.
        """
        if not isinstance(about, str):
            return about
        named = context.role(about)
        known = about in context.placed.resources or about in context.resources
        if named is None and not known and not self.id.startswith(_OURS):
            names = [*(role.name for role in context.roles), *context.placed.resources, *context.resources]
            near = suggestion(about, names)
            raise ValueError(f"{about!r} is neither a role nor the address of a resource. {near}")
        return named or about


@check_types
def rule(
    id: str,
    severity: Severity | str = Severity.WARNING,
    fix: str = "",
    *,
    enforces: str = "",
    declaration_only: bool = False,
    observed_only: bool = False,
) -> Callable[[Callable[[PolicyContext], Iterable[Found]]], PolicyRule]:
    """Make a rule of a generator: `@rule("acme/no-xlarge", "error", "Use large.")`.

    The function receives a `PolicyContext`. For each fault it yields the subject (a role, a flow, a
    resource's address; a role may be given by name) and one line of what is wrong. `severity` is `error`,
    which stops an apply, `warning` or `note`. A waiver counts as unused without an observation only if its
    rule is `declaration_only`: the rule reads no hosts, resources or reach of the context. A rule that is
    `observed_only` is called only with an observation.

    Raise ValueError for an id that is not two names with a slash between, for an unknown severity, and for
    a rule that is both `declaration_only` and `observed_only`.
    """
    if not _ID.fullmatch(id):
        raise ValueError(f"{id!r} is no id of a rule; write two names with a slash: 'acme/no-xlarge'")
    if severity not in list(Severity):
        raise ValueError(f"{severity!r} is no severity; there are {', '.join(Severity)}")
    if declaration_only and observed_only:
        raise ValueError(f"{id}: declaration_only and observed_only exclude each other")
    return lambda find: PolicyRule(
        id, Severity(severity), fix, enforces, find, declaration_only, observed_only
    )


def _subject(about: About) -> str:
    match about:
        case str():
            return about
        case Flow():
            return flow_subject(about)
        case Role():
            return f"role.{about.name}"
        case Offer():
            words = ["role", about.role.name, "service", about.service.name, about.attribute]
            return ".".join(filter(None, words))
        case Environment():
            return f"environment.{about.name}"
    return f"topology.{about.name}"


def _where(about: About, context: PolicyContext) -> Location | None:
    if isinstance(about, Offer):
        return about.service.location
    if not isinstance(about, str):
        return about.location
    return context.placed.location(Address(about)) if about in context.placed.resources else None


def _affected_roles(about: About, context: PolicyContext) -> tuple[str, ...]:
    """Return the roles that it concerns."""
    match about:
        case Role():
            return (about.name,)
        case Offer():
            return (about.role.name,)
        case Flow():
            named = {*about.sources, *about.targets}
            return tuple(role.name for role in context.roles if role.name in named)
        case str():
            role = context.placed.roles.get(Address(about)) or _role_beyond_count(about, context)
            return (role,) if role else ()
    return ()


def _role_beyond_count(about: str, context: PolicyContext) -> str:
    """Return the declared role of an existing host that is beyond its count; empty: none."""
    kind, _, name = about.partition(".")
    role = context.role(role_of(name)) if kind == Instance.kind and name[-1:].isdigit() else None
    return role.name if role else ""


def _no_rule(given: object) -> DeclarationError:
    name = getattr(given, "__name__", repr(given))
    return DeclarationError(
        f"{name} is no rule",
        fix=f'Put @rule("acme/{name.replace("_", "-")}", severity="error", fix="…") above it.',
    )


def all_rules(*groups: Iterable[PolicyRule]) -> Iterator[PolicyRule]:
    """Return all rules in order, the built-in ones first.

    Raise DeclarationError for a value that is no rule, for a rule with the first name of a built-in one, and
    for two rules with one id.
    """
    ids: set[str] = set()
    for group in groups:
        for one in group:
            if not isinstance(one, PolicyRule):
                raise _no_rule(one)
            if one.id in ids:
                raise DeclarationError(
                    f"two rules are called {one.id!r}", location=one.location, fix="Give one another id."
                )
            first, _, name = one.id.partition("/")
            if first in OURS and one not in groups[0]:
                raise DeclarationError(
                    f"{one.id!r} reads like a built-in rule",
                    location=one.location,
                    fix=f"Give it a first name of your own: {f'acme/{name}'!r}.",
                )
            ids.add(one.id)
            yield one
