"""What a rule is: an id that stays, a severity, a fix in one line, and what finds the faults."""

import re
from collections.abc import Callable, Iterable, Iterator

from attrs import frozen

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


@frozen
class Offer:
    """One attribute of a service, with the role that offers it; the whole service where none is named."""

    role: Role
    service: Service
    attribute: str = ""


About = Role | Offer | Flow | Topology | Environment | str
"""What a finding is about; a resource by its address."""

Found = tuple[About, str] | tuple[About, str, str]
"""What is at fault, and one line that says how; then what to write, where each finding has its own fix."""

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
    """One rule of `check`. Made by `rule`."""

    id: str
    """`check/fewer-than-three`; stable, since waivers name it."""
    severity: Severity
    fix: str
    """One line of what to do about any of its findings."""
    enforces: str
    """The rule of the reference infrastructure that it stands for: `R6`; empty for a user's own."""
    find: Callable[[PolicyContext], Iterable[Found]]
    declaration_only: bool = False
    """Whether it finds the same with and without an observation: it reads no hosts, resources or ways."""

    @property
    def what(self) -> str:
        """One line of what it finds: the first of its function's docstring."""
        return (self.find.__doc__ or "").strip().partition("\n")[0]

    @property
    def location(self) -> Location | None:
        """Where its function was written, if it is a plain one."""
        return location_of(self.find)

    def breaches(self, context: PolicyContext) -> list[Breach]:
        """All that breaks it. Raises DeclarationError, at the rule's own line, where the rule fails."""
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
        """A role that is given by its name; of a user's rule, every other name has to be a resource's."""
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
) -> Callable[[Callable[[PolicyContext], Iterable[Found]]], PolicyRule]:
    """Make a rule of a generator: `@rule("acme/no-xlarge", "error", "Use large.")`.

    The function is given a `PolicyContext` and yields, for each fault, what it is about (a role, a flow, a
    resource's address; a role may be given by name) and one line of what is wrong. `severity` is `error`,
    which stops an apply, `warning` or `note`. A waiver of a rule counts as unused without an observation only
    if the rule is `declaration_only`: it reads no hosts, resources or ways of the context.
    Raises ValueError for an id that is not two names with a slash between, and for an unknown severity.
    """
    if not _ID.fullmatch(id):
        raise ValueError(f"{id!r} is no id of a rule; write two names with a slash: 'acme/no-xlarge'")
    if severity not in list(Severity):
        raise ValueError(f"{severity!r} is no severity; there are {', '.join(Severity)}")
    return lambda find: PolicyRule(id, Severity(severity), fix, enforces, find, declaration_only)


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
    """The roles that it concerns."""
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
    """Return the declared role that a host is named by which exists and is declared no more; empty: none."""
    kind, _, name = about.partition(".")
    role = context.role(role_of(name)) if kind == Instance.kind and name[-1:].isdigit() else None
    return role.name if role else ""


def _no_rule(given: object) -> DeclarationError:
    name = getattr(given, "__name__", repr(given))
    return DeclarationError(
        f"{name} is no rule",
        fix=f'Put @rule("acme/{name.replace("_", "-")}", severity="error", fix="…") above it.',
    )


def every(*groups: Iterable[PolicyRule]) -> Iterator[PolicyRule]:
    """All rules, in order, the built-in ones first. Raises DeclarationError where one is none, bears the
    first name of a built-in one, or two have one id.
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
