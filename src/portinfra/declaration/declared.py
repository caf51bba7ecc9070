"""The values of one declaration, by name."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import evolve, field

from portinfra.errors import DeclarationError
from portinfra.format import suggestion, with_article
from portinfra.model.annotations import what_it_is
from portinfra.model.convert import several
from portinfra.model.environment import Environment
from portinfra.model.finding import Finding
from portinfra.model.location import here
from portinfra.model.recovery import RecoveryPlan
from portinfra.model.topology import Topology
from portinfra.value import frozen

if TYPE_CHECKING:
    from portinfra.policy import PolicyRule

T = TypeVar("T", Topology, Environment, RecoveryPlan)

ARGUMENTS = {
    "topologies": "Topology",
    "environments": "Environment",
    "recovery": "RecoveryPlan",
    "rules": "PolicyRule",
}
"""The class of the values of each argument of `cli`."""

MODELS: Mapping[str, type] = {"Topology": Topology, "Environment": Environment, "RecoveryPlan": RecoveryPlan}
RULES = ("portinfra.policy.rules", "PolicyRule")
"""Module and name of the class of rules. It is in a higher layer, so this module cannot import it."""


@frozen
class Declared:
    """The topologies, environments and recovery plans of one declaration, in its order."""

    topologies: tuple[Topology, ...] = ()
    environments: tuple[Environment, ...] = ()
    recoveries: tuple[RecoveryPlan, ...] = ()
    rules: "tuple[PolicyRule, ...]" = ()
    """Policy rules of a script. `check`, `plan`, `apply` and `move` apply them, and the built-in ones."""
    plain_variables: frozenset[str] = field(default=frozenset(), eq=False, repr=False, kw_only=True)
    """Variables of HCL that are not sensitive: the command line may print their values."""

    def topology(self, name: str | None = None) -> Topology:
        """Return the topology of that name; without a name, the only one. Raises DeclarationError."""
        return _find_by_name(self.topologies, name, "topology", "topologies")

    def environment(self, name: str | None = None) -> Environment:
        """Return the environment of that name; without a name, the only one. Raises DeclarationError."""
        return _find_by_name(self.environments, name, "environment", "environments")

    def recovery(self, name: str | None = None) -> RecoveryPlan:
        """Return the recovery plan of that name; without a name, the only one. Raises DeclarationError."""
        return _find_by_name(self.recoveries, name, "recovery", "recovery plans")

    def topology_of(self, plan: RecoveryPlan) -> Topology:
        """Return the topology that a recovery plan protects: the only one, or the one with the plan's name.

        Raises DeclarationError.
        """
        return self.topology(plan.name if len(self.topologies) > 1 else None)


def _find_by_name(values: Sequence[T], name: str | None, kind: str, plural: str) -> T:
    names = [value.name for value in values]
    if name is None:
        if len(values) == 1:
            return values[0]
        message = (
            f"there are {len(values)} {plural}, and none was named" if values else f"no {kind} is declared"
        )
        raise DeclarationError(
            message, fix=f"Name one of {', '.join(names)}." if names else f"Declare {with_article(kind)}."
        )
    for value in values:
        if value.name == name:
            return value
    raise DeclarationError(
        f"there is no {kind} {name!r}", fix=suggestion(name, names, f"No {kind} is declared.")
    )


def declare(topologies: object, environments: object, recovery: object, rules: object = ()) -> Declared:
    """Return the arguments of `cli` as one declaration.

    Raises DeclarationError with a finding for each value of a wrong class, and for each repeated name of a
    kind.
    """
    given: tuple[Any, ...] = tuple(
        map(several, (topologies, environments, recovery, rules))
    )  # an iterator can be read only once
    findings: list[Finding] = []
    for (name, kind), values in zip(ARGUMENTS.items(), given, strict=True):
        for value in values:
            if not is_a(value, kind):
                findings.append(
                    Finding(
                        "declaration/wrong-type",
                        f"{name} of cli() must be {with_article(kind)} or several, and is or holds "
                        f"{what_it_is(value)}",
                        f"Give {name} as {with_article(kind)}, or as a list of them.",
                        location=here(),
                    )
                )
    if findings:
        raise declaration_error(findings)
    declared = Declared(*given)
    if findings := duplicates(declared):
        raise declaration_error(findings)
    return declared


def is_a(value: object, kind: str) -> bool:
    """Return whether a value is of portinfra's class of this name in `ARGUMENTS`, or of a subclass.

    Classes of other libraries may have the same name, such as `jinja2.Environment`.
    """
    if model := MODELS.get(kind):
        return isinstance(value, model)
    return any((each.__module__, each.__qualname__) == RULES for each in type(value).__mro__)


def duplicates(declared: Declared) -> list[Finding]:
    """Return a finding for each value whose name another value of its kind has."""
    findings: list[Finding] = []
    kinds: dict[str, Sequence[Topology | Environment | RecoveryPlan]] = {
        "topology": declared.topologies,
        "environment": declared.environments,
        "recovery": declared.recoveries,
    }
    for kind, values in kinds.items():
        first: dict[str, Topology | Environment | RecoveryPlan] = {}
        for value in values:
            if not isinstance(value.name, str):
                continue  # another finding reports that
            if value.name in first:
                findings.append(
                    Finding(
                        "declaration/duplicate-name",
                        f"{kind} {value.name!r} is already declared at {first[value.name].location}",
                        "Rename one of the two.",
                        location=value.location,
                    )
                )
            first.setdefault(value.name, value)
    return findings


def declaration_error(findings: Sequence[Finding], advice: str = "") -> DeclarationError:
    """Return one error with all findings, by file and line. Its fix ends with `advice`."""
    unique = dict.fromkeys(findings)
    ordered = sorted(unique, key=lambda f: (f.location.file, f.location.line) if f.location else ("", 0))
    first = ordered[0]
    if len(ordered) == 1:
        only = evolve(first, fix=f"{first.fix} {advice}".rstrip())
        return DeclarationError(only.message, location=only.location, fix=only.fix, findings=[only])
    return DeclarationError(
        f"the declaration has {len(ordered)} errors",
        location=first.location,
        fix=f"Correct the errors listed below. {advice}".rstrip(),
        findings=ordered,
    )
